"""Draw the pictures of docs/forecasting.md, by its own code.

pip install statsmodels matplotlib
python tools/forecast_pictures.py
"""

import os
import re
import tempfile
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
DOCS = Path(__file__).resolve().parent.parent / "docs"
# names of displays in the code of the page
PICTURES = {"first": "forecasting_co2", "four": "forecasting_countries", "past": "forecasting_backtest"}


def main():
    warnings.simplefilter("ignore")
    page = (DOCS / "forecasting.md").read_text()
    names = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where the code writes its files
        for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
            if PICTURES.keys() <= names.keys():
                break
            exec(compile(block, "forecasting.md", "exec"), names)
        os.chdir(DOCS)
    for name, file in PICTURES.items():
        figure = names[name].figure_
        if name != "four":
            figure.set_size_inches(8, 3.6)
            figure.set_layout_engine("constrained")
        figure.savefig(DOCS / f"{file}.png", dpi=75, metadata={"Software": None})


if __name__ == "__main__":
    main()

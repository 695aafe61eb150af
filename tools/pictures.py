"""The pictures of a page of docs/, drawn by its own code.

The blocks of Python of the page run one after another. A picture that follows a block shows the figure of
what the block calls `display`:

    python tools/pictures.py docs/inspection.md
"""

import re
import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")


def draw(page):
    """Run the blocks of a page, and write its pictures."""
    text, names = page.read_text(), {}
    for block, after in re.findall(r"^```python\n(.*?)^```\n(.*?)(?=^```python|\Z)", text, re.M | re.S):
        exec(compile(block, page.name, "exec"), names)
        for picture in re.findall(r"^!\[.*?\]\((.*?\.png)\)", after, re.M):
            path = page.parent / picture
            path.parent.mkdir(exist_ok=True)
            names["display"].figure_.savefig(path, dpi=100)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    draw(Path(sys.argv[1]))

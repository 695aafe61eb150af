"""Hyphenation: a label for every letter. A GRU learns from words where they may be divided.

The words are those of pycountry's translated names of languages, countries and their subdivisions; the
hyphenation points are those of the dictionaries of pyphen. No test word occurs in the training set. The
baseline is logistic regression on each letter and the three on either side of it.

Needs `pip install pyphen pycountry`. Run with `python examples/hyphenation.py [MOST_WORDS]`.
"""

import gettext
import re
import sys
import time

import numpy as np
from gruc import GRUTagger
from gruc.preprocessing import TextSequencer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

try:
    import pycountry
    import pyphen
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install pyphen pycountry") from None


def words_of(language):
    """Words of four letters or more, in random order."""
    names = {
        "iso639-3": [language.name for language in pycountry.languages],
        "iso3166-1": [country.name for country in pycountry.countries],
        "iso3166-2": [part.name for part in pycountry.subdivisions],
    }
    words = set()
    for domain, texts in names.items():
        translate = gettext.translation(domain, pycountry.LOCALES_DIR, [language]).gettext
        translated = [text for text in map(translate, texts) if text not in texts]
        words.update(re.findall(r"[^\W\d_]{4,}", " ".join(translated).lower()))
    return np.random.default_rng(0).permutation(sorted(words)).tolist()


def points(word, dictionary):
    """1 for each letter after which the word may be divided, 0 for the others."""
    labels = np.zeros(len(word), int)
    labels[[end - 1 for end in dictionary.positions(word)]] = 1
    return labels


def windows(words, width=3):
    """Each letter of each word with those around it, (n_letters, 2 * width + 1)."""
    padded = [" " * width + word + " " * width for word in words]
    return np.array(
        [list(word[i : i + 2 * width + 1]) for word in padded for i in range(len(word) - 2 * width)]
    )


def divided(word, labels):
    return "".join(letter + "-" * label for letter, label in zip(word, labels, strict=True))


most_words = int(sys.argv[1]) if len(sys.argv) > 1 else None
for code, language in {"fr": "French", "it": "Italian", "pl": "Polish"}.items():
    dictionary = pyphen.Pyphen(lang=code)
    X = words_of(code)[:most_words]
    y = [points(word, dictionary) for word in X]
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, random_state=0)

    baseline = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(C=10, max_iter=500))
    baseline.fit(windows(X), np.concatenate(y))

    start = time.perf_counter()
    tagger = GRUTagger(
        (64, 64), embedding_dim=32, bidirectional=True, dropout=0.2, learning_rate="cosine",
        learning_rate_init=2e-3, max_iter=20, random_state=0,
    )  # fmt: skip
    model = make_pipeline(TextSequencer(analyzer="char"), tagger).fit(X, y)
    seconds = time.perf_counter() - start

    true, found = np.concatenate(y_test), model.predict(X_test)
    f1 = f1_score(true, np.concatenate(found))
    whole = np.mean([np.array_equal(labels, other) for labels, other in zip(found, y_test, strict=True)])
    print(
        f"{language}: {len(X)} words to learn from, {seconds:.0f} s; F1 of hyphenation points in test words:"
    )
    print(f"  logistic regression {f1_score(true, baseline.predict(windows(X_test))):.3f}")
    print(f"  GRUTagger           {f1:.3f}, all points of a word: {whole:.3f}")
    print(f"  {', '.join(map(divided, X_test[:6], found))}")

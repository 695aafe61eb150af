"""Text in the style of Python's documentation: a character language model, compared with a 5-gram model.

Both are trained on the first nine tenths of the help topics of the standard library, `pydoc_data.topics`, and
evaluated on the last tenth, in bits per character. The 5-gram model is interpolated with the absolute
discounting of Kneser and Ney; its discount, and the settings of the network, were chosen on a tenth of the
training text.

Run with `python examples/generation.py [MOST_CHARACTERS]`; takes some minutes.
"""

import math
import sys
from collections import Counter, defaultdict
from pydoc_data.topics import topics

from gruc import GRULanguageModel

ORDER, DISCOUNT = 5, 0.9


class Ngrams:
    """Interpolated Kneser-Ney: probabilities of characters after those before them, up to ORDER - 1."""

    def __init__(self, text):
        self.n_characters = len(set(text)) + 1  # one for all that do not occur
        longest = ORDER - 1
        self.counts = [defaultdict(Counter) for _ in range(ORDER)]  # by the length of what comes before
        for i in range(longest, len(text)):
            self.counts[longest][text[i - longest : i]][text[i]] += 1
        for n in range(longest, 0, -1):  # of shorter ones: after how many different characters they occur
            for before, following in self.counts[n].items():
                for character in following:
                    self.counts[n - 1][before[1:]][character] += 1
        self.totals = [{before: c.total() for before, c in of_length.items()} for of_length in self.counts]

    def probability(self, before, character):
        """Of a character after others, at most ORDER - 1."""
        shorter = self.probability(before[1:], character) if before else 1 / self.n_characters
        following = self.counts[len(before)].get(before)
        if following is None:
            return shorter
        freed = DISCOUNT * len(following) * shorter
        return (max(following[character] - DISCOUNT, 0) + freed) / self.totals[len(before)][before]

    def bits_per_character(self, text):
        """Of a text that is read from its beginning."""
        bits = -sum(
            math.log2(self.probability(text[max(i - ORDER + 1, 0) : i], text[i])) for i in range(len(text))
        )
        return bits / len(text)


text = "\n\n".join(topics[name] for name in sorted(topics))
text = text[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
n = len(text) * 9 // 10
train, test = text[:n], text[n:]
print(f"{len(train)} characters to learn from, {len(test)} to be told; bits for each character")
of_ngrams = Ngrams(train).bits_per_character(test)
print(f"  5-gram model           {of_ngrams:.3f}")

model = GRULanguageModel(hidden_layer_sizes=(256,), dropout=0.3, max_iter=8, random_state=0)
model.fit(train)
of_network = model.bits_per_character(test)
print(f"  GRULanguageModel       {of_network:.3f}, {1 - of_network / of_ngrams:.1%} less")

print("\nwritten by the network, after 'The \"for\" statement':")
print(model.sample(600, prefix='The "for" statement', temperature=0.7, random_state=0))

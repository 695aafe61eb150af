"""Numbers in words to digits: one encoder-decoder for three languages.

num2words writes numbers below 100,000 in English, German and French, such as "eighty-one thousand and five",
"dreiundzwanzigtausendachthundertzwei" or "quatre-vingt-dix-sept". No number of the test part was seen in any
language.

Needs `pip install num2words`. Run with `python examples/numbers_in_words.py [N_NUMBERS]`.
"""

import random
import sys
import time

from gruc import GRUSeq2Seq

try:
    from num2words import num2words
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install num2words") from None

LANGUAGES = "en", "de", "fr"
n_numbers = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000
draw = random.Random(0)
numbers = draw.sample(range(100_000), n_numbers + 3_000)
X = [num2words(number, lang=draw.choice(LANGUAGES)) for number in numbers]
y = [str(number) for number in numbers]
X_test, y_test = X[n_numbers:], y[n_numbers:]
X, y = X[:n_numbers], y[:n_numbers]

start = time.perf_counter()
model = GRUSeq2Seq(hidden_layer_sizes=(64,), embedding_dim=32, max_iter=20, random_state=0).fit(X, y)
seconds = time.perf_counter() - start
print(f"{len(X)} numbers to learn from, {seconds:.0f} s")
print(f"exact match on {len(X_test)} other numbers: {model.score(X_test, y_test):.3f}")
for text, number in zip(X_test[:6], model.predict(X_test[:6], beam_size=3), strict=True):
    print(f"  {text:60} {number}")

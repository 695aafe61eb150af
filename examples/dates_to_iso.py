"""Dates in thirty languages to ISO 8601: an encoder-decoder learns from pairs of strings.

Babel writes each date in the medium, long or full format of a locale, such as "2 septembre 1971" or
"2031年7月9日"; formats with two digits for the year are left out. Each date occurs once, so that no date of
the test part was seen in any language.

Needs `pip install babel`. Run with `python examples/dates_to_iso.py [N_DATES]`.
"""

import datetime
import random
import re
import sys
import time

from gruc import GRUSeq2Seq

try:
    from babel.dates import format_date, get_date_format
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install babel") from None

LOCALES = "en de fr es it pt nl sv da nb fi is pl cs sk hu ro hr sl lt lv et el ru uk bg tr id vi ja"
FORMATS = [
    (locale, form)
    for locale in LOCALES.split()
    for form in ("medium", "long", "full")
    if not re.search("(?<!y)yy(?!y)", get_date_format(form, locale).pattern)
]

n_dates = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
draw = random.Random(0)
first = datetime.date(1900, 1, 1)
dates = [first + datetime.timedelta(days) for days in draw.sample(range(73_000), n_dates)]
X = [format_date(date, form, locale) for date in dates for locale, form in [draw.choice(FORMATS)]]
y = [date.isoformat() for date in dates]
n = n_dates * 9 // 10

start = time.perf_counter()
model = GRUSeq2Seq(hidden_layer_sizes=(64,), embedding_dim=32, max_iter=12, random_state=0)
model.fit(X[:n], y[:n])
seconds = time.perf_counter() - start
print(f"{n} dates to learn from, {len(FORMATS)} formats, {seconds:.0f} s")
print(f"exact match on {n_dates - n} other dates: {model.score(X[n:], y[n:]):.3f}")
for text, date, right in zip(X[n:], model.predict(X[n : n + 8]), y[n:], strict=False):
    print(f"  {text:32} {date} {'' if date == right else f'(not {right})'}".rstrip())

# where the decoder looks while it writes each character
text = X[n]
answer, weights = model.predict([text])[0], model.attention_weights([text])[0]
for character, row in zip(answer, weights, strict=False):
    place = row[: len(text)].argmax()
    print(f"  {character}  {text[:place]}[{text[place]}]{text[place + 1 :]}")

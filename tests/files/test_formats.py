"""Model files of every format there has been stay readable, and predict what they did."""

import json
from pathlib import Path

import gruc
import numpy as np
import pytest
from fixtures.make_model_files import KEPT, facts, problems
from gruc.files.model_file import FORMAT

FIXTURES = Path(__file__).parent.parent / "fixtures"
FORMATS = [f"format_{number}" for number in range(1, FORMAT + 1)]
# other processors, other instruction sets
TOLERANCE = 1e-6


def written(form):
    """What the models of a format knew and predicted when they were saved."""
    return json.loads((FIXTURES / form / "expected.json").read_text(encoding="utf-8"))


FILES = [(form, name) for form in FORMATS for name in written(form)]


def test_no_file_is_forgotten():
    for form in FORMATS:
        assert {path.stem for path in (FIXTURES / form).glob("*.gruc")} == set(written(form))


@pytest.mark.parametrize("form, name", FILES)
def test_a_file_is_what_it_was(form, name):
    expected = written(form)[name]
    _, X, y = problems()[name]
    model = gruc.load(FIXTURES / form / f"{name}.gruc")
    got = facts(model)
    assert (got["kind"], got["classes"]) == (expected["kind"], expected["classes"])
    for part in ("parameters", "history"):  # a later version may have more of them
        assert expected[part].items() <= got[part].items()
    if "update_gate_bias_init" not in expected["parameters"]:
        assert model.update_gate_bias_init == 1.0  # what it was before it could be chosen
    for predictor in (model, gruc.runtime.load(FIXTURES / form / f"{name}.gruc")):
        for method, values in expected["predictions"].items():
            predicted = getattr(predictor, method)(X[KEPT])
            if predicted.dtype.kind == "f":
                np.testing.assert_allclose(predicted, values, rtol=TOLERANCE, atol=TOLERANCE)
            else:
                assert predicted.tolist() == values
    model.set_params(early_stopping=False).partial_fit(X, y)  # training goes on

"""gruc's converters are registered."""

import gruc
import pytest


@pytest.fixture(scope="module", autouse=True)
def registered():
    gruc.register_skl2onnx()
    gruc.register_skl2onnx()

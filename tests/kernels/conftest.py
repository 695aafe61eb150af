"""Every test of this room, once for each instruction set."""

import pytest
from gruc import kernels
from helpers import only_with


@pytest.fixture(scope="module", params=kernels.INSTRUCTION_SETS, autouse=True)
def kernel(request):
    yield from only_with(request.param)

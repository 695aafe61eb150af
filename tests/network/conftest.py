"""Every test of this room, once for each instruction set, and on the plain path over BLAS."""

import pytest
from gruc import kernels
from helpers import only_with


@pytest.fixture(scope="module", params=[*kernels.INSTRUCTION_SETS, "blas"], autouse=True)
def kernel(request):
    yield from only_with(request.param)

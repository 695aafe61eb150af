"""Every test of this room, once for each of `kernel_params`, the plain path over BLAS among them."""

import pytest
from helpers import kernel_params, only_with


@pytest.fixture(scope="module", params=kernel_params("blas"), autouse=True)
def kernel(request):
    yield from only_with(request.param)

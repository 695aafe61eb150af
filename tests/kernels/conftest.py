"""Every test of this room, once for each of `kernel_params`; `layer_kernels` are of the same."""

import pytest
from gruc import kernels
from helpers import kernel_params, only_with


@pytest.fixture(scope="module", params=kernel_params(), autouse=True)
def kernel(request):
    yield from only_with(request.param)


@pytest.fixture
def layer_kernels(kernel):
    """The extension tests/layer_kernels.pyx, which is built beside the source and is not in wheels."""
    module = pytest.importorskip("layer_kernels", reason="built beside the source only")
    module.use(kernels.INSTRUCTION_SETS.index(kernel))
    return module

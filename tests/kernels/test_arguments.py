"""Arguments that do not fit are refused before a pointer is taken: programs and training.

tests/kernels/test_inference.py has the same for inference.
"""

import numpy as np
import pytest
from gruc.kernels import INSTRUCTION_SETS, blas, inference, training
from gruc.network import GRUNetwork
from helpers import pack

N, B, D, K = 3, 2, 2, 4
NETWORK = GRUNetwork(D, [3, 5], True, True, "attention", K)
SIZE = NETWORK.table.size
WRONG_ARGUMENTS = "kernel called with wrong arguments"


# ---- programs


def program_with(values=None, operations=None, **arguments):
    program = NETWORK.program(training=True, dropout=True)
    defaults = dict(n_inputs=1, output=len(program.values) - 1, n_parameters=SIZE)
    return inference.Program(
        list(values or program.values), list(operations or program.operations), **(defaults | arguments)
    )


def with_changes(items, changes, kind_changed=None):
    """The items, but the first, or the first of a kind, with other members."""
    items = list(items)
    place = next(i for i, item in enumerate(items) if kind_changed in (None, item[0]))
    items[place] = items[place]._replace(**changes)
    return items


@pytest.mark.parametrize(
    "arguments",
    [
        dict(n_inputs=0),
        dict(n_inputs=50),
        dict(output=-1),
        dict(output=50),
        dict(n_parameters=SIZE - 1),
    ],
    ids=str,
)
def test_programs_of_nothing(arguments):
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        program_with(**arguments)


@pytest.mark.parametrize(
    "changes", [dict(clock=2), dict(clock=8), dict(clock=-1), dict(gradient=99), dict(width=0)], ids=str
)
def test_values_that_do_not_fit(changes):
    values = with_changes(NETWORK.program(training=True, dropout=True).values, changes)
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        program_with(values=values)


@pytest.mark.parametrize(
    "kind, changes",
    [
        (inference.GRU, dict(kind=0)),
        (inference.GRU, dict(kind=99)),
        (inference.GRU, dict(x=-1)),
        (inference.GRU, dict(x=99)),
        (inference.GRU, dict(x2=99)),
        (inference.GRU, dict(x2=0)),  # rows of steps, no states
        (inference.GRU, dict(y=0)),  # an input is not written
        (inference.GRU, dict(last=-1)),
        (inference.GRU, dict(last=0)),
        (inference.GRU, dict(D=D + 1)),
        (inference.GRU, dict(H=0)),
        (inference.GRU, dict(column=4)),
        (inference.GRU, dict(weights=SIZE - 5)),
        (inference.DROPOUT, dict(kind=inference.EMBED)),  # of elements, not of integers
        (inference.DROPOUT, dict(kind=inference.DENSE, weights=SIZE - 1)),
        (inference.DROPOUT, dict(kind=inference.MEAN)),  # from steps to steps
        (inference.ATTENTION, dict(kind=inference.GRU)),  # into a row for each sequence
        (inference.ATTENTION, dict(kind=inference.DROPOUT)),
        (inference.ATTENTION, dict(x=9)),  # read before it is written
        (inference.ATTENTION, dict(D=9)),
    ],
    ids=str,
)
def test_operations_that_do_not_fit(kind, changes):
    operations = NETWORK.program(training=True, dropout=True).operations
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        program_with(operations=with_changes(operations, changes, kind))


# ---- passes


def weights_of(parameters=None, **options):
    program = NETWORK.program(training=True, dropout=True, **options)
    return training.Weights(program, np.ones(SIZE) if parameters is None else parameters)


def batch():
    return pack([np.ones((2, D)), np.ones((1, D))])


def of_pass():
    packed = batch()
    return dict(
        inputs=[packed.values], clocks=[(packed.lengths, packed.offsets, packed.order)],
        seeds=np.zeros(B, np.uint64), rate=0.1, rate_states=0.2,
    )  # fmt: skip


def clocks(lengths=(2, 1), offsets=(0, 2, 3), order=(0, 1)):
    return [tuple(np.array(array, np.intp) for array in (lengths, offsets, order))]


WRONG_IN_A_PASS = {
    "inputs": [[], [np.zeros((N + 1, D))], [np.zeros((N, D + 1))], [np.zeros((N, D), "float32")],
               [np.zeros((D, N)).T]],
    "clocks": [
        [], 2 * clocks(), clocks(lengths=[2]), clocks(lengths=[3, 1]), clocks(lengths=[2, 0]),
        clocks(offsets=[0, 1, 3]), clocks(offsets=[0]), clocks(offsets=[]), clocks(offsets=[0, 2, 9]),
        clocks(order=[0]), clocks(order=[0, 2]), clocks(order=[1, 1]),
    ],
    "seeds": [np.zeros(B + 1, np.uint64), None],  # the program has dropout
    "rate": [-0.1, 1.0],
    "rate_states": [-0.1, 1.0],
}  # fmt: skip


def cases(wrong):
    return [
        pytest.param(name, value, id=f"{name}-{i}")
        for name, values in wrong.items()
        for i, value in enumerate(values)
    ]


def test_a_right_pass():
    way = training.Pass(weights_of(want_dx=True), **of_pass())
    assert way.forward().shape == (B, K)
    assert way.backward(np.ones((B, K))).shape == (SIZE,)
    assert way.gradient(0).shape == (N, D)


@pytest.mark.parametrize("name, value", cases(WRONG_IN_A_PASS))
def test_wrong_passes(name, value):
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        training.Pass(weights_of(), **(of_pass() | {name: value}))


def test_what_a_pass_is_asked_for():
    way = training.Pass(weights_of(), **of_pass())
    with pytest.raises(ValueError, match="forward before backward"):
        way.backward(np.ones((B, K)))
    way.forward()
    for wrong in (np.ones((B, K + 1)), np.ones((B + 1, K))):
        with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
            way.backward(wrong)
    for question in (way.rows, way.gradient, way.masks):
        for place in (-1, 99):
            with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
                question(place)
    way.backward(np.ones((B, K)))
    with pytest.raises(ValueError, match="whose gradient is wanted"):
        way.gradient(0)
    with pytest.raises(ValueError, match="again for another"):  # what forward kept is used up
        way.backward(np.ones((B, K)))


def test_a_pass_holds_the_weights_that_it_uses():
    weights = weights_of()
    way, same = (
        training.Pass(weights, **of_pass()),
        training.Pass(weights_of(np.full(SIZE, 0.5)), **of_pass()),
    )
    weights.pack(np.full(SIZE, 0.5))
    assert np.array_equal(way.forward(), same.forward())


def test_a_weight_for_each_row_of_a_loss():
    way = training.Pass(weights_of(), **of_pass())
    targets = training.Targets(training.SOFTMAX, np.zeros(1), np.zeros(B, np.intp), np.ones(1))
    with pytest.raises(ValueError, match="a weight for each row"):
        way.loss(targets, 1.0)


@pytest.mark.parametrize("parameters", [np.zeros(SIZE + 1), np.zeros(SIZE - 1)])
def test_weights_of_another_size(parameters):
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        weights_of(parameters)
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        weights_of().pack(parameters)


def test_weights_of_another_type():
    with pytest.raises(ValueError, match="Buffer dtype"):
        weights_of().pack(np.zeros(SIZE, "float32"))


def test_sizes_beyond_blas_integers_are_refused(kernel):
    isa = INSTRUCTION_SETS.index(kernel)
    try:
        training.use(isa, (*blas.provider()[:2], 19))
        with pytest.raises(ValueError, match="side of 20, .* counts to 19 only; use a smaller batch_size"):
            training.Pass(weights_of(), **of_pass())
    finally:
        training.use(isa)


# ---- a shard of a training step


def with_labels(**changes):
    arguments = dict(
        gradients=np.zeros(SIZE), source=inference.Source([np.ones((2, D)), np.ones((1, D))]),
        indices=np.array([1, 0]), scaling=(np.zeros(D), np.ones(D)), total=2.0,
        dropout=(np.zeros(B, np.uint64), 0.1, 0.2), loss=training.SOFTMAX, settings=(0.0,),
        values=np.array([0, K - 1]), sample_weights=np.ones(B),
    ) | changes  # fmt: skip
    targets = [arguments.pop(name) for name in ("loss", "settings", "values", "sample_weights")]
    inputs = training.Inputs(arguments.pop("source"), arguments.pop("scaling"))
    return training.loss_and_gradient(
        memory=training.Memory(), weights=weights_of(), targets=training.Targets(*targets), inputs=inputs,
        **arguments,
    )  # fmt: skip


def with_values(**changes):
    return with_labels(**(dict(loss=training.SQUARED_ERROR, values=np.ones((B, K))) | changes))


SEEDS = np.zeros(B, np.uint64)
WRONG_IN_A_SHARD = {
    "gradients": [np.zeros(SIZE - 1), np.zeros(SIZE, "float32")],
    "source": [inference.Source(np.ones((2, 1, D + 1))), inference.Source(np.ones((1, 2, D)))],
    "indices": [np.array([0, 2]), np.array([-1, 0]), np.array([], np.intp)],
    "scaling": [
        (None, np.ones(D)), (np.zeros(D), None), (np.zeros(D + 1), np.ones(D)), (np.zeros(D), np.ones(D - 1))
    ],
    "total": [0.0, -1.0],
    "dropout": [(None, 0.1, 0.2), (np.zeros(B + 1, np.uint64), 0.1, 0.2), (SEEDS, 1.0, 0.0), (SEEDS, 0.0, -0.1)],
    "loss": [-1, 7],
    "settings": [()],
    "sample_weights": [np.ones(B + 1)],
}  # fmt: skip


@pytest.mark.parametrize("call", [with_labels, with_values])
def test_a_right_shard(call):
    assert np.isfinite(call())


@pytest.mark.parametrize("call", [with_labels, with_values])
@pytest.mark.parametrize("name, value", cases(WRONG_IN_A_SHARD))
def test_wrong_shards(call, name, value):
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        call(**{name: value})


@pytest.mark.parametrize("labels", [np.array([0]), np.array([0, K]), np.array([-1, 0])], ids=str)
def test_wrong_labels(labels):
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        with_labels(values=labels, sample_weights=None)


@pytest.mark.parametrize("values", [np.ones((B, K + 1)), np.ones((B + 1, K)), np.ones((B, K), "float32")])
def test_wrong_values(values):
    with pytest.raises(ValueError, match=WRONG_ARGUMENTS):
        with_values(values=values, sample_weights=None)


@pytest.mark.parametrize("name", ["gradients", "inputs", "indices", "targets", "weights", "memory"])
def test_none_is_no_array(name):
    arguments = dict(
        gradients=np.zeros(SIZE), memory=training.Memory(), weights=weights_of(),
        inputs=training.Inputs(inference.Source([np.ones((2, D)), np.ones((1, D))])), indices=np.array([1, 0]),
        targets=training.Targets(training.SOFTMAX, (0.0,), np.array([0, 1])), total=2.0,
    )  # fmt: skip
    with pytest.raises(TypeError):
        training.loss_and_gradient(**(arguments | {name: None}))

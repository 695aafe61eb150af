"""Other libraries' layouts."""

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from gruc import GRUClassifier
from gruc.sequences import from_channels_first, from_long, from_nested, from_padded


def test_channels_first():
    X = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(from_channels_first(X), X.transpose(0, 2, 1))
    ragged = from_channels_first([X[0], X[1][:, :2]])
    assert [x.shape for x in ragged] == [(4, 3), (2, 3)]
    assert np.shares_memory(ragged[0], X)


@pytest.mark.parametrize("X", [np.zeros((2, 3)), [np.zeros(3)], [np.zeros((1, 2)), np.zeros((1, 2, 3))]])
def test_channels_first_refuses(X):
    with pytest.raises(ValueError, match="dimensions; expected"):
        from_channels_first(X)


def test_padding_by_nan_is_cut_at_the_end_only():
    nan = np.nan
    X = np.array([[[1, nan], [nan, nan], [2, 3], [nan, nan]], [[1, 1]] * 4])
    short, whole = from_padded(X)
    # a NaN inside is the user's, and for the estimators to refuse
    assert np.array_equal(short, X[0, :3], equal_nan=True)
    assert np.array_equal(whole, X[1])


def test_a_mask_is_padding():
    X = np.ma.masked_equal(np.array([[1.0, 2.0, -1.0], [3.0, -1.0, -1.0]]), -1)
    assert [x.tolist() for x in from_padded(X)] == [[1, 2], [3]]


def test_zeros_are_data():
    X = np.array([[1.0, 0.0, 0.0]])
    assert from_padded(X)[0].tolist() == [1, 0, 0]


def test_lengths_win():
    X = np.arange(8).reshape(2, 4)
    assert [x.tolist() for x in from_padded(X, lengths=[1, 4])] == [[0], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    "X, lengths, message",
    [
        (np.zeros(3), None, "X has 1 dimensions"),
        (np.zeros((2, 3)), [1], "lengths must be 2 integers"),
        (np.zeros((2, 3)), [1.0, 2.0], "lengths must be 2 integers"),
        (np.zeros((2, 3)), [1, 4], r"lengths\[1\] is 4, but the sequences have 3 steps"),
        (np.zeros((2, 3)), [0, 1], r"X\[0\] has no steps: its length is 0"),
        (np.zeros((2, 3)), [-1, 1], r"X\[0\] has no steps: its length is -1"),
        (np.zeros((3, 0)), None, r"X is empty: its shape is \(3, 0\)"),
        (np.zeros((0, 3)), None, r"X is empty: its shape is \(0, 3\)"),
        ([[1.0, 2.0], [3.0]], None, "not a rectangular array"),
        (np.full((1, 3), np.nan), None, r"X\[0\] has no steps"),
        (np.zeros((2, 3), int), None, "cannot hold NaN.*give lengths"),
    ],
)
def test_padded_refuses(X, lengths, message):
    with pytest.raises(ValueError, match=message):
        from_padded(X, lengths)


LONG = pd.DataFrame(
    {
        "id": list("baabc"),
        "t": [1, 0, 1, 0, 0],
        "u": [1.0, 2, 3, 4, 5],
        "v": [6, 7, 8, 9, 10],
        "w": list("vwxyz"),
    }
)
FRAMES = {
    "pandas": lambda frame: frame,
    "polars": polars.from_pandas,
    "arrow": lambda frame: pyarrow.Table.from_pandas(frame, preserve_index=False),
}


@pytest.mark.parametrize("library", FRAMES)
def test_long(library):
    df = FRAMES[library](LONG)
    X, keys = from_long(df, "id", ["u", "v"], order="t", return_keys=True)
    assert keys == ["b", "a", "c"]
    assert [x.tolist() for x in X] == [[[4, 9], [1, 6]], [[2, 7], [3, 8]], [[5, 10]]]
    assert [x.tolist() for x in from_long(df, "id", "u")] == [[[1], [4]], [[2], [3]], [[5]]]
    X, keys = from_long(df, ["id", "t"], ["v"], return_keys=True)
    assert keys == [("b", 1), ("a", 0), ("a", 1), ("b", 0), ("c", 0)]
    for arguments, message in [
        (("name", ["u"]), r"by: df has no column 'name'; its columns are \['id', 't', 'u', 'v', 'w'\]"),
        (("id", ["u", "x"]), "columns: df has no column 'x'"),
        (("id", ["u"], "x"), "order: df has no column 'x'"),
        (("id",), r"df\['w'\] holds"),
        (("id", ["u"], "id"), "order: b occurs twice in sequence 'b'"),
        (("id", []), "no columns of features"),
        ((), "by is None, which requires a DataFrame with a MultiIndex"),
    ]:
        with pytest.raises(ValueError, match=message):
            from_long(df, *arguments)


def test_long_by_levels():
    df = LONG.drop(columns="w").set_index(["id", "t"]).sort_index()
    X, keys = from_long(df, columns=["v"], return_keys=True)
    assert keys == ["a", "b", "c"]
    assert [x.tolist() for x in X] == [[[7], [8]], [[9], [6]], [[10]]]
    with pytest.raises(ValueError, match="df is not sorted by time"):
        from_long(df[::-1])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT])
def test_rows_without_a_place_in_their_sequence(missing):
    for values in ([2, missing, 3], pd.to_datetime(["2024-01-02", missing, "2024-01-03"])):
        df = pd.DataFrame({"id": ["a", "a", "a"], "t": values, "v": [1.0, 2.0, 3.0]})
        with pytest.raises(ValueError, match="order: row 1 of df has no 't', so that its place is unknown"):
            from_long(df, by="id", order="t")
        with pytest.raises(ValueError, match="df has a row without a time: row 0 has the index"):
            from_long(df.iloc[[1, 0, 2]].set_index(["id", "t"]))


def test_keys_in_messages_are_plain_numbers():
    df = pd.DataFrame({"id": [7, 7], "t": [2, 1], "v": [1.0, 2.0]}).set_index(["id", "t"])
    with pytest.raises(ValueError, match="in series 7 1 follows 2"):
        from_long(df)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_rows_without_a_sequence(missing):
    with pytest.raises(ValueError, match="by: row 2 of df has no key"):
        from_long(pd.DataFrame({"id": ["a", "a", missing], "u": [1, 2, 3]}), "id")


def test_long_is_a_frame():
    with pytest.raises(TypeError, match="df is a ndarray; expected a DataFrame"):
        from_long(np.zeros((3, 2)), by=0)


LISTS = {"u": [[1.0, 2.0], [3.0]], "v": [[4.0, 5.0], [6.0]]}
NESTED = {
    "sktime": pd.DataFrame({name: [pd.Series(cell) for cell in cells] for name, cells in LISTS.items()}),
    "polars": polars.DataFrame(LISTS),
    "arrow": pyarrow.table(LISTS),
    "pandas over arrow": pyarrow.table(LISTS).to_pandas(types_mapper=pd.ArrowDtype),
}


@pytest.mark.parametrize("frame", NESTED.values(), ids=NESTED)
def test_nested_frames(frame):
    assert [x.tolist() for x in from_nested(frame)] == [[[1, 4], [2, 5]], [[3, 6]]]
    assert [x.tolist() for x in from_nested(frame, columns=["v", "u"])] == [[[4, 1], [5, 2]], [[6, 3]]]
    assert [x.tolist() for x in from_nested(frame["u"])] == [[1, 2], [3]]
    with pytest.raises(ValueError, match=r"elements that are not numbers.*gruc.sequences.from_nested\(X\)"):
        GRUClassifier().fit(frame, [0, 1])


def test_nested_lists():
    assert [x.tolist() for x in from_nested([[[1, 2], [3, 4]], [[5, 6]]])] == [[[1, 2], [3, 4]], [[5, 6]]]


@pytest.mark.parametrize(
    "X, columns, message",
    [
        (pd.DataFrame({"u": [[1, 2]], "v": [[1]]}), None, r"row 0: the cells .* \['u', 'v'\] have \[2, 1\]"),
        (pd.DataFrame({"u": [[1, 2]], "v": [1]}), None, "row 0, column 'v' is 1, not a sequence of numbers"),
        (pd.DataFrame({"u": [[1, 2]]}), ["v"], "df has no column 'v'"),
        (pd.DataFrame({"u": [["a"]]}), None, "column 'u' holds <U1, not numbers"),
        (pd.DataFrame({"u": [[[1]]]}), None, "column 'u' has 2 dimensions; expected 1"),
        ([[1, 2], 3], None, r"X\[1\] is 3, not a sequence of numbers"),
        ([[1, 2]], ["u"], "columns are given, but X is a list and has none"),
    ],
)
def test_nested_refuses(X, columns, message):
    with pytest.raises(ValueError, match=message):
        from_nested(X, columns)

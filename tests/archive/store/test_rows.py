"""JSON cells are read back as written; values that could not be read back are an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpoet.archive.store.rows import text, value

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30) | st.integers(-(2**80), 2**80),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=40,
)


@given(JSON)
def test_every_written_cell_is_read_back_unchanged(cell: object) -> None:
    try:
        written = text(cell)
    except ValueError:
        return
    assert value(written, "cell") == cell


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
def test_integers_above_64_bits_are_an_error_of_writer_and_reader(number: int) -> None:
    for wrong in (number, {"a": [1.5, number]}):
        with pytest.raises(ValueError, match="is an integer beyond 64 bits"):
            text(wrong)
    with pytest.raises(
        ValueError,
        match=r"cell is not JSON that can be read: .* is an integer "
        r"beyond 64 bits",
    ):
        value(f"[{number}]", "cell")
    for right in (
        number // 10**400,
        2**64 - 1,
        -(2**63),
        [str(number), 1e300, 1e-7, float(10**22)],
    ):
        assert value(text(right), "cell") == right


def nested(depth: int) -> list:
    return [] if depth == 1 else [1.0, nested(depth - 1), "[[["]


def test_deep_nesting_is_an_error_of_writer_and_reader() -> None:
    assert value(text(nested(32)), "cell") == nested(32)
    assert value(text([[1]] * 100), "cell") == [[1]] * 100
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for wrong in (nested(33), deep):
        with pytest.raises(
            ValueError,
            match=r"the archive keeps JSON (only|that it can read "
            r"again): [^\n]+$",
        ):
            text(wrong)
    for wrong in ("[" * 33 + "]" * 33, '{"a":' * 100_000, "[" * 100_000):
        with pytest.raises(ValueError, match="nests more than 32 deep"):
            value(wrong, "cell")


@pytest.mark.parametrize("wrong", [b"[1]", None, 3, 2.5])
def test_a_json_cell_that_is_not_text_is_an_error(wrong: object) -> None:
    with pytest.raises(ValueError, match="it must be text"):
        value(wrong, "cell")  # type: ignore[arg-type]  # a database may contain any type

"""JSON of strangers: what is within the limits is read, what is beyond is refused in one line."""

from __future__ import annotations

import json
import time

import pytest

from openpoet.foreign_json import MOST_NESTED, loads


def nested(depth: int) -> str:
    return '{"a": [' * (depth // 2) + '"[[{{"' + "]}" * (depth // 2)


def test_as_many_lists_and_objects_as_allowed_are_read_and_no_more() -> None:
    within = nested(MOST_NESTED)
    assert loads(within) == loads(within.encode()) == json.loads(within)
    for depth in (MOST_NESTED + 2, 900, 10**6):
        with pytest.raises(ValueError, match=f"nests more than {MOST_NESTED} deep"):
            loads(nested(depth))


def test_brackets_within_strings_do_not_nest() -> None:
    text = json.dumps(["[" * 100 + '"' + "{" * 100] * 2)
    assert loads(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("NaN", "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e999", "1e999 is too large"),
        (f"{2**64}", "beyond 64 bits"),
        ("9" * 10**5, "beyond 64 bits"),
        (b"\xff", "can't decode"),
    ],
)
def test_numbers_that_other_readers_change_and_other_bytes_are_refused(
    text: str | bytes, named: str
) -> None:
    with pytest.raises(ValueError, match=named) as error:
        loads(text)
    assert "\n" not in str(error.value)


def test_a_string_without_an_end_takes_time_linear_in_its_length() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="Expecting"):
        loads("[" * 30 + "[]" * 5 + '"' + '\\"' * 10**6)
    assert time.process_time() - began < 5

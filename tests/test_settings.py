"""Declared settings: accepted values, one-line errors, and inheritance."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Interval
from hypothesis import given
from hypothesis import strategies as st

from openpoet.settings import (
    Device,
    Fraction,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Settings,
    Sizes,
    declared,
    expected,
    kind_of,
)


@dataclass(frozen=True)
class Wave(Settings):
    frequency: Annotated[PositiveFloat, "Frequency [Hz]."] = 1.0
    share: Annotated[Fraction, "Share."] = 0.5
    count: Annotated[int, Interval(ge=2, le=9), "Count."] = 2
    limit: Annotated[PositiveInt | None, "Limit."] = None
    sizes: Annotated[Sizes, "Units of each layer."] = (8,)
    any_sizes: Annotated[tuple[PositiveInt, ...], "May be empty."] = ()
    span: Annotated[tuple[float, float], "Two numbers."] = (0.0, 1.0)
    mode: Annotated[Literal["slow", "fast"], "Mode."] = "slow"
    order: Annotated[Literal[1, 2], "Order."] = 1
    quiet: Annotated[bool, "Quiet."] = False
    device: Annotated[Device, "Device."] = "cpu"
    bare: float = 0.0


@dataclass(frozen=True)
class Steep(Wave):
    frequency: float = 7.0
    share: Annotated[float, Interval(gt=0, lt=1), "Narrower share."] = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share > self.frequency:
            raise ValueError(f"share must not be above frequency, got {self.share}")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"frequency": 0}, "frequency must be above 0, got 0.0"),
        ({"frequency": "fast"}, "frequency must be a finite number above 0, got 'fast'"),
        ({"frequency": True}, "frequency must be a finite number above 0, got True"),
        ({"frequency": math.nan}, "frequency must be a finite number above 0, got nan"),
        ({"bare": -math.inf}, "bare must be a finite number, got -inf"),
        ({"bare": 10**400}, "bare must be a finite number, got 1" + 99 * "0"),
        ({"share": 1.5}, "share must be from 0 to 1, got 1.5"),
        ({"count": 1}, "count must be from 2 to 9, got 1"),
        ({"count": 2.0}, "count must be an integer from 2 to 9, got 2.0"),
        ({"count": None}, "count must be an integer from 2 to 9, got None"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"limit": "x"}, "limit must be an integer of at least 1, got 'x'"),
        (
            {"sizes": ()},
            "sizes must be a non-empty list of at most 16, each entry an integer from 1 to 4096, "
            "got ()",
        ),
        (
            {"sizes": (1,) * 17},
            "sizes must be a non-empty list of at most 16, each entry an integer from 1 to 4096, "
            f"got {(1,) * 17}",
        ),
        ({"sizes": (8, 0)}, "sizes[1] must be from 1 to 4096, got 0"),
        ({"sizes": (8, 10**9)}, "sizes[1] must be from 1 to 4096, got 1000000000"),
        ({"any_sizes": 3}, "any_sizes must be a list, each entry an integer of at least 1, got 3"),
        ({"span": (1,)}, "span must be a list of 2: a finite number, a finite number, got (1,)"),
        ({"mode": "fats"}, "mode must be one of 'slow', 'fast', got 'fats' (did you mean 'fast'?)"),
        ({"order": True}, "order must be one of 1, 2, got True"),
        ({"quiet": 1}, "quiet must be true or false, got 1"),
        ({"device": "cudas"}, 'device must be "cpu", "cuda" or "cuda:<number>", got \'cudas\''),
    ],
)
def test_values_out_of_range_are_one_line_errors(values: dict, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        Wave(**values)
    assert str(caught.value) == message


def test_values_are_converted_to_their_declared_types() -> None:
    wave = Wave(
        frequency=np.float32(0.5),
        count=np.int64(3),
        limit=np.uint8(4),
        sizes=[np.int32(5)],
        span=(0, 2),
    )
    assert wave == Wave(frequency=0.5, count=3, limit=4, sizes=(5,), span=(0.0, 2.0))
    kinds = [type(value) for value in (wave.frequency, wave.count, wave.limit, wave.sizes[0])]
    assert kinds == [float, int, int, int]
    assert [type(value) for value in wave.span] == [float, float]
    assert Wave(device="cuda:1").device == "cuda:1"


def test_a_changed_copy_is_checked_and_a_pickled_one_is_equal() -> None:
    with pytest.raises(ValueError, match="count must be from 2 to 9"):
        replace(Wave(), count=10)
    assert pickle.loads(pickle.dumps(Steep(count=5))) == Steep(count=5)


def test_a_subclass_that_changes_a_default_keeps_range_and_meaning() -> None:
    field = declared(Steep)["frequency"]
    assert (field.default, field.kind.meaning) == (7.0, "Frequency [Hz].")
    assert expected(field.kind) == "a finite number above 0"
    with pytest.raises(ValueError, match=r"frequency must be above 0, got -1\.0"):
        Steep(frequency=-1)


def test_a_subclass_may_narrow_a_range_and_add_rules_between_fields() -> None:
    assert declared(Steep)["share"].kind.meaning == "Narrower share."
    assert Wave(share=1).share == 1.0
    with pytest.raises(ValueError, match=r"share must be above 0 and below 1, got 1\.0"):
        Steep(share=1)
    with pytest.raises(ValueError, match="share must not be above frequency"):
        Steep(frequency=0.1, share=0.2)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NonNegativeInt, "an integer of at least 0"),
        (Annotated[float, Interval(gt=0, le=0.5)], "a finite number above 0 and at most 0.5"),
        (Annotated[int, Interval(ge=1, le=10**6)], "an integer from 1 to 1000000"),
        (PositiveFloat | None, 'a finite number above 0 or "none"'),
        (Any, "a value"),
    ],
)
def test_the_text_of_a_declaration(kind: Any, words: str) -> None:
    assert expected(kind_of(kind)) == words


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.text() | st.booleans())
def test_a_float_is_accepted_exactly_in_its_range(value: object) -> None:
    fits = type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]
    try:
        found = Wave(share=value).share  # type: ignore[arg-type]
    except ValueError:
        assert not fits
    else:
        assert fits
        assert found == value

"""Reading records that a stranger may have written: each field is read by its name and type, and
anything else is refused in one line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from .streams import Key

LIMIT = 2**53  # whole numbers that every JSON reader keeps exact
# niches, events, or scores a niche: a record that claims more is broken or hostile
MOST = 1_000_000
MOST_NAMES = 9  # of a key: its seed, and a path


def finite(value: Any) -> bool:
    """Whether it is a number, and a float can hold it."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


class Fields:
    """The fields of one record, taken one by one; `end` refuses those that were not taken."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"{where} must be a JSON object, got {type(data).__name__}")
        self.data, self.where, self.taken = data, where, set[str]()

    def take(self, name: str) -> Any:
        if name not in self.data:
            raise ValueError(f"{self.where}.{name} is missing")
        self.taken.add(name)
        return self.data[name]

    def end(self) -> None:
        for name in self.data:
            if name not in self.taken:
                raise ValueError(f"{self.where} has an unknown field {str(name)[:40]!r}")

    def wrong(self, name: str, expected: str) -> ValueError:
        return ValueError(
            f"{self.where}.{name} must be {expected}, got {str(self.data[name])[:60]!r}"
        )

    def integer(self, name: str) -> int:
        value = self.take(name)
        if type(value) is not int or not 0 <= value < LIMIT:
            raise self.wrong(name, "a whole number from 0")
        return value

    def integer_or_none(self, name: str) -> int | None:
        return None if self.take(name) is None else self.integer(name)

    def number(self, name: str) -> float:
        if not finite(value := self.take(name)):
            raise self.wrong(name, "a finite number")
        return float(value)

    def number_or_none(self, name: str) -> float | None:
        return None if self.take(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        value = self.take(name)
        if type(value) is not bool:
            raise self.wrong(name, "true or false")
        return value

    def text_or_none(self, name: str) -> str | None:
        value = self.take(name)
        if not (value is None or isinstance(value, str)):
            raise self.wrong(name, "a string or null")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> Any:
        value = self.take(name)
        if value not in choices:
            raise self.wrong(name, "one of " + ", ".join(choices))
        return value

    def records(self, name: str, most: int = MOST) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(name, f"a list of at most {most}")
        return value


Made = TypeVar("Made")
# How a field of a dataclass is read, by its annotation.
READERS: dict[Any, Callable[[Fields, str], Any]] = {
    int: Fields.integer,
    float: Fields.number,
    bool: Fields.flag,
    int | None: Fields.integer_or_none,
    float | None: Fields.number_or_none,
    str | None: Fields.text_or_none,
}


def made(kind: type[Made], take: Fields, **given: Any) -> Made:
    """An instance of a dataclass from a record: the fields `given`, and all others read by their
    annotations.
    """
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name not in given]  # type: ignore[arg-type]
    return kind(**given, **{name: _read(take, name, hints[name]) for name in names})


def _read(take: Fields, name: str, hint: Any) -> Any:
    if get_origin(hint) is Literal:
        return take.choice(name, get_args(hint))
    return READERS[hint](take, name)


def stream(take: Fields, name: str, present: bool) -> Key | None:
    """A stream of random numbers, [seed, *path]; None for an empty list.

    present: whether there must be one; if not, the list must be empty.
    """
    key = take.take(name)
    if not (
        isinstance(key, list)
        and len(key) <= MOST_NAMES
        and bool(key) == present
        and all(map(_key_part, key))
    ):
        raise take.wrong(
            name, "a seed and the names of a stream of random numbers, [] where there is no score"
        )
    if not key:
        return None
    if type(key[0]) is not int or len(key) < 2:
        raise take.wrong(name, "a seed and at least one name")
    return Key(key[0], tuple(key[1:]))


def _key_part(part: Any) -> bool:
    """Whether it can be part of a key: a number, or a short word."""
    if isinstance(part, str):
        return len(part) <= 32 and part.isascii() and part.replace("-", "").isalpha()
    return type(part) is int and 0 <= part < 2**64

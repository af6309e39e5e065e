"""Reading records that a stranger may have written: each field taken by name and type, or refused
in one line.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

LIMIT = 2**53  # whole numbers that every JSON reader keeps exact
# niches, events, or scores a niche: a record that claims more is broken or hostile
MOST = 1_000_000


def finite(value: Any) -> bool:
    """Whether it is a number, and a float can hold it."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


class Fields:
    """The fields of one record, taken one by one; `end` refuses those that nobody took."""

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

"""Laws and verdicts: a statement about a family or learner, and whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..output import LONGEST, described
from ..plugins import place

NOT_OFFERED = "not offered"  # returned by `check` if a law is about a missing optional method


@dataclass(frozen=True)
class Law:
    """statement: the law in one line. check: raises AssertionError, with what was expected and what
    came, if it is broken; returns NOT_OFFERED if the part lacks the optional method.
    needed: laws after this one cannot be checked if it is broken.
    """

    statement: str
    check: Callable[[], str | None]
    needed: bool = False


@dataclass(frozen=True)
class Verdict:
    """One law of a part. message: the expected and the actual value, in one line, if it
    is broken.
    """

    part: str  # "family", "learner" or "curriculum"
    law: str
    passed: bool
    message: str = ""
    offered: bool = True  # False: the law is about an optional method that the part lacks


def verdicts(part: str, laws: Iterable[Law]) -> Iterator[Verdict]:
    """Checks each law. ValueError if Python runs without assertions."""
    if not __debug__:
        raise ValueError("the laws are assertions: run Python without -O and PYTHONOPTIMIZE")
    for law in laws:
        try:
            note = law.check()
        except Exception as error:
            yield Verdict(part, law.statement, False, message(error))
            if law.needed:
                return
        else:
            yield Verdict(part, law.statement, True, offered=note != NOT_OFFERED)


def check_all(laws: Iterable[Law]) -> None:
    """AssertionError at the first law that is violated."""
    for law in laws:
        law.check()


def message(error: Exception) -> str:
    """The error in one line, with the line of code if it is in a user's file."""
    if isinstance(error, AssertionError) and str(error):
        return " ".join(str(error).split())[:LONGEST]
    where = place(error)
    return f"it raised {described(error)}" + (f" ({where})" if where else "")

"""Kinds of settings: annotated types with a range and a meaning, values checked against them, and
their descriptions in words (settings.py).

Ranges are those of the package annotated-types.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from numbers import Integral, Real
from typing import Any, Literal

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen


@dataclass(frozen=True)
class Matches:
    """A constraint on text: a regular expression that must match all of it, and its description."""

    pattern: str
    words: str


_NAMES = {
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "a string",
    tuple: "a list",
}
# For each constraint: its attribute, the comparison, and its description if it is a bound.
_CONSTRAINTS: dict[type, tuple[str, Callable[[Any, Any], bool], str]] = {
    Gt: ("gt", operator.gt, "above"),
    Ge: ("ge", operator.ge, "at least"),
    Lt: ("lt", operator.lt, "below"),
    Le: ("le", operator.le, "at most"),
    MinLen: ("min_length", lambda value, least: len(value) >= least, ""),
    MaxLen: ("max_length", lambda value, most: len(value) <= most, ""),
    Matches: ("pattern", lambda value, pattern: re.fullmatch(pattern, value) is not None, ""),
}


@dataclass(frozen=True)
class Kind:
    """The parts of an annotated type.

    plain: the type without annotations. some: the T of `T | None`. entries: the types of a tuple's
    entries; a single, repeated one if any_length. choices: of a Literal.
    """

    plain: Any
    constraints: tuple[Any, ...] = ()
    meaning: str = ""
    some: Kind | None = None
    entries: tuple[Kind, ...] = ()
    any_length: bool = False
    choices: tuple[Any, ...] = ()

    @cached_property
    def tests(self) -> tuple[Callable[[Any], bool], ...]:
        return tuple(map(_test, self.constraints))


def checked(value: Any, kind: Kind, where: str) -> Any:
    """The value converted to its declared type. Otherwise ValueError: one line that starts with
    `where`.

    An integer counts as a float, a list as a tuple, and NumPy's numbers as Python's.
    """
    if kind.some is not None:
        return None if value is None else checked(value, kind.some, where)
    if kind.entries:
        value = _entries(value, kind, where)
    elif not _is(value, kind):
        near = did_you_mean(value, kind.choices)
        raise ValueError(f"{where} must be {expected(kind)}, got {repr(value)[:100]}{near}")
    elif not kind.choices and kind.plain not in (Any, type(value)):
        value = kind.plain(value)
    for holds in kind.tests:
        if not holds(value):
            words = limits(kind) or expected(kind)
            raise ValueError(f"{where} must be {words}, got {repr(value)[:100]}")
    return value


def expected(kind: Kind) -> str:
    """Type and range in words: "an integer of at least 1"."""
    if kind.some is not None:
        return f'{expected(kind.some)} or "none"'
    if kind.choices:
        return "one of " * (len(kind.choices) > 1) + ", ".join(map(repr, kind.choices))
    if kind.any_length:
        filled = "non-empty " * any(isinstance(c, MinLen) for c in kind.constraints)
        most = "".join(f" of at most {c.max_length}" for c in kind.constraints if type(c) is MaxLen)
        return f"a {filled}list{most}, each entry {expected(kind.entries[0])}"
    if kind.entries:
        return f"a list of {len(kind.entries)}: {', '.join(map(expected, kind.entries))}"
    if pattern := next((c for c in kind.constraints if isinstance(c, Matches)), None):
        return pattern.words
    name, bounds = _NAMES.get(kind.plain, "a value"), limits(kind)
    return f"{name} {'of ' * bounds.startswith('at')}{bounds}".strip()


def limits(kind: Kind) -> str:
    """A range in words: "from 0 to 1", "above 0 and at most 1"; empty if there are no bounds."""
    bounds = [c for c in kind.constraints if _CONSTRAINTS[type(c)][2]]
    numbers = [repr(_bound(c)).removesuffix(".0") for c in bounds]
    if [type(c) for c in bounds] == [Ge, Le]:
        return f"from {numbers[0]} to {numbers[1]}"
    words = (_CONSTRAINTS[type(c)][2] for c in bounds)
    return " and ".join(map(" ".join, zip(words, numbers, strict=True)))


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    if not isinstance(word, str):
        return ""
    names = [name for name in known if isinstance(name, str) and name != word]
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.65)
    return f" (did you mean {near[0]!r}?)" if near else ""


@cache
def kind_of(annotation: Any) -> Kind:
    """The parts of an annotation. TypeError if it is a union of several types."""
    metadata = getattr(annotation, "__metadata__", ())
    plain = annotation.__origin__ if metadata else annotation
    meaning = next((entry for entry in metadata if isinstance(entry, str)), "")
    kind = Kind(plain, tuple(_flat(metadata)), meaning)
    origin, arguments = typing.get_origin(plain), typing.get_args(plain)
    if origin is Literal:
        return replace(kind, choices=arguments)
    inner = tuple(kind_of(a) for a in arguments if a not in (types.NoneType, Ellipsis))
    if origin is tuple:
        return replace(kind, entries=inner, any_length=Ellipsis in arguments)
    if origin in (typing.Union, types.UnionType):
        if len(inner) != 1:
            raise TypeError(f"a setting is of one type, or None: {annotation}")
        some = replace(inner[0], constraints=inner[0].constraints + kind.constraints)
        return replace(kind, some=some, constraints=())
    return kind


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """The constraints among annotations. Other annotations, as plug-ins may have, are ignored."""
    for entry in metadata:
        if isinstance(entry, GroupedMetadata):
            yield from _flat(entry)
        elif type(entry) in _CONSTRAINTS:
            yield entry


def _is(value: Any, kind: Kind) -> bool:
    if kind.choices:
        return type(value) in map(type, kind.choices) and value in kind.choices
    if kind.plain is float:
        number = type(value) in (float, int) or isinstance(value, Real)
        return number and type(value) is not bool and _finite(value)
    if kind.plain is int:
        return type(value) is int or (isinstance(value, Integral) and type(value) is not bool)
    return kind.plain is Any or isinstance(value, kind.plain)


def _finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False


def _entries(value: Any, kind: Kind, where: str) -> tuple[Any, ...]:
    """The entries of a list as their declared types."""
    if isinstance(value, list | tuple):
        each = kind.entries * len(value) if kind.any_length else kind.entries
        if len(each) == len(value):
            pairs = enumerate(zip(value, each, strict=True))
            return tuple(checked(entry, kind, f"{where}[{i}]") for i, (entry, kind) in pairs)
    raise ValueError(f"{where} must be {expected(kind)}, got {repr(value)[:100]}")


def _test(constraint: Any) -> Callable[[Any], bool]:
    """A function that returns whether a value satisfies the constraint."""
    compare, bound = _CONSTRAINTS[type(constraint)][1], _bound(constraint)
    return lambda value: compare(value, bound)


def _bound(constraint: Any) -> Any:
    return getattr(constraint, _CONSTRAINTS[type(constraint)][0])

"""Settings that are declared once: a dataclass whose fields carry type, range and meaning.

    @dataclass(frozen=True)
    class WaveSettings(Settings):
        frequency: Annotated[PositiveFloat, "Frequency of the wave [Hz]."] = 1.0
        layers: Annotated[Sizes, "Units of each hidden layer."] = (32, 32)

An instance is checked when it is made: `WaveSettings(frequency=-1)` is a ValueError of one line.
The command uses the same declarations to read TOML, to comment config.toml, for `list NAME` and for
the reference page. Ranges are those of the package annotated-types.

This is the only module that every room may import. It imports none of them.
"""

from __future__ import annotations

import difflib
import inspect
import math
import operator
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from numbers import Integral, Real
from typing import Annotated, Any, Literal

from annotated_types import Ge, GroupedMetadata, Gt, Interval, Le, Lt, MinLen


@dataclass(frozen=True)
class Matches:
    """A constraint on text: the regular expression that all of it must match, and that in words."""

    pattern: str
    words: str


PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Interval(ge=0, le=1)]
Sizes = Annotated[tuple[PositiveInt, ...], MinLen(1)]
Device = Annotated[str, Matches(r"cpu|cuda(:\d+)?", '"cpu", "cuda" or "cuda:<number>"')]

_NAMES = {
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "a string",
    tuple: "a list",
}
_UNIONS = (typing.Union, types.UnionType)
_BOUNDS: dict[type, tuple[str, Callable[[Any, Any], bool], str]] = {
    Gt: ("gt", operator.gt, "above"),
    Ge: ("ge", operator.ge, "at least"),
    Lt: ("lt", operator.lt, "below"),
    Le: ("le", operator.le, "at most"),
}


@dataclass(frozen=True)
class Field:
    """The declaration of one setting.

    kind: the annotated type, with its range. default: MISSING if there is none. written: whether
    complete settings hold it; an argument of a plug-in may have a default that TOML cannot express.
    """

    kind: Any
    default: Any = MISSING
    written: bool = True

    @property
    def plain(self) -> Any:
        """The type without its annotations."""
        return split(self.kind)[0]

    @property
    def meaning(self) -> str:
        """One line; empty if the declaration has none."""
        return _meaning(self.kind)


@dataclass(frozen=True)
class Settings:
    """Base of settings dataclasses: every field is checked, and converted to its declared type.

    Rules that hold between fields belong in the subclass's `__post_init__`, after this one's.
    """

    def __post_init__(self) -> None:
        for name, field in declared(type(self)).items():
            object.__setattr__(self, name, checked(getattr(self, name), field.kind, name))


@cache
def declared(cls: type[Any]) -> Mapping[str, Field]:
    """The fields of a dataclass by name.

    A subclass that only changes a default does not repeat range and meaning: an annotation without
    a meaning is replaced by that of the nearest base class which has one.
    """
    annotations = [inspect.get_annotations(base, eval_str=True) for base in cls.__mro__]
    found = {}
    for field in fields(cls):
        if field.init:
            kinds = [own[field.name] for own in annotations if field.name in own]
            factory = field.default_factory
            found[field.name] = Field(
                next(filter(_meaning, kinds), kinds[0]),
                field.default if factory is MISSING else factory(),
            )
    return found


def checked(value: Any, kind: Any, where: str) -> Any:
    """The value as its declared type. ValueError, one line that begins with `where`, if it is none.

    An integer counts as a float, a list as a tuple, and NumPy's numbers as Python's.
    """
    plain, constraints, origin, arguments = split(kind)
    if origin in _UNIONS:
        if value is None:
            return None
        value = checked(value, _optional(arguments), where)
    elif origin is tuple:
        value = _entries(value, arguments, where, expected(kind))
    elif not _is(value, plain):
        near = did_you_mean(value, arguments) if origin is Literal else ""
        raise ValueError(f"{where} must be {expected(kind)}, got {repr(value)[:100]}{near}")
    elif plain in (int, float, str):
        value = plain(value)
    for constraint in constraints:
        if not _holds(value, constraint):
            words = limits(constraints) or expected(kind)
            raise ValueError(f"{where} must be {words}, got {repr(value)[:100]}")
    return value


def expected(kind: Any) -> str:
    """Type and range in words: "an integer of at least 1"."""
    plain, constraints, origin, arguments = split(kind)
    if origin in _UNIONS:
        return f'{expected(_optional(arguments))} or "none"'
    if origin is Literal:
        return "one of " * (len(arguments) > 1) + ", ".join(map(repr, arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        filled = any(isinstance(c, MinLen) for c in constraints)
        return f"a {'non-empty ' * filled}list, each entry {expected(arguments[0])}"
    if origin is tuple:
        return f"a list of {len(arguments)}: {', '.join(map(expected, arguments))}"
    if pattern := next((c for c in constraints if isinstance(c, Matches)), None):
        return pattern.words
    name, bounds = _NAMES.get(plain, "a value"), limits(constraints)
    return f"{name} {'of ' * bounds.startswith('at')}{bounds}".strip()


def optional(kind: Any) -> bool:
    """Whether the type is `T | None`."""
    return split(kind)[2] in _UNIONS


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    names = [name for name in known if isinstance(name, str)]
    near = difflib.get_close_matches(word, names, n=1) if isinstance(word, str) else []
    return f" (did you mean {near[0]!r}?)" if near else ""


@cache
def split(kind: Any) -> tuple[Any, tuple[Any, ...], Any, tuple[Any, ...]]:
    """The type without its annotations, its constraints, its origin and its arguments."""
    annotated = typing.get_origin(kind) is Annotated
    plain = kind.__origin__ if annotated else kind
    constraints = tuple(_flat(kind.__metadata__)) if annotated else ()
    return plain, constraints, typing.get_origin(plain), typing.get_args(plain)


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """The constraints among annotations. A plug-in's may be of other kinds: these are ignored."""
    for entry in metadata:
        if isinstance(entry, GroupedMetadata):
            yield from _flat(entry)
        elif isinstance(entry, (*_BOUNDS, MinLen, Matches)):
            yield entry


def _optional(arguments: Iterable[Any]) -> Any:
    """The type that is not None in `T | None`."""
    (some,) = (argument for argument in arguments if argument is not types.NoneType)
    return some


def _meaning(kind: Any) -> str:
    return next((m for m in getattr(kind, "__metadata__", ()) if isinstance(m, str)), "")


def _is(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is Literal:
        return any(type(value) is type(c) and value == c for c in typing.get_args(kind))
    if kind is float:
        return isinstance(value, Real) and not isinstance(value, bool) and _finite(value)
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return kind is Any or isinstance(value, kind)


def _finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _entries(value: Any, kinds: tuple[Any, ...], where: str, words: str) -> tuple[Any, ...]:
    """The entries of a list as their declared types."""
    if isinstance(value, list | tuple):
        each = [kinds[0]] * len(value) if kinds[-1] is Ellipsis else list(kinds)
        if len(each) == len(value):
            pairs = enumerate(zip(value, each, strict=True))
            return tuple(checked(entry, kind, f"{where}[{i}]") for i, (entry, kind) in pairs)
    raise ValueError(f"{where} must be {words}, got {repr(value)[:100]}")


def _holds(value: Any, constraint: Any) -> bool:
    if isinstance(constraint, MinLen):
        return len(value) >= constraint.min_length
    if isinstance(constraint, Matches):
        return re.fullmatch(constraint.pattern, value) is not None
    _, compare, _ = _BOUNDS[type(constraint)]
    return compare(value, _bound(constraint))


def _bound(constraint: Any) -> Any:
    return getattr(constraint, _BOUNDS[type(constraint)][0])


def limits(constraints: Iterable[Any]) -> str:
    """A range in words: "from 0 to 1", "above 0 and at most 1"; empty if there are no bounds."""
    bounds = [c for c in constraints if type(c) in _BOUNDS]
    numbers = [repr(_bound(c)).removesuffix(".0") for c in bounds]
    if [type(c) for c in bounds] == [Ge, Le]:
        return f"from {numbers[0]} to {numbers[1]}"
    words = (_BOUNDS[type(c)][2] for c in bounds)
    return " and ".join(map(" ".join, zip(words, numbers, strict=True)))

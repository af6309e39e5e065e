"""Fields of settings: names, types and defaults, of a dataclass or of a callable's arguments.

A *table* is what TOML makes of one section. TOML has no null: None is written as the string "none".
A wrong name or type is a ValueError of one line that says where, what was expected and what came;
range checks are the dataclass's own.
"""

from __future__ import annotations

import difflib
import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, TypeVar

Table = Mapping[str, Any]
Settings = TypeVar("Settings")

NONE = "none"
_NAMES = {
    tuple: "a list",
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "a string",
}
_PLAIN = (bool, int, float, str)  # what TOML has of values that are not lists
_UNIONS = (typing.Union, types.UnionType)


@dataclass(frozen=True)
class Field:
    """kind: the annotated type; Any: whatever TOML has. default: MISSING if there is none.

    written: whether complete settings hold it. A plug-in's argument may have a default that TOML
    cannot express.
    """

    kind: Any
    default: Any = MISSING
    written: bool = True


@dataclass(frozen=True)
class Schema:
    """The fields of a section. more: keys that are not among them are allowed too (a plug-in's
    **settings).
    """

    known: Mapping[str, Field]
    more: bool = False


def of_dataclass(cls: type[Any]) -> Schema:
    hints = typing.get_type_hints(cls)
    known = {}
    for field in fields(cls):
        if field.init:
            factory = field.default_factory
            known[field.name] = Field(
                hints[field.name], field.default if factory is MISSING else factory()
            )
    return Schema(known)


def of_arguments(part: Callable[..., Any], given: int, not_settings: Iterable[str] = ()) -> Schema:
    """The keyword arguments of a plug-in, less the first `given` of its arguments and those in
    `not_settings`.
    """
    arguments = list(inspect.signature(part).parameters.values())
    try:
        hints = typing.get_type_hints(part.__init__ if isinstance(part, type) else part)  # type: ignore[misc]
    except (NameError, TypeError):  # annotations need not be importable
        hints = {}
    known, place = {}, 0
    for argument in arguments:
        place += argument.kind in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD)
        named = argument.kind is argument.KEYWORD_ONLY or (
            argument.kind is argument.POSITIONAL_OR_KEYWORD and place > given
        )
        if named and argument.name not in not_settings:
            default = MISSING if argument.default is argument.empty else argument.default
            field = Field(_usable(hints.get(argument.name, Any), default), default)
            known[argument.name] = replace(field, written=_survives_toml(field))
    return Schema(known, more=any(argument.kind is argument.VAR_KEYWORD for argument in arguments))


def _survives_toml(field: Field) -> bool:
    """Whether the default is the same after it was written and read."""
    if field.default is MISSING:
        return True
    try:
        read = converted(toml_value(field.default), field, "")
    except ValueError:
        return False
    kinds = type(read), type(field.default)
    return bool(read == field.default and (kinds[0] is kinds[1] or kinds == (float, int)))


def _usable(kind: Any, default: Any) -> Any:
    """The annotation, if TOML can be checked against it; else the default's type, if TOML has no
    such type.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    plain = [a for a in arguments if a not in (type(None), Ellipsis)]
    if kind in _NAMES or origin is Literal:
        return kind
    if (origin is tuple or (origin in _UNIONS and len(plain) == 1)) and all(
        _usable(a, MISSING) is a for a in plain
    ):
        return kind
    return tuple if isinstance(default, tuple) else Any


def values(schema: Schema, table: Table, section: str) -> dict[str, Any]:
    """The table's values as their fields' types. ValueError: unknown, missing without a default, of
    another type.
    """
    known = schema.known
    for key in table:
        if key not in known and not schema.more:
            raise ValueError(f"unknown setting {section}.{key}{did_you_mean(key, known)}")
    for key, field in known.items():
        if key not in table and field.default is MISSING:
            raise ValueError(f"{section}.{key} is missing, expected {_expected(field.kind)}")
    return {
        key: converted(value, known[key], f"{section}.{key}") if key in known else value
        for key, value in table.items()
    }


def build(cls: type[Settings], table: Table, section: str) -> Settings:
    """The frozen dataclass `cls` of the section's table; what the table leaves out keeps its
    default.
    """
    found = values(of_dataclass(cls), table, section)
    try:
        return cls(**found)
    except ValueError as error:
        raise ValueError(f"[{section}] {error}") from None


def complete(schema: Schema, table: Table, section: str) -> dict[str, Any]:
    """The table with every field of its section, in the fields' order: what it leaves out gets its
    default.

    Numbers are of their fields' types, None is "none": complete(complete(t)) == complete(t).
    """
    defaults = {
        key: toml_value(field.default)
        for key, field in schema.known.items()
        if field.written and key not in table
    }
    found = values(schema, {**defaults, **table}, section)
    order = [key for key in schema.known if key in found]
    return {key: toml_value(found[key]) for key in dict.fromkeys([*order, *found])}


def check_complete(schema: Schema, table: Table, section: str) -> None:
    """ValueError, one line, unless the table holds every field, each with a value of its type, and
    nothing else.

    A missing key does not get its default: if the default had been changed in the code, the run
    would change with it.
    """
    for key, field in schema.known.items():
        if field.written and key not in table:
            raise ValueError(
                f"{section}.{key} is missing, expected {_expected(field.kind)}: "
                f"the settings of a run must be complete; `resume --set {section}.{key}=VALUE` "
                "gives it one"
            )
    values(schema, table, section)


def converted(value: Any, field: Field, where: str) -> Any:
    if field.kind is tuple:  # of a plug-in's argument without annotation
        return tuple(value) if isinstance(value, list) else value
    if field.kind is Any:
        return None if field.default is None and value == NONE else value
    return _convert(value, field.kind, where)


def _convert(value: Any, kind: Any, where: str) -> Any:
    """The value as its annotated type: TOML has lists for tuples, and 1 is a float where one is
    asked for.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in _UNIONS:
        if value == NONE:
            return None
        (kind,) = (argument for argument in arguments if argument is not type(None))
        return _convert(value, kind, where)
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) == len(value):
            return tuple(
                _convert(v, k, f"{where}[{i}]")
                for i, (v, k) in enumerate(zip(value, kinds, strict=True))
            )
    elif origin is Literal:
        if any(value == choice and type(value) is type(choice) for choice in arguments):
            return value
        raise ValueError(
            f"{where} must be {_expected(kind)}, got "
            f"{repr(value)[:100]}{did_you_mean(value, arguments)}"
        )
    elif kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    elif kind is not float and kind in _NAMES and type(value) is kind:
        return value
    raise ValueError(f"{where} must be {_expected(kind)}, got {repr(value)[:100]}")


def _expected(kind: Any) -> str:
    """The type in words."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in _UNIONS:
        return f'{_expected(next(a for a in arguments if a is not type(None)))} or "{NONE}"'
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a list, each entry {_expected(arguments[0])}"
    if origin is tuple:
        return (
            f"a list of {len(arguments)}: "
            f"{', '.join(_expected(argument) for argument in arguments)}"
        )
    return "a value" if kind is Any else _NAMES.get(kind, str(kind))


def toml_value(value: Any) -> Any:
    """The value as TOML has it. ValueError if it has no such value."""
    if value is None:
        return NONE
    if isinstance(value, list | tuple):
        return [toml_value(entry) for entry in value]
    if type(value) not in _PLAIN:
        raise ValueError(
            "a setting must be a number, a string, true, false or a list of them, got "
            f"{repr(value)[:100]}"
        )
    return value


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    names = [name for name in known if isinstance(name, str)]
    near = difflib.get_close_matches(word, names, n=1) if isinstance(word, str) else []
    return f" (did you mean {near[0]!r}?)" if near else ""

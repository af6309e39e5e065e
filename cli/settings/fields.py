"""Sections of settings: which fields a section has, and its table checked against them.

A *table* is one parsed section. TOML has no null: None is written as the string "none".
The fields are those of a settings dataclass (openpoet.settings), or the keyword arguments of a
plug-in. Errors are a ValueError of one line: the place, what was expected, and the value.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from openpoet.settings import Field, checked, declared, did_you_mean, expected

Table = Mapping[str, Any]
Settings = TypeVar("Settings")

NONE = "none"
_PLAIN = (bool, int, float, str)  # the values of TOML that are not lists


@dataclass(frozen=True)
class Schema:
    """The fields of a section. more: whether it may have other keys (a plug-in's **settings)."""

    known: Mapping[str, Field]
    more: bool = False


def of_dataclass(cls: type[Any]) -> Schema:
    return Schema(declared(cls))


def of_arguments(part: Callable[..., Any], given: int, not_settings: Iterable[str] = ()) -> Schema:
    """The keyword arguments of a plug-in, but not its first `given` ones, nor `not_settings`."""
    arguments = list(inspect.signature(part).parameters.values())
    try:
        source = part.__init__ if isinstance(part, type) else part  # type: ignore[misc]
        hints = typing.get_type_hints(source, include_extras=True)
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


def of_ranges(family: Any) -> Schema:
    """The fields of [ranges]: a family's genes and the ends of their ranges. Randomised checks
    other keys.
    """
    ranges: dict[str, tuple[float, float]] = getattr(family, "ranges", dict)()
    kind = Annotated[tuple[float, float], "Lowest and highest value of the gene."]
    ends = {gene: (float(low), float(high)) for gene, (low, high) in ranges.items()}
    return Schema({gene: Field(kind, pair) for gene, pair in ends.items()}, more=True)


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
    """The annotation, if a value of TOML can be checked against it; otherwise tuple, if the default
    is one, or Any.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        plain = _usable(arguments[0], default)
        return kind if plain is arguments[0] else Annotated[plain, *arguments[1:]]
    inner = [a for a in arguments if a not in (type(None), Ellipsis)]
    if kind in _PLAIN or origin is Literal:
        return kind
    optional = origin in (typing.Union, types.UnionType) and len(inner) == 1
    if (origin is tuple or optional) and all(_usable(a, MISSING) is a for a in inner):
        return kind
    return tuple if isinstance(default, tuple) else Any


def values(schema: Schema, table: Table, section: str) -> dict[str, Any]:
    """The values of the table as their fields' types. ValueError: an unknown key, a missing key
    without a default, a value of another type or out of range.
    """
    known = schema.known
    for key in table:
        if key not in known and not schema.more:
            raise ValueError(f"unknown setting {section}.{key}{did_you_mean(key, known)}")
    for key, field in known.items():
        if key not in table and field.default is MISSING:
            raise ValueError(f"{section}.{key} is missing, expected {expected(field.kind)}")
    return {
        key: converted(value, known[key], f"{section}.{key}") if key in known else value
        for key, value in table.items()
    }


def build(cls: type[Settings], table: Table, section: str) -> Settings:
    """The settings dataclass `cls` made from the table; missing keys get their defaults."""
    found = values(of_dataclass(cls), table, section)
    try:
        return cls(**found)
    except ValueError as error:
        raise ValueError(f"[{section}] {error}") from None


def complete(schema: Schema, table: Table, section: str) -> dict[str, Any]:
    """The table with every field of its section, in the order of the fields; missing keys get
    their defaults.

    Numbers have their fields' types, None is "none": complete(complete(t)) == complete(t).
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
    """ValueError, one line, unless the table holds exactly the fields, each with a valid value.

    Missing keys do not get their defaults: a default that was changed in the code would change the
    run.
    """
    for key, field in schema.known.items():
        if field.written and key not in table:
            raise ValueError(
                f"{section}.{key} is missing, expected {expected(field.kind)}: the settings of a "
                f"run must be complete; set {section}.{key} when you resume it"
            )
    values(schema, table, section)


def converted(value: Any, field: Field, where: str) -> Any:
    """The value of TOML as the field's type. ValueError, one line, if it is none."""
    plain, some = field.kind.plain, field.kind.some
    if value == NONE and (some is not None or (plain is Any and field.default is None)):
        return None
    if plain is tuple:  # a plug-in's argument without an annotation
        return tuple(value) if isinstance(value, list) else value
    return checked(value, field.kind, where)


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

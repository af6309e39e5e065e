"""The JSON of a task: family, schema, the settings it depends on, and the family's own fields.

Schema 2 includes every setting that defines the task, such as horizon or reward. Schema 1 does not:
it is completed with the settings of the family that reads it. The length of a trial, the score from
which a task counts as solved, and mutation are settings of a run, not of its tasks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

SCHEMA = 2
Json = dict[str, Any]
EMPTY: Mapping[int, Collection[str]] = MappingProxyType({})


def to_json(
    family: str, settings: Mapping[str, Any], values: Mapping[str, Any], schema: int = SCHEMA
) -> Json:
    """JSON of a task of `family`; values: the family's own fields. schema: a later one, if the
    family has more fields since.
    """
    return {"family": family, "schema": schema, "settings": dict(settings), **values}


def from_json(
    family: str, data: Any, names: Collection[str], added: Mapping[int, Collection[str]] = EMPTY
) -> Json:
    """The fields of a task's JSON; "settings" is None in schema 1.

    names: the family's own fields. added: those that later schemas of this family added to them.
    ValueError, one line, if the family, the schema or the fields are others.
    """
    newest = max([SCHEMA, *added])
    if not isinstance(data, Mapping) or data.get("family") != family:
        raise ValueError(
            f'a task of {family!r} is {{"family": {family!r}, ...}}, got {repr(data)[:80]}'
        )
    schema = data.get("schema")
    if type(schema) is not int or not 1 <= schema <= newest:
        raise ValueError(
            f"a task of {family!r} has schema 1 to {newest}, got {str(schema)[:40]!r}: "
            "upgrade openpoet to read a newer one"
        )
    further = [name for since, more in added.items() if schema >= since for name in more]
    expected = ["family", "schema", *(["settings"] if schema > 1 else []), *names, *further]
    if set(data) != set(expected):
        raise ValueError(
            f"a task of {family!r} of schema {schema} has the fields {', '.join(expected)}, "
            f"got {', '.join(map(repr, data))[:80]}"
        )
    return {"settings": None, **{name: data[name] for name in expected[2:]}}


def check_settings(family: str, given: Any, own: Mapping[str, Any]) -> None:
    """ValueError, one line, unless a task's settings are the family's own, or None (schema 1)."""
    if given is None:
        return
    if not isinstance(given, Mapping) or set(given) != set(own):
        raise ValueError(
            f"a task of {family!r} has the settings {', '.join(own)}, got {repr(given)[:80]}"
        )
    for name, value in own.items():
        other = given[name]
        if other != value or isinstance(other, bool) != isinstance(value, bool):
            raise ValueError(
                f"the task has {family}.{name} = {str(other)[:60]!r}, this family "
                f"{str(value)[:60]!r}: set {family}.{name} to the task's"
            )

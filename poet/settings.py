"""Settings: presets and files in TOML, `--set section.key=value`, and the frozen dataclasses they become.

A *table* is what TOML makes of one section, *tables* map section names to them. A wrong name or type is a ValueError
of one line that says where, what was expected and what came; range checks are the dataclass's own.
"""

from __future__ import annotations

import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from .plugins import section
from .toml_text import MOST_CHARACTERS, loads

Table = Mapping[str, Any]
Tables = dict[str, dict[str, Any]]
Settings = TypeVar("Settings")

TASKS = ("evolved", "fixed", "randomised")  # where a run's tasks come from
_PRESETS = Path(__file__).parent / "presets"  # the same place in the clone and in the wheel
_NAMES = {int: "an integer", float: "a finite number", bool: "true or false", str: "a string"}


def presets() -> list[str]:
    """Names of the presets that come with openpoet."""
    return sorted(path.stem for path in _PRESETS.glob("*.toml"))


def preset(name: str) -> Tables:
    if name not in presets():
        raise ValueError(f"unknown preset {name!r}{_did_you_mean(name, presets())}; there are: {', '.join(presets())}")
    return read(_PRESETS / f"{name}.toml")


def about(name: str) -> str:
    """The preset in one line: its file's first comment."""
    return (_PRESETS / f"{name}.toml").read_text(encoding="utf-8").splitlines()[0].removeprefix("#").strip()


def read(path: Path) -> Tables:
    """The tables of a TOML file."""
    try:
        with path.open("rb") as file:
            text = file.read(4 * MOST_CHARACTERS + 1).decode()  # a character has at most four bytes
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read settings from {path}: {error}") from None
    return parse(text, str(path))


def parse(text: str, source: str) -> Tables:
    """The tables of a TOML text; `source` is where it came from, for messages."""
    try:
        tables = loads(text)
    except ValueError as error:
        raise ValueError(f"{source} is not valid TOML: {str(error)[:200]}") from None
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"{source}: {name} must be in a section, such as [poet], got it before the first section")
    return tables


def merged(tables: Mapping[str, Table], over: Mapping[str, Table]) -> Tables:
    """`tables`, with what `over` says instead."""
    return {name: {**tables.get(name, {}), **over.get(name, {})} for name in {**tables, **over}}


def override(tables: Mapping[str, Table], assignments: Iterable[str]) -> Tables:
    """The tables after `section.key=value` assignments, in order. A value is TOML; a bare word is a string."""
    result = merged(tables, {})
    for assignment in assignments:
        place, equals, text = assignment.partition("=")
        section, dot, key = place.strip().partition(".")
        if not (equals and dot and key and section and text.strip()):
            raise ValueError(f"--set needs section.key=value, such as poet.capacity=20, got {assignment!r}")
        if section not in result:
            raise ValueError(f"unknown section {section!r} in --set {assignment!r}{_did_you_mean(section, result)}")
        result[section][key] = _value(text.strip(), assignment)
    return result


def _value(text: str, assignment: str) -> Any:
    try:
        values = loads(f"value = {text}")
    except ValueError:
        if text.replace("-", "").replace("_", "").replace(".", "").isalnum():
            return text  # a word: walker.encoding=cppn should not need quotes within quotes
        raise ValueError(f"the value in --set {assignment!r} is not TOML, got {text!r}") from None
    if set(values) != {"value"}:
        raise ValueError(f"--set sets one value, got {assignment!r}")
    return values["value"]


def resolve(
    name: str | None, file: Path | None, changes: Sequence[str], flags: Mapping[str, Any], seed: int | None
) -> Tables:
    """The settings of a run, complete: the preset, then the file, then --set, then the other options.

    name: of the preset; None takes the quick one of the family. flags: what [run] is told; None says nothing.
    Where tasks do not evolve nothing mutates, and randomised tasks have a section more: [ranges].
    """
    told = {key: value for key, value in flags.items() if value is not None}
    if name is None:
        family = told.get("family", (read(file) if file else {}).get("run", {}).get("family"))
        name = f"quick-{family}" if f"quick-{family}" in presets() else "quick"
    tables = preset(name)
    if file is not None:
        tables = merged(tables, read(file))
    tables = merged(tables, {"run": {"preset": name, **told}})
    own: dict[str, Table] = {section(tables["run"][kind]): {} for kind in ("family", "learner")}
    if (tasks := tables["run"].get("tasks", "evolved")) not in TASKS:
        raise ValueError(f"--tasks must be one of {', '.join(TASKS)}, got {tasks!r}{_did_you_mean(tasks, TASKS)}")
    if tasks == "randomised":
        own["ranges"] = {}
    tables = override(merged(own, tables), changes)
    if seed is not None:
        tables["poet"]["seed"] = seed
    tables["poet"].setdefault("seed", 0)
    if tasks != "evolved":
        tables["poet"]["mutate_every"] = 0
    used = ("run", "poet", *own)
    iterations = tables["run"].get("iterations")
    if type(iterations) is not int or iterations < 1:
        raise ValueError(f"run.iterations must be a whole number of at least 1, got {iterations!r}")
    return {name: tables[name] for name in used}


def build(cls: type[Settings], table: Table, section: str) -> Settings:
    """The frozen dataclass `cls` of the section's table; what the table leaves out keeps its default."""
    known = {field.name: field for field in fields(cls) if field.init}  # type: ignore[arg-type]  # any dataclass
    hints = typing.get_type_hints(cls)
    for key in table:
        if key not in known:
            raise ValueError(f"unknown setting {section}.{key}{_did_you_mean(key, known)}")
    for name, field in known.items():
        if name not in table and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{section}.{name} is missing, expected {_expected(hints[name])}")
    values = {key: _convert(value, hints[key], f"{section}.{key}") for key, value in table.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"[{section}] {error}") from None


def _convert(value: Any, kind: Any, where: str) -> Any:
    """The value as its annotated type: TOML has lists for tuples, and 1 is a float where one is asked for."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        (kind,) = (argument for argument in arguments if argument is not type(None))
        return _convert(value, kind, where)
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) == len(value):
            return tuple(_convert(v, k, f"{where}[{i}]") for i, (v, k) in enumerate(zip(value, kinds, strict=True)))
    elif origin is Literal:
        if any(value == choice and type(value) is type(choice) for choice in arguments):
            return value
        hint = _did_you_mean(value, arguments) if isinstance(value, str) else ""
        raise ValueError(f"{where} must be {_expected(kind)}, got {value!r}{hint}")
    elif kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    elif kind is not float and kind in _NAMES and type(value) is kind:
        return value
    raise ValueError(f"{where} must be {_expected(kind)}, got {value!r}")


def _expected(kind: Any) -> str:
    """The type in words."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or nothing".join([_expected(next(a for a in arguments if a is not type(None))), ""])
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a list, each entry {_expected(arguments[0])}"
    if origin is tuple:
        return f"a list of {len(arguments)}: {', '.join(_expected(argument) for argument in arguments)}"
    return _NAMES.get(kind, str(kind))


def _did_you_mean(word: str, known: Iterable[Any]) -> str:
    near = difflib.get_close_matches(word, [name for name in known if isinstance(name, str)], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def to_toml(tables: Mapping[str, Table]) -> str:
    """The tables as TOML text: parse(to_toml(tables)) == tables. None is left out."""
    lines: list[str] = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items() if value is not None), ""]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
    if isinstance(value, Sequence):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    raise ValueError(f"a setting must be a number, a string, true, false or a list of them, got {value!r}")

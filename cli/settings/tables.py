"""Settings in TOML: presets, files, and `--set section.key=value`.

A *table* is one parsed section, *tables* map section names to tables. fields.py checks a table
against the declared fields; resolving.py merges the settings of a run.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from openpoet.settings import did_you_mean

from .fields import Schema, Table, toml_value
from .fields import build as build
from .toml_text import MOST_CHARACTERS, loads

Tables = dict[str, dict[str, Any]]

_PRESETS = Path(__file__).parent / "presets"  # the same place in the clone and in the wheel
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)  # a key of TOML without quotes
_WORD = re.compile(r"[\w./-]*\w[\w./-]*")


def presets() -> list[str]:
    """Names of the presets that come with openpoet."""
    return sorted(path.stem for path in _PRESETS.glob("*.toml"))


def preset(name: str) -> Tables:
    if name not in presets():
        raise ValueError(
            f"unknown preset {name!r}{did_you_mean(name, presets())}; there are: "
            f"{', '.join(presets())}"
        )
    return read(_PRESETS / f"{name}.toml")


def about(name: str) -> str:
    """The preset in one line: its file's first comment."""
    return (
        (_PRESETS / f"{name}.toml")
        .read_text(encoding="utf-8")
        .splitlines()[0]
        .removeprefix("#")
        .strip()
    )


def read(path: Path) -> Tables:
    """The tables of a TOML file."""
    try:
        with path.open("rb") as file:
            text = file.read(4 * MOST_CHARACTERS + 1).decode()  # a character has at most four bytes
    except OSError as error:
        raise ValueError(
            f"cannot read settings from {path}: {error.strerror}; expected a TOML file, as the "
            "config.toml of a run folder"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(
            f"{path} is not a TOML text file: expected settings, as in the config.toml of a run "
            "folder"
        ) from None
    return parse(text, str(path))


def parse(text: str, source: str) -> Tables:
    """The tables of a TOML text; `source` is where it came from, for messages."""
    try:
        tables = loads(text)
    except ValueError as error:
        raise ValueError(f"{source} is not valid TOML: {str(error)[:200]}") from None
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(
                f"{source}: {name} must be in a section, such as [poet], got it "
                "before the first section"
            )
    return tables


def merged(tables: Mapping[str, Table], over: Mapping[str, Table]) -> Tables:
    """`tables`, with the values of `over` in their place."""
    return {name: {**tables.get(name, {}), **over.get(name, {})} for name in {**tables, **over}}


def override(tables: Mapping[str, Table], assignments: Iterable[str]) -> Tables:
    """The tables after `section.key=value` assignments, in order. A value is TOML; a bare word is a
    string.
    """
    result = merged(tables, {})
    for assignment in assignments:
        place, key, value = assigned(assignment)
        if place not in result:
            raise ValueError(
                f"unknown section {place!r} in --set {assignment!r}{did_you_mean(place, result)}"
            )
        result[place][key] = value
    return result


def assigned(assignment: str) -> tuple[str, str, Any]:
    """Section, key and value of `section.key=value`; a section, named by a file, may itself have
    dots.
    """
    place, equals, text = assignment.partition("=")
    name, dot, key = (part.strip() for part in place.rpartition("."))
    if not (equals and dot and key and name and text.strip()):
        raise ValueError(
            f"--set needs section.key=value, such as poet.capacity=20, got {assignment!r}"
        )
    return name, key, _value(text.strip(), assignment)


def _value(text: str, assignment: str) -> Any:
    try:
        values = loads(f"value = {text}")
    except ValueError:
        if _WORD.fullmatch(text):
            return text  # a word: walker.encoding=cppn should not need quotes within quotes
        words = [word.strip(" \"'") for word in text.strip("[]").split(",")]
        if text[0] + text[-1] == "[]" and all(_WORD.fullmatch(word) for word in words):
            right = f"{assignment.partition('=')[0]}={as_toml(words)}".replace(", ", ",")
            raise ValueError(f"strings in a list need quotes: --set '{right}'") from None
        raise ValueError(f"the value in --set {assignment!r} is not TOML, got {text!r}") from None
    if set(values) != {"value"}:
        raise ValueError(f"--set sets one value, got {assignment!r}")
    return values["value"]


def to_toml(tables: Mapping[str, Table], schemas: Mapping[str, Schema] | None = None) -> str:
    """The tables as TOML text: parse(to_toml(tables)) == tables. None is written as "none".

    schemas: of sections whose settings are to have their meaning above them, as a comment.
    """
    lines: list[str] = []
    for name, table in tables.items():
        known = schemas[name].known if schemas and name in schemas else {}
        lines.append(f"[{_key(name)}]")
        for key, value in table.items():
            if key in known:
                lines += _comment(known[key].kind.meaning)
            lines.append(f"{_key(key)} = {as_toml(value)}")
        lines.append("")
    return "\n".join(lines)


def _comment(meaning: str) -> list[str]:
    """Lines of at most 100 characters; a plug-in's text may have any character."""
    printable = "".join(c if c.isprintable() else " " for c in meaning)
    return textwrap.wrap(printable, 100, initial_indent="# ", subsequent_indent="# ")


def _key(name: str) -> str:
    """A file's name may have what a bare key of TOML may not."""
    return name if _BARE.fullmatch(name) else as_toml(name)


def as_toml(value: Any) -> str:
    """One value as TOML text. None is written as "none"."""
    value = toml_value(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
    return "[" + ", ".join(as_toml(entry) for entry in value) + "]"

"""Tables of settings: `openpoet list NAME`, and the reference page (docs/generate.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

from annotated_types import MaxLen, MinLen
from rich.table import Table

from openpoet.poet.config import PoetConfig
from openpoet.poet.curricula.config import CurriculumConfig
from openpoet.settings import Kind, Matches, did_you_mean, limits

from ..output import line
from ..parts import KINDS, known_parts, load_part, names_of, schema_of
from ..plugins import GROUPS, installed, kinds_in, section
from .fields import Field, Schema, of_dataclass
from .resolving import CURRICULA, RunSettings
from .tables import as_toml, preset, presets

COLUMNS = ("setting", "type", "default", "range", "meaning")
# sections that are not those of a family or learner
COMMON = {"run": RunSettings, "poet": PoetConfig, "curriculum": CurriculumConfig}
_TYPES = {int: "integer", float: "number", bool: "true or false", str: "text", tuple: "list"}


@dataclass(frozen=True)
class Section:
    """A section of the settings.

    given: values of a preset, which replace the defaults. suggestions: other defaults for some
    families (agents.parts.suggestions).
    """

    name: str
    schema: Schema
    given: Mapping[str, Any]
    suggestions: tuple[Any, ...] = ()

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row of COLUMNS for each setting."""
        for name, field in self.schema.known.items():
            kind, allowed = type_and_range(field.kind)
            yield name, kind, self._default(name, field), allowed, field.kind.meaning

    def notes(self) -> Iterator[str]:
        """A sentence for each suggestion."""
        for each in self.suggestions:
            values = ", ".join(f"{name} = {as_toml(value)}" for name, value in each.values.items())
            yield f"Defaults for families {each.families}: {values}."

    def _default(self, name: str, field: Field) -> str:
        if name in self.given:
            return as_toml(self.given[name])
        if field.default is MISSING:
            return "required"
        return as_toml(field.default) if field.written else repr(field.default)


def sections(name: str) -> list[Section]:
    """The sections that `name` has: one of `run`, `poet`, `curriculum`, a family, a learner or a
    curriculum, of which openpoet's own share [curriculum]; all of a preset.

    A .py file is executed to see its settings. ValueError, one line, if there is nothing of that
    name.
    """
    if name in CURRICULA and name not in COMMON:
        name = "curriculum"
    if name in COMMON:
        return [Section(name, of_dataclass(COMMON[name]), {})]
    if name in presets():
        return _of_preset(name)
    kinds = kinds_in(Path(name)) if name.endswith(".py") else _kinds_of(name)
    if kinds:
        return [_section(kind, name, {}) for kind in kinds]
    parts = [part for kind in GROUPS for part in names_of(kind)]
    near = did_you_mean(name, [*COMMON, *presets(), *parts])
    raise ValueError(
        f"there are no settings of {name!r}{near}; `list` without a name lists families, learners "
        "and presets, which have settings, as have run, poet and curriculum"
    )


def type_and_range(kind: Kind) -> tuple[str, str]:
    """A type in words: ("integer", "at least 1"), ("choice", "poet, epoet")."""
    if kind.some is not None:
        inner, allowed = type_and_range(kind.some)
        return f"{inner} or none", allowed
    if kind.choices:
        return "choice", ", ".join(map(str, kind.choices))
    if kind.entries:
        inner, allowed = type_and_range(kind.entries[0])
        count = "" if kind.any_length else f" of {len(kind.entries)}"
        lengths = {MinLen: "not empty", MaxLen: "at most {0.max_length} entries"}
        least = [lengths[type(c)].format(c) for c in kind.constraints if type(c) in lengths]
        each = [f"each {allowed}" if inner != "choice" else f"of {allowed}"] if allowed else []
        return f"list{count} ({inner})", ", ".join([*each, *least])
    pattern = next((c.words for c in kind.constraints if isinstance(c, Matches)), "")
    return _TYPES.get(kind.plain, "any"), pattern or limits(kind)


def terminal_table(part: Section, width: int) -> Table:
    """The section for a terminal of `width` characters. Cells wrap; meanings get the most room."""
    width = max(width, 100)
    table = Table(
        title=line(f"[{part.name}]", "bold"),
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
        width=width,
    )
    for name in COLUMNS:
        title = "value" if name == "default" and part.given else name
        if name == "meaning":
            table.add_column(title, overflow="fold", ratio=1)
        else:
            table.add_column(title, overflow="fold", max_width=width // 5)
    for row in part.rows():
        table.add_row(*map(line, row))
    return table


def markdown() -> str:
    """The reference page: every section of openpoet's own parts."""
    lines = [INTRODUCTION]
    for name in COMMON:
        lines += [f"## Section [{name}]", "", *_markdown_table(sections(name)[0])]
    for kind, title in zip(KINDS, ("Task families", "Learners"), strict=True):
        lines += [f"## {title}", ""]
        for name in known_parts(kind):
            lines += [f"### {name}", "", *_markdown_table(_section(kind, name, {}))]
    return "\n".join(lines)


INTRODUCTION = """\
# Settings

This page is generated from the code by `python docs/generate.py`; do not edit it. `openpoet list
NAME` prints one of its tables.

A run has the sections `[run]` and `[poet]`, one named after its task family and one after its
learner; with a curriculum for one agent a section `[curriculum]` too. Change a setting with
`--set SECTION.KEY=VALUE`, such as `--set poet.capacity=20`, or in a TOML file given with
`--config`. TOML has no null: write `"none"`. A run with `--tasks randomised` has a section
`[ranges]` too: the lowest and highest value of each gene of the family.
`config.toml` of a run folder holds every setting of the run.
"""


def _markdown_table(part: Section) -> Iterator[str]:
    yield _markdown_row(COLUMNS)
    yield "|---" * len(COLUMNS) + "|"
    for name, kind, default, allowed, meaning in part.rows():
        yield _markdown_row((f"`{name}`", kind, f"`{default}`", allowed, meaning))
    yield ""
    for note in part.notes():
        yield from (note, "")


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _kinds_of(name: str) -> list[str]:
    return [kind for kind in GROUPS if name in known_parts(kind) or name in installed(kind)]


def _section(kind: str, name: str, given: Mapping[str, Any]) -> Section:
    _, settings = load_part(kind, name)
    suggestions = getattr(settings, "suggestions", ())
    return Section(section(name), schema_of(kind, name), given, suggestions)


def _of_preset(name: str) -> list[Section]:
    tables = preset(name)
    tables["run"]["preset"] = name
    common = [
        Section(place, of_dataclass(cls), tables[place])
        for place, cls in COMMON.items()
        if place in tables
    ]
    names = {kind: tables["run"][kind] for kind in KINDS}
    return common + [_section(kind, part, tables[part]) for kind, part in names.items()]

"""The settings of a run folder: read, checked, changed by a resume, inherited by another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .parts import KINDS, Tables, check_complete, completed, kinds_of
from .plugin_files import refusal

if TYPE_CHECKING:
    from openpoet.archive.store.contents import RunContents

# Of [run]: with others it would be another run.
FIXED = (
    "family",
    "learner",
    "preset",
    "tasks",
    "curriculum",
    "family_sha256",
    "learner_sha256",
    "curriculum_sha256",
)


def settings_of(run: RunContents) -> Tables:
    """The settings of a run or pack as they are now. ValueError, one line, if config.toml is not
    those of its launch.

    Packs of the museum have the defaults of settings that are newer than they are.
    """
    from openpoet.archive.museum.files import is_here

    from .plugins import section
    from .settings.tables import parse

    if not run.packed:
        _check_copy(parse(run.config_toml(), f"{run.path}/config.toml"), run)
    tables = run.settings()
    if not {"run", "poet"} <= set(tables) or not {"family", "learner", "iterations"} <= set(
        tables["run"]
    ):
        raise ValueError(
            f"{run.path} must have settings of [poet] and, in [run], family, learner and iterations"
        )
    for name, kind in (("family", str), ("learner", str), ("iterations", int)):
        if type(tables["run"][name]) is not kind:
            words = "text" if kind is str else "a whole number"
            raise ValueError(
                f"{run.path}: run.{name} must be {words}, got {tables['run'][name]!r:.60}"
            )
    for part in kinds_of(tables):
        tables.setdefault(section(tables["run"][part]), {})  # a part may have no settings
    return completed(tables) if is_here(run.path) else tables


def _check_copy(copy: Tables, run: RunContents) -> None:
    launched = run.settings(launched=True)
    places = {
        (section, key)
        for tables in (copy, launched)
        for section in tables
        for key in tables[section]
    }
    for section, key in sorted(places):
        here, there = (tables.get(section, {}).get(key, "missing") for tables in (copy, launched))
        if here != there:
            raise ValueError(
                f"{run.path}/config.toml was edited: {section}.{key} is {repr(here)[:100]}, the "
                f"run was launched with {repr(there)[:100]}; config.toml is a copy for reading: "
                "put it back, and change a setting with `resume --set`"
            )


def changed_settings(
    tables: Tables, assignments: Sequence[str], options: Mapping[str, Any] | None = None
) -> tuple[Tables, Tables]:
    """The settings after changes, and those among them that differ from before.

    assignments: texts "section.key=value". options: the same as values by "section.key".
    """
    from .settings.tables import override

    after = override(tables, assignments)
    for name, value in (options or {}).items():
        section, _, key = name.rpartition(".")
        if section not in after:
            raise ValueError(f"unknown section {section!r} in {name!r}: there are {[*after]}")
        after[section][key] = value
    new = {
        section: {key: value for key, value in table.items() if tables[section].get(key) != value}
        for section, table in after.items()
    }
    for key in FIXED:
        if key in new["run"]:
            raise ValueError(
                f"run.{key}: a run cannot change its {key}; start another from its niches, with "
                "`launch --from` or openpoet.seed_from"
            )
    check_complete(after)
    return after, {section: table for section, table in new.items() if table}


def inherited(source: str | None, options: Mapping[str, Any]) -> dict[str, str]:
    """Family and learner of the run that seeds a new one, unless options name them; and its preset,
    whose thresholds are in the units of its scores, if they name neither.

    options: by "section.key". Empty if one names a preset, which has both, or if `source` is a
    folder of the original POET's files.
    """
    from openpoet.archive.seeds.poet_files import holds_poet_files
    from openpoet.archive.store.run_folder import Run, find_run

    from .settings.tables import presets

    named = {kind: options.get(f"run.{kind}") for kind in ("preset", *KINDS)}
    if source is None or named["preset"] is not None or holds_poet_files(Path(source)):
        return {}
    with Run.open(find_run(source), write=False) as run:
        tables = settings_of(run)
    kinds = [kind for kind in KINDS if named[kind] is None]
    if reason := refusal(tables, kinds):
        raise ValueError(reason)
    taken = kinds
    if kinds == [*KINDS] and tables["run"].get("preset") in presets():
        taken = ["preset", *kinds]
    return {name: tables["run"][name] for name in taken}

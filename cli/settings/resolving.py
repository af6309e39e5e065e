"""The settings of a run: merged from a preset, a TOML file and options, and checked.

In order of increasing precedence: preset, TOML file, `--set` and the other options.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from openpoet.poet.config import PoetConfig
from openpoet.poet.curricula.config import NAMES
from openpoet.settings import Matches, NonNegativeInt, PositiveInt, Settings, did_you_mean

from ..plugins import section
from .fields import Schema, Table, build, of_dataclass
from .fields import check_complete as check_fields
from .tables import Tables, assigned, merged, preset, presets, read

# Fields of [poet] in the units of the family's scores.
THRESHOLDS = ("reproduce_at", "mc_low", "mc_high")
UNITS = (*THRESHOLDS, "min_gain")


CURRICULA = ("poet", *NAMES)  # all others are plug-ins
Tasks = Literal["evolved", "fixed", "randomised"]
Sha256 = Annotated[str, Matches("[0-9a-f]{64}", "64 hexadecimal digits")]


@dataclass(frozen=True)
class RunSettings(Settings):
    """Section [run]: the parts of a run, and its length."""

    family: Annotated[str, "Task family: a name, or the absolute path of a .py file."]
    learner: Annotated[str, "Learner: a name, or the absolute path of a .py file."]
    preset: Annotated[str, "Preset that the settings were taken from."]
    iterations: Annotated[PositiveInt, "Iterations after which the run ends."]
    tasks: Annotated[
        Tasks,
        "evolved: POET. fixed: the family's origin only. randomised: each trial draws a new task.",
    ] = "evolved"
    # not in runs that were launched before there was such a setting
    curriculum: Annotated[
        str,
        f"poet: POET. {', '.join(NAMES)}, or the absolute path of a .py file: one agent, trained "
        "on levels; section [curriculum].",
    ] = field(default="poet", metadata={"written": False})
    keep_every: Annotated[
        NonNegativeInt,
        "Iterations after which the state is kept once more in states/, for `fork`; 0: never.",
    ] = field(default=0, metadata={"written": False})
    family_sha256: Annotated[
        Sha256 | None, "SHA-256 of the family's file when the run was launched; none: not a file."
    ] = None
    learner_sha256: Annotated[
        Sha256 | None, "SHA-256 of the learner's file when the run was launched; none: not a file."
    ] = None
    curriculum_sha256: Annotated[
        Sha256 | None,
        "SHA-256 of the curriculum's file when the run was launched; none: not a file.",
    ] = field(default=None, metadata={"written": False})


@dataclass(frozen=True)
class Request:
    """The sources of a new run's settings.

    options: by section.key, such as run.family; None is an option that was not given. They and
    `changes` (--set) must not contradict each other. inherited: values of [run] with a lower
    precedence than any other source.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[str] = ()
    file: Path | None = None
    inherited: Mapping[str, str] = field(default_factory=dict)


def resolve(request: Request, sections: Iterable[str] = ()) -> Tables:
    """The sections of the run, with the values of the request.

    The default preset is the quick one of the family (`_quick`). sections: names of all families
    and learners; others are refused. Tasks that do not evolve set poet.mutate_every to 0;
    randomised tasks have a section [ranges].
    """
    file = {} if request.file is None else read(request.file)
    explicit = _explicit(request)
    given = merged({"run": file.get("run", {})}, {"run": explicit.get("run", {})})["run"]
    if "preset" not in given:
        given = {**request.inherited, **given}
    name = given.get("preset") or _quick(given)
    tables = merged(*(_for_family(given.get("family"), source) for source in (preset(name), file)))
    tables["run"] |= {**given, "preset": name}
    run = build(RunSettings, tables["run"], "run")
    used = _used(run)
    parts = [file.get("run", {}).get(kind) for kind in ("family", "learner", "curriculum")]
    own = [section(part) for part in parts if isinstance(part, str)]
    _check_sections(file, [*used, *own, "ranges", "curriculum", *sections], f" in {request.file}")
    _check_set(explicit, run, used, sections)
    tables = merged(merged({name: {} for name in used}, tables), explicit)
    if run.tasks != "evolved" or run.curriculum != "poet":
        tables["poet"]["mutate_every"] = 0
    return {name: tables[name] for name in used}


def _explicit(request: Request) -> Tables:
    """The values of --set and the other options. ValueError if they contradict each other."""
    result: Tables = {}
    for assignment in request.changes:
        place, key, value = assigned(assignment)
        result.setdefault(place, {})[key] = value
    for name, value in request.options.items():
        place, _, key = name.partition(".")
        if value is not None and result.setdefault(place, {}).setdefault(key, value) != value:
            option = f"--{'pbt' if key == 'pbt_every' else key} {value}"
            raise ValueError(
                f"{option} contradicts --set {name}={result[place][key]}: leave one of them out"
            )
    return result


def _quick(run: Mapping[str, Any]) -> str:
    """The quick preset of a family, or of curricula. Families without one, such as plug-in files,
    have that of `es`, which needs no observations and no gradients.
    """
    family, learner = run.get("family"), run.get("learner")
    if run.get("curriculum", "poet") != "poet":
        return "quick-curriculum"
    if f"quick-{family}" in presets():
        return f"quick-{family}"
    return "quick" if family in (None, "walker") and learner != "es" else "quick-es"


def _for_family(family: Any, tables: Tables) -> Tables:
    """The tables, without score thresholds if these were chosen for another family."""
    if family in (None, tables.get("run", {}).get("family", family)):
        return tables
    poet = {key: value for key, value in tables.get("poet", {}).items() if key not in UNITS}
    return {**tables, "poet": poet}


def _used(run: RunSettings) -> tuple[str, ...]:
    parts = {section(run.family): run.family}
    for name in (run.learner, *([] if run.curriculum in CURRICULA else [run.curriculum])):
        if (place := section(name)) in parts:
            raise ValueError(
                f"{parts[place]} and {name} share the section [{place}]: rename one of the files"
            )
        parts[place] = name
    more = ["curriculum"] * (run.curriculum != "poet") + ["ranges"] * (run.tasks == "randomised")
    return ("run", "poet", *parts, *more)


def _check_sections(names: Iterable[str], known: Sequence[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"unknown section {name!r}{where}{did_you_mean(name, known)}")


def _check_set(
    explicit: Tables, run: RunSettings, used: Sequence[str], sections: Iterable[str]
) -> None:
    """ValueError if --set names a section that the run does not have, or a mutation schedule for
    tasks that do not mutate.
    """
    for name in explicit:
        if name not in used and name in (*sections, "ranges", "curriculum"):
            raise ValueError(
                f"{name}.{next(iter(explicit[name]))}: this run has no section [{name}]; its "
                f"family is {run.family}, its learner {run.learner}, its tasks are {run.tasks}"
            )
    _check_sections(explicit, used, " in the settings given")
    if run.tasks != "evolved" and explicit.get("poet", {}).get("mutate_every"):
        raise ValueError(
            f"run.tasks={run.tasks} contradicts poet.mutate_every: such tasks do not mutate"
        )


def with_thresholds(poet: Table, spec: Any, family: str) -> dict[str, Any]:
    """The section [poet] with missing thresholds from the family's spec (interfaces.Spec)."""
    lacking = [name for name in THRESHOLDS if name not in poet]
    found = {name: getattr(spec, name, None) for name in lacking}
    found = {name: float(value) for name, value in found.items() if value is not None}
    if len(found) < len(lacking) and poet.get("mutate_every") != 0:
        raise ValueError(
            f"missing thresholds {', '.join(lacking)}: they are not in the spec of the family "
            f"{family}; add them there, or give them as settings, for example with "
            "--set poet.reproduce_at=0.6 --set poet.mc_low=0.2 --set poet.mc_high=0.9"
        )
    return {**poet, **found}


def check_complete(tables: Mapping[str, Table], schemas: Mapping[str, Schema]) -> None:
    """ValueError, one line, unless these are the complete settings of a run.

    schemas: of the sections of family, learner and ranges. A section without one, of a plug-in that
    must not be executed, is not checked.
    """
    schemas = {"run": of_dataclass(RunSettings), "poet": of_dataclass(PoetConfig), **schemas}
    check_fields(schemas["run"], tables.get("run", {}), "run")
    used = _used(build(RunSettings, tables["run"], "run"))
    _check_sections(tables, used, " in the settings of the run")
    for name in used:
        if name in schemas:
            check_fields(schemas[name], tables.get(name, {}), name)

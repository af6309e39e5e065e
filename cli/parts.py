"""Constructs the family, the learner and the plug-in curriculum of a run from their names and
settings; completes settings.

Modules that take long to import are imported inside the functions that use them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .plugin_files import Tables, recorded, refusal

if TYPE_CHECKING:
    from .settings.fields import Schema
    from .settings.resolving import Request

KINDS = ("family", "learner")


def known_parts(kind: str) -> dict[str, tuple[str, str, str]]:
    """The families or learners of openpoet: module, class and settings class by name. Its curricula
    are made by poet.curricula.config.
    """
    from openpoet.agents.learners import LEARNERS
    from openpoet.envs.families import FAMILIES

    return {"family": FAMILIES, "learner": LEARNERS}.get(kind, {})


def names_of(kind: str) -> list[str]:
    """The names of openpoet's own families, learners or curricula, and of installed ones."""
    from .plugins import installed
    from .settings.resolving import CURRICULA

    ours = CURRICULA if kind == "curriculum" else known_parts(kind)
    return [*ours, *installed(kind)]


def kinds_of(tables: Tables) -> tuple[str, ...]:
    """The kinds of the run's parts with a section of their own: a plug-in's curriculum is one."""
    from .settings.resolving import CURRICULA

    own = tables["run"].get("curriculum", "poet") not in CURRICULA
    return (*KINDS, "curriculum") if own else KINDS


def load_part(kind: str, name: str) -> tuple[Callable[..., Any], type[Any] | None]:
    """The class of a family, learner or plug-in curriculum, and its settings dataclass; None for a
    plug-in, whose settings are its keyword arguments.
    """
    from .plugins import gymnasium_family, load

    ours = known_parts(kind)
    if name not in ours:
        described = gymnasium_family if kind == "family" else None
        return load(kind, name, names_of(kind), described), None
    module = import_module(f"openpoet.{'envs' if kind == 'family' else 'agents'}.{ours[name][0]}")
    return getattr(module, ours[name][1]), getattr(module, ours[name][2])


def schema_of(kind: str, name: str) -> Schema:
    """The fields of the section of a part. A plug-in's file is executed."""
    from .settings.fields import of_arguments, of_dataclass

    part, settings = load_part(kind, name)
    if settings is not None:
        return of_dataclass(settings)
    return of_arguments(part, given=kind != "family", not_settings=("rollouts",))


def make_part(kind: str, tables: Tables, threads: int | None, *first: Any, **remote: Any) -> Any:
    """The run's family, learner or plug-in curriculum, made from its section of the settings.

    first: positional arguments before the settings. threads: replaces the setting `threads` of a
    part that has one; None: its setting, by default all processors. remote: `rollouts`, if
    episodes do not run in this process and the part takes_rollouts.
    """
    from openpoet.envs.parts.processors import threads_of

    from .plugins import section
    from .settings.fields import build, values

    name = tables["run"][kind]
    table = tables.get(section(name), {})
    part, settings = load_part(kind, name)
    if settings is None:
        return _plugged_in(
            kind,
            name,
            part,
            first,
            {**values(schema_of(kind, name), table, section(name)), **remote},
        )
    made: Any = build(settings, table, section(name))
    if hasattr(made, "threads"):  # a part that runs in threads of its own
        made = replace(made, threads=threads_of(threads or made.threads))
    try:
        return part(*first, made, **remote)
    except ValueError as error:
        raise ValueError(f"{kind} {name}: {error}") from error


def takes_rollouts(learner: str) -> bool:
    """Whether a learner has the argument `rollouts`: it can run its episodes in Ray workers."""
    return "rollouts" in signature(load_part("learner", learner)[0]).parameters


def _plugged_in(
    kind: str, name: str, part: Callable[..., Any], first: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    try:
        signature(part).bind(*first, **named)
    except TypeError as error:
        wanted = "(**settings)" if kind == "family" else "(family, **settings)"
        called = getattr(part, "__name__", kind)
        raise ValueError(f"{kind} {name}: it cannot be made as {called}{wanted}: {error}") from None
    return part(*first, **named)


def settings_for(request: Request) -> Tables:
    """The complete settings of a new run. Its plug-in files are executed."""
    from .settings.resolving import resolve

    return completed(resolve(request, [name for kind in KINDS for name in names_of(kind)]))


def completed(tables: Tables) -> Tables:
    """The tables with every field of every section, and the paths and hashes of plug-in files.

    Missing values are the learner's suggestions for the family, defaults, the family's thresholds
    (Spec), or its ranges of genes.
    """
    from openpoet.poet.config import PoetConfig

    from .plugins import section
    from .settings.fields import complete, of_dataclass, of_ranges
    from .settings.resolving import THRESHOLDS, RunSettings, with_thresholds

    result = {**tables, "run": complete(of_dataclass(RunSettings), recorded(tables["run"]), "run")}
    for kind in kinds_of(result):
        name = result["run"][kind]
        given = {**(_suggested(result) if kind == "learner" else {}), **tables[section(name)]}
        result[section(name)] = complete(schema_of(kind, name), given, section(name))
    if "ranges" in tables or not set(THRESHOLDS) <= set(tables["poet"]):
        family = make_part("family", result, None)
        result["poet"] = with_thresholds(
            tables["poet"], getattr(family, "spec", None), result["run"]["family"]
        )
        if "ranges" in tables:
            result["ranges"] = complete(of_ranges(family), tables["ranges"], "ranges")
    result["poet"] = complete(of_dataclass(PoetConfig), result["poet"], "poet")
    if "curriculum" in tables:
        result["curriculum"] = complete(_curriculum(tables), tables["curriculum"], "curriculum")
    return result


def _suggested(tables: Tables) -> Mapping[str, Any]:
    """The values that the learner suggests for the family, whose section is complete."""
    _, settings = load_part("learner", tables["run"]["learner"])
    if not getattr(settings, "suggestions", ()):
        return {}
    family = make_part("family", tables, None)
    return settings.suggested_values(family.spec)  # type: ignore[union-attr]


def default_settings(tables: Tables) -> Mapping[str, Any]:
    """The settings that the run's learner has for the run's family if none is given."""
    from .plugins import section
    from .settings.fields import complete

    name = tables["run"]["learner"]
    return complete(schema_of("learner", name), _suggested(tables), section(name))


def schemas(tables: Tables) -> dict[str, Schema]:
    """The fields of every section of a run, by section. Plug-in files are executed."""
    from openpoet.poet.config import PoetConfig

    from .plugins import section
    from .settings.fields import of_dataclass, of_ranges
    from .settings.resolving import RunSettings

    run = tables.get("run", {})
    names = {kind: str(run.get(kind)) for kind in kinds_of({"run": run})}
    found = {"run": of_dataclass(RunSettings), "poet": of_dataclass(PoetConfig)}
    found |= {section(name): schema_of(kind, name) for kind, name in names.items()}
    if "ranges" in tables:
        found["ranges"] = of_ranges(make_part("family", tables, None))
    if "curriculum" in tables:
        found["curriculum"] = _curriculum(tables)
    return found


def _curriculum(tables: Tables) -> Schema:
    """The fields of [curriculum]; those of other curricula than the run's need not be written."""
    from openpoet.poet.curricula.config import OWN, CurriculumConfig

    from .settings.fields import Schema, of_dataclass

    name, known = tables["run"].get("curriculum"), of_dataclass(CurriculumConfig).known
    return Schema(
        {
            key: replace(field, written=name in OWN[key]) if key in OWN else field
            for key, field in known.items()
        }
    )


def check_complete(tables: Tables) -> None:
    """ValueError, one line, unless these are the complete settings of a run
    (settings.resolving.check_complete). Plug-in files are executed.
    """
    from .settings.resolving import check_complete as check

    check(tables, schemas(tables))


def executable(tables: Tables, kind: str) -> bool:
    """Whether the code of a run's family or learner exists here and may be executed."""
    from .plugins import installed

    name = tables["run"][kind]
    if name.endswith(".py"):
        return Path(name).is_file() and not refusal(tables, [kind])
    return name in (*known_parts(kind), *installed(kind))

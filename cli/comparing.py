"""Comparison of runs: their progress, grouped by method, read from their archives.

A method is what a run's result depends on, apart from the seed: preset, curriculum and learner, and
the settings, those changed at a resume or fork included, in which runs with these names differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .run_settings import settings_of

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.budget import Progress

MOST_DIFFERENCES = 4  # settings in the name of a method
# settings by "section.key"; those that were changed later by "section.key@iteration"
Values = Mapping[str, Any]
SEED = "poet.seed"


def progress_of(paths: Sequence[Path]) -> list[Progress]:
    """The progress of each run, in the order given. ValueError, one line, if a run is damaged."""
    import numpy as np

    from openpoet.archive.store.measures import progress
    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.budget import Progress

    columns, settings = [], []
    for path in paths:
        with Run.open(path, write=False) as run:
            columns.append(progress(run))
            settings.append(identity(run))
    found = []
    names, methods = short_names(paths), method_names(settings)
    for name, method, values, column in zip(names, methods, settings, columns, strict=True):
        whole = {key: np.array(column[key], np.int64) for key in ("steps", "solved", "annecs")}
        real = {key: np.array(column[key], np.float64) for key in ("best", "median")}
        hours = np.array(column["seconds"]) / 3600
        seed = values.get(SEED, 0)
        found.append(Progress(name=name, method=method, seed=seed, hours=hours, **whole, **real))
    return found


def identity(run: Run) -> dict[str, Any]:
    """The settings, with the preset, that can change a result, those of later iterations and
    injected tasks included; `run.from` if the run began with the niches of another.

    Of a plug-in's file the name; its hash is among the settings.
    """
    from .conditions import changes, launched, seeded
    from .plugin_files import plugin_files

    settings_of(run)
    tables = run.settings(launched=True)
    files = {f"run.{kind}": Path(name).stem for kind, name in plugin_files(tables).items()}
    first = {"run.from": "niches"} if seeded(run) else {}
    preset = tables["run"].get("preset", "-")
    return launched(run) | files | first | {"run.preset": preset} | changes(run)


def short_names(paths: Sequence[Path]) -> list[str]:
    """The folders' names; of runs with equal names, their paths."""
    names = [path.resolve().name for path in paths]
    return [
        name if names.count(name) == 1 else str(path)
        for name, path in zip(names, paths, strict=True)
    ]


def method_names(settings: Sequence[Values]) -> list[str]:
    """The method of each run: equal names if and only if their settings differ in the seed only.

    settings: of each run, as `identity` gives them.
    """
    compared = [
        {key: v for key, v in one.items() if key.partition("@")[0] != SEED} for one in settings
    ]
    parts = [_parts(one) for one in compared]
    names = []
    for mine, part in zip(compared, parts, strict=True):
        alike = [other for other, name in zip(compared, parts, strict=True) if name == part]
        keys = sorted({key for one in alike for key in one})
        differing = [key for key in keys if any(one.get(key) != mine.get(key) for one in alike)]
        shown = _shown(mine, differing)
        if len(differing) > MOST_DIFFERENCES:
            # a number tells methods apart that differ in too many settings to name
            kinds = [one for at, one in enumerate(alike) if one not in alike[:at]]
            shown = [f"({1 + kinds.index(mine)})"]
        names.append(" ".join([part, *shown]))
    return names


def _shown(values: Values, differing: Sequence[str]) -> list[str]:
    """Those settings that a run has, such as "capacity=6" and "capacity=9@4". The section is
    written where two of them have the same key.
    """
    short = [key.split(".")[-1] for key in differing]
    named = zip(differing, short, strict=True)
    names = {key: name if short.count(name) == 1 else key for key, name in named}
    split = [(*names[key].partition("@"), values[key]) for key in differing if key in values]
    return [f"{name}={value}{at}{iteration}" for name, at, iteration, value in split]


def _parts(values: Values) -> str:
    """Preset, curriculum, if there is one, and learner."""
    named = [values["run.preset"], values.get("run.curriculum"), values["run.learner"]]
    return "/".join(str(part) for part in named if part)

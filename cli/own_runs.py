"""Runs that the experiments make for themselves: launched, continued where they were stopped, or
used as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .conditions import check_unchanged, seeded
from .frontend import Frontend
from .parts import Tables, settings_for
from .run_settings import settings_of
from .sessions import Launch, Machine, Resume, launch, resume
from .settings.resolving import Request
from .settings.tables import parse, to_toml

# The reduced scale of each experiment: a preset, and what is changed in it.
REDUCED: dict[str, tuple[str, tuple[str, ...]]] = {
    "es-alone": ("quick-es", ()),
    "pata-ec-cost": ("quick", ("poet.novelty=pata-ec",)),
}
OTHERS: tuple[str, tuple[str, ...]] = ("quick", ())


@dataclass(frozen=True)
class Wanted:
    """The run that an experiment makes. preset and iterations: None for those of the reduced scale.

    changes: texts "section.key=value", as in Launch.
    """

    seed: int = 1
    preset: str | None = None
    iterations: int | None = None
    changes: Sequence[str] = ()


def made(name: str, wanted: Wanted, parent: Path, machine: Machine, frontend: Frontend) -> Path:
    """The run of the experiment of that name, at its last iteration, in a folder in `parent`.

    ValueError, one line, if the run that is there has other settings or more iterations.
    """
    own, changes = REDUCED.get(name, OTHERS)
    preset = wanted.preset or own
    variant = f"-{name}" if changes else ""  # other experiments do not use this run
    folder = parent / f"reproduce-{preset}{variant}-s{wanted.seed}"
    options = {
        "run.preset": preset,
        "run.iterations": wanted.iterations,
        "poet.seed": wanted.seed,
    }
    start = Launch(options, [*changes, *wanted.changes], folder=folder, machine=machine)
    return reached(start, frontend)


def reached(wanted: Launch, frontend: Frontend) -> Path:
    """The folder of a run at its last iteration; `wanted` names the folder.

    ValueError, one line, if what is there is another run, or the same with more iterations.
    """
    folder = wanted.folder
    assert folder is not None, "such a run has a folder of its own"
    if not (folder / "archive.db").exists():
        frontend.note(f"the run is made in {folder}")
        return launch(wanted, frontend)
    tables = settings_for(Request(wanted.options, wanted.changes, wanted.file))
    total = tables["run"]["iterations"]
    if (last := _last_iteration(folder, tables)) > total:
        raise ValueError(
            f"{folder} has {last:,} iterations, more than the {total:,} that were asked for: give "
            "it as RUN, or another folder with --out"
        )
    if last < total:
        resume(Resume(folder, total, machine=wanted.machine), frontend)
    return folder


def _last_iteration(folder: Path, tables: Tables) -> int:
    """The last iteration of a run with these settings. ValueError if it has others, or none."""
    from openpoet.archive.store.digest import counts
    from openpoet.archive.store.run_folder import Run

    wanted = parse(to_toml(tables), "the settings")
    advice = "give it as RUN, or another folder with --out"
    with Run.open(folder, write=False) as run:
        for section, table in settings_of(run).items():
            for key, value in table.items():
                asked = wanted.get(section, {}).get(key)
                changes_results = counts({"section": section, "key": key, "value": value})
                if value == asked or not changes_results:
                    continue
                raise ValueError(
                    f"{folder} has {section}.{key} = {value!r:.60}, not {asked!r:.60}: {advice}"
                )
        check_unchanged(run, advice)
        if seeded(run):
            raise ValueError(f"{folder} began with niches of another run: {advice}")
        if run.database.execute("SELECT count(*) FROM iterations").fetchone()[0] == 0:
            raise ValueError(
                f"{folder} holds no iteration, it was stopped before its first: remove the folder"
            )
        return run.last_iteration()

"""The experiments that train controls of their own: no-transfer, es-alone and ppo-alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from .experiment_data import Effort, Found, thresholds, worlds_of
from .run_settings import settings_of
from .terminal import CommandLine

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.alone import Alone

    from .replays import Replays

WITHOUT = "poet.transfer_rule=none"


def no_transfer(run: Run, other: Run | None, effort: Effort) -> Found:
    """The run against a control without transfers, which is started if none is given."""
    from openpoet.archive.store.run_folder import Run as Archive

    worlds_of(run)  # an unsuitable run is an error before the control is trained
    if other is not None:
        return _compared(run, other)
    with Archive.open(without_transfer(run, effort), write=False) as control:
        return _compared(run, control)


def _compared(run: Run, control: Run) -> Found:
    from openpoet.arena.experiments.difficulty import coverage_table
    from openpoet.arena.experiments.no_transfer import classes_table

    if (rule := settings_of(control)["poet"].get("transfer_rule")) != "none":
        raise ValueError(
            f"{control.path} is no control: its poet.transfer_rule is {rule!r:.40}, expected 'none'"
        )
    worlds, others = worlds_of(run), worlds_of(control)
    tables = [classes_table(worlds, others), coverage_table(worlds, others, thresholds())]
    ends = f"{run.steps():,} steps with transfers, {control.steps():,} without"
    return Found(tables, [f"{control.path}: {control.last_iteration():,} iterations, {ends}"])


def without_transfer(run: Run, effort: Effort) -> Path:
    """The control of a run: its settings and seed without transfers, in a folder beside it, up to
    the run's last iteration. A control that is there is used, and continued where it was stopped.
    """
    from openpoet.archive.store.run_folder import Run as Archive

    from . import sessions

    if run.packed:
        raise ValueError(f"{run.path} is a pack: make a run of it with `import`, or give --against")
    folder = run.path.with_name(f"{run.path.name}-no-transfer")
    last, frontend = run.last_iteration(), CommandLine()
    if not (folder / "archive.db").exists():
        effort.note(f"the control is trained in {folder}: {last:,} iterations")
        options = {"run.iterations": last}
        file = run.path / "config.toml"
        wanted = sessions.Launch(options, [WITHOUT], file, folder, machine=effort.machine)
        return sessions.launch(wanted, frontend)
    with Archive.open(folder, write=False) as control:
        reached = control.last_iteration()
    if reached < last:
        sessions.resume(sessions.Resume(folder, last, machine=effort.machine), frontend)
    return folder


def alone(learner: str, run: Run, _: Run | None, effort: Effort) -> Found:
    """Direct optimisation of the environments that the run solved last, with its own learner.

    learner: what the run must have been trained with.
    """
    from openpoet.arena.experiments.alone import alone_table

    from .replays import replays_of
    from .sessions import one_torch_thread

    if (own := settings_of(run)["run"]["learner"]) != learner:
        raise ValueError(f"{run.path} is a run of {own}, {learner}-alone takes one of {learner}")
    solved = [row for row in run.niche_rows() if row["solved"] is not None and row["solved"] > 0]
    solved = sorted(solved, key=lambda row: row["solved"])[-effort.targets :]
    if not solved:
        raise ValueError(f"{run.path} has solved no environment after its first iteration")
    replays = replays_of(run, effort.machine, CommandLine())
    with one_torch_thread(), closing(replays.parts):
        found = [_trained(replays, row["id"], row["solved"], effort) for row in solved]
    return Found([alone_table(found)], [])


def _trained(replays: Replays, niche: int, iterations: int, effort: Effort) -> Alone:
    from openpoet.arena.experiments.alone import Alone, train_alone
    from openpoet.poet.streams import Key

    setup, home = replays.parts.setup, replays.niches[niche]
    title = replays.parts.title(home.task)
    keys = [Key(setup.config.seed, ("alone", niche, number)) for number in range(effort.repeats)]

    def note(iteration: int) -> None:
        effort.note(f"niche {niche} ({title}): iteration {iteration + 1} of {iterations}")

    best, steps = train_alone(setup.learner, home.task, keys, iterations, note)
    assert home.best is not None, "a solved niche has a score"
    return Alone(niche, title, home.best, best, iterations, steps)

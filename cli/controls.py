"""The experiments that train controls of their own: no-transfer, es-alone and ppo-alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .conditions import changes, check_unchanged, first_niches, launched, seeded
from .experiment_data import Effort, Found, thresholds, worlds_of
from .plugin_files import trusted
from .run_settings import settings_of
from .terminal import CommandLine

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.alone import Alone
    from openpoet.poet.seeding import Seed

    from .replays import Replays
    from .wiring import Parts

RULE = "poet.transfer_rule"
WITHOUT = f"{RULE}=none"


def no_transfer(run: Run, other: Run | None, effort: Effort) -> Found:
    """The run against a control without transfers, which is started if none is given."""
    from openpoet.archive.store.run_folder import Run as Archive

    worlds_of(run)  # an unsuitable run is an error before the control is trained
    if other is not None:
        _check_control(run, other, "give another run with --against")
        return _compared(run, other)
    with Archive.open(without_transfer(run, effort), write=False) as control:
        return _compared(run, control)


def _compared(run: Run, control: Run) -> Found:
    from openpoet.arena.experiments.difficulty import coverage_table
    from openpoet.arena.experiments.no_transfer import classes_table

    worlds, others = worlds_of(run), worlds_of(control)
    tables = [classes_table(worlds, others), coverage_table(worlds, others, thresholds())]
    ends = f"{run.steps():,} steps with transfers, {control.steps():,} without"
    return Found(tables, [f"{control.path}: {control.last_iteration():,} iterations, {ends}"])


def without_transfer(run: Run, effort: Effort) -> Path:
    """The control of a run: its settings, seed and first niches without transfers, in a folder
    beside it, up to the run's last iteration. A control that is there is used, and continued where
    it was stopped.

    ValueError, one line, if the run was changed after its launch, or if another run is there.
    """
    from openpoet.archive.store.run_folder import Run as Archive

    from . import sessions

    if run.packed:
        raise ValueError(f"{run.path} is a pack: make a run of it with `import`, or give --against")
    tables = trusted(settings_of(run))  # the control executes the plug-ins that it names
    if (curriculum := tables["run"].get("curriculum", "poet")) != "poet":
        raise ValueError(
            f"{run.path} is a run of the curriculum {curriculum!r:.60} for one agent, which has no "
            "transfers: give a run of POET"
        )
    advice = "its control would not be, so train one that was changed alike for --against"
    check_unchanged(run, advice, but=RULE)
    folder = run.path.with_name(f"{run.path.name}-no-transfer")
    last, frontend = run.last_iteration(), CommandLine()
    if not (folder / "archive.db").exists():
        effort.note(f"the control is trained in {folder}: {last:,} iterations")
        options, file = {"run.iterations": last}, run.path / "config.toml"
        seeds = _seeds(run) if seeded(run) else None
        wanted = sessions.Launch(
            options, [WITHOUT], file, folder, machine=effort.machine, seeds=seeds
        )
        sessions.launch(wanted, frontend)
    with Archive.open(folder, write=False) as control:
        _check_control(run, control, "rename that folder, or give a control with --against")
        reached = control.last_iteration()
    if reached < last:
        sessions.resume(sessions.Resume(folder, last, machine=effort.machine), frontend)
    return folder


def _seeds(run: Run) -> Callable[[Parts], list[Seed]]:
    """What makes the first population of a run again, for Launch.seeds."""
    from openpoet.poet.seeding import Seed

    def seeds(parts: Parts) -> list[Seed]:
        family = parts.setup.family
        return [
            Seed(family.decode(row["task"]), run.agent(row["birth_agent"]), str(row["source"]))
            for row in first_niches(run)
        ]

    return seeds


def _check_control(run: Run, control: Run, advice: str) -> None:
    """ValueError, one line, unless the control is as the run was but for its transfers.

    advice: what to do otherwise, for the message.
    """
    theirs = launched(control) | changes(control)
    rules = {1: theirs.get(RULE)}  # by the first iteration: there are no transfers before 1
    rules |= {int(name.partition("@")[2]): theirs[name] for name in theirs if f"{RULE}@" in name}
    for iteration, rule in sorted(rules.items()):
        if rule != "none":
            raise ValueError(
                f"{control.path} is no control: its {RULE} is {rule!r:.40} from iteration "
                f"{iteration} on, expected 'none'; {advice}"
            )
    mine, its = _without_rule(launched(run) | changes(run)), _without_rule(theirs)
    for name in sorted({*mine, *its}):
        pair = [repr(values[name]) if name in values else "missing" for values in (its, mine)]
        if its.get(name) != mine.get(name):
            raise ValueError(
                f"{control.path} is no control of {run.path}: its {name} is {pair[0]:.60}, "
                f"expected {pair[1]:.60}; {advice}"
            )
    first, other = (
        [(row["task"], row["birth_agent"]) for row in first_niches(each)] for each in (run, control)
    )
    if first != other:
        raise ValueError(
            f"{control.path} is no control of {run.path}: it began with other tasks or agents, "
            f"expected those of the run; {advice}"
        )


def _without_rule(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name.partition("@")[0] != RULE}


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

"""The direct-path control (arXiv 1901.01753, figure 5): agents that go from flat ground toward each
environment which a run has solved.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .experiment_data import Effort, Found, thresholds, worlds_of
from .terminal import CommandLine

if TYPE_CHECKING:
    import numpy as np

    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.direct_path import Paths

    from .replays import Replays


def direct_path(run: Run, other: Run | None, effort: Effort) -> Found:
    """How near the control comes to what the run has solved: direct paths, which are trained here,
    or a second run. Of the paths also how well they cover the classes, beside the run.
    """
    from openpoet.arena.experiments import direct_path as experiment
    from openpoet.arena.experiments.difficulty import coverage_table

    if other is not None:
        found = experiment.shortfalls(worlds_of(run), worlds_of(other))
        return Found(_tables(found), [])
    paths, limits = _paths(run, effort), thresholds()
    passed = experiment.paths_worlds(paths, limits)
    covered = coverage_table(worlds_of(run), passed, limits, "the paths")
    tables = [experiment.paths_table(paths), *_tables(experiment.by_class(paths)), covered]
    return Found(tables, [])


def _tables(found: dict[int, np.ndarray]) -> list[Any]:
    from openpoet.arena.experiments import direct_path as experiment

    return [experiment.distances_table(found), experiment.mann_whitney_table(found)]


def _paths(run: Run, effort: Effort) -> list[Paths]:
    from .replays import replays_of
    from .sessions import one_torch_thread

    rows = {row["id"]: row for row in run.niche_rows()}
    if not (chosen := targets(run, effort.targets)):
        raise ValueError(f"{run.path} has solved no environment but flat ground, if any")
    replays = replays_of(run, effort.machine, CommandLine())
    found = []
    with one_torch_thread(), closing(replays.parts):
        for target, level in chosen:
            iterations = budget(run, rows, target)
            found.append(_walked(replays, (target, level), iterations, effort))
    return found


def targets(run: Run, most: int) -> list[tuple[int, int]]:
    """Niche and class of the environments that the run solved last, at most `most` of a class. Flat
    ground, where the paths start, is none of them.
    """
    worlds, niches = worlds_of(run), [row["id"] for row in run.niche_rows()]
    solved = [at for at in range(len(niches)) if worlds.solved[at] > 0 and worlds.vectors[at].any()]
    solved.sort(key=lambda at: int(worlds.solved[at]))
    chosen = []
    for level in sorted({int(worlds.levels[at]) for at in solved}):
        of_class = [at for at in solved if worlds.levels[at] == level][-most:]
        chosen += [(niches[at], level) for at in of_class]
    return chosen


def budget(run: Run, niches: Mapping[int, Mapping[str, Any]], target: int) -> int:
    """Improvement steps that the run took for a niche until it was solved: one in each iteration,
    of itself or the ancestor that led to it, and those of the proposals that were tried in them.

    niches: rows of the archive, by number.
    """
    from openpoet.archive.store.measures import each

    steps, end, here = niches[target]["solved"], niches[target]["solved"], target
    tried = "SELECT count(*) AS n FROM transfers WHERE kind = 'proposal' AND target = ? AND "
    birth = tried.replace("target = ?", "target = (SELECT id FROM children WHERE niche = ?)")
    while True:
        (own,) = each(run, f"{tried} NOT at_birth AND iteration <= ?", here, end)
        (born,) = each(run, f"{birth} at_birth", here)
        steps, end = steps + own["n"] + born["n"], niches[here]["born"]
        if (parent := niches[here]["parent"]) is None:
            return int(steps)
        here = parent


def _walked(replays: Replays, target: tuple[int, int], iterations: int, effort: Effort) -> Paths:
    import numpy as np

    from openpoet.arena.experiments import direct_path as experiment
    from openpoet.arena.experiments.classes import distances
    from openpoet.envs.walker.obstacles import Obstacles, toward
    from openpoet.poet.streams import Key

    (niche, level), setup = target, replays.parts.setup
    goal: Any = replays.niches[niche].task
    title = replays.parts.title(goal)
    keys = [Key(setup.config.seed, ("direct-path", niche, i)) for i in range(effort.repeats)]

    def nearer(task: Any, draws: np.random.Generator) -> Any:
        return replace(task, genome=toward(task.genome, goal.genome, draws))

    def note(iteration: int) -> None:
        effort.note(f"toward niche {niche} ({title}): iteration {iteration + 1} of {iterations}")

    # Differs: the paper does not state the seeds; all environments on the way have the target's
    route = experiment.Route(
        replace(goal, genome=Obstacles()), goal, nearer, setup.config.reproduce_at
    )
    passed, steps = experiment.walk(setup.learner, route, keys, iterations, note)

    def vectors(tasks: list[Any]) -> np.ndarray:
        return np.array([setup.family.describe(task)[:5] for task in tasks])

    found = distances(vectors([goal]), vectors([tasks[-1] for tasks in passed]))[0]
    everything = vectors([task for tasks in passed for task in tasks])
    return experiment.Paths(niche, title, level, found, iterations, steps, everything)

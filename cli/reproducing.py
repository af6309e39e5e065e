"""The papers' experiments on stored runs: what a run has kept, in the form that arena.experiments
takes, and the table of experiments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .run_settings import settings_of
from .wiring import make_family, whole_task
from .wiring import titles as titles_of

if TYPE_CHECKING:
    import numpy as np

    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.classes import Worlds
    from openpoet.arena.tables import Table


@dataclass(frozen=True)
class Found:
    """Results of an experiment: tables, and lines of text below them."""

    tables: list[Table]
    lines: list[str]


@dataclass(frozen=True)
class Experiment:
    """about: in one line. of: the results of a run and, if one is given, a second run."""

    about: str
    of: Callable[[Run, Run | None], Found]


def difficulty(run: Run, other: Run | None) -> Found:
    from openpoet.arena.experiments.difficulty import coverage_table, difficulty_table

    steps, hours = _steps_and_hours(run)
    worlds, limits = worlds_of(run), thresholds()
    tables = [difficulty_table(worlds, limits, steps, hours)]
    if other is not None:
        tables.append(coverage_table(worlds, worlds_of(other), limits))
    return Found(tables, [])


def direct_path(run: Run, other: Run | None) -> Found:
    from openpoet.arena.experiments import direct_path as experiment

    if other is None:
        raise ValueError("direct-path compares a run with a control: name it with --against RUN")
    found = experiment.shortfalls(worlds_of(run), worlds_of(other))
    tables = [experiment.distances_table(found), experiment.mann_whitney_table(found)]
    return Found(tables, [])


def transfers(run: Run, _: Run | None) -> Found:
    from openpoet.archive.store.measures import each, transfers_by_kind
    from openpoet.arena.experiments import transfers as experiment

    rows = each(run, "SELECT iteration, target, accepted FROM transfers WHERE NOT at_birth")
    replaced = experiment.attempts([(r["iteration"], r["target"], r["accepted"]) for r in rows])
    table = experiment.kinds_table(transfers_by_kind(run), replaced)
    columns = "iteration, kind, source, target, score, bar"
    query = f"SELECT {columns} FROM transfers WHERE accepted AND NOT at_birth ORDER BY id"
    moves = [experiment.Move(**row) for row in each(run, query)]
    window = max(5, 2 * settings_of(run)["poet"].get("transfer_every", 0))
    best = experiment.most_helpful(moves, _scores(run), window)
    if best is None:
        reason = f"no transfer helped: none has a gain within windows of {window} iterations"
        return Found([table], [reason])
    parents, titles = {}, {}
    title = titles_of(settings_of(run))
    for row in each(run, "SELECT id, parent, task FROM niches ORDER BY id"):
        parents[row["id"]] = row["parent"]
        if row["id"] in (best.move.source, best.move.target):
            titles[row["id"]] = title(row["task"])
    return Found([table], experiment.story(best, window, titles, parents))


def annecs(run: Run, _: Run | None) -> Found:
    import numpy as np

    from openpoet.archive.store.measures import each
    from openpoet.arena.experiments.annecs import annecs_table

    if not settings_of(run)["poet"].get("measure_annecs", False):
        raise ValueError(f"{run.path} has not measured ANNECS: its poet.measure_annecs is false")
    query = "SELECT annecs, annecs_reference, steps FROM iterations ORDER BY iteration"
    columns = [list(row.values()) for row in each(run, query)]
    return Found([annecs_table(*np.array(columns, np.int64).T)], [])


EXPERIMENTS = {
    "difficulty": Experiment(
        "classes of the environments created and solved, iterations to solve, coverage", difficulty
    ),
    "transfers": Experiment(
        "transfers tried and accepted by kind, and the one that helped most", transfers
    ),
    "direct-path": Experiment(
        "how near a control (--against) comes to what the run has solved", direct_path
    ),
    "annecs": Experiment("the accumulated number of novel environments created and solved", annecs),
}


def worlds_of(run: Run) -> Worlds:
    """The environments of a run of walkers on obstacle terrains. ValueError for other runs."""
    import numpy as np

    from openpoet.archive.store.measures import each
    from openpoet.arena.experiments.classes import NEVER, Worlds, levels

    tables = settings_of(run)
    encoding = tables.get("walker", {}).get("encoding")
    if tables["run"]["family"] != "walker" or encoding != "obstacles":
        raise ValueError(
            f"{run.path}: the paper's classes are those of the family walker with "
            f'encoding = "obstacles", this run has the family {tables["run"]["family"]!r:.60}'
        )
    family = make_family(tables, 1)
    rows = list(each(run, "SELECT task, born, solved FROM niches ORDER BY id"))
    if not rows:
        raise ValueError(f"{run.path} holds no iteration yet")
    tasks = [family.decode(whole_task(tables, row["task"])) for row in rows]
    vectors = np.array([family.describe(task)[:5] for task in tasks])
    born = np.array([row["born"] for row in rows])
    solved = np.array([NEVER if row["solved"] is None else row["solved"] for row in rows])
    return Worlds(vectors, born, solved, levels(vectors, thresholds()))


def thresholds() -> np.ndarray:
    """The thresholds of the paper's classes, [3]: roughness, widest gap, highest stump."""
    import numpy as np

    from openpoet.envs.walker import obstacles

    return np.array([obstacles.ROUGHNESS_HARD, obstacles.GAP_HARD, obstacles.STUMP_HARD])


def scale(run: Run) -> str:
    """What a run of reduced scale means, in one line."""
    tables = settings_of(run)
    family, learner = tables["run"]["family"], tables["run"]["learner"]
    ground = f"{family} ({tables['walker']['length']} tiles)" if family == "walker" else family
    return (
        f"scale: {run.last_iteration():,} iterations of {learner} on {ground} with "
        f"{tables['poet'].get('capacity')} active niches and {run.steps():,} steps; the paper: "
        "25,200 iterations of ES with 512 members on the walker (200 tiles), 20 active niches. An "
        "iteration is another amount of training, so its numbers are not comparable as such"
    )


def _steps_and_hours(run: Run) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    from openpoet.archive.store.measures import progress

    columns = progress(run)
    return np.array(columns["steps"], np.int64), np.array(columns["seconds"]) / 3600


def _scores(run: Run) -> dict[int, np.ndarray]:
    """Scores by niche, [iterations] float64 with NaN where a niche was not scored."""
    import numpy as np

    from openpoet.archive.store.measures import each

    last = run.last_iteration()
    found: dict[int, np.ndarray] = {}
    for row in each(run, "SELECT iteration, niche, score FROM scores ORDER BY iteration"):
        values = found.setdefault(row["niche"], np.full(last + 1, np.nan))
        values[row["iteration"]] = row["score"]
    return found

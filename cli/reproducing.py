"""The papers' experiments on stored runs: what a run has kept, in the form that arena.experiments
takes, and the table of experiments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .controls import alone, no_transfer
from .direct_paths import direct_path
from .experiment_data import Effort, Found, steps_and_hours, thresholds, worlds_of
from .run_settings import settings_of
from .transfer_story import transfers

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run


@dataclass(frozen=True)
class Experiment:
    """about: in one line. of: the results of a run and, if one is given, a second run."""

    about: str
    of: Callable[[Run, Run | None, Effort], Found]


def difficulty(run: Run, other: Run | None, _: Effort) -> Found:
    from openpoet.arena.experiments.difficulty import coverage_table, difficulty_table

    steps, hours = steps_and_hours(run)
    worlds, limits = worlds_of(run), thresholds()
    tables = [difficulty_table(worlds, limits, steps, hours)]
    if other is not None:
        tables.append(coverage_table(worlds, worlds_of(other), limits))
    return Found(tables, [])


def annecs(run: Run, _: Run | None, __: Effort) -> Found:
    import numpy as np

    from openpoet.archive.store.measures import each
    from openpoet.arena.experiments.annecs import annecs_table

    if not settings_of(run)["poet"].get("measure_annecs", False):
        raise ValueError(f"{run.path} has not measured ANNECS: its poet.measure_annecs is false")
    query = "SELECT annecs, annecs_reference, steps FROM iterations ORDER BY iteration"
    columns = [list(row.values()) for row in each(run, query)]
    return Found([annecs_table(*np.array(columns, np.int64).T)], [])


def pata_ec_cost(run: Run, _: Run | None, __: Effort) -> Found:
    from openpoet.archive.store.measures import steps_by_purpose
    from openpoet.arena.experiments.pata_ec_cost import cost_table

    if (novelty := settings_of(run)["poet"].get("novelty")) != "pata-ec":
        raise ValueError(f"{run.path} has poet.novelty = {novelty!r:.40}, expected 'pata-ec'")
    return Found([cost_table(steps_by_purpose(run))], [])


EXPERIMENTS = {
    "difficulty": Experiment(
        "classes of the environments created and solved, iterations to solve, coverage", difficulty
    ),
    "transfers": Experiment(
        "transfers tried and accepted by kind, and the one that helped most", transfers
    ),
    "direct-path": Experiment(
        "how near direct paths, or a control (--against), come to what the run has solved",
        direct_path,
    ),
    "annecs": Experiment("the accumulated number of novel environments created and solved", annecs),
    "pata-ec-cost": Experiment("environment steps that PATA-EC adds", pata_ec_cost),
    "no-transfer": Experiment(
        "the run against one without transfers, which it starts unless --against names it",
        no_transfer,
    ),
    "es-alone": Experiment("ES from new weights on what the run has solved", partial(alone, "es")),
    "ppo-alone": Experiment(
        "PPO from new weights on what the run has solved", partial(alone, "ppo")
    ),
}
# The experiment that takes no stored run (cli.adaptation).
ADAPTATION = "adaptation"
ABOUT = "meta-learners trained on fixed, randomised and evolved tasks, by episode on others"

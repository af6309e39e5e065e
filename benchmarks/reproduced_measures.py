"""What `benchmarks.reproduced` takes from each experiment of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from openpoet.archive.store.measures import annecs as annecs_of
from openpoet.archive.store.run_folder import Run
from openpoet.arena.experiments import transfers as moves
from openpoet.arena.experiments.classes import NAMES
from openpoet.arena.experiments.over_seeds import difference
from openpoet.arena.experiments.transfers import Help
from openpoet.arena.statistics import Estimate, Mean
from openpoet.arena.tables import Cell, Table
from openpoet.cli.controls import without_transfer
from openpoet.cli.direct_paths import targets
from openpoet.cli.experiment_data import Effort, Found
from openpoet.cli.reproducing import EXPERIMENTS
from openpoet.cli.transfer_story import judged

Record = dict[str, float | None]  # of a seed: values by "experiment: measure"
HARDER = NAMES[1:]  # the paper's classes


def cell(found: Found, table: str, row: str | int, column: str) -> float | None:
    """The number in a table of an experiment; of an estimate, its value."""
    one = next(one for one in found.tables if one.name == table)
    at = [cells[0] for cells in one.rows].index(row)
    return numbers(one, column)[at]


def numbers(table: Table, column: str) -> list[float | None]:
    """The numbers of a column. TypeError if it has text."""
    at = list(table.columns).index(column)
    return [_number(row[at]) for row in table.rows]


def _number(value: Cell) -> float | None:
    if isinstance(value, str):
        raise TypeError(f"expected a number, got {value!r}")
    if isinstance(value, Estimate | Mean):
        return value.value
    return None if value is None else float(value)


def mean_of(values: Sequence[float | None]) -> float:
    """The mean of the values that are there."""
    return float(np.mean([value for value in values if value is not None]))


def difficulty(run: Run, effort: Effort) -> Record:
    found = EXPERIMENTS["difficulty"].of(run, None, effort)
    record: Record = {"environments created": float(len(run.niche_rows()))}
    for name in NAMES:
        record[f"{name}, solved"] = cell(found, "difficulty", name, "solved")
        record[f"{name}, iterations"] = cell(found, "difficulty", name, "iterations to solve")
    later = difference(record["challenging, iterations"], record["easy, iterations"])
    return record | {"iterations, challenging less easy": later}


def no_transfer(run: Run, effort: Effort) -> Record:
    with Run.open(without_transfer(run, effort), write=False) as control:
        found = EXPERIMENTS["no-transfer"].of(run, control, effort)
        steps, own = control.steps(), run.steps()
        fewer = float(annecs_of(run)[0] - annecs_of(control)[0])
        rows = control.niche_rows()
    solved = [cell(found, "no-transfer", name, "solved without") for name in NAMES]
    record: Record = {
        "environments created without": float(len(rows)),
        "solved without, all classes": float(sum(n for n in solved if n is not None)),
        "M steps with": own / 1e6,
        "M steps without": steps / 1e6,
        "ANNECS, with less without": fewer,
    }
    for name in HARDER:
        first, second, p = (
            cell(found, "coverage", name, column)
            for column in ("distance", "distance of the second run", "p")
        )
        record[f"{name}, coverage with"] = first
        record[f"{name}, coverage without"] = second
        record[f"{name}, distance without less with"] = difference(second, first)
        record[f"{name}, p"] = p
    return record


def transfers(run: Run, effort: Effort) -> Record:
    found = EXPERIMENTS["transfers"].of(run, None, effort)
    row = "attempts to replace an agent"
    best = moves.most_helpful(judged(run)[1])
    return {
        "attempts": cell(found, "transfers", row, "tried"),
        "share that succeeds": cell(found, "transfers", row, "share"),
        "gain of the most helpful, share of the score": _share(best),
    }


def _share(best: Help | None) -> float | None:
    """Its gain as a share of the best score after it; 0 if no transfer helped, None if the score is
    below 0.
    """
    if best is None:
        return 0.0
    return best.gain / best.after if best.after > 0 else None


def annecs(run: Run, _: Effort) -> Record:
    own, reference = annecs_of(run)
    return {"ANNECS": float(own), "reference code's": float(reference)}


def alone(experiment: str, run: Run, effort: Effort) -> Record:
    """Means over the environments; without values if the run has solved none after the first."""
    names = ("POET", "best alone", "POET less best alone", "environments with p < .01")
    if not any(row["solved"] for row in run.niche_rows()):
        return dict.fromkeys(names)
    (table,) = EXPERIMENTS[experiment].of(run, None, effort).tables
    poet, best = (mean_of(numbers(table, name)) for name in names[:2])
    significant = sum(p is not None and p < 0.01 for p in numbers(table, "p"))
    values = (poet, best, poet - best, significant / len(table.rows))
    return dict(zip(names, values, strict=True))


def direct_path(run: Run, effort: Effort) -> Record:
    names = [f"{name}, distance" for name in NAMES]
    shares = "share of paths that reach their target"
    if not targets(run, effort.targets):
        return dict.fromkeys([*names, shares])
    found = EXPERIMENTS["direct-path"].of(run, None, effort)
    record = {f"{name}, distance": cell(found, "direct-path", name, "distance") for name in NAMES}
    (table,) = (one for one in found.tables if one.name == "direct-paths")
    tried, reached = (sum(filter(None, numbers(table, name))) for name in ("paths", "reached"))
    return record | {shares: reached / tried}


def pata_ec_cost(run: Run, effort: Effort) -> Record:
    found = EXPERIMENTS["pata-ec-cost"].of(run, None, effort)
    return {"steps added": cell(found, "pata-ec-cost", "PATA-EC, added to all others", "share")}


MEASURED: Mapping[str, Callable[[Run, Effort], Record]] = {
    "difficulty": difficulty,
    "transfers": transfers,
    "annecs": annecs,
    "no-transfer": no_transfer,
    "ppo-alone": lambda run, effort: alone("ppo-alone", run, effort),
    "direct-path": direct_path,
    "es-alone": lambda run, effort: alone("es-alone", run, effort),
    "pata-ec-cost": pata_ec_cost,
}

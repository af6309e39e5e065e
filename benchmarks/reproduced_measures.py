"""What `benchmarks.reproduced` takes from each experiment of a run, and what the papers found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from openpoet.archive.store.measures import annecs as annecs_of
from openpoet.archive.store.run_folder import Run
from openpoet.arena.experiments import direct_path as paths
from openpoet.arena.experiments import transfers as moves
from openpoet.arena.experiments.alone import PUBLISHED as ALONE
from openpoet.arena.experiments.classes import NAMES
from openpoet.arena.experiments.difficulty import published
from openpoet.arena.experiments.over_seeds import Finding, Measure, difference
from openpoet.arena.experiments.transfers import Help
from openpoet.arena.statistics import Estimate
from openpoet.cli.controls import without_transfer
from openpoet.cli.direct_paths import targets
from openpoet.cli.experiment_data import Effort, Found
from openpoet.cli.reproducing import EXPERIMENTS
from openpoet.cli.transfer_story import judged

Record = dict[str, float | None]  # of a seed: values by "experiment: measure"
HARDER = NAMES[1:]  # the paper's classes
HARDEST = NAMES[-1]
GAIN = 40 / 349  # the paper's story: 349 with the transfer, 309 without


def cell(found: Found, table: str, row: str | int, column: str) -> float | None:
    """The number in a table of an experiment; of an estimate, its value."""
    one = next(one for one in found.tables if one.name == table)
    at = list(one.columns).index(column)
    value = next(cells for cells in one.rows if cells[0] == row)[at]
    number = value.value if isinstance(value, Estimate) else value
    return None if number is None else float(number)  # type: ignore[arg-type]


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
    columns = {name: [row[at] for row in table.rows] for at, name in enumerate(table.columns)}
    poet, best = (float(np.mean(columns[name])) for name in names[:2])  # type: ignore[arg-type]
    significant = sum(isinstance(p, float) and p < 0.01 for p in columns["p"])
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
    tried, reached = (
        sum(int(row[list(table.columns).index(name)]) for row in table.rows)  # type: ignore[arg-type]
        for name in ("paths", "reached")
    )
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


def _measures() -> list[Measure]:
    found = [Measure("difficulty", "environments created")]
    for level, name in enumerate(NAMES):
        found.append(Measure("difficulty", f"{name}, solved"))
        found.append(Measure("difficulty", f"{name}, iterations", published(level)))
    found.append(Measure("difficulty", "iterations, challenging less easy", "above 0"))
    shares = ", ".join(f"{share:.3f}" for _, share in moves.PUBLISHED)
    tried = ", ".join(f"{number:,}" for number, _ in moves.PUBLISHED)
    found += [
        Measure("transfers", "attempts", tried),
        Measure("transfers", "share that succeeds", shares),
        Measure("transfers", "gain of the most helpful, share of the score", f"{GAIN:.3f}"),
        Measure("annecs", "ANNECS", "43 after 10,000 iterations"),
        Measure("annecs", "reference code's"),
        Measure("no-transfer", "environments created without"),
        Measure("no-transfer", "solved without, all classes"),
        Measure("no-transfer", "M steps with"),
        Measure("no-transfer", "M steps without"),
        Measure("no-transfer", "ANNECS, with less without", "35 to 37 after 10,000 iterations"),
    ]
    for name in HARDER:
        found += [
            Measure("no-transfer", f"{name}, coverage with"),
            Measure("no-transfer", f"{name}, coverage without"),
            Measure("no-transfer", f"{name}, distance without less with", "above 0"),
            Measure("no-transfer", f"{name}, p", "< 2.2e-16"),
        ]
    for experiment, paper in (("ppo-alone", "-"), ("es-alone", ALONE)):
        found += [
            Measure(experiment, "POET", "230 or more"),
            Measure(experiment, "best alone", paper),
            Measure(experiment, "POET less best alone", "above 190"),
            Measure(experiment, "environments with p < .01", "all"),
        ]
    for level, name in enumerate(NAMES):
        known = (
            "{:.3f} ± {:.3f}".format(*paths.PUBLISHED[level]) if level in paths.PUBLISHED else "-"
        )
        found.append(Measure("direct-path", f"{name}, distance", known))
    found.append(Measure("direct-path", "share of paths that reach their target"))
    found.append(Measure("pata-ec-cost", "steps added", "0.824 ± 0.0731"))
    return found


MEASURES = _measures()


def _of(experiment: str, name: str) -> Measure:
    return next(one for one in MEASURES if (one.experiment, one.name) == (experiment, name))


FINDINGS = [
    Finding(
        _of("difficulty", "iterations, challenging less easy"),
        "difficulty: harder classes take more iterations to solve",
        least=0.0,
    ),
    Finding(
        _of("difficulty", f"{HARDEST}, solved"),
        "difficulty: POET solves extremely challenging environments",
        least=0.0,
    ),
    Finding(
        _of("transfers", "share that succeeds"),
        "transfers: about half of the attempts to replace an agent succeed (0.45 to 0.6)",
        least=0.45,
        most=0.6,
    ),
    Finding(
        _of("transfers", "gain of the most helpful, share of the score"),
        "transfers: the transfer that helped most gains 11 % of the score or more",
        least=GAIN,
    ),
    Finding(
        _of("no-transfer", "ANNECS, with less without"),
        "annecs: more novel environments are solved with transfers than without",
        least=0.0,
    ),
    *(
        Finding(
            _of("no-transfer", f"{name}, distance without less with"),
            f"no-transfer: a run covers the class {name} better with transfers",
            least=0.0,
        )
        for name in HARDER
    ),
    Finding(
        _of("ppo-alone", "POET less best alone"),
        "ppo-alone: PPO alone stays below POET where POET has solved (the paper's learner is ES)",
        least=0.0,
    ),
    Finding(
        _of("es-alone", "POET less best alone"),
        "es-alone: ES alone stays below POET where POET has solved",
        least=0.0,
    ),
    Finding(
        _of("direct-path", "share of paths that reach their target"),
        "direct-path: direct paths do not reach what POET has solved",
        most=0.5,
    ),
    Finding(
        _of("pata-ec-cost", "steps added"),
        "pata-ec-cost: PATA-EC adds 75 to 90 % to the other steps",
        least=0.7509,
        most=0.8971,
    ),
]

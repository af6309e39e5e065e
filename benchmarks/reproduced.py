"""All experiments of `openpoet reproduce` with several seeds, beside the papers' numbers.

    python -m benchmarks.reproduced > benchmarks/results/reproduced.txt
    python -m benchmarks.reproduced --seeds 3 --scale 0.3 --only difficulty transfers    # shorter

For each seed: a run of preset `quick` with its control without transfers, PPO alone and direct
paths on what it solved; one with PATA-EC; and a run of `quick-es` with ES alone. `--scale` is a
share of the iterations of `quick`, of 3 environments and of 5 trainings in each: 105, 2 and 4 by
default. ES needs all iterations of `quick-es` for its first environments. Runs and values are kept
in build/reproduced/, and the same command continues after an interruption.

Prints machine, commit, command, a table of measures by seed, and for each finding of the papers one
sentence: whether it shows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from benchmarks.heading import heading
from benchmarks.reproduced_findings import FINDINGS, MEASURES
from benchmarks.reproduced_measures import MEASURED, Record
from benchmarks.resumable import BUILD
from openpoet.archive.store.run_folder import Run
from openpoet.arena.experiments.over_seeds import seeds_table
from openpoet.cli.experiment_data import Effort
from openpoet.cli.own_runs import OTHERS, REDUCED, Wanted, made
from openpoet.cli.sessions import Machine
from openpoet.cli.settings.tables import preset
from openpoet.cli.table_files import print_table
from openpoet.cli.terminal import CommandLine, print_error

TARGETS, REPEATS = 3, 5  # of the full scale


@dataclass(frozen=True)
class Scale:
    """A share of the default length of runs and number of trainings.

    least_es: the least share of the iterations of `quick-es`.
    """

    share: float
    machine: Machine
    least_es: float = 1.0

    @property
    def effort(self) -> Effort:
        targets, repeats = (max(1, round(self.share * n)) for n in (TARGETS, REPEATS))
        return Effort(targets, max(2, repeats), self.machine, print_error)

    def iterations(self, experiment: str) -> int:
        name, _ = REDUCED.get(experiment, OTHERS)
        share = max(self.least_es, self.share) if name == "quick-es" else self.share
        return max(2, round(share * preset(name)["run"]["iterations"]))


def measured(
    seed: int, experiment: str, scale: Scale, folder: Path, *, changes: tuple[str, ...] = ()
) -> Record:
    """The values of an experiment for a seed; those in the seed's file are not measured again."""
    file = folder / f"seed-{seed}.json"
    record: Record = json.loads(file.read_text()) if file.exists() else {}
    if not (kept := _of(experiment, record)):
        print_error(f"seed {seed}: {experiment}")
        wanted = Wanted(seed, None, scale.iterations(experiment), changes)
        path = made(experiment, wanted, folder, scale.machine, CommandLine())
        with Run.open(path, write=False) as run:
            found = MEASURED[experiment](run, scale.effort)
        kept = {f"{experiment}: {name}": value for name, value in found.items()}
        file.write_text(json.dumps(record | kept, indent=1))
    return kept


def _of(experiment: str, record: Record) -> Record:
    return {key: value for key, value in record.items() if key.startswith(f"{experiment}: ")}


def report(records: Sequence[Record], experiments: Sequence[str]) -> None:
    """Print the table of the experiments' measures by seed, and the findings."""
    measures = [one for one in MEASURES if one.experiment in experiments]
    values = {one.key: [record[one.key] for record in records] for one in measures}
    print_table(seeds_table(measures, values))
    for finding in FINDINGS:
        if finding.measure in measures:
            print(finding.sentence(values[finding.measure.key]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many: 1, 2, ...")
    parser.add_argument("--scale", type=float, default=0.7)
    parser.add_argument("--only", nargs="+", choices=[*MEASURED], default=[*MEASURED])
    parser.add_argument("--workers", type=int, help="threads; by default one per processor")
    options = parser.parse_args()
    if options.seeds < 1 or not 0 < options.scale <= 10:
        print("--seeds must be at least 1, and --scale above 0 and at most 10", file=sys.stderr)
        return 2
    scale = Scale(options.scale, Machine(workers=options.workers))
    folder = BUILD / "reproduced" / f"scale-{options.scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    print(heading(), flush=True)
    records: list[Record] = [{} for _ in range(options.seeds)]
    for experiment in options.only:
        for seed, record in enumerate(records, 1):
            with redirect_stdout(sys.stderr):  # the progress of runs is no result
                record |= measured(seed, experiment, scale, folder)
    effort = scale.effort
    print(
        f"iterations: {scale.iterations('difficulty')} of quick, {scale.iterations('es-alone')} of "
        f"quick-es; {effort.targets} environments, {effort.repeats} trainings in each"
    )
    report(records, options.only)
    return 0


if __name__ == "__main__":
    sys.exit(main())

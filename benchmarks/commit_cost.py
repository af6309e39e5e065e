"""The cost of a commit as a function of the number of retired niches, on which it must not depend.

    python -m benchmarks.commit_cost [--niches 10 100 300 1000] [--commits 40]

Each population has 10 active niches, whose agents (10,000 weights) change every iteration, and the
given number of retired niches, with the PATA-EC scores of every retired agent in every niche.
Prints machine, commit, command, and for each number of retired niches the CPU time of the commit of
an ordinary iteration (records made from the population, written, synced) and of one with a birth
and a retirement; exits 1 if an ordinary commit at the largest number costs more than 1.5 times that
at the smallest.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.heading import heading
from openpoet.archive.store.run_folder import Run
from openpoet.envs.navigation import Navigation
from openpoet.poet.checkpoint import to_records
from openpoet.poet.niche import Niche, Population
from openpoet.poet.streams import Key
from openpoet.poet.trials import Result

ACTIVE, WEIGHTS = 10, 10_000
KEY = Key(0, ("score",))


def agent(generator: torch.Generator) -> dict[str, torch.Tensor]:
    return {"theta": torch.randn(WEIGHTS, generator=generator)}


def built(family: Navigation, retired: int, generator: torch.Generator) -> Population:
    """A population with this number of retired niches, as in a run."""
    niches = tuple(
        Niche(id, None, 0, family.origin(), agent(generator), scores=(1.0,) * 5, best=1.0)
        for id in range(retired + ACTIVE)
    )
    old = tuple(replace(niche, died=0) for niche in niches[:retired])
    scores = {(source.id, niche.id): float(source.id) for source in old for niche in niches}
    return Population(0, niches[retired:], old, len(niches), scores_of_retired=scores)


def next_ordinary(population: Population, generator: torch.Generator) -> Population:
    """The next population: every active agent is changed and has a new score."""
    t, result = population.iteration, Result(float(population.iteration), False, None, 1)
    active = tuple(
        niche.improved(agent(generator), result, KEY, iteration=t, history=5)
        for niche in population.active
    )
    return replace(population, iteration=population.iteration + 1, active=active, events=())


def next_with_birth(population: Population, generator: torch.Generator) -> Population:
    """The same with a birth, a retirement, and their PATA-EC scores."""
    born = replace(population.active[-1], id=population.niches_born, born=population.iteration)
    after = replace(
        population, active=(*population.active, born), niches_born=population.niches_born + 1
    )
    after = after.retire(ACTIVE)
    ids = [niche.id for niche in after.niches]
    new = {(niche.id, born.id): 1.0 for niche in after.retired} | {
        (after.retired[-1].id, id): 1.0 for id in ids
    }
    return next_ordinary(
        replace(after, scores_of_retired={**after.scores_of_retired, **new}), generator
    )


def cost(retired: int, commits: int) -> tuple[float, float, float]:
    """Median CPU time of an ordinary commit and of one with a birth [ms]; CPU time of the first
    commit, which writes everything [s].
    """
    family, generator = Navigation(), torch.Generator().manual_seed(0)
    population = built(family, retired, generator)
    times: dict[bool, list[float]] = {True: [], False: []}
    with (
        tempfile.TemporaryDirectory() as folder,
        Run.create(Path(folder) / "run", "[run]\n", ["commit_cost"], {}) as run,
    ):
        began = time.process_time()
        run.commit(*to_records(population, family), ledger={}, clock_seconds=0.0)
        first = time.process_time() - began
        for number in range(2 * commits):
            birth = number % 2 == 1
            after = (next_with_birth if birth else next_ordinary)(population, generator)
            began = time.process_time()
            run.commit(
                *to_records(after, family, population), ledger={"score": 1}, clock_seconds=0.0
            )
            times[birth].append(1000 * (time.process_time() - began))
            population = after
        run.verify()
    return statistics.median(times[False]), statistics.median(times[True]), first


def main() -> int:
    parser = argparse.ArgumentParser(
        description="The cost of a commit as a function of the number of retired niches."
    )
    parser.add_argument(
        "--niches", type=int, nargs="+", default=[10, 100, 300, 1000], help="retired niches"
    )
    parser.add_argument("--commits", type=int, default=40, help="number of commits of each kind")
    options = parser.parse_args()
    print(heading())
    print(
        f"{'retired niches':>15} {'ordinary commit':>16} {'with a birth':>14} {'first commit':>13}"
    )
    ordinary = []
    for niches in options.niches:
        usual, birth, first = cost(niches, options.commits)
        ordinary.append(usual)
        print(f"{niches:15,} {usual:13.2f} ms {birth:11.2f} ms {first:11.2f} s", flush=True)
    growth = ordinary[-1] / ordinary[0]
    print(
        f"an ordinary commit at {options.niches[-1]:,} against {options.niches[0]:,}: "
        f"{growth:.2f} times"
    )
    return int(growth > 1.5)


if __name__ == "__main__":
    sys.exit(main())

"""Cheap example runs: the fakes cause births, rejections, transfers and retirements."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fakes import FakeFamily, FakeLearner

from openpoet.archive.store.run_folder import Run
from openpoet.cli.ledger import Ledger
from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.niche import Population

FAMILY = FakeFamily()
CONFIG = PoetConfig(
    seed=1,
    mutate_every=3,
    transfer_every=2,
    capacity=3,
    reproduce_at=50.0,
    mc_low=0.0,
    mc_high=290.0,
    max_admitted=2,
)
SETTINGS = "[run]\nfamily = 'fake'\n"


def setup() -> Setup:
    return Setup(FAMILY, Ledger(FakeLearner(FAMILY)), CONFIG)


def ledger(parts: Setup) -> Ledger:
    assert isinstance(parts.learner, Ledger)
    return parts.learner


def create(path: Path) -> Run:
    return Run.create(path, SETTINGS, ["run.py", "launch", "--out", "a b"], {"python": "3.11"})


def commit(
    run: Run,
    parts: Setup,
    population: Population,
    before: Population | None = None,
    seconds: float = 1.0,
) -> None:
    """before: the population committed last."""
    run.commit(
        *to_records(population, FAMILY, before), ledger=ledger(parts).drain(), clock_seconds=seconds
    )


def live(run: Run, iterations: int, seconds: float = 1.0) -> Iterator[Population]:
    """Start the run and commit every population."""
    parts = setup()
    first, before = start(parts), None
    for population in itertools.chain([first], itertools.islice(evolve(first, parts), iterations)):
        commit(run, parts, population, before, seconds)
        before = population
        yield population


def go_on(run: Run, total: int) -> Iterator[Population]:
    """Continue from the run's checkpoint and commit every population."""
    parts = setup()
    population = from_records(*run.checkpoint(), FAMILY)
    for after in itertools.islice(evolve(population, parts), total - population.iteration):
        commit(run, parts, after, population)
        population = after
        yield after


def finished(path: Path, iterations: int, seconds: float = 1.0) -> Population:
    """A closed run of so many iterations."""
    with create(path) as run:
        *_, last = live(run, iterations, seconds)
    return last


def same(a: Population, b: Population) -> bool:
    left, right = to_records(a, FAMILY), to_records(b, FAMILY)
    return left[0] == right[0] and all(_equal(left[1][name], right[1][name]) for name in left[1])


def _equal(a: Any, b: Any) -> bool:
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype
        and a[name].shape == b[name].shape
        and bool((a[name] == b[name]).all())
        for name in a
    )

"""Archives as large as those of long runs, made in seconds by the archive's own classes.

    python -m benchmarks.made_runs FOLDER --niches 3000 --transfers 200000

Tasks are real: chains of mutations of preset `quick-es`. Scores, transfers and refusals are drawn,
and agents are few, so such a run shows nothing about learning; its replays are real evaluations.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from openpoet.archive.store.run_folder import Run
from openpoet.cli.parts import schemas, settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.cli.settings.tables import to_toml
from openpoet.cli.versions import versions
from openpoet.cli.wiring import Parts, wire
from openpoet.poet.checkpoint import to_records
from openpoet.poet.niche import Child, Event, Niche, Outcome, Population, Transfer
from openpoet.poet.streams import Key
from openpoet.poet.trial_keys import score_key
from openpoet.poet.trials import Result

TRAINED = Path(__file__).parent / "networks" / "quick_seed_1.npy"
CAPACITY = 12
REFUSALS: tuple[Outcome, ...] = ("too hard", "too hard", "too easy", "crowded", "duplicate")


@dataclass(frozen=True)
class Made:
    """How large a run is. transfers: that are tried; accepted: the share of them."""

    niches: int = 300
    transfers: int = 6_000
    iterations: int = 600
    accepted: float = 0.25
    seed: int = 1


@dataclass
class Maker:
    """Draws the populations of a run."""

    made: Made
    parts: Parts
    rng: np.random.Generator = field(init=False)
    agents: list[dict[str, torch.Tensor]] = field(init=False)
    tried: float = 0.0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.made.seed)
        new = self.parts.setup.learner.init(Key(0, ("made",)))
        self.agents = [new]
        if new["theta"].numel() == (trained := np.load(TRAINED)).size:
            theta = torch.from_numpy(trained).to(new["theta"].dtype)
            self.agents.append({**new, "theta": theta.reshape(new["theta"].shape)})

    def populations(self) -> Iterator[Population]:
        family = self.parts.setup.family
        first = Niche(0, None, 0, family.origin(), self.agents[0])
        population = Population(0, (first,), niches_born=1)
        yield population
        for iteration in range(1, self.made.iterations + 1):
            population = replace(population, iteration=iteration, events=())
            wanted = 1 + (self.made.niches - 1) * iteration // self.made.iterations
            while population.niches_born < wanted:
                population = self.birth(population)
            population = self.scored(population.retire(CAPACITY))
            yield self.moved(population)

    def birth(self, population: Population) -> Population:
        """One niche more, born with another's agent, and one candidate that was refused."""
        family, t, id = self.parts.setup.family, population.iteration, population.children_tried
        parent, source = self.rng.choice(np.array(population.active, object), 2)
        task = family.mutate(parent.task, self.rng)
        refused = family.mutate(parent.task, self.rng)
        born = population.niches_born
        child = Child(id, t, parent.id, task, "admitted", 40.0, 0.5, born)
        outcome = REFUSALS[int(self.rng.integers(len(REFUSALS)))]
        other = Child(id + 1, t, parent.id, refused, outcome, 4.0, None, None)
        event = Transfer(t, "proposal", source.id, id, True, 45.0, None, True, 600)
        niche = Niche(born, parent.id, t, task, self.agents[-1], novelty=0.5, viable_to_all=True)
        return replace(
            population,
            active=(*population.active, niche),
            niches_born=born + 1,
            children_tried=id + 2,
            events=(*population.events, event, child, other),
        )

    def scored(self, population: Population) -> Population:
        """A score for each niche: rising, with single iterations in which the gait is lost."""
        t, key = population.iteration, Key(self.made.seed, ("iteration", population.iteration - 1))
        after = []
        for niche in population.active:
            score = 54 - 25 * np.exp(-(t - niche.born + 1) / 9) + self.rng.normal(0, 1.5)
            score = -15.0 if self.rng.random() < 0.04 else float(score)
            result = Result(score, score > 40, None, 600)
            agent = self.agents[-1] if score > 0 else self.agents[0]
            after.append(
                niche.improved(agent, result, score_key(key, niche), iteration=t, history=5)
            )
        return population.with_active(tuple(after))

    def moved(self, population: Population) -> Population:
        """The transfers of an iteration."""
        active, t = population.active, population.iteration
        self.tried += self.made.transfers / self.made.iterations
        if len(active) < 2:
            return population
        events: list[Event] = []
        while self.tried >= 1:
            self.tried -= 1
            source, target = self.rng.choice(np.array(active, object), 2, replace=False)
            taken = bool(self.rng.random() < self.made.accepted)
            score = float(self.rng.normal(45, 4))
            kind: Any = "direct" if self.rng.random() < 0.3 else "proposal"
            events.append(Transfer(t, kind, source.id, target.id, False, score, 44.0, taken, 600))
        return replace(population, events=population.events + tuple(events))


def grow(folder: Path, made: Made) -> Iterator[Population]:
    """A new run of that size in a new folder, which grows by one commit with each population."""
    options = {"run.preset": "quick-es", "run.iterations": made.iterations, "poet.seed": made.seed}
    tables = settings_for(Request(options))
    parts = wire(tables, 1)
    command = ["openpoet", "launch", "--preset", "quick-es", "--out", folder.name]
    before: Population | None = None
    with Run.create(folder, to_toml(tables, schemas(tables)), command, versions()) as run:
        for population in Maker(made, parts).populations():
            steps = {"iteration/improve": 40_000, "iteration/transfer/direct": 4_000}
            records = to_records(population, parts.setup.family, before)
            run.commit(*records, ledger=steps, clock_seconds=1.5)
            before = population
            yield population


def make_run(folder: Path, made: Made) -> Path:
    """Write a run of that size into a new folder."""
    for _ in grow(folder, made):
        pass
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description="A large archive, made in seconds.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--niches", type=int, default=300)
    parser.add_argument("--transfers", type=int, default=6_000)
    parser.add_argument("--iterations", type=int, default=600)
    options = parser.parse_args()
    make_run(options.folder, Made(options.niches, options.transfers, options.iterations))


if __name__ == "__main__":
    main()

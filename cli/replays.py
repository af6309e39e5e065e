"""Replays of a run: the agent of one niche evaluated again in another, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .devices import choose_device
from .frontend import Frontend
from .parts import Tables, check_complete, make_part, trusted
from .run_settings import settings_of
from .sessions import Machine, prepare
from .wiring import Parts, wire

if TYPE_CHECKING:
    from openpoet.archive.replay.episode import Episode
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.interfaces import Task
    from openpoet.poet.niche import Niche, Population
    from openpoet.poet.streams import Key


@dataclass(frozen=True)
class Replays:
    """A run's last population, with everything needed to evaluate its agents again."""

    path: Path
    parts: Parts
    tables: Tables
    population: Population
    workers: int | None = None

    @property
    def best(self) -> int:
        """The active niche with the highest last score."""
        scores = {n.id: n.scores[-1] if n.scores else float("-inf") for n in self.population.active}
        return max(scores, key=scores.__getitem__)

    def titles(self) -> list[tuple[int, str]]:
        """Number and task, in words, of every niche."""
        return [(n.id, self.parts.title(n.task)) for n in self.population.niches]

    def check(self, niche: int) -> Niche:
        """The niche of that number. ValueError if there is none."""
        niches = {n.id: n for n in self.population.niches}
        if niche not in niches:
            raise ValueError(f"there is no niche {niche} in {self.path}: it has 0 to {max(niches)}")
        return niches[niche]

    def key(self, niche: int) -> Key:
        """The random stream of the niche's last score; before its first, the stream of its task."""
        from openpoet.poet.trial_keys import replay_key

        home, setup = self.check(niche), self.parts.setup
        return replay_key(setup.config.seed, setup.family, home)

    def learner(self, family: Any) -> Any:
        """The run's learner, on a family."""
        return make_part("learner", self.tables, self.workers, family)

    def load(self, niche: int, agent: int) -> Episode:
        """The agent of niche `agent` evaluated in niche `niche`, with every step recorded."""
        labels = {"niche": str(niche), "agent": str(agent)}
        return self._recorded(self.check(niche).task, agent, self.key(niche), labels)

    def evaluate(self, task: Task, agent: int) -> Episode:
        """The agent of niche `agent` evaluated in any task of the family, as `load` records it in a
        niche's.
        """
        from openpoet.poet.trial_keys import task_key

        setup = self.parts.setup
        homes = [niche.id for niche in self.population.niches if niche.task == task]
        if homes:
            return self.load(agent if agent in homes else homes[0], agent)
        key = task_key(setup.config.seed, setup.family, task)
        return self._recorded(task, agent, key, {"agent": str(agent)})

    def _recorded(self, task: Task, agent: int, key: Key, labels: Mapping[str, str]) -> Episode:
        from openpoet.archive.replay.episode import record_episode

        return record_episode(
            self.learner,
            self.parts.setup.family,
            self.check(agent).agent,
            task,
            key,
            title=self.parts.title(task),
            labels=labels,
        )


def open_replays(path: Path, machine: Machine, frontend: Frontend) -> Replays:
    """The replays of the run in that folder."""
    from openpoet.archive.store.run_folder import Run

    with Run.open(path, write=False) as run:
        return replays_of(run, machine, frontend)


def replays_of(run: Run, machine: Machine, frontend: Frontend) -> Replays:
    """The replays of an open run. ValueError, one line, if its agents do not fit its settings."""
    from openpoet.poet.agent_tensors import check_population
    from openpoet.poet.checkpoint import from_records

    tables = trusted(settings_of(run))
    check_complete(tables)
    if change := choose_device(tables, machine.device):
        frontend.warn(change)
    parts = wire(tables, machine.workers)
    population = from_records(*run.checkpoint(), parts.setup.family)
    check_population(population, parts.setup)
    prepare(parts, frontend)
    return Replays(run.path, parts, tables, population, machine.workers)

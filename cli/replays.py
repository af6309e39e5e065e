"""Replays of a run or a pack: the agent of one niche evaluated again in another, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .devices import choose_device
from .frontend import Frontend
from .parts import Tables, check_complete, make_part
from .plugin_files import trusted
from .run_settings import settings_of
from .sessions import Machine, prepare
from .training_state import completed
from .wiring import Parts, wire

if TYPE_CHECKING:
    from openpoet.archive.replay.episode import Episode
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.interfaces import Agent, Task
    from openpoet.poet.niche import Niche
    from openpoet.poet.streams import Key


STUDENT = 0  # the niche with the agent of a curriculum (poet/curricula/levels.py)


@dataclass(frozen=True)
class Replays:
    """The niches of a run or a pack, with everything needed to evaluate their agents again.

    niches: by number. without: those whose agents a pack leaves out, since they are there as
    ancestors only.
    """

    path: Path
    parts: Parts
    tables: Tables
    niches: Mapping[int, Niche]
    workers: int | None = None
    without: frozenset[int] = field(default_factory=frozenset)

    @property
    def best(self) -> int:
        """The niche with the highest last score among the active ones; of all, if none is."""
        niches = [niche for niche in self.niches.values() if niche.id not in self.without]
        active = [niche for niche in niches if niche.died is None]
        scores = {n.id: n.scores[-1] if n.scores else float("-inf") for n in active or niches}
        return max(scores, key=scores.__getitem__)

    def titles(self) -> list[tuple[int, str]]:
        """Number and task, in words, of every niche that has an agent here."""
        return [(n.id, self.parts.title(n.task)) for n in self.niches.values() if self._has(n.id)]

    def check(self, niche: int) -> Niche:
        """The niche of that number. ValueError if there is none."""
        if niche not in self.niches:
            last = max(self.niches)
            raise ValueError(f"there is no niche {niche} in {self.path}: it has 0 to {last}")
        return self.niches[niche]

    def acting(self, niche: int) -> Niche:
        """The niche whose agent acts in the niche of that number: itself, or that of the student
        for a level of a curriculum. ValueError if the agent is not here.
        """
        found = self.check(niche)
        if self._has(niche) and not found.agent:
            return self.acting(STUDENT)
        if not self._has(niche):
            raise ValueError(
                f"the agent of niche {niche} is not in {self.path}, which has this niche as an "
                "ancestor only; choose another agent"
            )
        return found

    def _has(self, niche: int) -> bool:
        return niche not in self.without

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
        labels = {"niche": str(niche), "agent": str(self.acting(agent).id)}
        return self._recorded(self.check(niche).task, agent, self.key(niche), labels)

    def evaluate(self, task: Task, agent: int) -> Episode:
        """The agent of niche `agent` evaluated in any task of the family, as `load` records it in a
        niche's.
        """
        from openpoet.poet.trial_keys import task_key

        setup = self.parts.setup
        homes = [niche.id for niche in self.niches.values() if niche.task == task]
        if homes:
            return self.load(agent if agent in homes else homes[0], agent)
        key = task_key(setup.config.seed, setup.family, task)
        return self._recorded(task, agent, key, {"agent": str(agent)})

    def _recorded(self, task: Task, agent: int, key: Key, labels: Mapping[str, str]) -> Episode:
        from openpoet.archive.replay.episode import record_episode

        return record_episode(
            self.learner,
            self.parts.setup.family,
            self.acting(agent).agent,
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
    from openpoet.poet.agent_tensors import check_agents, made_by
    from openpoet.poet.checkpoint import niches_from_records

    tables = trusted(settings_of(run))
    check_complete(tables)
    if change := choose_device(tables, machine.device):
        frontend.warn(change)
    parts = wire(tables, machine.workers)
    records, agents = run.niche_records()
    if not records:
        raise ValueError(f"{run.path} holds no iteration: it was stopped before its first")
    if not run.complete:
        learner, expected = parts.setup.learner, made_by(parts.setup.learner)
        agents = {name: completed(learner, agent, expected) for name, agent in agents.items()}
    every: dict[str, Agent] = {record["agent"]: {} for record in records}
    found = niches_from_records(records, every | agents, parts.setup.family)
    niches = {niche.id: niche for niche in found}
    without = frozenset(r["id"] for r in records if r["agent"] not in agents)
    check_agents((niche for niche in found if niche.id not in without), parts.setup)
    prepare(parts, frontend)
    return Replays(run.path, parts, tables, niches, machine.workers, without)

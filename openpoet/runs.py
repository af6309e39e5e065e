"""A run or a pack as a Python object: its niches, agents, policies, replays and tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .archive.store import measures
from .archive.store.digest import digest
from .archive.store.run_folder import Run as Archive
from .archive.store.run_folder import find_run
from .cli.packing import export
from .cli.replays import Replays, replays_of
from .cli.run_settings import settings_of
from .cli.sessions import Machine, one_torch_thread
from .cli.show import niche_row
from .cli.wiring import titles, whole_task
from .pictures import Replay
from .policies import Policy, policy_of
from .reporting import PythonFrontend

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Niche:
    """A task and the agent trained in it.

    Attributes:
        id: number of the niche, in the order of creation.
        parent: the niche whose task was mutated; None for the first niches.
        born: iteration of its creation, from 1; 0 for the first population.
        died: iteration at which it was retired; None for an active niche.
        score: the agent's last score in its task, in the family's units of return.
        before: the score before adaptation; None if agents do not adapt.
        best: the best score of the niche so far.
        solved: the iteration at which the task was first solved; None if it never was.
        novelty: the novelty of the task when the niche was created.
        task: the task as JSON.
        title: a short description of the task.
    """

    id: int
    parent: int | None
    born: int
    died: int | None
    score: float | None
    before: float | None
    best: float | None
    solved: int | None
    novelty: float | None
    task: Any
    title: str


class Run:
    """A run or a pack, open for reading. Made by `openpoet.launch`, `resume`, `seed_from` and
    `open`.

    A context manager. All reads see one committed state, from the first use until `close`.

    path: the run's folder, or the pack's file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()

    @cached_property
    def reader(self) -> Archive:
        """The archive (openpoet.archive), opened at the first use."""
        return Archive.open(self.path, write=False)

    def close(self) -> None:
        """Close the archive. The next use opens it again, in its state at that time."""
        reader = self.__dict__.pop("reader", None)
        self.__dict__.pop("_replays", None)
        if reader is not None:
            reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"openpoet.Run({str(self.path)!r})"

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """All current settings, {section: {key: value}}."""
        return settings_of(self.reader)

    @property
    def iteration(self) -> int:
        """The last iteration in the archive; 0 if there is only the first population."""
        for row in measures.each(self.reader, "SELECT max(iteration) AS last FROM iterations"):
            if row["last"] is not None:
                return int(row["last"])
        raise ValueError(f"{self.path} holds no iteration yet")

    @property
    def niches(self) -> list[Niche]:
        """All niches, active and retired, oldest first."""
        tables = self.settings
        title = titles(tables)
        columns = [field.name for field in fields(Niche) if field.name != "title"]
        rows = measures.each(self.reader, f"SELECT {', '.join(columns)} FROM niches ORDER BY id")
        return [
            Niche(**{**row, "task": whole_task(tables, row["task"])}, title=title(row["task"]))
            for row in rows
        ]

    def lineage(self, niche: int) -> list[int]:
        """The niche and its ancestors, youngest first."""
        niche_row(self.reader, niche)
        return measures.lineage(self.reader, niche, sys.maxsize)

    def agent(self, niche: int) -> dict[str, torch.Tensor]:
        """The niche's agent: tensors by name, as defined by its learner."""
        return self.reader.agent(niche_row(self.reader, niche)["agent"])

    def policy(self, niche: int, *, greedy: bool = False, seed: int | None = None) -> Policy:
        """The niche's agent as a function from observations [n, o] to actions [n, a].

        greedy: the most likely action instead of a random one, for stochastic policies.
        seed: of the actions' random numbers; None: those of the niche's last evaluation.
        ValueError if the learner's agents cannot act step by step.
        """
        from .poet.streams import Key

        replays = self._replays
        agent = replays.acting(niche).agent
        key = replays.key(niche) if seed is None else Key(seed, ("policy", niche))
        learner, name = replays.parts.ledger.learner, replays.tables["run"]["learner"]
        return policy_of(learner, name, agent, key, greedy=greedy)

    def replay(
        self,
        niche: int,
        agent: int | None = None,
        *,
        size: tuple[int, int] = (800, 400),
        every: int = 1,
        compare_episodes: int | None = None,
    ) -> Replay:
        """The niche's last evaluation, simulated again, as pictures.

        agent: the niche whose agent acts; None: the niche's own, whose score equals the archive's.
        size: width and height of the pictures [px]. every: steps from one picture to the next.
        compare_episodes: number of a trial, from 1, whose first and last episode are shown side by
        side; None: all recorded episodes, one after another.
        ValueError if that trial was not recorded, or has one episode.
        """
        with one_torch_thread():
            episode = self._replays.load(niche, niche if agent is None else agent)
        return Replay(episode, size, every, compare_episodes)

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        """A table of the archive, such as "scores", "children", "transfers" or "ledger"."""
        return list(self.reader.each(table))

    def digest(self) -> str:
        """SHA-256, 64 hex digits, of everything that must be reproducible; clock times left out.

        Runs with equal settings and seeds have equal digests.
        """
        return digest(self.reader)

    def verify(self) -> str:
        """Check all hashes, and return the last one of the chain.

        ValueError, one line, at the first iteration or agent that was edited or damaged.
        """
        return self.reader.verify()

    def export(
        self, path: str | os.PathLike[str], select: str | None = None, *, acting: bool = False
    ) -> Run:
        """Write the run to one file, a pack, which `openpoet.open` reads.

        path: of the file, usually ending in .poet; it must not exist yet.
        select: an expression that chooses niches, such as "alive and solved"; their ancestors are
        kept without agents. None: the whole run.
        acting: keep the latest agents only, without training state such as an optimiser's moments.
        FileExistsError, or ValueError in one line if no niche fits.
        """
        return Run(export(self.reader, select, Path(path), acting=acting).path)

    @cached_property
    def _replays(self) -> Replays:
        return replays_of(self.reader, Machine(), PythonFrontend("openpoet.open"))


def read_task(archive: str, niche: int, family: str) -> Any:
    """The JSON of a niche's task, with all that realises it. ValueError, one line, if there is no
    such niche, or if it is of another family.
    """
    with Archive.open(find_run(archive), write=False) as run:
        tables = settings_of(run)
        if (found := tables["run"]["family"]) != family:
            raise ValueError(
                f"{archive}#{niche} is a task of the family {found!r:.60}, expected {family!r}"
            )
        return whole_task(tables, niche_row(run, niche)["task"])


def path_of(run: str | os.PathLike[str] | Run) -> Path:
    """The folder of a run, or the file of a pack. ValueError if there is none."""
    return run.path if isinstance(run, Run) else find_run(name_of(run))


def name_of(run: str | os.PathLike[str] | Run) -> str:
    """A run as text. ValueError, one line, if it is anything else."""
    run = run.path if isinstance(run, Run) else run
    if not isinstance(run, str | os.PathLike):
        raise ValueError(
            "a run must be a run folder, a pack, the name of either or an openpoet.Run, got "
            f"{run!r:.60}"
        )
    return os.fspath(run)

"""The commits of a run: what changed since the last one, in one transaction."""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import rows
from .locks import unread
from .weights import AgentFiles, check_name, content_hash

if TYPE_CHECKING:
    from poet.interfaces import Agent

Cells = dict[str, Any]


@dataclass(frozen=True)
class Hashed:
    """An agent whose hash is known for as long as nothing is written into its tensors."""

    agent: Agent
    hash: str
    changes: int

    @classmethod
    def now(cls, agent: Agent, hash: str) -> Hashed:
        return cls(agent, hash, _changes(agent))


def _changes(agent: Agent) -> int:
    """How often something was written into its tensors in place, as torch counts it (but for inference tensors)."""
    return sum(tensor._version for tensor in agent.values() if not tensor.is_inference())


class Writer:
    """What the writer of a run remembers between commits, so that what has not changed is not written again."""

    def __init__(self, path: Path, database: sqlite3.Connection, files: AgentFiles) -> None:
        self.path, self.database, self.files = path, database, files
        self.hashes: dict[int, Hashed] = {}  # by identity; the agent is held, so its id stays its own
        self._load()

    def _load(self) -> None:
        """What the database says, and nothing else on the disk."""
        names = rows.NICHES_COLUMNS
        found = self.database.execute(f"SELECT {', '.join(names)} FROM niches")
        self.niches: dict[int, Cells] = {row[0]: dict(zip(names, row, strict=True)) for row in found}
        self.parts: dict[str, str] = dict(self.database.execute("SELECT part, value FROM checkpoint"))
        for name in _named(self.niches):  # files that are named no more are deleted: no name may lead elsewhere
            check_name(name)
        self.stale = self.files.strays(_named(self.niches))
        self.sweep()

    def remember(self, hashed: Iterable[tuple[str, Agent]]) -> None:
        """Agents whose hashes are known."""
        self.hashes |= {id(agent): Hashed.now(agent, name) for name, agent in hashed}

    def commit(
        self, record: Mapping[str, Any], agents: Mapping[str, Agent], ledger: Mapping[str, int], clock_seconds: float
    ) -> None:
        """See Run.commit. What is remembered changes only when all is on the disk."""
        at = record["iteration"]
        hashes = {id(agent): self._hashed(name, agent) for name, agent in agents.items()}
        self._check_kept(record, agents)
        named = {name: hashes[id(agent)].hash for name, agent in agents.items()}
        niches = self._niche_cells(record, named)
        parts = _part_texts(record)
        new = set(named.values()) - _named(self.niches)
        try:
            self.files.write({known.hash: known.agent for known in hashes.values() if known.hash in new})
            self._transaction(record, niches, parts, ledger, clock_seconds)
            before = _named(self.niches)
            self.niches, self.parts, self.hashes = self.niches | niches, parts, hashes
            self.stale = (self.stale | before) - _named(self.niches)
            self.sweep()
        except BaseException as error:
            self._load()  # a signal can come just after the transaction: ask the database which state it is
            if isinstance(error, (OSError, sqlite3.OperationalError)):
                reason = getattr(error, "strerror", None) or str(error)
                raise OSError(f"{self.path}: iteration {at} could not be kept ({reason}): is the disk full?") from error
            if isinstance(error, sqlite3.Error):
                raise ValueError(f"{self.path}: iteration {at} does not fit the archive: {error}") from error
            raise

    def sweep(self) -> None:
        """Deletes the files no row names any more, unless somebody reads: then a later commit does."""
        if not self.stale:
            return
        with unread(self.files.folder) as free:
            if free:
                self.files.delete(self.stale)
                self.stale = set()

    def _hashed(self, name: str, agent: Agent) -> Hashed:
        known = self.hashes.get(id(agent))
        if known is not None and known.changes != _changes(agent):
            raise ValueError(f"agent {name} was changed in place: a learner must return new tensors")
        return Hashed.now(agent, content_hash(agent)) if known is None else known

    def _check_kept(self, record: Mapping[str, Any], agents: Mapping[str, Agent]) -> None:
        """That agents kept since the last commit hold what they held: torch counts no writes through NumPy or `.data`.

        Asked of niches that were active until now. The agents of others are checked by the engine
        wherever they are evaluated; to hash them all would cost more in every iteration of a run.
        """
        for niche in (*record["active"], *record["retired"]):
            name, old = niche["agent"], self.niches.get(niche["id"])
            known = self.hashes.get(id(agents[name]))
            if known is None or old is None or old["died"] is not None:
                continue
            if content_hash(known.agent) != known.hash:
                raise ValueError(f"agent {name} was changed in place: a learner must return new tensors")

    def _niche_cells(self, record: Mapping[str, Any], named: Mapping[str, str]) -> dict[int, Cells]:
        """The rows of the record's niches."""
        found = {}
        for niche in (*record["retired"], *record["active"]):
            where = f"niche {niche.get('id')}"
            agent = named[niche["agent"]]
            cells = rows.cells({**niche, "agent": agent}, rows.NICHE, where)
            cells["score"] = niche["scores"][-1] if niche["scores"] else None
            old = self.niches.get(cells["id"])
            cells["birth_agent"] = agent if old is None else old["birth_agent"]
            _check_task(cells, old)
            found[cells["id"]] = cells
        return found

    def _transaction(
        self,
        record: Mapping[str, Any],
        niches: Mapping[int, Cells],
        parts: Mapping[str, str],
        ledger: Mapping[str, int],
        clock_seconds: float,
    ) -> None:
        try:
            self.database.execute("BEGIN IMMEDIATE")
            for id, cells in niches.items():
                if cells != self.niches.get(id):
                    self._put("niches", cells, "INSERT OR REPLACE")
            for part, text in parts.items():
                if text != self.parts.get(part):
                    self._put("checkpoint", {"part": part, "value": text}, "INSERT OR REPLACE")
            self._happened(record, ledger)
            self._sum_up(record, ledger, clock_seconds)
            self.database.execute("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise

    def _happened(self, record: Mapping[str, Any], ledger: Mapping[str, int]) -> None:
        iteration = record["iteration"]
        for niche in record["active"]:
            if niche["scores"]:
                found = {"score": niche["scores"][-1], "before": niche["before"]}
                self._put("scores", {"iteration": iteration, "niche": niche["id"], **found})
        for event in record["events"]:
            kind, fields = event["event"], {name: cell for name, cell in event.items() if name != "event"}
            if kind == "child":
                self._put("children", rows.cells(fields, rows.CHILD, "child"))
            else:
                self._put("transfers", rows.cells(fields, rows.TRANSFER, "transfer"))
        for purpose, steps in ledger.items():
            entry = {"iteration": iteration, "purpose": purpose, "steps": int(steps)}
            self._put("ledger", rows.cells(entry, rows.LEDGER, "ledger"))

    def _sum_up(self, record: Mapping[str, Any], ledger: Mapping[str, int], clock_seconds: float) -> None:
        """The iteration's row. ANNECS is counted from the niches as the archive now has them."""
        iteration = record["iteration"]
        last = self.database.execute(
            "SELECT iteration, steps FROM iterations ORDER BY iteration DESC LIMIT 1"
        ).fetchone()
        if last is not None and iteration <= last[0]:
            raise ValueError(f"{self.path} has iteration {last[0]} already, it cannot take iteration {iteration}")
        annecs, reference = self.database.execute(
            "SELECT sum(viable_to_all AND solved IS NOT NULL), sum(viable_to_retired) FROM niches"
        ).fetchone()
        scores = [niche["scores"][-1] for niche in record["active"] if niche["scores"]]
        summary = {
            "iteration": iteration,
            "active": len(record["active"]),
            "retired": len(record["retired"]),
            "best": max(scores, default=None),
            "median": statistics.median(scores) if scores else None,
            "annecs": annecs or 0,
            "annecs_reference": reference or 0,
            "steps": (0 if last is None else last[1]) + sum(map(int, ledger.values())),
            "clock_seconds": float(clock_seconds),
        }
        self._put("iterations", summary)

    def _put(self, table: str, cells: Cells, how: str = "INSERT") -> None:
        marks = ", ".join("?" * len(cells))
        self.database.execute(f"{how} INTO {table} ({', '.join(cells)}) VALUES ({marks})", list(cells.values()))


def _check_task(cells: Cells, old: Cells | None) -> None:
    """ValueError if the niche had another task in the last commit; a niche keeps its task for ever."""
    if old is not None and cells["task"] != old["task"]:
        raise ValueError(
            f"the task of niche {cells['id']} was changed in place: families and learners must leave tasks as they are"
        )


def _named(niches: Mapping[int, Cells]) -> set[str]:
    """The agents that rows name, which are kept."""
    return {cells[column] for cells in niches.values() for column in ("agent", "birth_agent")}


def _part_texts(record: Mapping[str, Any]) -> dict[str, str]:
    """The checkpoint but for the niches, as JSON, a text a part, so that a part that has not changed stays as it is."""
    return {
        name: rows.text([niche["id"] for niche in part] if name in rows.LISTS else part)
        for name, part in record.items()
    }

"""The commits of a run: what changed since the last one, in one transaction.

The cost of a commit does not grow with the number of retired niches: their rows are written once,
and counts over all niches are updated instead of being counted again (kept.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import chain, rows
from .agent_files import AgentFiles
from .hashed import Hashed, changes
from .iteration_rows import part_texts, rows_added, summary_row, unscored
from .kept import LAST, Cells, Kept, solver
from .limits import MOST_DATABASE, MOST_ROWS, MOST_WEIGHTS, ROOM, readable
from .locks import unread
from .refusals import remedies
from .schema import COLUMNS
from .sessions import Session, Tables, session_row
from .tables import Iteration
from .weights import content_hash

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent


class Writer:
    """The writer of a run, with the state of the last commit, so that unchanged data is not written
    again.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, files: AgentFiles) -> None:
        self.path, self.database, self.files = path, database, files
        # by identity; a reference to the agent is held, so its id stays unique
        self.hashes: dict[int, Hashed] = {}
        self.session: Session | None = None
        self._load()

    def _load(self) -> None:
        """Load the state of the last commit from the database."""
        self.kept = Kept(self.database, self.files)
        self.stale = self.files.strays(self.kept.references)
        self.sweep()

    def remember(self, hashed: Iterable[tuple[str, Agent]]) -> None:
        """Cache the hashes of these agents."""
        self.hashes |= {id(agent): Hashed.now(agent, name) for name, agent in hashed}

    def commit(
        self,
        record: Mapping[str, Any],
        agents: Mapping[str, Agent],
        ledger: Mapping[str, int],
        clock_seconds: float,
        settings: Tables | None = None,
    ) -> None:
        """See Run.commit. The cached state changes only after the transaction.

        settings: rows of the table besides those that the session changes.
        """
        at, last = record["iteration"], self.kept.last["iteration"]
        if at <= last:
            raise ValueError(
                f"{self.path} has iteration {last} already, it cannot take iteration {at}"
            )
        hashes = {id(agent): self._hashed(name, agent) for name, agent in agents.items()}
        self._check_kept(record, agents)
        named = {name: hashes[id(agent)].hash for name, agent in agents.items()}
        niches = self._niche_cells(record, named)
        new = {cells["agent"] for cells in niches} - self.kept.references.keys()
        try:
            written = self.files.write(
                {known.hash: known.agent for known in hashes.values() if known.hash in new}
            )
            old = unscored(record, self.kept.active)
            retired = self._add(niches, written)
            self._check_sizes()
            changed = {**(self.session.settings if self.session else {}), **(settings or {})}
            transfers = self.kept.last["transfers"]
            added = rows_added(record, ledger, changed, transfers, old) | {"niches": retired}
            summary = summary_row(Iteration(record, float(clock_seconds)), added, self.kept)
            self._transaction(niches, part_texts(record), added, summary)
            self.hashes, self.session = hashes, None
            self.sweep()
        except BaseException as error:
            # a signal can come just after the transaction: read the actual state from the database
            self._load()
            if isinstance(error, (OSError, sqlite3.OperationalError)):
                reason = getattr(error, "strerror", None) or str(error)
                what = f"{self.path}: iteration {at} could not be kept ({reason})"
                raise OSError(
                    ": ".join([what, *remedies(error, self.path / "archive.db")])
                ) from error
            if isinstance(error, sqlite3.Error):
                raise ValueError(
                    f"{self.path}: iteration {at} does not fit the archive: {error}"
                ) from error
            raise

    def sweep(self) -> None:
        """Delete unreferenced files, unless the run has readers; then a later commit does."""
        self.stale |= self.kept.dropped
        self.kept.dropped = set()
        self.stale = {name for name in self.stale if name not in self.kept.references}
        if not self.stale:
            return
        with unread(self.files.folder) as free:
            if free:
                self.files.delete(self.stale)
                self.stale = set()

    def _hashed(self, name: str, agent: Agent) -> Hashed:
        known = self.hashes.get(id(agent))
        if known is not None and known.changes != changes(agent):
            raise ValueError(
                f"agent {name} was changed in place: a learner must return new tensors"
            )
        return Hashed.now(agent, content_hash(agent)) if known is None else known

    def _check_kept(self, record: Mapping[str, Any], agents: Mapping[str, Agent]) -> None:
        """ValueError if an agent kept since the last commit has been changed.

        torch does not count writes through NumPy or `.data`. Only the niches that were active until
        now are checked. Other agents are checked by the engine whenever they are evaluated; hashing
        all of them would add to the cost of every iteration.
        """
        for niche in (*record["active"], *record["retired"]):
            name = niche["agent"]
            known = self.hashes.get(id(agents[name]))
            if known is None or niche["id"] not in self.kept.active:
                continue
            if content_hash(known.agent) != known.hash:
                raise ValueError(
                    f"agent {name} was changed in place: a learner must return new tensors"
                )

    def _niche_cells(self, record: Mapping[str, Any], named: Mapping[str, str]) -> list[Cells]:
        """The rows of the record's niches, those left out that had retired before."""
        found = []
        for niche in (*record["retired"], *record["active"]):
            if self.kept.holds(niche):
                continue
            agent, old = named[niche["agent"]], self.kept.active.get(niche["id"])
            whole = {
                **niche,
                **rows.computed("niches", niche),
                "agent": agent,
                "birth_agent": agent if old is None else old["birth_agent"],
                "solver": solver(niche, agent, old),
            }
            found.append(rows.cells("niches", whole, f"niche {niche['id']}"))
            _check_task(found[-1], old)
        return found

    def _add(self, niches: Sequence[Cells], written: Mapping[str, int]) -> list[Cells]:
        """Add the rows to the cached state; the rows of the niches that retired."""
        for cells in niches:
            agent = cells["agent"]
            known = written.get(agent) or self.kept.sizes.get(agent) or self.files.size(agent)
            self.kept.add(cells, known)
        return [cells for cells in niches if cells["died"] is not None]

    def _check_sizes(self) -> None:
        """ValueError if the run exceeds a limit beyond which it could not be opened again."""
        if self.kept.weights > MOST_WEIGHTS:
            raise ValueError(
                f"{self.path}: the agents of all niches have {readable(self.kept.weights)}, at "
                f"most {readable(MOST_WEIGHTS)} can be read together: use smaller agents, or fewer "
                "niches"
            )
        for most in ("active", "retired"):
            number = self.kept.counts[most]
            if number > MOST_ROWS:
                raise ValueError(
                    f"{self.path}: a run has at most {MOST_ROWS} {most} niches, got {number}"
                )
        for name in ("archive.db", "archive.db-wal"):
            part = self.path / name
            if part.exists() and part.stat().st_size > MOST_DATABASE - ROOM:
                raise ValueError(
                    f"{part} has {readable(part.stat().st_size)}, a run's archive at most "
                    f"{readable(MOST_DATABASE)}: launch a new run that is seeded from this one"
                )

    def _transaction(
        self,
        niches: Sequence[Cells],
        parts: Mapping[str, str],
        added: Mapping[str, Sequence[Cells]],
        summary: Cells,
    ) -> None:
        summary["state"] = chain.state_of(self.kept.active.values(), parts)
        written = {**added, "settings": self._first_settings(added["settings"])}
        summary["chain"] = chain.link(self.kept.last["chain"], written, summary)
        try:
            self.database.execute("BEGIN IMMEDIATE")
            for cells in niches:
                self._put("niches", cells, "INSERT OR REPLACE")
            for part, text in parts.items():
                if text != self.kept.parts.get(part):
                    self._put("checkpoint", {"part": part, "value": text}, "INSERT OR REPLACE")
            for table in chain.ADDED:
                for cells in added[table] if table != "niches" else ():
                    self._put(table, cells)
            if self.session is not None:
                self._put("sessions", session_row(self.session, summary["iteration"]))
            self._put("iterations", summary)
            self.database.execute("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise
        self.kept.parts = dict(parts)
        self.kept.last = {name: summary[name] for name in LAST}

    def _first_settings(self, changed: Sequence[Cells]) -> Sequence[Cells]:
        """The settings that the iteration's hash covers: with the first iteration, those of the
        launch too.
        """
        if self.kept.last["iteration"] >= 0:
            return changed
        names = tuple(COLUMNS["settings"])
        found = self.database.execute(f"SELECT {', '.join(names)} FROM settings")
        return [*(dict(zip(names, row, strict=True)) for row in found), *changed]

    def _put(self, table: str, cells: Cells, how: str = "INSERT") -> None:
        marks = ", ".join("?" * len(cells))
        self.database.execute(
            f"{how} INTO {table} ({', '.join(cells)}) VALUES ({marks})", list(cells.values())
        )


def _check_task(cells: Cells, old: Cells | None) -> None:
    """ValueError if the niche had another task in the last commit; a niche keeps its task for
    ever.
    """
    if old is not None and cells["task"] != old["task"]:
        raise ValueError(
            f"the task of niche {cells['id']} was changed in place: families and learners must "
            "leave tasks as they are"
        )

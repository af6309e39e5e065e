"""Replays for the page: evaluations of stored agents, computed again when they are asked for.

A stored agent is a niche's last one, the one that it had after the iteration of its birth, or the
best one since it was first solved. With the stream of its archived score it gets that score again,
to the last bit.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .parts import Tables, check_complete, make_part
from .plugin_files import trusted
from .replays import STUDENT
from .training_state import completed
from .wiring import Parts, wire

if TYPE_CHECKING:
    from openpoet.archive.page.clips import Clip
    from openpoet.archive.page.opened import OpenRun
    from openpoet.archive.page.view import RunView
    from openpoet.archive.replay.episode import Episode
    from openpoet.poet.streams import Key

MOST_KEPT = 64  # replays that are kept
MOST_WAITING = 8  # replays that are asked for and not ready
FINER = 5
RAYS = ("ray",)  # a layer that is left out of files: half of all numbers of a walker's poses
COLUMNS = {"last": "agent", "birth": "birth_agent", "solver": "solver"}  # of stored agents
LONGEST_WAIT = 5.0  # seconds for a replay, then the page asks again
# of niche ?1 and of the agent of niche ?2; ?3: at birth
_STORED = """SELECT home.id, home.born, home.task, home.score_key, other.{column} AS agent,
    CASE WHEN ?3 THEN first.score ELSE home.score END AS score
    FROM niches AS other JOIN niches AS home
    LEFT JOIN scores AS first ON first.niche = home.id AND first.iteration = home.born
    WHERE home.id = ?1 AND other.id = ?2"""


@dataclass
class Replays:
    """Evaluations of a run's stored agents, computed again one at a time in a thread, and kept.

    recorded: niches whose last evaluation is not computed, with its recording. finer: by how much
    coordinates are finer than those of outlines.
    """

    run: OpenRun
    tables: Tables
    recorded: Mapping[int, Clip] = field(default_factory=dict)
    finer: int = FINER
    _warmed: bool = False
    _kept: OrderedDict[tuple[Any, ...], Future[dict[str, Any]]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _computing: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def parts(self) -> Parts:
        """Family and learner; their kernels are compiled if that was not done before."""
        from .devices import choose_device

        tables = trusted(self.tables)
        check_complete(tables)
        choose_device(tables, "auto")
        parts = wire(tables, 1)
        if ready := getattr(parts.setup.family, "prepare", None):
            ready(lambda text: None)
        return parts

    def warm(self) -> None:
        """Make learner and family in the background; what they compile is kept for all runs. Where
        there are recordings, which need neither, when the first of them is asked for.
        """
        if not self.recorded:
            self._warm()

    def _warm(self) -> None:
        if not self._warmed:
            self._warmed = True
            self._started(lambda: {"": self.parts})

    def _started(self, work: Callable[[], dict[str, Any]]) -> Future[dict[str, Any]]:
        """The result of work in a thread, one at a time; the program's end does not wait for it."""
        future: Future[dict[str, Any]] = Future()

        def run() -> None:
            with self._computing:
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)

        threading.Thread(target=run, name="replay", daemon=True).start()
        return future

    def replay(self, view: RunView, niche: int, agent: int, at: str) -> dict[str, Any]:
        """The evaluation of a stored agent of niche `agent` in niche `niche`, for the page.

        at: "last"; "birth" for the agent that niche `agent` had after the iteration of its birth;
        "solver" for its best agent since it was first solved. BusyError if it takes long;
        UnknownError if there is no such niche or agent.
        """
        from openpoet.archive.page.routes import BusyError

        if (clip := self._recorded(niche, agent, at)) is not None:
            self._warm()
            return clip
        wanted = self._agent_name(niche, agent, at)
        with self._lock:
            future = self._kept.get(wanted)
            if future is None:
                waiting = sum(not one.done() for one in self._kept.values())
                if waiting >= MOST_WAITING:
                    raise BusyError("too many replays are being computed", 2.0)
                future = self._started(lambda: self.now(view, niche, agent, at))
                self._kept[wanted] = future
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(wanted)
        try:
            return future.result(LONGEST_WAIT)
        except NotYet:
            raise BusyError("computing the replay (the first compiles the physics)", 1.0) from None
        except Exception:
            with self._lock:
                self._kept.pop(wanted, None)
            raise

    def _agent_name(self, niche: int, agent: int, at: str) -> tuple[Any, ...]:
        """What determines a replay: another score or agent is another replay."""
        from openpoet.archive.page.details import UnknownError

        with self.run.snapshot():
            home = next(self.run.each_row("SELECT score_key FROM niches WHERE id = ?", niche), None)
            row = next(
                self.run.each_row(f"SELECT {COLUMNS[at]} AS name FROM niches WHERE id = ?", agent),
                None,
            )
        if home is None or row is None:
            raise UnknownError(f"there is no niche {niche if home is None else agent} in this run")
        if row["name"] is None:
            raise UnknownError(f"this run has no agent of niche {agent} that solved it")
        return niche, agent, at, row["name"], json.dumps(home["score_key"])

    def _recorded(self, niche: int, agent: int, at: str) -> dict[str, Any] | None:
        """The recording of an evaluation; None if there is none."""
        clip = self.recorded.get(niche) if (niche, "last") == (agent, at) else None
        return None if clip is None else dict(clip)

    def now(
        self, view: RunView, niche: int, agent: int, at: str, without: Collection[str] = ()
    ) -> dict[str, Any]:
        """The same, computed in this thread, however long it takes; without: layers left out."""
        from openpoet.archive.page.poses import replay_of
        from openpoet.archive.page.thumbnails import scale_of

        if (clip := self._recorded(niche, agent, at)) is not None:
            return clip
        query = _STORED.format(column=COLUMNS[at])
        found = self.run.stored_agent(query, niche, agent, at == "birth")
        assert found is not None, "both niches were there"
        (row, weights), own = found, niche == agent
        if not weights:  # a level of a curriculum, in which the student acts
            return self.now(view, niche, STUDENT, "last", without)
        episode = self._episode(row, weights, agent, at_birth=own and at == "birth")
        family = self.parts.setup.family
        scale = view.words.scale or scale_of(family.outline(episode.task, None))
        named = {
            "niche": niche,
            "agent": agent,
            "at": at,
            "archived": row["score"] if own and at != "solver" else None,
        }
        return named | replay_of(episode, scale / self.finer, without)

    def _episode(self, row: Any, weights: Any, agent: int, *, at_birth: bool) -> Episode:
        from openpoet.archive.replay.episode import record_episode
        from openpoet.poet.agent_tensors import check_hyperparameters, check_tensors, made_by

        from .sessions import one_torch_thread

        setup = self.parts.setup
        with one_torch_thread():
            expected, advice = made_by(setup.learner), "the archive is damaged"
            weights = completed(setup.learner, weights, expected)
            check_tensors(weights, expected, f"niche {agent}", advice)
            check_hyperparameters(weights, setup.learner, f"niche {agent}", advice)
            task = setup.family.decode(row["task"])
            return record_episode(
                lambda family: make_part("learner", self.tables, 1, family),
                setup.family,
                weights,
                task,
                self._key(row, task, at_birth),
                title=self.parts.title(task),
            )

    def _key(self, row: Any, task: Any, at_birth: bool) -> Key:
        """The stream of the niche's last score, or of that in the iteration of its birth; where it
        has none, that of its task.
        """
        from openpoet.poet.niche import Niche
        from openpoet.poet.streams import Key
        from openpoet.poet.trial_keys import score_key, task_key

        setup, stored = self.parts.setup, row["score_key"]
        if at_birth and row["born"] > 0:
            iteration = Key(setup.config.seed, ("iteration", row["born"] - 1))
            return score_key(iteration, Niche(row["id"], None, row["born"], task, {}))
        if not stored or at_birth:
            return task_key(setup.config.seed, setup.family, task)
        seed, *path = stored
        if not isinstance(seed, int) or not all(isinstance(name, int | str) for name in path):
            raise ValueError(f"{self.run.path} is damaged: the key of a score is {stored!r:.80}")
        return Key(seed, tuple(path))

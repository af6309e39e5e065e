"""The first view of a run, and what was added to it since: its niches, scores, transfers and curves
as plain data for the page.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .curves import brief, curves_of, moves_of, scores_of, stride_of
from .history import MOST_NICHES, History
from .opened import OpenRun
from .words import TaskWords, Words, numbers, shown

THUMBNAILS = 400  # of a view; others are sent on request
NICHE = "id, parent, born, died, solved, score, best, before, novelty, source"
SCORES = ("score", "best", "before", "novelty")


@dataclass(frozen=True)
class About:
    """What a run's settings say, for the head of the page."""

    family: str = ""
    learner: str = ""
    seed: int | None = None
    iterations: int = 0
    solved_score: float | None = None
    criterion: Sequence[float | None] = ()  # mc_low, mc_high
    command: str = ""
    words: TaskWords = field(default_factory=lambda: TaskWords(str))


class RunView:
    """One run's data for pages. Its methods may be called from any thread."""

    def __init__(self, run: OpenRun, about: About) -> None:
        self.run, self.about = run, about
        self.history, self.words = History(run), Words(about.words)
        self.lock = threading.RLock()

    def view(
        self,
        since: int | None = None,
        stride: int | None = None,
        *,
        pictures: int | None = THUMBNAILS,
    ) -> dict[str, Any]:
        """The whole view, or what was added after iteration `since`.

        pictures: how many niches have a thumbnail at most; None: all.
        The whole one too if `since` is not an iteration of the run, or if scores no longer have the
        stride of the page's last view.
        """
        with self.lock, self.run.snapshot():
            self.history.advance()
            now = stride_of(self.history)
            if since is None or not 0 <= since <= self.history.iteration or stride != now:
                since = None
            niches = self._niches(since, pictures)
            start = -1 if since is None else since
            return {
                **self.head(),
                "since": since,
                "score_stride": now,
                **({"score_range": self._range()} if since is None else {}),
                "scale": self.words.scale,
                "adapts": any(niche["before"] is not None for niche in niches),
                "niches": niches,
                "scores": scores_of(self.history, start, now),
                "transfers": moves_of(self.history, start),
                "curves": curves_of(self.history, start, self._solved()),
            }

    def curves(self) -> dict[str, Any]:
        """The curves alone, to compare runs."""
        with self.lock, self.run.snapshot():
            self.history.advance()
            return {**self.head(), "curves": curves_of(self.history, -1, self._solved())}

    def head(self) -> dict[str, Any]:
        about, at = self.about, self.history.iteration
        steps = self.history.summary["steps"]
        return {
            "name": shown(self.run.path.name),
            "state": self.run.state(at, about.iterations),
            "iteration": at,
            "iterations": about.iterations,
            "family": shown(about.family),
            "learner": shown(about.learner),
            "seed": about.seed,
            "command": shown(about.command),
            "solved_score": about.solved_score,
            "mc": list(about.criterion),
            "total_steps": int(steps[-1]) if steps else 0,
        }

    def _range(self) -> list[Any]:
        """The range of the scores' colours: their 2nd and 98th percentile."""
        values = sorted(
            value for scores in self.history.scores.values() for value in scores.value[::8]
        )
        if not values:
            return [0, 1]
        return [brief(values[len(values) // 50]), brief(values[-1 - len(values) // 50])]

    def _niches(self, since: int | None, pictures: int | None) -> list[dict[str, Any]]:
        """The niches of the view, oldest first; of an increment those it may have changed."""
        where = "WHERE died IS NULL OR died > ?1 OR born > ?1" if since is not None else ""
        rows = list(
            self.run.each_row(
                f"SELECT {NICHE} FROM niches {where} ORDER BY id LIMIT {MOST_NICHES + 1}",
                *(() if since is None else (since,)),
            )
        )
        if len(rows) > MOST_NICHES:
            raise ValueError(f"a page shows at most {MOST_NICHES:,} niches of a run")
        new = [row for row in rows if since is None or row["born"] > since]
        new.sort(key=lambda row: (row["died"] is not None, -row["id"]))
        pictured = {row["id"] for row in new[:pictures]}
        return [self.niche(row, row["id"] in pictured) for row in rows]

    def task(self, niche: int) -> Any:
        (row,) = self.run.each_row("SELECT task FROM niches WHERE id = ?", niche)
        return row["task"]

    def niche(self, row: Mapping[str, Any], picture: bool) -> dict[str, Any]:
        """A row of NICHE for the page; picture: with its thumbnail. Within a snapshot."""
        id = row["id"]
        task = self.task(id) if picture or not self.words.has_title(id) else None
        title, level = self.words.title(id, task)
        outline = self.words.thumbnail(id, task) if picture else None
        return {
            **row,
            **{name: brief(row[name]) for name in SCORES},
            "source": shown(row["source"]),
            "title": title,
            "classes": level,
            "describe": numbers(task) if picture and outline is None else None,
            "outline": outline,
        }

    def _solved(self) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row in self.run.database.execute(
            "SELECT id, solved FROM niches WHERE solved IS NOT NULL ORDER BY solved"
        ):
            level = self.words.title(row[0], None)[1] if self.words.has_title(row[0]) else None
            if level is not None:
                found[level].append(row[1])
        return found

"""News of commits: runs are polled while a page is open, at a cost of microseconds.

A page is notified that there is new data, and requests it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .site import Site

EVERY = 0.5  # seconds between two looks; news of one run comes at most every second one
LIST_EVERY = 4  # looks between two at the list of runs


@dataclass(frozen=True)
class News:
    """What is known of a run. seen: number of the look in which it last changed."""

    iteration: int
    state: str
    seen: int


class Monitor:
    """Looks at runs in a thread of its own, while there are listeners."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.changed = threading.Condition()
        self.news: Mapping[str, News] = {}
        self.listed = 0  # number of the look in which the list of runs last changed
        self._ids: tuple[str, ...] = ()
        self._versions: dict[str, int] = {}
        self._listeners: dict[str | None, int] = {}
        self._look = 0
        self._ended = False
        threading.Thread(target=self._run, name="monitor", daemon=True).start()

    def listen(self, run: str | None, by: int = 1) -> None:
        """Count a listener to one run, or to all; by=-1: it has left."""
        with self.changed:
            self._listeners[run] = self._listeners.get(run, 0) + by
            if not self._listeners[run]:
                del self._listeners[run]
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self._ended = True
            self.changed.notify_all()

    @property
    def ended(self) -> bool:
        return self._ended

    def _run(self) -> None:
        while True:
            with self.changed:
                while not self._listeners and not self._ended:
                    self.changed.wait()
                if self._ended:
                    return
                wanted = set(self._listeners)
            self._look_at(wanted)
            time.sleep(EVERY)

    def _look_at(self, wanted: set[str | None]) -> None:
        look, listed = self._look + 1, self.listed
        if None in wanted and (look % LIST_EVERY == 0 or not self._ids):
            ids = tuple(self.site.ids())
            if ids != self._ids:
                self._ids, listed = ids, look
        news = dict(self.news)
        for id in self._due(wanted, news, look):
            found = self._news(id, news.get(id), look)
            if found is not None:
                news[id] = found
        with self.changed:
            self._look = look
            if news != self.news or listed != self.listed:
                self.news, self.listed = news, listed
                self.changed.notify_all()

    def _due(self, wanted: set[str | None], news: Mapping[str, News], look: int) -> set[str]:
        """The runs to look at: those that are listened to, and of the list those that go on; the
        others less often.
        """
        listed = self._ids if None in wanted else ()
        going = {id for id in listed if id in news and news[id].state == "running"}
        return (going if look % LIST_EVERY else set(listed)) | {id for id in wanted if id}

    def _news(self, id: str, before: News | None, look: int) -> News | None:
        """News of a run if there are any. A commit right after another waits for the next look."""
        if before is not None and look - before.seen < 2:
            return None
        try:
            run = self.site.view(id).run
            version = run.version()
            if before is not None and version == self._versions.get(id):
                iteration = before.iteration
            else:
                iteration = _iteration(run)
            self._versions[id] = version
            state: str = run.state(iteration, self.site.view(id).about.iterations)
        except (ValueError, OSError):
            iteration, state = before.iteration if before else -1, "damaged"
        if before is not None and (before.iteration, before.state) == (iteration, state):
            return None
        return News(iteration, state, look)


def _iteration(run: Any) -> int:
    with run.snapshot():
        (row,) = run.each_row("SELECT coalesce(max(iteration), -1) AS last FROM iterations")
        return int(row["last"])

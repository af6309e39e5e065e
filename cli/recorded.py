"""Recorded evaluations of the museum: shown at once, while the simulator is compiled.

Nothing here loads torch before the first picture.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .page_data import open_page
from .page_replays import RAYS

if TYPE_CHECKING:
    from openpoet.archive.page.clips import Clip
    from openpoet.archive.replay.episode import Episode

    from .replays import Replays


def make_clips(path: Path, out: Path) -> int:
    """Record the last evaluation of every niche of a run or pack that has an agent; the size of the
    file [bytes].
    """
    from openpoet.archive.page.clips import write_clips
    from openpoet.archive.page.view import RunView
    from openpoet.archive.store.measures import with_agents

    run, about, replays = open_page(path)
    replays.recorded = {}  # of earlier recordings, which may be those of another run's niches
    replays.finer = 1  # less than two thirds of the size; a centimetre is not seen
    try:
        with run.snapshot():
            niches = [row["id"] for row in with_agents(run)]
        record = partial(replays.now, RunView(run, about), at="last", without=RAYS)
        return write_clips(out, {niche: record(niche, niche) for niche in niches})
    finally:
        run.close()


def view_recorded(name: str, start: int | None, open_replays: Callable[[], Replays]) -> bool:
    """Show the recorded evaluations of a pack of the museum in a window, and simulated ones when
    they are ready. Without effect, and False, if `start` was not recorded.

    start: a niche; None: the youngest. open_replays: is called in a thread.
    """
    from openpoet.archive.museum.files import packs
    from openpoet.archive.page.clips import clips_of

    path = packs().get(name)
    clips = {} if path is None else clips_of(path)
    if not clips or start not in (None, *clips):
        return False
    from openpoet.archive.replay.viewer import view

    first = RecordedFirst(clips, open_replays)
    view(first.load, first.titles(), max(clips) if start is None else start)
    return True


class RecordedFirst:
    """Episodes for the viewer: recorded ones until the simulator is ready, then simulated ones.

    With the first episode a thread starts that prepares the simulator. The program's end does not
    wait for it.
    """

    def __init__(self, clips: Mapping[int, Clip], open_replays: Callable[[], Replays]) -> None:
        self.clips, self.open_replays = clips, open_replays
        self.ready: Future[Replays] | None = None

    def titles(self) -> list[tuple[int, str]]:
        """Number and task, in words, of every niche that has a recorded evaluation."""
        return [(niche, clip["title"]) for niche, clip in self.clips.items()]

    def load(self, niche: int, agent: int) -> Episode:
        """The agent of niche `agent` in niche `niche`. Waits for the simulator if it was not
        recorded.
        """
        from openpoet.archive.page.clips import episode_of

        ready = self._preparing()
        if niche == agent and niche in self.clips and not ready.done():
            return episode_of(self.clips[niche])
        from .sessions import one_torch_thread

        replays = ready.result()
        with one_torch_thread():
            return replays.load(niche, agent)

    def _preparing(self) -> Future[Replays]:
        if self.ready is None:
            self.ready = Future()
            threading.Thread(target=self._prepare, args=(self.ready,), daemon=True).start()
        return self.ready

    def _prepare(self, ready: Future[Replays]) -> None:
        try:
            ready.set_result(self.open_replays())
        except BaseException as error:
            ready.set_exception(error)  # raised by the next `load`

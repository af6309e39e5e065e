"""TensorBoard events of a run, in its folder `tb/`: a curve a number, an iteration a point.

They are for looking at, not kept by the archive's rules: a run without its tb/ is still whole.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .files import make_folder

if TYPE_CHECKING:
    from poet.niche import Population


class Events:
    """Writes the points of a run that goes on after iteration `resume_at`; points beyond it are taken back.

    earlier: environment steps of the run that this process did not take; without it their curve is not drawn.
    """

    def __init__(self, folder: Path, resume_at: int, earlier: int | None = None) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # slow to import: only when a run is driven
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        make_folder(folder)
        self.writer = EventFileWriter(str(folder))
        self.earlier = earlier
        self.seen: tuple[float, int] | None = None  # clock [s] and steps at the last point
        if resume_at > 0:
            # A kill may have cut between a point and its commit: readers drop points from this step on.
            start = SessionLog(status=SessionLog.START)
            self.writer.add_event(Event(wall_time=time.time(), step=resume_at + 1, session_log=start))

    def write(self, population: Population, steps: int) -> None:
        """The point of an iteration that has ended; steps: environment steps so far in this process."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in self._scalars(population, steps).items()]
        now, iteration = time.time(), population.iteration
        self.writer.add_event(Event(wall_time=now, step=iteration, summary=Summary(value=values)))
        self.writer.flush()

    def _scalars(self, population: Population, steps: int) -> dict[str, float]:
        scores = [niche.scores[-1] for niche in population.active if niche.scores]
        found: dict[str, float] = {
            "niches/active": len(population.active),
            "niches/ever": len(population.active) + len(population.retired),
            "annecs/paper": population.annecs,
            "annecs/reference code": population.annecs_reference,
        }
        if scores:
            found |= {"score/best": max(scores), "score/median": statistics.median(scores)}
        gains = [niche.scores[-1] - niche.before for niche in population.active if niche.before is not None]
        if gains:
            found["gain/median"] = statistics.median(gains)
        if self.earlier is not None:
            found["environment steps"] = self.earlier + steps
        now = time.monotonic()
        if self.seen is not None and now > self.seen[0]:
            found["steps per second"] = (steps - self.seen[1]) / (now - self.seen[0])
        self.seen = now, steps
        return found

    def close(self) -> None:
        self.writer.close()

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

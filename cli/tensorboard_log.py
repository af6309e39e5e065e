"""TensorBoard events of a run, in its folder `tb/`: one curve for each measure, one point for each
iteration.

They are not part of the archive: a run without its tb/ is complete, and an error in writing them
does not stop the run.
"""

from __future__ import annotations

import os
import socket
import statistics
import time
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from openpoet.archive.store.files import make_folder

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

    from openpoet.poet.niche import Population

    from .output import Failures


class Events:
    """Writes the points of a run that continues after iteration `resume_at`; later points are
    discarded.

    After the first error, noted in `failures`, nothing more is written: a record may be incomplete,
    and readers stop there.
    """

    def __init__(self, folder: Path, resume_at: int, failures: Failures) -> None:
        # slow to import: only when a run is driven
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self.folder, self.failures = folder, failures
        self.file: IO[bytes] | None = None
        self.seen: tuple[float, int] | None = None  # clock [s] and steps at the last point
        try:
            make_folder(folder)
            # TensorBoard reads files of this form in the order of their names. Its own writer runs
            # in another thread, whose errors cannot be caught here.
            name = f"events.out.tfevents.{time.time():017.6f}.{socket.gethostname()}.{os.getpid()}"
            self.file = (folder / name).open("xb")
        except (OSError, ValueError) as error:  # ValueError: it is no folder of this run
            failures.note(str(folder), error)
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if resume_at > 0:
            # A kill may have cut between a point and its commit: readers drop points from this step
            # on.
            start = SessionLog(status=SessionLog.START)
            self._add(Event(wall_time=time.time(), step=resume_at + 1, session_log=start))

    def write(self, population: Population, steps: int) -> None:
        """The point of an iteration that has ended; steps: of the environment, in the whole run."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [
            Summary.Value(tag=tag, simple_value=value)
            for tag, value in self._scalars(population, steps).items()
        ]
        self._add(
            Event(wall_time=time.time(), step=population.iteration, summary=Summary(value=values))
        )

    def _add(self, event: Event) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        if self.file is None:
            return
        try:
            RecordWriter(self.file).write(event.SerializeToString())
            self.file.flush()
        except OSError as error:
            self.failures.note(str(self.folder), error)
            self.close()

    def _scalars(self, population: Population, steps: int) -> dict[str, float]:
        scores = [niche.scores[-1] for niche in population.active if niche.scores]
        found: dict[str, float] = {
            "niches/active": len(population.active),
            "niches/ever": len(population.active) + len(population.retired),
            "annecs/paper": population.annecs,
            "annecs/reference code": population.annecs_reference,
            "environment steps": steps,
        }
        if scores:
            found |= {"score/best": max(scores), "score/median": statistics.median(scores)}
        gains = [
            niche.scores[-1] - niche.before
            for niche in population.active
            if niche.before is not None
        ]
        if gains:
            found["gain/median"] = statistics.median(gains)
        now = time.monotonic()
        if self.seen is not None and now > self.seen[0]:
            found["steps per second"] = (steps - self.seen[1]) / (now - self.seen[0])
        self.seen = now, steps
        return found

    def close(self) -> None:
        file, self.file = self.file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self.failures.note(str(self.folder), error)

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

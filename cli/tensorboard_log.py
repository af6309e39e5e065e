"""TensorBoard events of a run, in its folder `tb/`: one curve for each measure, one point for each
iteration.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from openpoet.archive.store.files import make_folder

from .events import Measured

if TYPE_CHECKING:
    from tensorboard.compat.proto import event_pb2

    from .events import Event


class TensorBoard:
    """The listener that writes the points of a run that continues after iteration `resume_at`;
    later points are discarded.
    """

    def __init__(self, folder: Path, resume_at: int) -> None:
        # slow to import: only when a run is driven
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        make_folder(folder)
        # TensorBoard reads files of this form in the order of their names. Its own writer runs in
        # another thread, whose errors cannot be caught here.
        name = f"events.out.tfevents.{time.time():017.6f}.{socket.gethostname()}.{os.getpid()}"
        self.file: IO[bytes] = (folder / name).open("xb")
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if resume_at > 0:
            # A kill may have cut between a point and its commit: readers drop points from this step
            # on.
            start = SessionLog(status=SessionLog.START)
            self._add(Event(wall_time=time.time(), step=resume_at + 1, session_log=start))

    def write(self, events: Sequence[Event]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        for event in events:
            if isinstance(event, Measured):
                values = [
                    Summary.Value(tag=tag, simple_value=value)
                    for tag, value in event.curves().items()
                ]
                point = Summary(value=values)
                self._add(Event(wall_time=time.time(), step=event.iteration, summary=point))

    def _add(self, event: event_pb2.Event) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        RecordWriter(self.file).write(event.SerializeToString())
        self.file.flush()

    def close(self) -> None:
        self.file.close()

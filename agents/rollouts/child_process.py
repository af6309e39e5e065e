"""Another process of this machine that has the same learner, and answers calls of it.

It is a fresh interpreter; messages are pickled and go through its standard input and output. It
ends when its input does, so when this process ends, however that happens.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Protocol

import torch

from .remote_errors import with_frames
from .source_code import source_code

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Learner

_CODE = (
    "import pickle, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "sys.path[:] = pickle.load(sys.stdin.buffer); "
    f"from {__name__} import serve; serve()"
)


class SourceChangedError(ValueError):
    """Source was edited after this process imported it: a new process would have other code."""


class Counted(Protocol):
    """A family that counts the environment steps of its simulators (cli.meter.Meter)."""

    steps: int

    def add_steps(self, steps: int) -> None: ...


# makes the learner, and the family that counts its steps, in another process
Build = Callable[[], "tuple[Learner, Counted]"]


class ChildProcess:
    """Another process, and the pipes to it."""

    def __init__(self, code: str, build: Build) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ready = threading.Event()  # or failed
        self.failure: Exception | None = None
        self.calls = 0
        threading.Thread(target=self._start, args=(code, build), daemon=True).start()

    def check(self) -> None:
        """Raise the error that its start ended with, if it did."""
        if self.failure is not None:
            raise self.failure

    def call(self, *arguments: Any) -> tuple[Any, int]:
        """What the learner there returns, and the environment steps it took. An error there is
        raised here, with the frames it had (remote_errors).
        """
        self.calls += 1
        answer = self._exchange(arguments)
        if isinstance(answer, Exception):
            raise answer
        return answer  # as `serve` makes it

    def _start(self, code: str, build: Build) -> None:
        try:
            assert self.process.stdin is not None, "it is a pipe"
            pickle.dump(sys.path, self.process.stdin)
            self.failure = self._exchange((code, build))
        except Exception as error:
            self.failure = error
        self.ready.set()

    def _exchange(self, message: Any) -> Any:
        source, sink = self.process.stdout, self.process.stdin
        assert source is not None, "it is a pipe"
        assert sink is not None, "it is a pipe"
        try:
            send(message, sink)
            return pickle.load(source)
        except (EOFError, BrokenPipeError):
            code = self.process.wait()
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise RuntimeError(
                f"a worker process has ended ({reason}), perhaps for lack of memory: resume with "
                "fewer workers"
            ) from None


def serve() -> None:
    """In another process: build the learner, then answer calls until the input ends."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the parent decides, and ends the input
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a user's file prints must not get among the answers
    try:
        code, build = pickle.load(source)
        if code != source_code():
            raise SourceChangedError("openpoet's source was edited while the run was going")
        learner, family = build()
    except Exception as error:
        send(with_frames(error), sink)
        return
    send(None, sink)
    while True:
        try:
            name, *pairs = pickle.load(source)
        except EOFError:
            return
        before = family.steps
        answer: Any
        try:
            answer = getattr(learner, name)(*pairs), family.steps - before
        except Exception as error:
            answer = with_frames(error)
        try:
            send(answer, sink)
        except BrokenPipeError:  # the parent was killed
            return


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """A tensor as a NumPy array: torch's own pickling writes an archive in memory for each."""
        if type(value) is not torch.Tensor or value.device.type != "cpu" or value.requires_grad:
            return NotImplemented
        try:
            return torch.from_numpy, (value.numpy(),)
        except TypeError:  # a type that NumPy lacks
            return NotImplemented


def send(message: Any, sink: IO[bytes]) -> None:
    """Pickle to a pipe. ValueError if it cannot be; then nothing has been sent."""
    buffer = io.BytesIO()
    try:
        _Pickler(buffer, protocol=5).dump(message)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(
            f"an agent or task cannot be sent to another process: pickle refuses it: {error}; "
            "use one worker"
        ) from error
    sink.write(buffer.getbuffer())
    sink.flush()

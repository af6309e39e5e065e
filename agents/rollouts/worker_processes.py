"""A learner whose pairs of agent and task are divided among processes of this machine.

Pairs are independent and each has its own random key, so the results are those of one process, bit
for bit. Of n workers one is this process, which computes pairs too; the other n - 1 are fresh
interpreters that build the same learner from its settings. They are not forked: a fork would copy
locks held by other threads, and the open files of the run folder. Objects are pickled only between
this process and the ones it has started, through their standard input and output.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from .remote_errors import with_frames
from .source_code import source_code

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Learner, Task
    from openpoet.poet.streams import Key

# A process takes seconds to import torch. None is started before the calls that it could have
# shared have taken this long [s]; short runs never need one.
START_AFTER = 2.0
# Contiguous parts of a call for each process: several, since pairs take different times.
PARTS = 4
_CODE = (
    "import pickle, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "sys.path[:] = pickle.load(sys.stdin.buffer); "
    f"from {__name__} import serve; serve()"
)


class Counted(Protocol):
    """A family that counts the environment steps of its simulators (cli.meter.Meter)."""

    steps: int

    def add_steps(self, steps: int) -> None: ...


Call = Callable[[str, Sequence[Any], Sequence[Any], Sequence[Any]], Any]
# makes the learner, and the family that counts its steps, in another process
Build = Callable[[], "tuple[Learner, Counted]"]


class WorkerProcesses:
    """Learner (poet.interfaces): `learner` with its two batched calls divided among processes.

    family: what counts the learner's steps here. build: called once in each other process; it must
    be picklable. workers: processes, this one included.
    """

    def __init__(self, learner: Learner, family: Counted, build: Build, workers: int) -> None:
        self.learner, self.family, self.build = learner, family, build
        self.workers = workers
        self._code = source_code()  # now: it may be edited before other processes import it
        self._others: list[_Worker] = []
        self._shareable = 0.0  # seconds of calls that more processes would have shortened
        weakref.finalize(self, _stop, self._others)

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """As the learner's."""
        parts = self._divided("improve", agents, tasks, keys)
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]  # the learner's own answer
        improved = [agent for part, _ in parts for agent in part]
        return improved, np.concatenate([steps for _, steps in parts])

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """As the learner's."""
        parts = self._divided("evaluate", agents, tasks, keys)
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]  # the learner's own answer
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def start(self, others: int | None = None) -> None:
        """Start processes besides this one, until there are `others` of them, and wait for all.

        Optional: `improve` and `evaluate` start them when there is enough to do.
        """
        self._start(self.workers - 1 if others is None else others)
        for worker in self._others:
            worker.ready.wait()
            worker.check()

    def close(self) -> None:
        """End the other processes at once. A later call may start them again."""
        _stop(self._others)

    def __getattr__(self, name: str) -> Any:  # init, adopt, ...: not worth a message
        return getattr(self.learner, name)

    def _divided(self, name: str, *pairs: Sequence[Any]) -> list[Any]:
        """What the learner's method returns for each contiguous part of the pairs, in order."""
        n = len(pairs[0])
        ready = [worker for worker in self._others if worker.ready.is_set()][: max(0, n - 1)]
        if self.workers == 1 or not ready:
            began = time.monotonic()
            answer = getattr(self.learner, name)(*pairs)
            self._note(n, time.monotonic() - began)
            return [answer]
        size = max(1, n // (PARTS * (len(ready) + 1)))
        call = _Call(name, [slice(at, at + size) for at in range(0, n, size)], pairs)
        for worker in ready:
            worker.check()
        threads = [threading.Thread(target=call.work, args=(worker.call,)) for worker in ready]
        began = time.monotonic()
        try:
            for thread in threads:
                thread.start()
            call.work(lambda *part: getattr(self.learner, part[0])(*part[1:]), here=True)
            for thread in threads:
                thread.join()
            if call.failures:
                raise call.failures[min(call.failures)]
        except BaseException:  # Ctrl-C among others: what still runs is of no use
            self.close()
            raise
        self._note(n, time.monotonic() - began)
        self.family.add_steps(sum(call.steps))
        return [call.answers[place] for place in sorted(call.answers)]

    def _note(self, pairs: int, seconds: float) -> None:
        """Start processes once enough time has been spent on calls that they would share."""
        wanted = min(self.workers, pairs) - 1
        if wanted > len(self._others):
            self._shareable += seconds
            if self._shareable >= START_AFTER:
                self._start(wanted)

    def _start(self, others: int) -> None:
        while len(self._others) < others:
            self._others.append(_Worker(self._code, self.build))


class _Call:
    """One call under way: its parts still to do, and what has been done.

    Parts are taken from the front, so that all before a part that fails have been taken too.
    """

    def __init__(self, name: str, parts: list[slice], pairs: Sequence[Sequence[Any]]) -> None:
        self.name, self.pairs = name, pairs
        self.todo = deque(enumerate(parts))
        self.answers: dict[int, Any] = {}
        self.failures: dict[int, Exception] = {}
        self.steps: list[int] = []  # taken in other processes

    def work(self, call: Any, here: bool = False) -> None:
        """Do parts until none is left or one has failed. An error `here` is raised at once."""
        while not self.failures:
            try:
                place, rows = self.todo.popleft()
            except IndexError:
                return
            arguments = self.name, *(column[rows] for column in self.pairs)
            if here:
                self.answers[place] = call(*arguments)
                continue
            try:
                self.answers[place], steps = call(*arguments)
                self.steps.append(steps)
            except Exception as error:
                self.failures[place] = error


class _Worker:
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
        return answer  # type: ignore[no-any-return]  # as `serve` makes it

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
            raise ValueError("openpoet's source was edited while the run was going: resume the run")
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


def _stop(workers: list[_Worker]) -> None:
    """Kill them; they hold nothing that anybody needs."""
    for worker in workers:
        worker.process.kill()
    for worker in workers:
        worker.process.wait()
    workers.clear()

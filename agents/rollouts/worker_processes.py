"""A learner whose pairs of agent and task are divided among processes of this machine.

Pairs are independent and each has its own random key, so the results are those of one process, bit
for bit. Of n workers one is this process, which computes pairs too; the other n - 1 are fresh
interpreters that build the same learner from its settings. They are not forked: a fork would copy
locks held by other threads, and the open files of the run folder. Objects are pickled only between
this process and the ones it has started, through their standard input and output.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from openpoet.kernel_cache import to_stderr

from .child_process import Build, ChildProcess, Counted, SourceChangedError
from .source_code import source_code

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Learner, Task
    from openpoet.poet.streams import Key

# A process takes seconds to import torch. None is started before the calls that it could have
# shared have taken this long [s]; short runs never need one.
START_AFTER = 2.0
# Contiguous parts of a call for each process: several, since pairs take different times.
PARTS = 4


class WorkerProcesses:
    """Learner (poet.interfaces): `learner` with its two batched calls divided among processes.

    family: what counts the learner's steps here. build: called once in each other process; it must
    be picklable. workers: processes, this one included.
    """

    def __init__(self, learner: Learner, family: Counted, build: Build, workers: int) -> None:
        self.learner, self.family, self.build = learner, family, build
        self.workers = workers
        self._code = source_code()  # now: it may be edited before other processes import it
        self._others: list[ChildProcess] = []
        self._outdated = False  # source was edited since
        self._shareable = 0.0  # seconds of calls that more processes would have shortened
        weakref.finalize(self, _stop, self._others)

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """As the learner's."""
        parts = self._divided("improve", agents, tasks, keys)
        if len(parts) == 1:
            return parts[0]  # the learner's own answer
        improved = [agent for part, _ in parts for agent in part]
        return improved, np.concatenate([steps for _, steps in parts])

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """As the learner's."""
        parts = self._divided("evaluate", agents, tasks, keys)
        if len(parts) == 1:
            return parts[0]  # the learner's own answer
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
        ready = self._ready()[: max(0, n - 1)]
        if self.workers == 1 or not ready:
            began = time.monotonic()
            answer = getattr(self.learner, name)(*pairs)
            self._note(n, time.monotonic() - began)
            return [answer]
        size = max(1, n // (PARTS * (len(ready) + 1)))
        call = _Call(name, [slice(at, at + size) for at in range(0, n, size)], pairs)
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

    def _ready(self) -> list[ChildProcess]:
        """The processes that can be used. Those with other source are not, and no more are started:
        that makes a run slower and changes nothing else, so it is reported and not an error.
        """
        ready = [worker for worker in self._others if worker.ready.is_set()]
        changed = [one for one in ready if isinstance(one.failure, SourceChangedError)]
        if changed and not self._outdated:
            self._outdated = True
            to_stderr(f"{changed[0].failure}; no more worker processes are started")
        for worker in ready:
            if worker not in changed:
                worker.check()
        return [worker for worker in ready if worker not in changed]

    def _note(self, pairs: int, seconds: float) -> None:
        """Start processes once enough time has been spent on calls that they would share."""
        wanted = min(self.workers, pairs) - 1
        if wanted > len(self._others) and not self._outdated:
            self._shareable += seconds
            if self._shareable >= START_AFTER:
                self._start(wanted)

    def _start(self, others: int) -> None:
        while len(self._others) < others:
            self._others.append(ChildProcess(self._code, self.build))


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


def _stop(workers: list[ChildProcess]) -> None:
    """Kill them; they hold nothing that anybody needs."""
    for worker in workers:
        worker.process.kill()
    for worker in workers:
        worker.process.wait()
    workers.clear()

"""Rollouts in Ray workers, on this machine or on many; the results are those of one process, bit
for bit.

The rows of a rollout are cut into one contiguous part a worker. A part is a Ray task: if its worker
or its machine dies, Ray runs it again on another, and since a part is a pure function of its
arguments, the result is the same. What parts share (the family, the tasks, the weights of their
members or what these are made from) is in Ray's object store, once (object_store). Importing this
module imports Ray, which takes a second: do so only when it was asked for.
"""

from __future__ import annotations

import logging
import os
import platform
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import ray
import torch

from .networks import Policy
from .object_store import Members, Shared, TaskRefs, WeightRefs
from .places import Weights
from .remote_errors import with_frames
from .rollout import Episodes, Machine, check_rows, joined, rollout
from .source_code import source_code as _code

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task, TaskFamily

ATTEMPTS = 4  # of a part, before its rows are taken to be what kills the workers
# another worker is not worth its message for fewer; the walker's solver takes sixteen at a time
FEWEST_ROWS = 16
# the first that asks for a token; to older ones anybody in the network can send code
OLDEST_RAY = (2, 59)


@runtime_checkable
class Counting(Protocol):
    """A family that counts its simulators' steps (archive.meter). A copy counts for itself."""

    steps: int

    def add_steps(self, steps: int) -> None: ...


class RayRollouts:
    """Rollouts (places.Rollouts) in Ray workers of one thread each. A context: Ray runs from its
    start to its end.

    address: "local" starts Ray on this machine; else a running cluster's, as ray.init takes it
    ("auto", "host:6379").
    workers: how many; None is every CPU there is, counted anew for each rollout, so that a cluster
    may grow.
    by_value: names of loaded modules that workers cannot import, such as a file of the user's.
    """

    def __init__(
        self, address: str = "local", workers: int | None = None, by_value: Sequence[str] = ()
    ) -> None:
        _check_version()
        self.address, self.wanted, self.by_value = address, workers, by_value
        self.owned = False  # Ray was started here, and so is stopped here
        self._shared = Shared()
        task = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)
        self._part, self._item = task(_part), task(_item)

    def __enter__(self) -> RayRollouts:
        if not ray.is_initialized():
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
            local: dict[str, Any] = {}
            if self.address == "local":
                local = {"num_cpus": self.wanted, "include_dashboard": False}
            try:
                _knock(self.address)
                ray.init(self.address, logging_level=logging.ERROR, log_to_driver=False, **local)
            except (OSError, RuntimeError, ValueError) as error:
                hint = (
                    "; if it asks for a token: RAY_AUTH_MODE=token"
                    if isinstance(error, ConnectionError)
                    else ""
                )
                raise ValueError(f"no Ray cluster at {self.address}: {error}{hint}") from error
            self.owned = True
        for name in self.by_value:
            ray.cloudpickle.register_pickle_by_value(sys.modules[name])
        return self

    def __exit__(self, *_: object) -> None:
        self._shared = Shared()
        for name in self.by_value:
            ray.cloudpickle.unregister_pickle_by_value(sys.modules[name])
        if self.owned:
            ray.shutdown()
            self.owned = False

    @property
    def workers(self) -> int:
        return self.wanted or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def rollout(
        self,
        policy: Policy,
        family: TaskFamily,
        weights: Weights,
        member: np.ndarray,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        *,
        machine: Machine,
    ) -> Episodes:
        """As rollout.rollout. If the family counts its steps, what its copies counted in the
        workers is added.

        RuntimeError, one line, if a part has killed its worker ATTEMPTS times.
        """
        if isinstance(weights, torch.Tensor):  # else a worker checks those that it makes
            check_rows(policy, weights, member, tasks, seeds)
        if machine.device != "cpu":
            raise ValueError(
                f'Ray workers run episodes on the CPU: device must be "cpu", got {machine.device!r}'
            )
        # in a list: a worker fetches it once, not each time
        shared_family = [self._shared.value(family, "the family")]
        known = TaskRefs(self._shared)
        blocks = WeightRefs(weights, self._shared)
        here, sent = replace(machine, threads=1), []
        parts = min(self.workers, max(1, len(tasks) // FEWEST_ROWS))
        for rows in np.array_split(np.arange(len(tasks)), parts):
            first, end = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
            distinct, places = known.of(tasks[first:end])
            members, sources = blocks.of(member[first:end])
            work = _Work(_code(), policy, members, places, np.array(seeds[first:end]), here, first)
            sent.append(self._part.remote(work, shared_family, distinct, *sources))
        return joined([self._counted(self._answer(part), family) for part in sent])

    def shared(self, value: Any, what: str) -> Any:
        """A reference to the value in Ray's object store, where it is kept once. what: its name in
        the error if it cannot be pickled.
        """
        return self._shared.value(value, what)

    def each(self, function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
        """function(*item) for each item, one Ray task each. function: of a module that workers
        import.
        """
        sent = [self._item.remote(_code(), function, *item) for item in items]
        return [self._answer(one) for one in sent]

    def _counted(self, part: tuple[Episodes, int], family: TaskFamily) -> Episodes:
        episodes, steps = part
        if isinstance(family, Counting):
            family.add_steps(steps)
        return episodes

    def _answer(self, sent: Any) -> Any:
        """What a Ray task returns. An error in a worker is raised as the error it was there."""
        try:
            return ray.get(sent)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            if not isinstance(cause, ray.exceptions.RayError):
                raise cause from None
            first_line = str(cause).strip().partition("\n")[0]
            raise RuntimeError(
                f"Ray gave up a part of a batch (at most {ATTEMPTS} attempts): {first_line}"
            ) from error


def _check_version() -> None:
    """ValueError if the installed Ray is older than OLDEST_RAY."""
    if tuple(int(part) for part in ray.__version__.split(".")[:2]) < OLDEST_RAY:
        oldest = ".".join(map(str, OLDEST_RAY))
        raise ValueError(
            f"Ray {ray.__version__} is installed, which listens without a token; {oldest} or later "
            f"is needed: pip install 'ray>={oldest}'"
        )


def _knock(address: str) -> None:
    """OSError if nobody listens at host:port; Ray itself would knock for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


@dataclass(frozen=True)
class _Work:
    """What one part has of its own."""

    code: str
    policy: Policy
    members: Members
    places: np.ndarray  # [n] int64, of the rows' tasks
    seeds: np.ndarray  # [n] int64
    machine: Machine
    first: int  # number of the first row, for messages


@lru_cache(maxsize=1)
def _fetched(family: Any) -> TaskFamily:
    """This worker's own copy of the family, made once: it keeps its tracks from part to part."""
    return ray.get(family)


def _part(
    work: _Work, shared_family: list[Any], tasks: list[Task], *sources: Any
) -> tuple[Episodes, int]:
    """In a worker: a part of a rollout, and the steps that the family's simulators counted
    meanwhile, if it counts.
    """
    _check_code(work.code)
    family = _fetched(shared_family[0])
    before = family.steps if isinstance(family, Counting) else 0
    rows = [tasks[place] for place in work.places]
    try:
        episodes = rollout(
            work.policy,
            family,
            work.members.weights(sources),
            work.members.place.copy(),
            rows,
            work.seeds.tolist(),
            machine=work.machine,
            offset=work.first,
        )
    except Exception as error:
        raise with_frames(error) from None
    return episodes, family.steps - before if isinstance(family, Counting) else 0


def _item(code: str, function: Callable[..., Any], *item: Any) -> Any:
    """In a worker: one item of `each`."""
    _check_code(code)
    try:
        return function(*item)
    except Exception as error:
        raise with_frames(error) from None


def _check_code(code: str) -> None:
    if code != _code():
        raise ValueError(
            f"{platform.node()} has other code than the driver: install the same "
            "openpoet on all machines"
        )

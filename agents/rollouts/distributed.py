"""Rollouts in Ray workers, on this machine or on many; the results are those of one process, bit
for bit.

The rows of a rollout are cut into one contiguous part a worker. A part is a Ray task: if its worker
or its machine dies, Ray runs it again on another, and since a part is a pure function of its
arguments, the result is the same. What parts share (the family, the tasks, the weights of their
members) lies in Ray's object store, once per content. Importing this module imports Ray, which
takes a second: do so only when it was asked for.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import socket
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import ray
import torch

from .networks import Policy
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
# bytes of shared values that stay in the object store in case they are asked for again
KEPT = 2**26


@runtime_checkable
class Counting(Protocol):
    """A family that counts its simulators' steps (archive.meter). A copy counts for itself."""

    steps: int

    def add_steps(self, steps: int) -> None: ...


class RayRollouts:
    """Rollouts (rollout.Rollouts) in Ray workers of one thread each. A context: Ray runs from its
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
        self._shared = _Shared()
        self._part = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(_part)

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
                raise ValueError(
                    f"--ray {self.address}: no Ray cluster to work with: {error}{hint}"
                ) from error
            self.owned = True
        for name in self.by_value:
            ray.cloudpickle.register_pickle_by_value(sys.modules[name])
        return self

    def __exit__(self, *_: object) -> None:
        self._shared = _Shared()
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
        weights: torch.Tensor,
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
        check_rows(policy, weights, member, tasks, seeds)
        if machine.device != "cpu":
            raise ValueError(
                f'Ray workers run episodes on the CPU: device must be "cpu", got {machine.device!r}'
            )
        # in a list: a worker fetches it once, not each time
        shared_family = [self._shared.value(family, "the family")]
        here, sent = replace(machine, threads=1), []
        parts = min(self.workers, max(1, len(tasks) // FEWEST_ROWS))
        for rows in np.array_split(np.arange(len(tasks)), parts):
            used, members = np.unique(member[rows], return_inverse=True)
            distinct, places = _distinct([tasks[row] for row in rows])
            block = self._shared.array(weights[torch.from_numpy(used)].numpy())
            known = self._shared.value(distinct, "the tasks")
            part = [seeds[row] for row in rows]
            first = int(rows[0]) if len(rows) else 0
            sent.append(
                self._part.remote(
                    _code(), shared_family, policy, block, members, known, places, part, here, first
                )
            )
        return joined([self._answer(part, family) for part in sent])

    def _answer(self, part: Any, family: TaskFamily) -> Episodes:
        """A part's episodes, their steps counted. An error in a worker is raised as the error it
        was there.
        """
        try:
            episodes, steps = ray.get(part)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            if not isinstance(cause, ray.exceptions.RayError):
                raise cause from None
            first_line = str(cause).strip().partition("\n")[0]
            raise RuntimeError(
                f"Ray gave up a part of a batch (at most {ATTEMPTS} attempts): {first_line}"
            ) from error
        if isinstance(family, Counting):
            family.add_steps(steps)
        return episodes


def _check_version() -> None:
    """ValueError if the installed Ray is older than OLDEST_RAY."""
    if tuple(int(part) for part in ray.__version__.split(".")[:2]) < OLDEST_RAY:
        oldest = ".".join(map(str, OLDEST_RAY))
        raise ValueError(
            f"--ray: Ray {ray.__version__} is installed, which listens without a token; {oldest} "
            "or later is needed: "
            f"pip install 'ray>={oldest}'"
        )


def _knock(address: str) -> None:
    """OSError if nobody listens at host:port; Ray itself would knock for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


class _Shared:
    """Values in the object store by the hash of their content; the last KEPT bytes of them stay
    there.
    """

    def __init__(self) -> None:
        self.kept: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()

    def value(self, value: Any, what: str) -> Any:
        try:
            data = ray.cloudpickle.dumps(value)
        except Exception as error:
            raise ValueError(
                f"--ray: {what} cannot be sent to workers, since pickle refuses: {error}"
            ) from error
        return self._put(hashlib.sha256(data).digest(), value, len(data))

    def array(self, array: np.ndarray) -> Any:
        digest = hashlib.sha256(f"{array.shape} {array.dtype} ".encode() + array.tobytes()).digest()
        return self._put(digest, array, array.nbytes)

    def _put(self, key: bytes, value: Any, size: int) -> Any:
        if key not in self.kept:
            self.kept[key] = ray.put(value), size
        self.kept.move_to_end(key)
        while sum(size for _, size in self.kept.values()) > KEPT and len(self.kept) > 1:
            # Ray forgets it when the parts under way no longer need it
            self.kept.popitem(last=False)
        return self.kept[key][0]


def _distinct(tasks: Sequence[Task]) -> tuple[list[Task], np.ndarray]:
    """The tasks without repeats of one object, and the place of each row's task among them, [n]
    int64.
    """
    found = {id(task): task for task in tasks}
    order = {key: place for place, key in enumerate(found)}
    return list(found.values()), np.array([order[id(task)] for task in tasks], np.int64)


@lru_cache(maxsize=1)
def _fetched(family: Any) -> TaskFamily:
    """This worker's own copy of the family, made once: it keeps its tracks from part to part."""
    return ray.get(family)


def _part(
    code: str,
    shared_family: list[Any],
    policy: Policy,
    weights: np.ndarray,
    member: np.ndarray,
    tasks: list[Task],
    places: np.ndarray,
    seeds: list[int],
    machine: Machine,
    first: int,
) -> tuple[Episodes, int]:
    """In a worker: a part of a rollout, and the steps that the family's simulators counted
    meanwhile, if it counts.
    """
    if code != _code():
        raise ValueError(
            f"{platform.node()} has other code than the driver: install the same "
            "openpoet on all machines"
        )
    family = _fetched(shared_family[0])
    before = family.steps if isinstance(family, Counting) else 0
    # what came through the object store is read-only
    own, member = torch.from_numpy(weights.copy()), member.copy()
    rows = [tasks[place] for place in places]
    try:
        episodes = rollout(policy, family, own, member, rows, seeds, machine=machine, offset=first)
    except Exception as error:
        raise with_frames(error) from None
    return episodes, family.steps - before if isinstance(family, Counting) else 0

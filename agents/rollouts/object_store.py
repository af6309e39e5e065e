"""What parts of a distributed rollout share, in Ray's object store: families, tasks, weights."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
import torch

from .places import Weights, WeightSource

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task

# bytes of shared values that stay in the object store in case they are asked for again
KEPT = 2**26


class Shared:
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
                f"{what} cannot be sent to Ray workers, since pickle refuses: {error}"
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


class TaskRefs:
    """The tasks of a rollout's parts in the object store, each set of them once."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.sent: dict[tuple[int, ...], Any] = {}

    def of(self, tasks: Sequence[Task]) -> tuple[Any, np.ndarray]:
        """The tasks without repeats of one object, in the store, and the place of each row's task
        among them, [n] int64.
        """
        found = {id(task): task for task in tasks}
        order = {key: place for place, key in enumerate(found)}
        distinct = tuple(found)
        if distinct not in self.sent:
            self.sent[distinct] = self.shared.value(list(found.values()), "the tasks")
        return self.sent[distinct], np.array([order[id(task)] for task in tasks], np.int64)


class WeightRefs:
    """The weights of a rollout's parts in the object store: those of a part's members, or the
    sources they are made from, each once.
    """

    def __init__(self, weights: Weights, shared: Shared) -> None:
        self.weights, self.shared = weights, shared
        if isinstance(weights, torch.Tensor):
            return
        self.first = np.cumsum([0, *map(len, weights)])  # each source's first member
        self.sources = [ray.put(source) for source in weights]

    def of(self, member: np.ndarray) -> tuple[Members, list[Any]]:
        """How a worker makes the weights of rows [n] that use these members [n]; and of what."""
        used, place = np.unique(member, return_inverse=True)
        if isinstance(self.weights, torch.Tensor):
            block = self.weights[torch.from_numpy(used)].numpy()
            return Members(place, []), [self.shared.array(block)]
        of = np.searchsorted(self.first, used, "right") - 1
        needed = np.unique(of)
        numbers = [used[of == source] - self.first[source] for source in needed]
        return Members(place, numbers), [self.sources[source] for source in needed]


@dataclass(frozen=True)
class Members:
    place: np.ndarray  # [n], each row's among the weights
    numbers: list[np.ndarray]  # of the members to make, a source each; []: the weights are sent

    def weights(self, sources: Sequence[Any]) -> torch.Tensor:
        """[members, parameters] float32."""
        if not self.numbers:
            return torch.from_numpy(sources[0].copy())  # what came through the store is read-only
        made: list[WeightSource] = list(sources)
        pairs = zip(made, self.numbers, strict=True)
        return torch.cat([source.make(numbers) for source, numbers in pairs])

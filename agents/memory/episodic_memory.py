"""Episodic memory: a bounded table of keys and values with nearest-neighbour lookup.

Used by model-free episodic control (arXiv 1606.04460), neural episodic control (arXiv 1703.01988)
and the episodic LSTM (arXiv 1805.09692). A full memory replaces its least recently used entry. A
memory is a mapping from names to tensors, and every function is pure, so that a memory can be part
of an agent, and be saved and transferred with it, or part of a trial's state. The first axis is a
batch of m independent memories, called members. A lookup computes the distance to every entry,
which is fast enough up to about 10,000 entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

Memory = Mapping[str, torch.Tensor]
NAMES = ("keys", "values", "used", "clock")
# (stored values [w, v], new values [w, v]) -> values to store [w, v]
Merge = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def empty(
    members: int, capacity: int, key: int, value: int, device: str = "cpu"
) -> dict[str, torch.Tensor]:
    """Memories without entries.

    Returns keys [m, capacity, key], values [m, capacity, value], used [m, capacity] int64 and clock
    [m] int64. The clock counts the writes; `used` is the clock when an entry was last read or
    written, and 0 where there is no entry.
    """
    return {
        "keys": torch.zeros(members, capacity, key, device=device),
        "values": torch.zeros(members, capacity, value, device=device),
        "used": torch.zeros(members, capacity, dtype=torch.int64, device=device),
        "clock": torch.zeros(members, dtype=torch.int64, device=device),
    }


@dataclass(frozen=True)
class Found:
    """The k nearest entries of each of q queries, nearest first."""

    places: torch.Tensor  # [m, q, k] int64
    distances: torch.Tensor  # [m, q, k] squared
    values: torch.Tensor  # [m, q, k, v]
    valid: torch.Tensor  # [m, q, k] bool; False where the memory has fewer than k entries

    def read(self, weights: torch.Tensor) -> torch.Tensor:
        """The weighted sum of the values, [m, q, v], with weights [m, q, k]; 0 without entries."""
        return (weights[..., None] * self.values).sum(2)


def nearest(memory: Memory, queries: torch.Tensor, k: int) -> Found:
    """The k nearest entries of each query.

    Distances and values are differentiable with respect to queries, keys and values; the choice of
    the entries is not.

    Args:
        queries: [m, q, key].
        k: number of neighbours, at most the capacity.
    """
    with torch.no_grad():
        distance = torch.cdist(queries, memory["keys"], compute_mode="donot_use_mm_for_euclid_dist")
        distance = distance.masked_fill(memory["used"][:, None] == 0, torch.inf)
        nearest_k = distance.topk(min(k, distance.shape[2]), largest=False)
    indices = nearest_k.indices.flatten(1)[..., None]
    keys, values = (
        memory[name]
        .gather(1, indices.expand(-1, -1, memory[name].shape[2]))
        .unflatten(1, nearest_k.indices.shape[1:])
        for name in ("keys", "values")
    )
    distances = (queries[:, :, None] - keys).square().sum(3)
    return Found(nearest_k.indices, distances, values, nearest_k.values < torch.inf)


def inverse_distance(found: Found, delta: float) -> torch.Tensor:
    """Weights [m, q, k] proportional to 1 / (squared distance + delta), with sum 1 over k.

    The kernel of neural episodic control (arXiv 1703.01988).
    """
    weights = found.valid / (found.distances + delta)
    return weights / weights.sum(2, keepdim=True).clamp(min=1e-30)


def one_or_mean(found: Found, same: float) -> torch.Tensor:
    """Weights [m, q, k] of model-free episodic control (arXiv 1606.04460).

    1 for the nearest entry if its squared distance is at most `same`; otherwise equal for all k.
    """
    hit = found.valid[..., :1] & (found.distances[..., :1] <= same)
    one = torch.zeros_like(found.distances)
    one[..., 0] = 1
    return torch.where(hit, one, found.valid / found.valid.sum(2, keepdim=True).clamp(min=1))


def write(
    memory: Memory,
    members: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    rows: torch.Tensor,
    *,
    merge: Merge,
    same: float,
) -> dict[str, torch.Tensor]:
    """The memory after t rounds of writes, each of one entry to each of w distinct members.

    Args:
        members: indices of the members, [t, w] int64.
        keys: [t, w, key].
        values: [t, w, v].
        rows: [t, w] bool; entries that are False are not written.
        merge: the value to store where a key is stored already.
        same: the squared distance up to which two keys are considered equal.
    """
    written = {name: memory[name].clone() for name in NAMES}
    for member, key, value, row in zip(members, keys, values, rows, strict=True):
        member, key, value = member[row], key[row], value[row]
        part = {name: tensor[member] for name, tensor in written.items()}
        found = nearest(part, key[:, None], 1)
        hit = (found.valid & (found.distances <= same))[:, 0]
        place = torch.where(hit[:, 0], found.places[:, 0, 0], part["used"].argmin(1))
        written["keys"][member, place] = torch.where(hit, written["keys"][member, place], key)
        merged = torch.where(hit, merge(found.values[:, 0, 0], value), value)
        written["values"][member, place] = merged
        written["clock"][member] += 1
        written["used"][member, place] = written["clock"][member]
    return written


def mark_read(memory: Memory, places: torch.Tensor, valid: torch.Tensor) -> dict[str, torch.Tensor]:
    """The memory after reads of the entries at `places` [m, k], where `valid` [m, k] is True."""
    used = memory["used"]
    now = torch.where(valid, memory["clock"][:, None], used.gather(1, places))
    return {**memory, "used": used.scatter_reduce(1, places, now, "amax")}

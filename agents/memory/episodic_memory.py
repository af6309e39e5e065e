"""Episodic memory: so many keys with values, found by distance; where there is no room the least
recently used goes.

What model-free episodic control (arXiv 1606.04460), neural episodic control (arXiv 1703.01988) and
the episodic LSTM (arXiv 1805.09692) have in common. A memory is a dict of named tensors and every
function is pure, so that one can be part of an agent, which is then saved and transferred with it,
or of the state that a trial carries along. It has members, m memories side by side. All entries are
compared with a query: to 10,000 or so nothing is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

Memory = Mapping[str, torch.Tensor]
NAMES = ("keys", "values", "used", "clock")
# (value that was stored [w, v], the one that comes [w, v]) -> the one to keep
Merge = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def empty(
    members: int, capacity: int, key: int, value: int, device: str = "cpu"
) -> dict[str, torch.Tensor]:
    """keys [m, capacity, key], values [m, capacity, value], used [m, capacity] int64, clock [m]
    int64.

    used: the clock when an entry was last read or written, 0 where there is none; the clock counts
    what was written.
    """
    return {
        "keys": torch.zeros(members, capacity, key, device=device),
        "values": torch.zeros(members, capacity, value, device=device),
        "used": torch.zeros(members, capacity, dtype=torch.int64, device=device),
        "clock": torch.zeros(members, dtype=torch.int64, device=device),
    }


@dataclass(frozen=True)
class Found:
    """The k entries nearest to each of q queries, nearest first."""

    places: torch.Tensor  # [m, q, k] int64
    distances: torch.Tensor  # [m, q, k] squared
    values: torch.Tensor  # [m, q, k, v]
    there: torch.Tensor  # [m, q, k] bool; False where the memory holds fewer than k

    def read(self, weights: torch.Tensor) -> torch.Tensor:
        """[m, q, v]: the values by weights [m, q, k]; 0 of an empty memory."""
        return (weights[..., None] * self.values).sum(2)


def nearest(memory: Memory, queries: torch.Tensor, k: int) -> Found:
    """Queries: [m, q, key]. Distances and values can be differentiated by queries, keys and values;
    the choice not.
    """
    with torch.no_grad():
        apart = torch.cdist(queries, memory["keys"], compute_mode="donot_use_mm_for_euclid_dist")
        apart = apart.masked_fill(memory["used"][:, None] == 0, torch.inf)
        chosen = apart.topk(min(k, apart.shape[2]), largest=False)
    at = chosen.indices.flatten(1)[..., None]
    keys, values = (
        memory[name]
        .gather(1, at.expand(-1, -1, memory[name].shape[2]))
        .unflatten(1, chosen.indices.shape[1:])
        for name in ("keys", "values")
    )
    distances = (queries[:, :, None] - keys).square().sum(3)
    return Found(chosen.indices, distances, values, chosen.values < torch.inf)


def inverse_distance(found: Found, delta: float) -> torch.Tensor:
    """Weights [m, q, k] as 1 / (squared distance + delta), summing to 1: the kernel of neural
    episodic control.
    """
    weights = found.there / (found.distances + delta)
    return weights / weights.sum(2, keepdim=True).clamp(min=1e-30)


def one_or_mean(found: Found, same: float) -> torch.Tensor:
    """Weights [m, q, k]: all on the nearest if it is at most `same` away, else equal: model-free
    episodic control's.
    """
    hit = found.there[..., :1] & (found.distances[..., :1] <= same)
    alone = torch.zeros_like(found.distances)
    alone[..., 0] = 1
    return torch.where(hit, alone, found.there / found.there.sum(2, keepdim=True).clamp(min=1))


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
    """The memory after t rounds of writing, each an entry to w of its members, which differ from
    one another.

    members: [t, w] int64; keys: [t, w, key]; values: [t, w, v]; rows: [t, w] bool, which of them
    are to be written. A key at most `same` (squared) from one that is stored is that one, and the
    two values are merged.
    """
    kept = {name: memory[name].clone() for name in NAMES}
    for who, key, value, real in zip(members, keys, values, rows, strict=True):
        who, key, value = who[real], key[real], value[real]
        part = {name: tensor[who] for name, tensor in kept.items()}
        found = nearest(part, key[:, None], 1)
        hit = (found.there & (found.distances <= same))[:, 0]
        place = torch.where(hit[:, 0], found.places[:, 0, 0], part["used"].argmin(1))
        kept["keys"][who, place] = torch.where(hit, kept["keys"][who, place], key)
        kept["values"][who, place] = torch.where(hit, merge(found.values[:, 0, 0], value), value)
        kept["clock"][who] += 1
        kept["used"][who, place] = kept["clock"][who]
    return kept


def touched(memory: Memory, places: torch.Tensor, there: torch.Tensor) -> dict[str, torch.Tensor]:
    """The memory after the entries at places [m, k] have been read, where `there` [m, k] says
    so.
    """
    used = memory["used"]
    now = torch.where(there, memory["clock"][:, None], used.gather(1, places))
    return {**memory, "used": used.scatter_reduce(1, places, now, "amax")}

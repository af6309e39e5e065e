"""Replay buffer: the last transitions, in ring buffers among an agent's tensors.

A *lane* is an independent ring: one for all transitions, or one for each training draw. The names
begin with `replay/`, so a transfer resets them. Agents are saved whole in every iteration, which
costs 4 bytes x lanes x capacity x numbers of a transition in memory and on disk.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

Named = Mapping[str, torch.Tensor]
PREFIX, COUNT = "replay/", "replay/count"


def empty(sizes: Mapping[str, int], capacity: int, lanes: int = 1) -> dict[str, torch.Tensor]:
    """Empty buffers. sizes: of a transition's parts, such as {"observation": 2, "reward": 1}."""
    rings = {f"{PREFIX}{name}": torch.zeros(lanes, capacity, size) for name, size in sizes.items()}
    return {**rings, COUNT: torch.zeros(lanes, dtype=torch.int64)}


def added(agent: Named, transitions: Named, keep: torch.Tensor) -> dict[str, torch.Tensor]:
    """The buffers with these transitions appended; the oldest are overwritten.

    transitions: each part [lanes, n, size]; keep: [lanes, n] bool, which of them to append.
    """
    count = agent[COUNT]
    capacity = next(agent[f"{PREFIX}{name}"].shape[1] for name in transitions)
    rank = keep.cumsum(1) - 1  # among those kept
    lane, place = (keep & (rank >= keep.sum(1, keepdim=True) - capacity)).nonzero(as_tuple=True)
    slot = (count[lane] + rank[lane, place]) % capacity
    after = {COUNT: count + keep.sum(1)}
    for name, values in transitions.items():
        ring = agent[f"{PREFIX}{name}"].clone()
        ring[lane, slot] = values[lane, place].to(ring)
        after[f"{PREFIX}{name}"] = ring
    return after


def preceded(agent: Named, newer: Named) -> dict[str, torch.Tensor]:
    """The buffers with the lanes of `newer` as their first ones; as many last ones are dropped."""
    rings = {name: ring for name, ring in newer.items() if name.startswith(PREFIX)}
    return {
        name: torch.cat([ring, agent[name]])[: len(agent[name])] for name, ring in rings.items()
    }


def first_lanes(agent: Named, number: int) -> dict[str, torch.Tensor]:
    """The buffers of the first `number` lanes."""
    return {name: ring[:number] for name, ring in agent.items() if name.startswith(PREFIX)}


def sample(
    agent: Named, size: int, generator: torch.Generator, *, recent: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """`size` transitions of each lane, uniform with replacement: each part [lanes, size, numbers].

    recent: [lanes] int64, sample only from this many latest ones. ValueError if a lane is empty.
    """
    slot = places(agent, size, generator, recent=recent)
    lane = torch.arange(len(slot))[:, None]
    return {name: ring[lane, slot] for name, ring in _rings(agent).items()}


def places(
    agent: Named, size: int, generator: torch.Generator, *, recent: torch.Tensor | None = None
) -> torch.Tensor:
    """Places in the rings of the transitions that `sample` gives, [lanes, size] int64."""
    count, rings = agent[COUNT], _rings(agent)
    kept = count if recent is None else torch.minimum(count, recent)
    if not bool((kept > 0).all()):
        raise ValueError("cannot sample: a replay lane is empty; add transitions before sampling")
    capacity = next(ring.shape[1] for ring in rings.values())
    among = kept.clamp(max=capacity)[:, None]
    ago = (torch.rand(len(count), size, generator=generator, dtype=torch.float64) * among).long()
    return (count[:, None] - 1 - ago) % capacity


def _rings(agent: Named) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(PREFIX): ring
        for name, ring in agent.items()
        if name.startswith(PREFIX) and name != COUNT
    }

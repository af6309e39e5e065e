"""Enhanced POET's terrain genome (arXiv 2003.08536): a CPPN, a small network from x to height.

One input, and one output with identity activation. Mutation is in cppn_mutation.py.

Differs from the reference: the amplitude is measured as max |rise or drop| over the range that the
terrain uses (B10); the ground is the function itself, without plateaus, unless `plateaus` is set
(B12).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .poet_layout import BASE, LARGEST_PUSH, START_PAD, TILE
from .track import Track

Activation = str
ACTIVATIONS: tuple[Activation, ...] = ("identity", "sin", "sigmoid", "square", "tanh")
IN, OUT = -1, 0  # the input's name and the output node's, as in NEAT
LIMIT = 10.0  # of a weight or bias
MOST_NODES = 64


@dataclass(frozen=True)
class Node:
    """activation(bias + response * sum of weight x input)."""

    id: int
    activation: Activation
    bias: float
    response: float = 1.0


@dataclass(frozen=True)
class Edge:
    source: int  # IN, or a node
    target: int
    weight: float


@dataclass(frozen=True)
class Cppn:
    """A network: nodes sorted by id, edges by (source, target), so that equal networks compare
    equal.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def flat() -> Cppn:
    """The function 0."""
    return Cppn((Node(OUT, "identity", 0.0),), (Edge(IN, OUT, 0.0),))


def evaluate(genome: Cppn, x: np.ndarray) -> np.ndarray:
    """Values of the function at x [points] float64; infinite or NaN where the network overflows.

    Nodes on which the output does not depend are left out.
    """
    values: dict[int, np.ndarray] = {IN: x}
    with np.errstate(over="ignore", invalid="ignore"):
        for node, inputs in in_order(genome, [OUT]):
            parts = [edge.weight * values[edge.source] for edge in inputs]
            total = sum(parts[1:], parts[0]) if parts else np.zeros_like(x)
            values[node.id] = _activate(node.activation, node.bias + node.response * total)
    return values[OUT]


def in_order(genome: Cppn, wanted: Sequence[int]) -> list[tuple[Node, list[Edge]]]:
    """The nodes `wanted` and their ancestors in topological order, each with its incoming edges.

    ValueError if they are part of a cycle.
    """
    nodes = {node.id: node for node in genome.nodes}
    inputs: dict[int, list[Edge]] = {id: [] for id in nodes}
    for edge in genome.edges:
        inputs[edge.target].append(edge)
    order: list[tuple[Node, list[Edge]]] = []
    path: set[int] = set()
    done = {IN}
    stack = list(wanted)
    while stack:
        id = stack[-1]
        waiting = (
            [edge.source for edge in inputs[id] if edge.source not in done]
            if id not in done
            else []
        )
        if not waiting:
            stack.pop()
            path.discard(id)
            if id not in done:
                done.add(id)
                order.append((nodes[id], inputs[id]))
        elif path & set(waiting) or id in waiting:
            raise ValueError("a CPPN must be feed-forward, got a cycle")
        else:
            path.add(id)
            stack += waiting
    return order


def _activate(name: Activation, z: np.ndarray) -> np.ndarray:
    """NEAT's activation functions: sin and sigmoid of 5z, tanh of 2.5z, with inputs clamped to
    +-60.
    """
    if name == "sin":
        return np.sin(_clamped(5 * z))
    if name == "sigmoid":
        return 1 / (1 + np.exp(-_clamped(5 * z)))
    if name == "tanh":
        return np.tanh(_clamped(2.5 * z))
    return z**2 if name == "square" else z


def _clamped(z: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(z, -60.0), 60.0)  # faster than np.clip for few points


def profile(genome: Cppn, length: int = 200) -> np.ndarray:
    """Height above the start pad of each tile of a track [tiles] [m]: 0 up to START_PAD, then f(x)
    - f(first x).
    """
    middle = length / 2
    tiles = np.arange(START_PAD + 1, length)
    values = evaluate(genome, (tiles - middle) * math.pi / middle)
    with np.errstate(invalid="ignore"):
        return np.concatenate([np.zeros(START_PAD + 1), values - values[0]])


def heights(genome: Cppn, points: int, length: int = 200) -> np.ndarray:
    """The profile at evenly spaced tiles [points] [m]."""
    whole = profile(genome, length)
    return whole[np.linspace(START_PAD, len(whole) - 1, points).astype(int)]


def amplitude(genome: Cppn, length: int = 200) -> float:
    """Largest height or depth over the range that a track of this length uses [m]."""
    return float(np.abs(profile(genome, length)).max())


def sorted_network(nodes: list[Node], edges: list[Edge]) -> Cppn:
    """The network of these nodes and edges, in the order of `Cppn`."""
    return Cppn(
        tuple(sorted(nodes, key=lambda node: node.id)),
        tuple(sorted(edges, key=lambda edge: (edge.source, edge.target))),
    )


def track(genome: Cppn, seed: int, *, length: int = 200, plateaus: bool = False) -> Track:
    """The track of a CPPN. The seed determines the push at the start, and the plateaus if
    `plateaus` is set.
    """
    rng = np.random.default_rng(seed)
    y = BASE + profile(genome, length)
    # as the reference's counter of segments: one tile in 5 to 9 keeps the previous tile's height
    if plateaus:
        tile = START_PAD
        while tile < length:
            y[tile] = y[tile - 1]
            tile += int(rng.integers(5, 10))
    ground = np.stack([np.arange(length) * TILE, y], axis=1).astype(np.float32)
    return Track(
        ground, np.zeros((0, 4, 2), np.float32), float(rng.uniform(-LARGEST_PUSH, LARGEST_PUSH))
    )


def title(genome: Cppn, length: int = 200) -> str:
    """A description such as "CPPN of 3 nodes, 4.2 m up or down at most"."""
    return (
        f"CPPN of {len(genome.nodes)} nodes, {amplitude(genome, length):.1f} m up or down at most"
    )

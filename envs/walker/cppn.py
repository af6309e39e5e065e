"""Enhanced POET's terrain genome: a CPPN, a small network x -> height, evolved as NEAT does (arXiv 2003.08536).

The settings are those of the reference's NEAT configuration: one input, one output (identity), weights and biases
perturbed with probability 0.75 and power 0.1, a node added with 0.1 and deleted with 0.075, one structural change at
most. Ours is a frozen value whose every random number comes from the generator that is passed in, so runs repeat.

Differs from the reference: all chance is seeded and nothing has a clock or uuid for a name (B9); the amplitude is
measured as max |rise or drop| over the range that the terrain really uses (B10); a child inherits its parent's
amplitude (B11); the ground is the function itself, without plateaus, unless `plateaus` asks for them (B12).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .poet_layout import BASE, LARGEST_PUSH, START_PAD, TILE
from .track import Track

Activation = str
ACTIVATIONS: tuple[Activation, ...] = ("identity", "sin", "sigmoid", "square", "tanh")
IN, OUT = -1, 0  # the input's name and the output node's, as in NEAT
LIMIT = 10.0  # of a weight or bias
LEAST, MOST = 0.25, 16.0  # amplitude over the track [m]
FLAT = 1e-3  # [m]; a network flatter than this has no shape to scale up, only rounding
LARGEST_RESPONSE = 1e6
MOST_NODES, MOST_ATTEMPTS = 64, 100
MUTATE, POWER, ADD_NODE, DELETE_NODE = 0.75, 0.1, 0.1, 0.075


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
    """Nodes by id and edges by (source, target), sorted, so that equal networks are equal values."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def flat() -> Cppn:
    """The function 0."""
    return Cppn((Node(OUT, "identity", 0.0),), (Edge(IN, OUT, 0.0),))


def evaluate(genome: Cppn, x: np.ndarray) -> np.ndarray:
    """Values of the function at x [points] float64."""
    values: dict[int, np.ndarray] = {IN: x}
    inputs = {n.id: [e for e in genome.edges if e.target == n.id] for n in genome.nodes}
    waiting = list(genome.nodes)
    while waiting:
        ready = [node for node in waiting if all(edge.source in values for edge in inputs[node.id])]
        if not ready:
            raise ValueError("a CPPN must be feed-forward, got a cycle")
        for node in ready:
            total = sum((edge.weight * values[edge.source] for edge in inputs[node.id]), np.zeros_like(x))
            values[node.id] = _activate(node.activation, node.bias + node.response * total)
        waiting = [node for node in waiting if node.id not in values]
    return values[OUT]


def _activate(name: Activation, z: np.ndarray) -> np.ndarray:
    """NEAT's activation functions: sin and sigmoid of 5z, tanh of 2.5z, inputs clamped to +-60 as there."""
    if name == "sin":
        return np.sin(np.clip(5 * z, -60, 60))
    if name == "sigmoid":
        return 1 / (1 + np.exp(-np.clip(5 * z, -60, 60)))
    if name == "tanh":
        return np.tanh(np.clip(2.5 * z, -60, 60))
    return z**2 if name == "square" else z


def profile(genome: Cppn, length: int = 200) -> np.ndarray:
    """Height above the start pad of each tile of a track [tiles] [m]: 0 up to START_PAD, then f(x) - f(first x)."""
    middle = length / 2
    tiles = np.arange(START_PAD + 1, length)
    values = evaluate(genome, (tiles - middle) * math.pi / middle)
    return np.concatenate([np.zeros(START_PAD + 1), values - values[0]])


def heights(genome: Cppn, points: int) -> np.ndarray:
    """The profile at evenly spaced tiles [points] [m]."""
    whole = profile(genome)
    return whole[np.linspace(START_PAD, len(whole) - 1, points).astype(int)]


def amplitude(genome: Cppn) -> float:
    """Largest height or depth over the range that a track uses [m]."""
    return float(np.abs(profile(genome)).max())


def mutate(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """A neighbour that is not flat and not mountainous; of the attempts, the first that differs and has a shape."""
    for _ in range(MOST_ATTEMPTS):
        child = _weights(_structure(genome, rng), rng)
        rise = amplitude(child)
        if child == genome or not (math.isfinite(rise) and rise >= FLAT):
            continue
        if rise < LEAST:
            child = _scaled(child, rng.uniform(LEAST, 0.75) / rise)
        elif rise > MOST:
            child = _scaled(child, rng.uniform(12.0, MOST) / rise)
        if abs(child.nodes[0].response) <= LARGEST_RESPONSE:
            return child
    raise ValueError(f"no mutation of this CPPN has a shape after {MOST_ATTEMPTS} attempts")


def _scaled(genome: Cppn, factor: float) -> Cppn:
    """Amplitude times `factor`: through the response of the output, which children inherit (B11)."""
    return Cppn(
        tuple(replace(n, response=n.response * factor) if n.id == OUT else n for n in genome.nodes), genome.edges
    )


def _weights(genome: Cppn, rng: np.random.Generator) -> Cppn:
    def moved(value: float) -> float:
        if rng.random() >= MUTATE:
            return value
        return float(np.clip(value + rng.normal(0, POWER), -LIMIT, LIMIT))

    return Cppn(
        tuple(replace(node, bias=moved(node.bias)) for node in genome.nodes),
        tuple(replace(edge, weight=moved(edge.weight)) for edge in genome.edges),
    )


def _structure(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """At most one structural change, tried in NEAT's order."""
    draw = rng.random()
    if draw < ADD_NODE and len(genome.nodes) < MOST_NODES:
        return _add_node(genome, rng)
    if ADD_NODE <= draw < ADD_NODE + DELETE_NODE:
        return _delete_node(genome, rng)
    return genome


def _add_node(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Splits an edge: weight 1 into the new node, the old weight out of it."""
    split = genome.edges[int(rng.integers(len(genome.edges)))]
    id = max(node.id for node in genome.nodes) + 1
    node = Node(id, ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))], float(rng.normal(0, 0.1)))
    edges = [edge for edge in genome.edges if edge is not split]
    edges += [Edge(split.source, id, 1.0), Edge(id, split.target, split.weight)]
    return _sorted([*genome.nodes, node], edges)


def _delete_node(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Removes a hidden node with its edges, unless that would cut the input off from the output."""
    hidden = [node.id for node in genome.nodes if node.id != OUT]
    if not hidden:
        return genome
    gone = hidden[int(rng.integers(len(hidden)))]
    edges = [edge for edge in genome.edges if gone not in (edge.source, edge.target)]
    child = _sorted([node for node in genome.nodes if node.id != gone], edges)
    return child if _connected(child) else genome


def _sorted(nodes: list[Node], edges: list[Edge]) -> Cppn:
    return Cppn(
        tuple(sorted(nodes, key=lambda node: node.id)),
        tuple(sorted(edges, key=lambda edge: (edge.source, edge.target))),
    )


def _connected(genome: Cppn) -> bool:
    reached, front = {IN}, {IN}
    while front:
        front = {edge.target for edge in genome.edges if edge.source in front} - reached
        reached |= front
    return OUT in reached


def track(genome: Cppn, seed: int, *, length: int = 200, plateaus: bool = False) -> Track:
    """The CPPN's ground; the seed moves only the push at the start (and the plateaus, where they are asked for)."""
    rng = np.random.default_rng(seed)
    y = BASE + profile(genome, length)
    if plateaus:  # the reference's counter of segments: one tile in 5 to 9 keeps the height of the one before
        tile = START_PAD
        while tile < length:
            y[tile] = y[tile - 1]
            tile += int(rng.integers(5, 10))
    ground = np.stack([np.arange(length) * TILE, y], axis=1).astype(np.float32)
    return Track(ground, np.zeros((0, 4, 2), np.float32), float(rng.uniform(-LARGEST_PUSH, LARGEST_PUSH)))


def title(genome: Cppn) -> str:
    """In words: "CPPN of 3 nodes, 4.2 m high and deep at most"."""
    return f"CPPN of {len(genome.nodes)} nodes, {amplitude(genome):.1f} m up or down at most"


def encode(genome: Cppn) -> dict[str, Any]:
    return {
        "nodes": [[n.id, n.activation, n.bias, n.response] for n in genome.nodes],
        "edges": [[e.source, e.target, e.weight] for e in genome.edges],
    }


def decode(data: Mapping[str, Any]) -> Cppn:
    """The genome of an encoding; ValueError, one line, if it is not a bounded feed-forward network."""
    nodes, edges = data.get("nodes"), data.get("edges")
    if set(data) != {"nodes", "edges"} or not (isinstance(nodes, list) and isinstance(edges, list)):
        raise ValueError(f"a CPPN has nodes and edges, got {str(data)[:80]}")
    if not 1 <= len(nodes) <= MOST_NODES or len(edges) > MOST_NODES**2:
        raise ValueError(f"a CPPN has 1 to {MOST_NODES} nodes, got {len(nodes)} and {len(edges)} edges")
    genome = _sorted([_node(row) for row in nodes], [_edge(row) for row in edges])
    ids = [node.id for node in genome.nodes]
    pairs = [(edge.source, edge.target) for edge in genome.edges]
    known = all(source in (IN, *ids) and target in ids for source, target in pairs)
    if len(set(ids)) < len(ids) or len(set(pairs)) < len(pairs) or OUT not in ids or not known:
        raise ValueError("a CPPN's nodes and edges must be unique, with an output 0, and edges between its nodes")
    if not np.isfinite(profile(genome)).all():
        raise ValueError("a CPPN's heights must be finite")
    return genome


def _node(row: Any) -> Node:
    if not (
        isinstance(row, list)
        and len(row) == 4
        and type(row[0]) is int
        and 0 <= row[0] < 10**9
        and row[1] in ACTIVATIONS
        and _number(row[2], LIMIT)
        and _number(row[3], LARGEST_RESPONSE)
    ):
        raise ValueError(f"a CPPN's node is [id, activation, bias, response], got {str(row)[:60]}")
    return Node(row[0], row[1], float(row[2]), float(row[3]))


def _edge(row: Any) -> Edge:
    if not (
        isinstance(row, list) and len(row) == 3 and all(type(end) is int for end in row[:2]) and _number(row[2], LIMIT)
    ):
        raise ValueError(f"a CPPN's edge is [source, target, weight], got {str(row)[:60]}")
    return Edge(row[0], row[1], float(row[2]))


def _number(value: Any, limit: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= limit

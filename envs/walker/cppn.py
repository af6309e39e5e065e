"""Enhanced POET's terrain genome: a CPPN, a small network x -> height, evolved as NEAT does (arXiv
2003.08536).

The settings are those of the reference's NEAT configuration: one input, one output (identity),
weights and biases perturbed with probability 0.75 and power 0.1, a node added with 0.1 and deleted
with 0.075, one structural change at most. Weights, biases and responses stay in [-10, 10], as its
min_value and max_value say. Ours is a frozen value whose every random number comes from the
generator that is passed in, so runs repeat.

Differs from the reference: all chance is seeded and nothing has a clock or uuid for a name (B9);
the amplitude is measured as max |rise or drop| over the range that the terrain really uses (B10); a
child inherits its parent's amplitude (B11); the ground is the function itself, without plateaus,
unless `plateaus` asks for them (B12); a mutation is tried a limited number of times and then
returns its parent, where the reference goes on without an end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .poet_layout import BASE, LARGEST_PUSH, START_PAD, TILE
from .track import Track

Activation = str
ACTIVATIONS: tuple[Activation, ...] = ("identity", "sin", "sigmoid", "square", "tanh")
IN, OUT = -1, 0  # the input's name and the output node's, as in NEAT
LIMIT = 10.0  # of a weight or bias
RESPONSE = 10.0  # largest response that a mutation gives
LEAST, MOST = 0.25, 16.0  # amplitude over the track [m]
FLAT = 1e-3  # [m]; a network flatter than this has no shape to scale up, only rounding
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
    """Nodes by id and edges by (source, target), sorted, so that equal networks are equal
    values.
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
    """The nodes `wanted` and those they depend on, each after its inputs, with its incoming edges.

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
    """NEAT's activation functions: sin and sigmoid of 5z, tanh of 2.5z, inputs clamped to +-60 as
    there.
    """
    if name == "sin":
        return np.sin(_clamped(5 * z))
    if name == "sigmoid":
        return 1 / (1 + np.exp(-_clamped(5 * z)))
    if name == "tanh":
        return np.tanh(_clamped(2.5 * z))
    return z**2 if name == "square" else z


def _clamped(z: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(z, -60.0), 60.0)  # np.clip, which takes longer for few points


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


def mutate(genome: Cppn, rng: np.random.Generator, length: int = 200) -> Cppn:
    """A neighbour whose amplitude on a track of `length` tiles is in [LEAST, MOST].

    It is the first such of the attempts; the genome itself if there is none. Never raises.
    """
    # Tasks of schema 1 have responses above the bound: descendants may keep, but not exceed them.
    largest = max(RESPONSE, abs(genome.nodes[0].response))
    for _ in range(MOST_ATTEMPTS):
        child = _weights(_structure(genome, rng), rng)
        rise = amplitude(child, length)
        if child == genome or not (math.isfinite(rise) and rise >= FLAT):
            continue
        if not LEAST <= rise <= MOST:
            wanted = rng.uniform(LEAST, 0.75) if rise < LEAST else rng.uniform(12.0, MOST)
            child = _scaled(child, wanted / rise, largest)
            # Not the wanted one at the bound, or if the output's activation is not the identity.
            rise = amplitude(child, length)
        if LEAST <= rise <= MOST:
            return child
    return genome


def _scaled(genome: Cppn, factor: float, largest: float) -> Cppn:
    """Amplitude times `factor`: by the response of the output, which children inherit (B11).

    largest: what the response is clamped to.
    """
    output, *hidden = genome.nodes
    response = min(max(output.response * factor, -largest), largest)
    return Cppn((replace(output, response=response), *hidden), genome.edges)


def _weights(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Biases and weights, each perturbed with probability MUTATE."""
    values = np.array(
        [*(node.bias for node in genome.nodes), *(edge.weight for edge in genome.edges)]
    )
    steps = np.where(rng.random(len(values)) < MUTATE, rng.normal(0, POWER, len(values)), 0.0)
    moved = iter(np.clip(values + steps, -LIMIT, LIMIT).tolist())
    nodes = tuple(
        Node(node.id, node.activation, next(moved), node.response) for node in genome.nodes
    )
    return Cppn(nodes, tuple(Edge(edge.source, edge.target, next(moved)) for edge in genome.edges))


def _structure(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """At most one structural change, tried in NEAT's order."""
    draw = rng.random()
    if draw < ADD_NODE and genome.edges and len(genome.nodes) < MOST_NODES:
        return _add_node(genome, rng)
    if ADD_NODE <= draw < ADD_NODE + DELETE_NODE:
        return _delete_node(genome, rng)
    return genome


def _add_node(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Splits an edge: weight 1 into the new node, the old weight out of it."""
    split = genome.edges[int(rng.integers(len(genome.edges)))]
    id = next(id for id in range(1, MOST_NODES) if all(node.id != id for node in genome.nodes))
    node = Node(id, ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))], float(rng.normal(0, 0.1)))
    edges = [edge for edge in genome.edges if edge is not split]
    edges += [Edge(split.source, id, 1.0), Edge(id, split.target, split.weight)]
    return sorted_network([*genome.nodes, node], edges)


def _delete_node(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Removes a hidden node with its edges, unless that would cut the input off from the output."""
    hidden = [node.id for node in genome.nodes if node.id != OUT]
    if not hidden:
        return genome
    gone = hidden[int(rng.integers(len(hidden)))]
    edges = [edge for edge in genome.edges if gone not in (edge.source, edge.target)]
    child = sorted_network([node for node in genome.nodes if node.id != gone], edges)
    return child if _connected(child) else genome


def sorted_network(nodes: list[Node], edges: list[Edge]) -> Cppn:
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
    """The CPPN's ground; the seed moves only the push at the start (and the plateaus, where they
    are asked for).
    """
    rng = np.random.default_rng(seed)
    y = BASE + profile(genome, length)
    # the reference's counter of segments: one tile in 5 to 9 keeps the height of the one before
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
    """In words: "CPPN of 3 nodes, 4.2 m up or down at most"."""
    return (
        f"CPPN of {len(genome.nodes)} nodes, {amplitude(genome, length):.1f} m up or down at most"
    )

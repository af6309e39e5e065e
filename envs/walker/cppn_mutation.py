"""Mutation of CPPN terrain genomes as in NEAT (Enhanced POET, arXiv 2003.08536).

The settings are those of the reference's NEAT configuration: weights and biases perturbed with
probability 0.75 and power 0.1, a node added with probability 0.1 and deleted with 0.075, at most
one structural change. Weights, biases and responses stay in [-10, 10], its min_value and max_value.

Differs from the reference: all random numbers come from the given generator, and no name depends on
a clock or uuid (B9); a child inherits its parent's amplitude (B11); the number of attempts at a
mutation is limited, after which the parent is returned, where the reference can loop for ever.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from .cppn import (
    ACTIVATIONS,
    IN,
    LIMIT,
    MOST_NODES,
    OUT,
    Cppn,
    Edge,
    Node,
    amplitude,
    sorted_network,
)

RESPONSE = 10.0  # largest response that a mutation sets
LEAST, MOST = 0.25, 16.0  # amplitude over the track [m]
FLAT = 1e-3  # [m]; a lower amplitude is rounding error and is not scaled up
MOST_ATTEMPTS = 100
MUTATE, POWER, ADD_NODE, DELETE_NODE = 0.75, 0.1, 0.1, 0.075


def mutate(genome: Cppn, rng: np.random.Generator, length: int = 200) -> Cppn:
    """A neighbour whose amplitude on a track of `length` tiles is in [LEAST, MOST].

    Returns the first of MOST_ATTEMPTS children that satisfies this, else the genome itself.
    """
    # Tasks of schema 1 can have responses above the bound: descendants keep but do not exceed them.
    largest = max(RESPONSE, abs(genome.nodes[0].response))
    for _ in range(MOST_ATTEMPTS):
        child = _weights(_structure(genome, rng), rng)
        rise = amplitude(child, length)
        if child == genome or not (math.isfinite(rise) and rise >= FLAT):
            continue
        if not LEAST <= rise <= MOST:
            wanted = rng.uniform(LEAST, 0.75) if rise < LEAST else rng.uniform(12.0, MOST)
            child = _scaled(child, wanted / rise, largest)
            # differs from `wanted` at the bound, or if the output's activation is not the identity
            rise = amplitude(child, length)
        if LEAST <= rise <= MOST:
            return child
    return genome


def _scaled(genome: Cppn, factor: float, largest: float) -> Cppn:
    """The genome with its amplitude multiplied by `factor`, through the output's response.

    largest: bound of the response.
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
    """At most one structural change, in NEAT's order of probabilities."""
    draw = rng.random()
    if draw < ADD_NODE and genome.edges and len(genome.nodes) < MOST_NODES:
        return _add_node(genome, rng)
    if ADD_NODE <= draw < ADD_NODE + DELETE_NODE:
        return _delete_node(genome, rng)
    return genome


def _add_node(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Split an edge: weight 1 into the new node, the old weight out of it."""
    split = genome.edges[int(rng.integers(len(genome.edges)))]
    id = next(id for id in range(1, MOST_NODES) if all(node.id != id for node in genome.nodes))
    node = Node(id, ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))], float(rng.normal(0, 0.1)))
    edges = [edge for edge in genome.edges if edge is not split]
    edges += [Edge(split.source, id, 1.0), Edge(id, split.target, split.weight)]
    return sorted_network([*genome.nodes, node], edges)


def _delete_node(genome: Cppn, rng: np.random.Generator) -> Cppn:
    """Remove a hidden node and its edges, unless this disconnects the output from the input."""
    hidden = [node.id for node in genome.nodes if node.id != OUT]
    if not hidden:
        return genome
    gone = hidden[int(rng.integers(len(hidden)))]
    edges = [edge for edge in genome.edges if gone not in (edge.source, edge.target)]
    child = sorted_network([node for node in genome.nodes if node.id != gone], edges)
    return child if _connected(child) else genome


def _connected(genome: Cppn) -> bool:
    """Whether the output depends on the input."""
    reached, front = {IN}, {IN}
    while front:
        front = {edge.target for edge in genome.edges if edge.source in front} - reached
        reached |= front
    return OUT in reached

"""JSON of a CPPN: nodes [id, activation, bias, response] and edges [source, target, weight]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    in_order,
    profile,
    sorted_network,
)

LARGEST_ID = 10**9
LARGEST_RESPONSE = 1e6  # in tasks of schema 1; mutations are bounded by cppn_mutation.RESPONSE
LARGEST_HEIGHT = 1000.0  # of the ground above or below the start pad [m]


def encode(genome: Cppn) -> dict[str, Any]:
    return {
        "nodes": [[n.id, n.activation, n.bias, n.response] for n in genome.nodes],
        "edges": [[e.source, e.target, e.weight] for e in genome.edges],
    }


def decode(data: Mapping[str, Any], length: int = 200) -> Cppn:
    """The genome from its JSON.

    length: of the task's track [tiles]. ValueError, one line, if the network is not bounded and
    feed-forward, or if its ground of this length is not bounded.
    """
    nodes, edges = data.get("nodes"), data.get("edges")
    if set(data) != {"nodes", "edges"} or not (isinstance(nodes, list) and isinstance(edges, list)):
        raise ValueError(f"a CPPN has nodes and edges, got {repr(data)[:80]}")
    if not 1 <= len(nodes) <= MOST_NODES or len(edges) > MOST_NODES**2:
        raise ValueError(
            f"a CPPN has 1 to {MOST_NODES} nodes, got {len(nodes)} and {len(edges)} edges"
        )
    genome = sorted_network([_node(row) for row in nodes], [_edge(row) for row in edges])
    ids = [node.id for node in genome.nodes]
    pairs = [(edge.source, edge.target) for edge in genome.edges]
    known = all(source in (IN, *ids) and target in ids for source, target in pairs)
    if len(set(ids)) < len(ids) or len(set(pairs)) < len(pairs) or OUT not in ids or not known:
        raise ValueError(
            "a CPPN's nodes and edges must be unique, with an output 0, and edges between its nodes"
        )
    in_order(genome, ids)
    heights = np.abs(profile(genome, length))
    if not (heights <= LARGEST_HEIGHT).all():  # NaN too
        raise ValueError(
            f"a CPPN's heights must be finite and at most {LARGEST_HEIGHT:g} m, got "
            f"{heights.max():g} m"
        )
    return genome


def _node(row: Any) -> Node:
    if not (
        isinstance(row, list)
        and len(row) == 4
        and type(row[0]) is int
        and 0 <= row[0] < LARGEST_ID
        and row[1] in ACTIVATIONS
        and _number(row[2], LIMIT)
        and _number(row[3], LARGEST_RESPONSE)
    ):
        raise ValueError(f"a CPPN's node is [id, activation, bias, response], got {repr(row)[:60]}")
    # -0.0 equals 0.0, and must not be written otherwise.
    return Node(row[0], row[1], float(row[2]) + 0.0, float(row[3]) + 0.0)


def _edge(row: Any) -> Edge:
    if not (
        isinstance(row, list)
        and len(row) == 3
        and all(type(end) is int for end in row[:2])
        and _number(row[2], LIMIT)
    ):
        raise ValueError(f"a CPPN's edge is [source, target, weight], got {repr(row)[:60]}")
    return Edge(row[0], row[1], float(row[2]) + 0.0)


def _number(value: Any, limit: float) -> bool:
    return type(value) in (int, float) and abs(value) <= limit  # False for NaN

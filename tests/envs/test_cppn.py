from __future__ import annotations

import itertools
import json
import math
from typing import Any

import neat
import numpy as np
import pytest

from openpoet.envs.walker.cppn import (
    ACTIVATIONS,
    IN,
    MOST_NODES,
    OUT,
    Cppn,
    Edge,
    Node,
    amplitude,
    evaluate,
    flat,
    profile,
    track,
)
from openpoet.envs.walker.cppn_encoding import decode, encode
from openpoet.envs.walker.cppn_mutation import LEAST, MOST, mutate

from .built import assert_box2d_takes


def evolved(seed: int, depth: int) -> list[Cppn]:
    rng, genomes = np.random.default_rng(seed), [flat()]
    for _ in range(depth):
        genomes.append(mutate(genomes[-1], rng))
    return genomes


def by_neat(genome: Cppn, x: np.ndarray) -> np.ndarray:
    """The same network through neat-python's own feed-forward evaluation."""
    activations = neat.activations.ActivationFunctionSet()
    inputs = {
        node.id: [(e.source, e.weight) for e in genome.edges if e.target == node.id]
        for node in genome.nodes
    }
    order: list[Any] = []
    done = {IN}
    while len(order) < len(genome.nodes):
        for node in genome.nodes:
            if node.id not in done and all(source in done for source, _ in inputs[node.id]):
                order.append(
                    (
                        node.id,
                        activations.get(node.activation),
                        sum,
                        node.bias,
                        node.response,
                        inputs[node.id],
                    )
                )
                done.add(node.id)
    network = neat.nn.FeedForwardNetwork([IN], [OUT], order)
    return np.array([network.activate([float(value)])[0] for value in x])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_equals_that_of_neat_python(activation: str) -> None:
    genome = Cppn(
        (Node(OUT, "identity", 0.1, 2.0), Node(1, activation, -0.3)),
        (Edge(IN, 1, 1.7), Edge(1, OUT, -0.6)),
    )
    x = np.linspace(-math.pi, math.pi, 50)
    np.testing.assert_allclose(evaluate(genome, x), by_neat(genome, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_evolved_networks_evaluate_as_in_neat_python(seed: int) -> None:
    genome = evolved(seed, 60)[-1]
    x = np.linspace(-math.pi, math.pi, 30)
    np.testing.assert_allclose(evaluate(genome, x), by_neat(genome, x), rtol=1e-9, atol=1e-9)


def test_networks_grow() -> None:
    assert max(len(evolved(seed, 60)[-1].nodes) for seed in range(6)) > 3


@pytest.mark.parametrize("seed", range(4))
# B10
def test_the_amplitude_of_the_track_is_bounded_over_300_mutations(seed: int) -> None:
    for genome in evolved(seed, 300)[1:]:
        heights = profile(genome)
        assert LEAST - 1e-9 <= np.abs(heights).max() <= MOST + 1e-9
        assert np.all(heights[:21] == 0)
        assert len(genome.nodes) <= MOST_NODES


def test_the_amplitude_of_a_descending_terrain_is_its_depth() -> (
    None
):  # B10: abs(max) calls it flat
    falling = Cppn((Node(OUT, "identity", 0.0),), (Edge(IN, OUT, -1.0),))
    assert profile(falling).max() == 0
    assert amplitude(falling) > 4


# B11: 42 % of such children change by more than twice
def test_children_inherit_the_scale_of_a_rescaled_parent() -> None:
    changes = []
    for seed in range(12):
        genomes = evolved(seed, 25)
        pairs = [(a, b) for a, b in itertools.pairwise(genomes) if a.nodes[0].response != 1.0]
        changes += [max(amplitude(b) / amplitude(a), amplitude(a) / amplitude(b)) for a, b in pairs]
    assert len(changes) > 50
    assert np.mean(np.array(changes) > 2) < 0.25


def test_the_ground_depends_only_on_the_network_and_has_no_plateaus() -> None:  # B12
    genome = Cppn(
        (Node(OUT, "identity", 0.0), Node(1, "sin", 0.2)), (Edge(IN, 1, 0.4), Edge(1, OUT, 2.0))
    )
    one, other = track(genome, 1), track(genome, 2)
    np.testing.assert_array_equal(one.ground, other.ground)
    assert one.push != other.push
    assert (np.diff(one.ground[21:, 1]) == 0).sum() == 0
    reference = track(genome, 1, plateaus=True)
    assert 20 <= (np.diff(reference.ground[20:, 1]) == 0).sum() <= 36
    assert not np.array_equal(reference.ground, track(genome, 2, plateaus=True).ground)


def test_equal_generators_give_equal_children_that_differ_from_the_parent() -> None:  # B9
    genomes = evolved(9, 40)
    assert genomes == evolved(9, 40)
    assert all(a != b for a, b in itertools.pairwise(genomes))


def test_box2d_accepts_evolved_terrain() -> None:
    for seed in range(4):
        assert_box2d_takes(track(evolved(seed, 50)[-1], seed))


@pytest.mark.parametrize("seed", range(4))
def test_decode_inverts_encode(seed: int) -> None:
    genome = evolved(seed, 40)[-1]
    assert decode(json.loads(json.dumps(encode(genome)))) == genome


OUTPUT = [0, "identity", 0.0, 1.0]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"nodes": [OUTPUT], "edges": [[-1, 0, 1.0]], "code": "x"},
        {"nodes": [], "edges": []},
        {"nodes": [OUTPUT] * 2, "edges": []},
        {"nodes": [[0, "eval", 0.0, 1.0]], "edges": []},
        {"nodes": [[0, "identity", float("nan"), 1.0]], "edges": []},
        {"nodes": [[0, "identity", 0.0, 1e9]], "edges": []},
        {"nodes": [OUTPUT], "edges": [[7, 0, 1.0]]},
        {"nodes": [OUTPUT], "edges": [[-1, 0, 11.0]]},
        {"nodes": [OUTPUT, [1, "sin", 0.0, 1.0]], "edges": [[1, 1, 1.0]]},
        {"nodes": [[i, "square", 0.0, 1.0] for i in range(MOST_NODES + 1)], "edges": []},
        {
            "nodes": [OUTPUT, *[[i, "square", 9.0, 1e6] for i in range(1, 40)]],
            "edges": [[-1, 1, 9.0], *[[i, i + 1, 9.0] for i in range(1, 39)], [39, 0, 9.0]],
        },
    ],
)
def test_invalid_networks_are_an_error_of_one_line(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"CPPN") as caught, np.errstate(all="ignore"):
        decode(data)
    assert "\n" not in str(caught.value)

"""Genomes of numbers: bounds, integers, and invalid JSON, which is an error of one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from openpoet.envs.bandits import Bandits
from openpoet.envs.barcode import BarcodeBandits
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.parts.genome import choice, decoded, encoded, features, gene, mutated
from openpoet.envs.regression import Regression


@dataclass(frozen=True)
class Task:
    kind: str = choice("narrow", "wide")
    distance: float = gene(0.5, low=0.0, high=2.0, step=0.5)
    count: int = gene(3, low=1, high=9, step=2)


def test_mutation_stays_in_bounds_and_changes_every_gene_but_choices() -> None:
    rng, task = np.random.default_rng(0), Task("wide")
    values = set()
    for _ in range(300):
        task = mutated(task, rng)
        assert task.kind == "wide"
        assert 0 <= task.distance <= 2
        assert task.distance == round(task.distance, 3)
        assert 1 <= task.count <= 9
        assert type(task.count) is int
        values.add((task.distance in (0.0, 2.0), task.count))
    assert len(values) > 9  # all counts, at the bounds and between


NARROW: list[tuple[Any, str, tuple[float, float]]] = [
    (Bandits(), "low", (0.6, 0.7)),
    (Bandits(), "high", (0.2, 0.3)),
    (Regression(), "low", (1.0, 2.0)),
    (BarcodeBandits(), "good", (0.3, 0.4)),
    (BarcodeBandits(), "bad", (0.7, 0.8)),
    (GridNavi(), "clear", (4, 5)),
    (GridNavi(), "size", (3, 4)),
]


@pytest.mark.parametrize(("family", "name", "ends"), NARROW)
def test_a_narrower_range_holds_for_genes_that_bound_one_another(
    family: Any, name: str, ends: tuple[float, float]
) -> None:
    for seed in range(200):
        task = family.sample(np.random.default_rng(seed), {name: ends})
        assert ends[0] <= getattr(task, name) <= ends[1]
        assert family.decode(family.encode(task)) == task


def test_features_are_fractions_of_the_ranges() -> None:
    np.testing.assert_allclose(features(Task("wide", 1.5, 7)), [0.75, 0.75])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 3}, "schema 1 to 2, got '3': upgrade"),
        ({"schema": True}, "schema 1 to 2, got 'True'"),
        ({"family": "other"}, "a task of 'tasks' is"),
        ({"distance": 2.5}, "tasks.distance must be a number from 0 to 2"),
        ({"distance": "1"}, "tasks.distance"),
        ({"distance": float("nan")}, "tasks.distance"),
        ({"count": 2.5}, "tasks.count"),
        ({"count": True}, "tasks.count"),
        ({"kind": "broad"}, "must be one of narrow, wide"),
        ({"more": 1}, "has the fields family, schema, settings, kind, distance, count, got"),
    ],
)
def test_invalid_tasks_are_an_error(change: dict[str, object], message: str) -> None:
    good = encoded(Task(), "tasks")
    assert decoded(Task, "tasks", good) == Task()
    with pytest.raises(ValueError, match=message):
        decoded(Task, "tasks", {**good, **change})

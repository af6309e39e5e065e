"""Pairs divided among Ray workers: a run equals that of one process, and all steps are counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from openpoet.agents.rollouts.distributed import RayRollouts
from openpoet.agents.rollouts.ray_pairs import RayPairs
from openpoet.cli.parts import Tables
from openpoet.cli.wiring import rollouts_at, wire
from tests.cli.test_worker_processes import HILL, LEARNER, history, settings_of

PPO = {"num_envs": 4, "num_steps": 16, "minibatches": 2, "rollouts": 2, "hidden": "[8]"}


@pytest.fixture(scope="module", autouse=True)
def ray() -> Iterator[None]:
    """One Ray, whose processes have imported openpoet after the first test."""
    with RayRollouts("local", 2):
        yield


def check(tables: Tables) -> None:
    one = wire(tables, 1)
    workers = rollouts_at("local", 2, tables)
    assert workers is not None
    with workers:
        many = wire(tables, 2, workers)
        assert isinstance(many.ledger.learner, RayPairs)
        assert history(one) == history(many)
    assert one.meter.steps == many.meter.steps


@pytest.mark.parametrize(("learner", "settings"), [("ppo", PPO), ("rl2", {})])
def test_a_run_in_ray_workers_equals_one_in_this_process(
    learner: str, settings: dict[str, object]
) -> None:
    check(settings_of(learner, "cartpole", **settings))


def test_plug_in_files_are_executed_in_ray_workers(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(LEARNER)
    check(settings_of(str(own), str(HILL)))


def test_the_error_of_a_pair_names_its_place(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(LEARNER)
    tables = settings_of(str(own), str(HILL), parent=1)  # no worker has this process number
    workers = rollouts_at("local", 2, tables)
    assert workers is not None
    with workers:
        learner = wire(tables, 2, workers).ledger.learner
        with pytest.raises(ValueError, match="not here") as failed:
            learner.evaluate([{}], [(0.0, 0.0, 0.0)], [None])
    assert "own.py" in str(failed.value.__notes__)

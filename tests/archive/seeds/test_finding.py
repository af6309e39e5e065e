from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import FakeFamily, FakeLearner, Point

from openpoet.archive.seeds.finding import Receiver, find_seeds
from openpoet.archive.store import contents
from openpoet.archive.store.run_folder import Run
from openpoet.envs.navigation import Navigation
from tests.archive.example_runs import FAMILY, create, finished

LEARNER = FakeLearner(FAMILY)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, 12)
    return path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_seeds_of_a_run_are_its_active_niches_with_task_agent_and_name(run: Path) -> None:
    found = find_seeds(str(run), None, Receiver(FAMILY, LEARNER))
    with Run.open(run, write=False) as opened:
        living = [row for row in opened.niche_rows() if row["died"] is None]
        assert [seed.source for seed in found] == [f"run#{row['id']}" for row in living]
        for seed, row in zip(found, living, strict=True):
            agent = seed.agent()
            assert seed.task() == FAMILY.decode(row["task"])
            assert agent is not None
            # unchanged: poet.seeding checks and adopts it
            own = opened.agent(row["agent"])
            assert all(agent[name].equal(own[name]) for name in ("velocity", "steps"))


def test_only_selected_niches_are_read(run: Path) -> None:
    with Run.open(run, write=False) as opened:
        first, *others = opened.niche_rows()
    for name in {row["agent"] for row in others} - {first["agent"]}:
        (run / "agents" / f"{name}.safetensors").unlink()
    (seed,) = find_seeds(str(run), "id == 0", Receiver(FAMILY, LEARNER))
    assert seed.source == "run#0"
    with pytest.raises(ValueError, match="is missing"):
        find_seeds(str(run), "id >= 0", Receiver(FAMILY, LEARNER))


def test_a_task_of_another_family_is_an_error_with_a_remedy(run: Path) -> None:
    first, *_ = find_seeds(str(run), None, Receiver(Navigation(), LEARNER))
    with pytest.raises(ValueError, match=r"^run#\d+: a task of 'navigation' .*; with take=agents"):
        first.task()


def test_an_agent_shared_by_many_rows_is_read_once(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(run / "archive.db") as database:
        database.execute("UPDATE niches SET agent = (SELECT agent FROM niches WHERE id = 0)")
    with Run.open(run, write=False) as opened:
        size = opened.agents.size(opened.niche_rows()[0]["agent"])
    monkeypatch.setattr(contents, "MOST_WEIGHTS", size)
    assert len(find_seeds(str(run), "id >= 0", Receiver(FAMILY, LEARNER))) > 2
    monkeypatch.setattr(contents, "MOST_WEIGHTS", size - 1)
    with pytest.raises(
        ValueError, match=f"has {size} bytes of agents, at most {size - 1} bytes are read together"
    ):
        find_seeds(str(run), "id >= 0", Receiver(FAMILY, LEARNER))


def test_an_empty_selection_is_an_error(run: Path, tmp_path: Path) -> None:
    with Run.open(run, write=False) as opened:
        scores = [row["score"] for row in opened.niche_rows()]
    message = re.escape(f": score is {min(scores):.6g} to {max(scores):.6g}")
    with pytest.raises(
        ValueError,
        match=r'the expression "score > 1e9" keeps none of the \d+ niches of '
        rf"\S+{message}$",
    ):
        find_seeds(str(run), "score > 1e9", Receiver(FAMILY, LEARNER))
    create(tmp_path / "young").close()
    with pytest.raises(
        ValueError, match="has no niche to start from: it was stopped before its first iteration"
    ):
        find_seeds(str(tmp_path / "young"), None, Receiver(FAMILY, LEARNER))


class PoetFamily(FakeFamily):
    def task_from_poet_file(self, config: Mapping[str, Any], seed: int) -> Point:
        if "ground_roughness" not in config:
            raise ValueError("no roughness")
        return Point(config["ground_roughness"], 0.0, seed)


class PoetLearner(FakeLearner):
    def foreign(self, theta: list[float]) -> dict[str, torch.Tensor]:
        if len(theta) != 2:
            raise ValueError(f"theta must be 2 numbers, got {len(theta)}")
        return {"velocity": torch.tensor(theta, dtype=torch.float64), "steps": torch.zeros(1)}


def test_poet_files_give_tasks_and_agents_and_errors_name_the_file(tmp_path: Path) -> None:
    family, learner = PoetFamily(), PoetLearner(FAMILY)
    for name, config, theta in (("a", {"ground_roughness": 0.5}, [1, 2]), ("b", {}, [1, 2, 3])):
        (tmp_path / f"e.{name}.env.json").write_text(json.dumps({"config": config, "seed": 7}))
        (tmp_path / f"e.{name}.best.json").write_text(
            json.dumps([theta, 10.0 if name == "a" else 20.0])
        )
    a, b = find_seeds(str(tmp_path), None, Receiver(family, learner))
    agent = a.agent()
    assert agent is not None
    assert (a.task(), agent["velocity"].tolist(), a.source) == (
        Point(0.5, 0.0, 7),
        [1, 2],
        f"{tmp_path.name}/e.a",
    )
    with pytest.raises(ValueError, match=r"/e\.b\.env\.json: no roughness$"):
        b.task()
    with pytest.raises(ValueError, match=r"/e\.b\.best\.json: theta must be 2 numbers, got 3$"):
        b.agent()
    (best,) = find_seeds(str(tmp_path), "score > 15 and name == 'e.b'", Receiver(family, learner))
    assert best.source == b.source
    with pytest.raises(ValueError, match="need the family walker and a learner that reads such"):
        find_seeds(str(tmp_path), None, Receiver(FAMILY, LEARNER))


def test_too_many_seeds_are_an_error_before_their_agents_are_read(run: Path) -> None:
    def refuse(count: int) -> None:
        raise ValueError(f"{count} are too many")

    for agent in (run / "agents").iterdir():
        agent.unlink()
    with pytest.raises(ValueError, match=r"^3 are too many$"):
        find_seeds(str(run), "alive", Receiver(FAMILY, FakeLearner(FAMILY), check_number=refuse))

"""Terrains named by an archive and a niche, through every interface of the walker."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import openpoet
from openpoet.archived_tasks import is_name
from openpoet.envs.walker.sb3 import WalkerVecEnv
from tests.test_library import points

ID = "openpoet/Walker-v0"
SAME_STEP = AutoresetMode.SAME_STEP
TINY: dict[str, Any] = {
    "es.population": 2,
    "walker.horizon": 12,
    "poet.mutate_every": 1,
    "poet.reproduce_at": -200.0,
    "poet.mc_low": -200.0,
    "poet.capacity": 4,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> openpoet.Run:
    out = tmp_path_factory.mktemp("runs") / "walks"
    return openpoet.launch("quick-es", out=out, seed=1, iterations=2, settings=TINY, workers=1)


@pytest.fixture(scope="module")
def pack(run: openpoet.Run) -> str:
    return str(run.export(run.path.with_name("walks.poet")).path)


def episode(env: gymnasium.Env) -> list[Any]:
    seen = [env.reset(seed=3)[0]]
    for action in np.random.default_rng(0).uniform(-1, 1, (20, 4)).astype(np.float32):
        observation, reward, terminated, truncated, _ = env.step(action)
        seen += [observation, reward, terminated, truncated]
        if terminated or truncated:
            break
    return seen


def test_a_name_gives_the_niche_s_task(run: openpoet.Run, pack: str) -> None:
    assert len(run.niches) > 1
    for niche in run.niches:
        named = gymnasium.make(ID, terrain=f"{pack}#{niche.id}")
        given = gymnasium.make(ID, terrain=niche.task)
        assert named.unwrapped.terrain == given.unwrapped.terrain
        mine, theirs = episode(named), episode(given)
        assert len(mine) == len(theirs)
        assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
    assert gymnasium.make(ID, terrain=f"{run.path}#0").unwrapped.terrain is not None


def test_rows_resets_and_stable_baselines_take_names(run: openpoet.Run, pack: str) -> None:
    last = run.niches[-1]
    many = gymnasium.make_vec(ID, num_envs=2, terrain=[f"{pack}#{last.id}", "flat"])
    first, _ = many.unwrapped.get_attr("terrain")
    env = gymnasium.make(ID)
    env.reset(options={"terrain": f"{pack}#{last.id}"})
    assert env.unwrapped.terrain == first
    assert pickle.loads(pickle.dumps(first)) == first
    baselines = WalkerVecEnv(
        gymnasium.make_vec(ID, num_envs=1, autoreset_mode=SAME_STEP, terrain=f"{pack}#{last.id}")
    )
    assert baselines.get_attr("terrain") == [first]


def test_what_cannot_be_read_is_one_line(pack: str, tmp_path: Path) -> None:
    other = points(tmp_path / "points", 1)
    (tmp_path / "text.poet").write_text("no pack")
    for name, line in (
        (f"{tmp_path}/none.poet#0", r"^terrain: there is no run '.*none.poet'; runs/ has "),
        (f"{tmp_path}/text.poet#0", r"^terrain: .*text.poet is not a SQLite database: "),
        (f"{pack}#99", r"^terrain: there is no niche 99 in .*walks.poet: it has 0 to "),
        (f"{other.path}#0", r"^terrain: .*points#0 is a task of the family 'navigation', expected"),
        (f"{pack}#one", r"^terrain must be a task, its JSON, a niche of an archive"),
    ):
        with pytest.raises(ValueError, match=line) as error:
            gymnasium.make(ID, terrain=name)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["flat", "", "#1", "a#", "a#-1", "a#1.5", '{"a": "b#1', "a#" + "9" * 16]
)
def test_other_texts_are_no_names(text: str) -> None:
    assert not is_name(text)

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from openpoet.cli.conformance import check_family
from openpoet.cli.settings.tables import build, preset, presets
from openpoet.envs.walker.family import Walker, WalkerSettings, WalkerTask
from openpoet.envs.walker.obstacles import FIRST_GAP, GAP_STEP, Obstacles, mutate
from openpoet.envs.walker.task import TaskSettings


@pytest.mark.parametrize(
    "settings",
    [
        WalkerSettings(horizon=40),
        WalkerSettings(horizon=40, encoding="cppn"),
        WalkerSettings(horizon=40, seeds="episode", obstacles=("stump", "roughness")),
        WalkerSettings(horizon=40, layout="dcd", length=60),
        WalkerSettings(horizon=15, physics="box2d", lidar="first"),
    ],
    ids=["obstacles", "cppn", "episode", "dcd", "box2d"],
)
def test_walker_passes_the_conformance_suite(settings: WalkerSettings) -> None:
    check_family(Walker(settings))


@pytest.mark.parametrize("name", [name for name in presets() if "walker" in preset(name)])
def test_every_preset_has_valid_walker_settings(name: str) -> None:
    Walker(build(WalkerSettings, preset(name)["walker"], "walker"))


def test_a_child_may_be_several_mutations_away() -> None:
    once, often = Walker(), Walker(WalkerSettings(mutation_steps=4))
    expected, found = set(), set()
    for seed in range(200):
        rng = np.random.default_rng(seed)
        task = once.origin()
        for _ in range(int(rng.integers(1, 5))):
            task = replace(task, genome=mutate(task.genome, once.bounds, rng))
        expected.add(task.genome)
        found.add(often.mutate(often.origin(), np.random.default_rng(seed)).genome)
    assert found == expected
    highest = max(genome.gap[1] for genome in found)
    assert highest == pytest.approx(FIRST_GAP[1] + 3 * GAP_STEP)


def test_children_may_have_their_parents_seed() -> None:
    family = Walker(WalkerSettings(new_seed=0.25))
    parent = WalkerTask(Obstacles(gap=(0.4, 1.2), stump=(0.2, 0.6)), 5)
    children = [family.mutate(parent, np.random.default_rng(seed)) for seed in range(400)]
    kept = [child for child in children if child.seed == 5]
    assert 0.68 < len(kept) / len(children) < 0.82
    assert all(child.genome != parent.genome for child in children)
    usual = [Walker().mutate(parent, np.random.default_rng(seed)) for seed in range(400)]
    assert [child.genome for child in usual] == [child.genome for child in children]
    # with the parent's seed the first obstacle, of the same kind, is at the same place
    first = family.track(parent, 0).polygons[0, 0, 0]
    assert all(family.track(child, 0).polygons[0, 0, 0] == first for child in kept)


def test_poet_paper_mutates_some_parameters_and_poet_code_all() -> None:
    parent = WalkerTask(Obstacles(5.0, gap=(2.0, 4.0), stump=(1.0, 2.0)), 0)
    kept = {}
    for name in ("poet-paper", "poet-code"):
        family = Walker(build(WalkerSettings, preset(name)["walker"], "walker"))
        children = [family.mutate(parent, np.random.default_rng(seed)) for seed in range(60)]
        kept[name] = sum(
            isinstance(c.genome, Obstacles) and c.genome.gap == (2.0, 4.0) for c in children
        )
        assert len({child.seed for child in children}) > 50  # a new seed always
    assert kept["poet-code"] == 0
    assert 15 < kept["poet-paper"] < 45


def test_a_task_has_one_terrain_unless_seeds_is_episode() -> None:
    task = WalkerTask(Obstacles(1.0, stump=(0.4, 1.0)), 5)
    niche, episode = Walker(), Walker(WalkerSettings(seeds="episode"))
    assert niche.track(task, 1) is niche.track(task, 2)
    loose = WalkerTask(task.genome, None)
    assert not np.array_equal(episode.track(loose, 1).ground, episode.track(loose, 2).ground)
    np.testing.assert_array_equal(episode.track(loose, 5).ground, niche.track(task, 0).ground)
    assert niche.spec.deterministic
    assert not episode.spec.deterministic


def test_a_child_has_a_new_seed_and_duplicates_are_compared_by_genome() -> None:
    family = Walker()
    child = family.mutate(family.origin(), np.random.default_rng(3))
    assert isinstance(child.seed, int)
    assert 0 <= child.seed < 10**6
    twin = WalkerTask(child.genome, child.seed + 1)
    assert (
        family.fingerprint(twin) == family.fingerprint(child) != family.fingerprint(family.origin())
    )


@pytest.mark.parametrize(
    "change",
    [
        {"family": "maze"},
        {"schema": 3},
        {"schema": None},
        {"schema": True},
        {"seed": -1},
        {"seed": "7"},
        {"seed": 2**32},
        {"extra": 1},
        {"genome": None},
        {"genome": {"kind": "pickle"}},
        {"genome": {"kind": "obstacles", "roughness": 1.0}},
    ],
)
def test_invalid_walker_tasks_are_an_error_of_one_line(change: dict[str, Any]) -> None:
    family = Walker()
    with pytest.raises(ValueError, match=r".") as caught:
        family.decode(family.encode(family.origin()) | change)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "change",
    [
        {"roughness": float("nan")},
        {"roughness": 1e9},
        {"roughness": True},
        {"gap": [1.0]},
        {"gap": [0.0, float("inf")]},
        {"stump": "ab"},
        {"stump": [0.0, -1.0]},
        {"gap": [5.0, 1.0]},
        {"stairs": [10**400, 10**400]},
        {"roughness": 10**400},
        {"stump": [True, True]},
        {"stair_steps": True},
        {"stair_steps": 0},
        {"stair_steps": 10**12},
    ],
)
def test_numbers_of_a_genome_are_bounded(change: dict[str, Any]) -> None:
    family = Walker()
    data = family.encode(family.origin())
    with pytest.raises(ValueError, match=next(iter(change))):
        family.decode(data | {"genome": data["genome"] | change})


def test_a_newer_schema_is_an_error_that_suggests_an_upgrade() -> None:
    family = Walker()
    with pytest.raises(ValueError, match="upgrade"):
        family.decode(family.encode(family.origin()) | {"schema": 4})


def test_the_original_poets_files_become_tasks() -> None:
    config = {
        "name": "r0.6.p0.4_1.2.b1_0_0.4.s0.2_0.6",
        "ground_roughness": 0.6,
        "pit_gap": [0.4, 1.2],
        "stump_width": [1, 2],
        "stump_height": [0, 0.4],
        "stump_float": [0, 1],
        "stair_height": [],
        "stair_width": [],
        "stair_steps": [],
    }
    task = Walker().task_from_poet_file(config, 77)
    assert task == WalkerTask(Obstacles(0.6, (0.4, 1.2), (0.0, 0.4)), 77, TaskSettings())
    stairs = config | {"stair_height": [0.2, 0.6], "stair_width": [4, 5], "stair_steps": [3, 4]}
    assert Walker().task_from_poet_file(stairs, 77).genome == Obstacles(
        0.6, (0.4, 1.2), (0.0, 0.4), (0.2, 0.6), 3
    )
    reversed_gap = config | {"pit_gap": [4.8, 4.48]}  # POET-rose 3b is stored like this
    assert Walker().task_from_poet_file(reversed_gap, 1).genome == Obstacles(
        0.6, (4.48, 4.8), (0.0, 0.4)
    )
    with pytest.raises(ValueError, match="stair_steps"):
        Walker().task_from_poet_file(stairs | {"stair_steps": [2.5]}, 77)
    with pytest.raises(ValueError, match="stump_width"):
        Walker().task_from_poet_file(config | {"stump_width": [2, 3]}, 77)


@pytest.mark.parametrize(
    "wrong",
    [{"lidar": "first"}, {"obstacles": ("lava",)}, {"horizon": 0}, {"gap_max": 0.1}, {"length": 5}],
)
def test_invalid_settings_are_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WalkerSettings(**wrong)


def test_the_outline_has_ground_obstacles_and_with_a_pose_the_walker() -> None:
    family = Walker(WalkerSettings(horizon=5))
    task = WalkerTask(Obstacles(stump=(1.0, 1.0)), 0)
    simulator = family.simulator([task], [0], "cpu")
    simulator.reset()
    layers = family.outline(task, simulator.state(0))
    assert layers["ground"][0].shape == (200, 2)
    assert all(np.array_equal(block[0], block[-1]) for block in layers["ground"][1:])
    assert (len(layers["body"]), len(layers["ray"])) == (5, 10)
    assert set(family.outline(task)) == {"ground"}


def test_encoding_is_plain_json_with_its_schema() -> None:
    family = Walker()
    assert json.loads(json.dumps(family.encode(family.origin()))) == {
        "family": "walker",
        "schema": 2,
        "settings": {
            "layout": "poet",
            "terrain": "corrected",
            "lidar": "nearest",
            "length": 200,
            "horizon": 2000,
        },
        "genome": {
            "kind": "obstacles",
            "roughness": 0.0,
            "gap": None,
            "stump": None,
            "stairs": None,
            "stair_steps": 1,
        },
        "seed": 0,
    }


def test_a_missing_cuda_compiler_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError,
        match=r'^the walker on device "cuda" needs numba-cuda: pip '
        r"install ",
    ):
        Walker().simulator([Walker().origin()], [0], "cuda")

"""Suites: ours fit their families and have not changed; the file format refuses what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpoet.agents.parts.scoring import SEEDS
from openpoet.arena.suites.reading import about, from_json, parse, read, suite, suites
from openpoet.arena.suites.suite import Suite, to_json

# A result names the suite's version: content that changes must have another one.
PINNED = {
    "bodies": (1, "97155fe5ec340734"),
    "dcd-6": (1, "27c69a4621ffaeff"),
    "dcd-6-poet": (1, "9914c03a933d746c"),
    "mazes": (1, "3a600158f7efe021"),
    "navigation": (1, "b4f32fc19aecce24"),
    "rose": (1, "50fecae2410b8b2b"),
    "rose-poet": (1, "179c86d0cce3db92"),
    "solvable-10k": (1, "ce5fbbf676fe667a"),
    "speeds": (1, "81fd9eae9cdaba2c"),
    "xchal": (1, "ed4a1484ec1c6489"),
}
XCHAL = suite("xchal")


def changed(**fields: Any) -> dict[str, Any]:
    return {**to_json(XCHAL), **fields}


@pytest.mark.parametrize("name", suites())
def test_a_suite_does_not_change_without_another_version(name: str) -> None:
    found = suite(name)
    assert (found.name, found.about) == (name, about(name))
    assert (found.version, found.sha256[:16]) == PINNED[name]


@pytest.mark.parametrize("name", suites())
def test_a_suite_equals_the_one_read_from_its_json(name: str) -> None:
    found = suite(name)
    assert from_json(json.loads(json.dumps(to_json(found)))) == found
    assert found.validation is None or found.validation in suites()


@pytest.mark.parametrize("name", [name for name in suites() if suite(name).family == "walker"])
def test_terrains_of_walker_suites_are_not_drawn_in_training_nor_in_validation(name: str) -> None:
    """Trials of a training have seeds below SEEDS."""
    seeds = suite(name).seeds
    assert min(seeds) >= SEEDS
    validation = suite(name).validation
    assert validation is None or not set(seeds) & set(suite(validation).seeds)


def test_rows_are_worlds_in_order_each_with_the_first_seeds() -> None:
    assert list(suite("dcd-6").rows(2))[:4] == [
        (0, 2**31),
        (0, 2**31 + 1),
        (1, 2**31),
        (1, 2**31 + 1),
    ]
    with pytest.raises(ValueError, match="has 1000 seeds, one an episode, got --episodes 1001"):
        list(suite("dcd-6").rows(1001))


def test_drawn_numbers_depend_on_the_seed_alone_and_lie_in_their_ranges() -> None:
    (world,) = XCHAL.worlds
    tasks = [world.realised(seed) for seed in XCHAL.seeds[:200]]
    assert tasks[3] == world.realised(XCHAL.seeds[3])
    rough = np.array([task["genome"]["roughness"] for task in tasks])
    assert 4.5 <= rough.min() < 4.6
    assert 7.9 < rough.max() <= 8.0
    assert world.task["genome"]["roughness"] == 6.0  # the world itself is left as it is
    others = [{**task["genome"], "roughness": 0, "gap": 0, "stump": 0} for task in tasks]
    assert all(other == others[0] for other in others)
    assert {task["genome"]["gap"][0] for task in tasks} == {0.0}


def test_solved_is_a_return_of_at_least_the_score_and_success_where_the_rule_says_so() -> None:
    returns, success = np.array([229.0, 230.0, 231.0]), np.array([True, True, False])
    rule = from_json(changed(solved_by="return and success"))
    assert XCHAL.solved(returns, success).tolist() == [False, True, True]
    assert rule.solved(returns, success).tolist() == [False, True, False]


def test_the_hash_is_that_of_what_determines_results() -> None:
    def sha256(**fields: Any) -> str:
        return from_json(changed(**fields)).sha256

    assert sha256(about="other words") == XCHAL.sha256
    assert (
        len({XCHAL.sha256, sha256(solved_score=1.0), sha256(seeds=[1, 2]), sha256(version=2)}) == 4
    )


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"more": 1}, "a suite has the fields"),
        ({"name": ""}, "name must be a line"),
        ({"about": "two\nlines"}, "about must be a line"),
        ({"version": 0}, "version must be a whole number"),
        ({"episodes": True}, "episodes must be a whole number"),
        ({"solved_score": "230"}, "solved_score must be a finite number"),
        ({"solved_by": "luck"}, "solved_by must be 'return' or 'return and success'"),
        ({"settings": []}, "settings must be an object"),
        ({"seeds": []}, "seeds must be"),
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"seeds": [-1]}, "a seed must be"),
        ({"seeds": {"first": 2**32 - 1, "count": 2}}, "a seed must be"),
        ({"seeds": {"first": "a", "count": 2}}, "a seed must be"),
        ({"seeds": {"first": 1, "count": 10**9}}, "count must be"),
        ({"worlds": []}, "worlds must be a list"),
        ({"worlds": [{"name": "a"}]}, "a world must be"),
        ({"worlds": [{"name": "a", "task": {}}] * 2}, "different names"),
        ({"worlds": [{"name": "a", "task": [1]}]}, "must be objects"),
        ({"worlds": [{"name": "a", "task": {}, "draws": {"x": [0, 1]}}]}, "does not have"),
        ({"worlds": [{"name": "a", "task": {"x": "1"}, "draws": {"x": [0, 1]}}]}, "a number there"),
        ({"worlds": [{"name": "a", "task": {"x": [1]}, "draws": {"x/1": [0, 1]}}]}, "not have"),
        ({"worlds": [{"name": "a", "task": {"x": 1}, "draws": {"x": [1, 0]}}]}, "low <= high"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_line(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named) as error:
        from_json(changed(**fields))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_what_is_not_json_of_numbers_is_refused_with_the_name_of_its_file(tmp_path: Path) -> None:
    for content in (b"{", b'{"a": NaN}', b"\xff\xfe", b"[" * 10**5):
        (tmp_path / "mine.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"the suite .*mine\.json") as error:
            read(tmp_path / "mine.json")
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="cannot read the suite"):
        read(tmp_path / "none.json")


def test_a_stranger_adds_a_suite_in_one_file(tmp_path: Path) -> None:
    mine: Suite = parse(json.dumps(changed(name="mine", seeds=[5, 3])), "mine")
    (tmp_path / "mine.json").write_text(json.dumps(to_json(mine)))
    assert read(tmp_path / "mine.json") == mine
    assert mine.seeds == (5, 3)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="unknown suite 'dcd': there are bodies, dcd-6"):
        suite("dcd")

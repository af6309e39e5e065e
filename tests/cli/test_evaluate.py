"""The command evaluate on small runs: the same numbers again, and every source of agents."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.arena.scores import Scores
from openpoet.arena.suites.reading import suite, suites
from openpoet.arena.suites.suite import to_json
from openpoet.cli.evaluate.suites import EPISODES, family_of

SMALL: dict[str, Any] = {
    "poet.mutate_every": 1, "poet.reproduce_at": -1e6, "poet.mc_low": -1e6, "poet.mc_high": 1e6,
    "poet.min_gain": -1e6, "poet.capacity": 3, "poet.children": 2,
}  # fmt: skip
PPO: dict[str, Any] = {"ppo.num_envs": 4, "ppo.num_steps": 8, "ppo.rollouts": 1, "ppo.hidden": (8,)}


def launched(out: Path, family: str, learner: str, **settings: Any) -> Path:
    options: dict[str, Any] = {"family": family, "learner": learner, "seed": 1, "workers": 1}
    openpoet.launch(out=out, iterations=2, settings=SMALL | settings, **options)
    return out


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Agents of PPO on goals."""
    return launched(tmp_path_factory.mktemp("runs") / "points", "navigation", "ppo", **PPO)


@pytest.fixture(scope="module")
def goals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of two worlds with eight seeds, as a stranger writes one."""
    data = to_json(suite("navigation"))
    data |= {"name": "two goals", "episodes": 4, "seeds": [3, 1, 4, 15, 9, 2, 6, 5]}
    data["worlds"] = data["worlds"][:2]
    for settings in (data["settings"], *(world["task"]["settings"] for world in data["worlds"])):
        settings["reward"] = "dense"
    path = tmp_path_factory.mktemp("suites") / "two.json"
    path.write_text(json.dumps(data))
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = command.main(["evaluate", *map(str, words)])
    return code, *capsys.readouterr()


def record(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("name", suites())
def test_every_world_of_our_suites_is_a_task_of_its_family(name: str) -> None:
    found = suite(name)
    family = family_of(found, 1)
    for world in found.worlds:
        for seed in found.seeds[:2]:
            task = family.decode(world.realised(seed))
            assert family.encode(task) == world.realised(seed)
    assert found.episodes <= len(found.seeds)


def test_the_same_command_gives_the_same_record_in_the_same_file(
    points: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, points, "--suite", goals)[0] == 0
    (kept,) = (points / "evaluations").iterdir()
    first = kept.read_bytes()
    assert run(capsys, points, "--suite", goals)[0] == 0
    assert [path.read_bytes() for path in (points / "evaluations").iterdir()] == [first]
    assert kept.name.startswith("two_goals-v1-")
    assert openpoet.open(points).verify()


def test_a_record_names_agents_suite_and_version_by_their_hashes(
    points: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = record(capsys, points, "--suite", goals, "--select", "id < 2", "--actions", "mean")
    held = {row["id"]: row["agent"] for row in openpoet.open(points).rows("niches")}
    assert found["agents"] == [{"name": f"points#{i}", "sha256": held[i]} for i in (0, 1)]
    assert found["suite"]["name"] == "two goals"
    assert len(found["suite"]["sha256"]) == 64
    scores = Scores.from_json(found["scores"]["mean"])
    assert scores.agents == ("points#0", "points#1")
    assert scores.worlds == ("half circle", "circle")
    assert scores.episodes == 4
    assert list(found["scores"]) == ["mean"]


def test_the_first_worlds_of_a_suite_score_as_in_the_whole_under_a_name_of_their_own(
    points: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [points, "--suite", goals, "--select", "id == 0", "--actions", "mean"]
    whole, both, one = (record(capsys, *words, *w) for w in ([], ["--worlds", 2], ["--worlds", 1]))
    assert both == whole
    ours, theirs = (Scores.from_json(found["scores"]["mean"]) for found in (one, whole))
    assert ours.worlds == ("half circle",)
    assert np.array_equal(ours.returns, theirs.returns[:, :1])
    assert (one["suite"]["name"], whole["suite"]["name"]) == ("two goals-first-1", "two goals")
    assert one["suite"]["sha256"] != whole["suite"]["sha256"]
    assert len(list((points / "evaluations").glob("two_goals-first-1-v1-*.json"))) == 1


def test_an_agent_scores_the_same_alone_and_among_others(
    points: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    together = record(capsys, points, "--suite", goals)["scores"]
    alone = record(capsys, points, "--suite", goals, "--select", "id == 0")
    for kind in ("mean", "sampled"):
        ours, theirs = Scores.from_json(together[kind]), Scores.from_json(alone["scores"][kind])
        assert np.array_equal(ours.returns[ours.agents.index("points#0")], theirs.returns[0])
    assert together["mean"]["returns"] != together["sampled"]["returns"]


def test_a_pack_and_a_weights_file_score_as_the_run(
    points: Path, goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--suite", goals, "--select", "id == 0", "--out", tmp_path / "record.json"]
    returns = record(capsys, points, *words)["scores"]["mean"]["returns"]
    openpoet.open(points).export(tmp_path / "points.poet")
    assert record(capsys, tmp_path / "points.poet", *words)["scores"]["mean"]["returns"] == returns
    digest = openpoet.open(points).rows("niches")[0]["agent"]
    file = points / "agents" / f"{digest}.safetensors"
    near = record(capsys, file, *words[:2], *words[4:])["scores"]["mean"]["returns"]
    shutil.copy(file, tmp_path / "mine.safetensors")
    config = ["--config", points / "config.toml"]
    far = record(capsys, tmp_path / "mine.safetensors", *words[:2], *words[4:], *config)
    assert near == far["scores"]["mean"]["returns"] == returns
    assert far["agents"] == [{"name": "mine", "sha256": digest}]


def test_the_niches_of_a_run_are_a_suite_on_which_its_agents_score_as_in_its_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A walker's task with a seed is deterministic: an evaluation repeats the archive's score."""
    settings = {"walker.length": 31, "walker.horizon": 40, **PPO}
    folder = launched(tmp_path / "walkers", "walker", "ppo", **settings)
    found = record(capsys, folder, "--suite", folder, "--actions", "mean", "--validation", "none")
    scores = Scores.from_json(found["scores"]["mean"])
    assert scores.episodes == 1
    for niche in openpoet.open(folder).niches:
        if niche.died is None:
            agent = scores.agents.index(f"walkers#{niche.id}")
            world = scores.worlds.index(f"niche {niche.id}")
            assert scores.returns[agent, world, 0] == pytest.approx(niche.score, abs=1e-9)


def test_several_agents_are_reported_as_oracle_chosen_and_mean(
    points: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(
        capsys, points, "--suite", goals, "--validation", "navigation", "--episodes", 2
    )
    assert code == 0
    for words in ("two goals version 1, 2 episodes", "oracle", "chosen", "mean", "all  "):
        assert words in out
    assert "sampled actions" in out


def test_agents_that_adapt_are_reported_by_episode_with_two_controls(
    goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"rl2.hidden": 8, "rl2.trials": 16, "rl2.test_trials": 8, "rl2.episodes": 3}
    folder = launched(tmp_path / "rl2", "navigation", "rl2", **settings)
    found = record(capsys, folder, "--suite", goals, "--select", "id == 0")
    returns = {name: np.array(values) for name, values in found["adaptation"].items()}
    assert {name: each.shape for name, each in returns.items()} == dict.fromkeys(
        ("none", "off", "shuffled"), (1, 2, 4, 3)
    )
    assert np.array_equal(returns["none"][..., 0], returns["off"][..., 0])
    assert np.array_equal(returns["none"][..., -1], np.array(found["scores"]["adapted"]["returns"]))
    code, out, _ = run(capsys, folder, "--suite", goals, "--select", "id == 0")
    assert code == 0
    assert "memory off" in out
    assert "half circle" in out.split("memory off")[1]
    code, out, _ = run(capsys, folder, "--suite", goals, "--select", "true")
    assert code == 0
    assert "#1" in out.split("memory off")[1]


def test_a_run_with_randomised_tasks_is_evaluated_on_its_own_worlds_and_on_others(
    points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A world draws another task for every episode, so it has more than one."""
    settings = {"run.tasks": "randomised", "ranges.distance": [0.5, 0.6], "poet.mutate_every": 0}
    settings |= {"navigation.reward": "dense", **PPO}
    folder = launched(tmp_path / "random", "navigation", "ppo", **settings)
    for agents, worlds in ((folder, folder), (folder, points), (points, folder)):
        found = record(capsys, agents, "--suite", worlds, "--actions", "mean", "--select", "true")
        scores = Scores.from_json(found["scores"]["mean"])
        assert scores.episodes == EPISODES
        if worlds == folder:
            assert len(set(scores.returns[0, 0])) == EPISODES
    code, out, _ = run(capsys, "numpy:zeros_like", "--suite", folder)
    assert (code, "20 episodes" in out) == (0, True)


def test_agents_that_adapt_need_not_act_step_by_step(
    goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """EPG has no method `trial_policy`. Its returns are before and after one update."""
    small = {"population": 2, "episodes": 2, "updates": 1, "test_trials": 2}
    settings = {f"epg.{name}": value for name, value in small.items()}
    folder = launched(tmp_path / "epg", "navigation", "epg", **settings)
    found = record(capsys, folder, "--suite", goals, "--select", "id == 0")
    assert np.array(found["adaptation"]["none"]).shape == (1, 2, 4, 2)


def test_a_python_function_is_evaluated_and_its_hash_is_that_of_its_file(
    goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reward of a step is minus the distance to the goal, which is 1 m, for 20 steps."""
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\n\ndef still(seen):\n    return np.zeros((len(seen), 2))\n\n\n"
        "def wrong(seen):\n    return np.zeros((len(seen), 3))\n"
    )
    words = ["--suite", goals, "--out", tmp_path / "record.json"]
    found = record(capsys, f"{tmp_path}/mine.py:still", *words)
    np.testing.assert_allclose(found["scores"]["mean"]["returns"], np.full((1, 2, 4), -20.0))
    before = found["agents"]
    with (tmp_path / "mine.py").open("a") as file:
        file.write("# edited\n")
    after = record(capsys, f"{tmp_path}/mine.py:still", *words)["agents"]
    assert (before[0]["name"], before != after) == ("still", True)
    code, _, err = run(capsys, f"{tmp_path}/mine.py:wrong", *words)
    assert code == 2
    assert "must return numbers [8, 2], got float64 [8, 3]" in err


def test_bad_arguments_are_one_line(
    points: Path, goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text("act = 3\n")
    (tmp_path / "only.safetensors").touch()
    for words, message in (
        ([points, "--suite", "dcd"], "unknown suite 'dcd': there are bodies"),
        ([points, "--suite", "dcd-6"], "worlds of the family walker, the agents are of navigation"),
        ([points, "--suite", goals, "--episodes", 9], "has 8 seeds"),
        ([points, "--suite", goals, "--worlds", "id > 1"], "is a suite"),
        ([points, "--suite", goals, "--worlds", 3], "must be from 1 to 2"),
        ([points, "--suite", goals, "--worlds", 0], "must be from 1 to 2"),
        ([points, "--suite", goals, "--select", "id > 99"], "keeps none"),
        ([points, "--suite", goals, "--config", "x.toml"], "--config belongs to"),
        ([tmp_path / "none", "--suite", goals], "none"),
        ([tmp_path / "only.safetensors", "--suite", goals], "holds weights only"),
        ([tmp_path / "none.safetensors", "--suite", goals], "there is no file /"),
        ([tmp_path / "none.zip", "--suite", goals], "there is no file /"),
        ([f"{tmp_path}/mine.py:act", "--suite", goals], "has no function 'act'"),
        ([f"{tmp_path}/mine.py:other", "--suite", goals], "has no function 'other'"),
        (["no_such_module:act", "--suite", goals], "cannot import no_such_module"),
        (["numpy:zeros", "--suite", goals, "--actions", "sampled"], "do not sample actions"),
        (["numpy:zeros", "--suite", goals, "--validation", goals], "chooses one of several"),
        (["numpy:zeros", "--suite", goals, "--select", "id > 1"], "--select chooses niches"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, ""), (words, err)
        assert message in err, (words, err)
        assert len(err.strip().splitlines()) == 1, err


@pytest.mark.parametrize("linked", ["evaluations", "evaluations/.RECORD.partial"])
def test_a_record_is_not_written_through_a_link_of_the_run_folder(
    linked: str, points: Path, goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger, mine = tmp_path / "stranger", tmp_path / "mine"
    mine.mkdir()
    shutil.copytree(points, stranger, ignore=lambda *_: ["evaluations"])
    if linked == "evaluations":
        (stranger / linked).symlink_to(mine)
    else:
        assert run(capsys, stranger, "--suite", goals)[0] == 0
        (kept,) = (stranger / "evaluations").iterdir()
        (mine / "precious").write_text("precious")
        (stranger / linked.replace("RECORD", kept.name)).symlink_to(mine / "precious")
    before = {path.name: path.read_text() for path in mine.iterdir()}
    code, _, err = run(capsys, stranger, "--suite", goals)
    assert {path.name: path.read_text() for path in mine.iterdir()} == before
    assert code == (2 if linked == "evaluations" else 0), err


def test_a_record_that_cannot_be_kept_is_an_error_before_the_simulation(
    points: Path, goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, out, err = run(capsys, points, "--suite", goals, "--out", tmp_path / "file" / "a.json")
    assert (code, out) == (2, "")
    assert f"the record cannot be kept in {tmp_path / 'file'}: File exists" in err
    assert "--out names another file" in err
    assert "batch 1" not in err


def test_results_are_printed_also_if_the_disk_is_full_at_the_end(
    points: Path,
    goals: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    code, out, err = run(capsys, points, "--suite", goals, "--out", tmp_path / "a.json")
    assert code == 2
    assert "environment steps" in out
    assert f"cannot write {tmp_path / 'a.json'}: No space left on device" in err
    assert not list(tmp_path.iterdir())


def test_a_suite_whose_tasks_are_nested_deeply_is_refused_in_one_line(
    goals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It parses as JSON, but what copies and decodes tasks would exceed Python's stack."""
    data, deep = json.loads(goals.read_text()), tmp_path / "deep.json"
    (world, *_) = data["worlds"]
    world["task"]["x"], world["draws"] = 1, {"x": [0, 1]}
    world["task"]["nested"] = "HERE"
    deep.write_text(json.dumps(data).replace('"HERE"', "[" * 900 + "]" * 900))
    (tmp_path / "mine.py").write_text("def still(o):\n    return o[:, :2] * 0\n")
    code, out, err = run(capsys, f"{tmp_path}/mine.py:still", "--suite", deep)
    assert (code, out) == (2, "")
    assert "nests more than 32 deep" in err
    assert len(err.strip().splitlines()) == 1

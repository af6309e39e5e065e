"""The library `openpoet`: runs equal those of the command, and are read back as objects."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import openpoet
import openpoet.cli.main as command
from openpoet.agents.parts.scoring import draw_seeds

HILL = Path(__file__).resolve().parents[1] / "examples" / "hill.py"

# Point navigation in episodes of four steps; niches are created within six iterations.
POINTS: dict[str, Any] = {
    "es.population": 4,
    "es.hidden": (4,),
    "navigation.horizon": 4,
    "navigation.episodes": 2,
    "navigation.solved_score": -3.0,
    "poet.mutate_every": 2,
    "poet.transfer_every": 2,
    "poet.reproduce_at": -200.0,
    "poet.mc_low": -200.0,
    "poet.mc_high": 200.0,
    "poet.min_gain": -200.0,
    "poet.capacity": 3,
    "poet.children": 4,
}
BANDITS = {"rl2.hidden": 8, "rl2.trials": 16, "rl2.test_trials": 32}


def points(out: Path, iterations: int, **options: Any) -> openpoet.Run:
    wanted = {"family": "navigation", "learner": "es", "seed": 3, "settings": POINTS} | options
    return openpoet.launch(out=out, iterations=iterations, workers=1, **wanted)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> openpoet.Run:
    return points(tmp_path_factory.mktemp("runs") / "points", 6)


@pytest.fixture(scope="module")
def bandits(tmp_path_factory: pytest.TempPathFactory) -> openpoet.Run:
    out = tmp_path_factory.mktemp("runs") / "bandits"
    return openpoet.launch("quick-bandits", out=out, iterations=2, seed=1, settings=BANDITS)


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> openpoet.Run:
    """RL^2 in trials of three episodes."""
    small = {"navigation.horizon": 4, "rl2.episodes": 3, "poet.mutate_every": 0}
    out = tmp_path_factory.mktemp("runs") / "episodes"
    options: dict[str, Any] = {"iterations": 1, "seed": 1, "workers": 1}
    return openpoet.launch("quick-navigation", out=out, settings=BANDITS | small, **options)


def test_importing_openpoet_does_not_load_its_dependencies() -> None:
    code = (
        "import sys, openpoet; openpoet.__version__; dir(openpoet)\n"
        "assert not {'torch', 'numba', 'gymnasium', 'numpy'} & set(sys.modules)\n"
        "assert {'launch', 'open', 'check'} <= set(dir(openpoet)) & set(openpoet.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_library_and_the_command_give_the_same_digest(
    run: openpoet.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"{name}={list(v) if isinstance(v, tuple) else v}" for name, v in POINTS.items()]
    options = [part for word in words for part in ("--set", word)]
    parts = ["--family", "navigation", "--learner", "es", "--seed", "3", "--iterations", "6"]
    assert command.main(["launch", "--out", str(tmp_path / "same"), *parts, *options]) == 0
    capsys.readouterr()
    assert command.main(["digest", str(tmp_path / "same")]) == 0
    assert capsys.readouterr().out.strip() == run.digest()


def test_a_resumed_run_equals_an_uninterrupted_one(run: openpoet.Run, tmp_path: Path) -> None:
    with points(tmp_path / "short", 3) as short:
        assert short.iteration == 3  # opened while another object continues the run
        resumed = openpoet.resume(short, iterations=6, workers=1)
        assert resumed.digest() == run.digest()
        assert short.iteration == 3
    assert short.iteration == 6  # opened again
    assert resumed.verify() == openpoet.open(tmp_path / "short").verify()


def test_a_run_can_be_launched_in_a_thread_and_read_in_another(
    run: openpoet.Run, tmp_path: Path
) -> None:
    found: dict[str, Any] = {}

    def work() -> None:
        found["run"] = points(tmp_path / "threaded", 6)
        found["digest"] = found["run"].digest()

    handlers = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found["digest"] == run.digest() == found["run"].digest()
    assert signal.getsignal(signal.SIGINT) is handlers


def test_a_run_can_be_launched_while_an_event_loop_runs(run: openpoet.Run, tmp_path: Path) -> None:
    async def cell() -> str:
        return points(tmp_path / "notebook", 6).digest()

    assert asyncio.run(cell()) == run.digest()


def test_nothing_is_printed_and_process_settings_do_not_change(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(2)
    try:
        points(tmp_path / "quiet", 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_progress_is_called_after_each_iteration(run: openpoet.Run, tmp_path: Path) -> None:
    calls: list[openpoet.Progress] = []
    points(tmp_path / "calls", 6, progress=calls.append)
    assert [(p.iteration, p.total) for p in calls] == [(i, 6) for i in range(1, 7)]
    assert dict(calls[-1].scores) == {n.id: n.score for n in run.niches if n.died is None}
    assert calls[-1].steps == sum(row["steps"] for row in run.rows("ledger"))
    assert all(p.seconds > 0 for p in calls)


@pytest.mark.parametrize("error", [KeyboardInterrupt, LookupError])
def test_an_exception_in_progress_ends_the_run_after_its_iteration_is_written(
    error: type[BaseException], tmp_path: Path
) -> None:
    def stop(now: openpoet.Progress) -> None:
        if now.iteration == 2:
            raise error

    with pytest.raises(error):
        points(tmp_path / "stopped", 6, progress=stop)
    assert openpoet.open(tmp_path / "stopped").iteration == 2


def test_ctrl_c_finishes_the_iteration(run: openpoet.Run, tmp_path: Path) -> None:
    def press(now: openpoet.Progress) -> None:
        if now.iteration == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        points(tmp_path / "stopped", 6, progress=press)
    assert openpoet.open(tmp_path / "stopped").iteration == 2
    assert openpoet.resume(tmp_path / "stopped", workers=1).digest() == run.digest()


def test_niches_are_the_rows_of_the_archive(run: openpoet.Run) -> None:
    rows = run.rows("niches")
    assert len(run.niches) == len(rows) > 2
    for niche, row in zip(run.niches, rows, strict=True):
        for name in ("id", "parent", "born", "died", "score", "best", "solved", "novelty"):
            assert getattr(niche, name) == row[name]
        assert niche.task["schema"]
        assert niche.title
    last = run.niches[-1]
    line = run.lineage(last.id)
    assert line[0] == last.id
    assert line[-1] == 0
    assert [run.niches[id].parent for id in line] == [*line[1:], None]
    assert run.settings["es"]["hidden"] == [4]


def test_an_es_policy_has_the_return_of_the_archive(run: openpoet.Run) -> None:
    with run:
        for niche in run.niches:
            replays = run._replays
            family, learner = replays.parts.setup.family, replays.learner(replays.parts.meter)
            seeds = learner.evaluation_seeds(replays.key(niche.id))
            tasks = [family.decode(niche.task)] * len(seeds)
            simulator = family.simulator(tasks, seeds, "cpu")
            policy, observations = run.policy(niche.id), simulator.reset().numpy()
            total, alive = np.zeros(len(seeds)), np.ones(len(seeds), bool)
            while alive.any():
                actions = policy(observations)
                calls, rewards, terminated, truncated = simulator.step(torch.from_numpy(actions))
                policy.observe(rewards.numpy(), (terminated | truncated).numpy())
                total += rewards.numpy()
                alive &= ~(terminated | truncated).numpy()
                observations = calls.numpy()
            assert total.mean() == niche.score


@pytest.mark.parametrize("name", ["bandits", "episodes"])
def test_an_rl2_policy_has_the_return_of_the_archive(
    name: str, request: pytest.FixtureRequest
) -> None:
    adapted: openpoet.Run = request.getfixturevalue(name)
    niche = adapted.niches[0]
    replays = adapted._replays
    family, learner = replays.parts.setup.family, replays.parts.ledger.learner
    trials = BANDITS["rl2.test_trials"]
    seeds = draw_seeds(replays.key(0), trials)
    simulator = family.simulator([family.decode(niche.task)] * trials, seeds, "cpu")
    policy, observations = adapted.policy(0), simulator.reset()
    returns = torch.zeros(learner.episodes, trials, dtype=torch.float64)
    for episode in range(learner.episodes):
        ended = torch.zeros(trials, dtype=torch.bool)
        while not bool(ended.all()):
            observations, rewards, *over = simulator.step(policy(observations))
            ended = over[0] | over[1]
            policy.observe(rewards, ended)
            returns[episode] += rewards
        if episode + 1 < learner.episodes:
            observations = simulator.restart(ended)
    tested = learner.config.test_episodes
    assert float(returns[-tested:].mean()) == pytest.approx(niche.score, abs=1e-12)


def test_invalid_arguments_of_a_policy_raise_value_error(run: openpoet.Run) -> None:
    policy = run.policy(0)
    size = policy.spec.observation_size
    with pytest.raises(ValueError, match=r"call the policy before \w+\(\)"):
        policy.observe(np.zeros(1), np.zeros(1, bool))
    with pytest.raises(ValueError, match=rf"must be \[n, {size}\], got \[2, {size + 1}\]"):
        policy(np.zeros((2, size + 1), np.float32))
    with pytest.raises(ValueError, match="NaN or infinite"):
        policy(np.full((2, size), np.nan, np.float32))
    assert policy(np.zeros((2, size), np.float32)).shape == (2, policy.spec.action_size)
    with pytest.raises(ValueError, match=r"until reset\(\)"):
        policy(np.zeros((3, size), np.float32))
    policy.reset()
    assert isinstance(policy(torch.zeros(3, size)), torch.Tensor)
    with pytest.raises(ValueError, match="there is no niche 99"):
        run.policy(99)


def test_a_replay_has_the_score_of_the_archive_and_moving_pictures(run: openpoet.Run) -> None:
    replay = run.replay(0, size=(160, 80))
    assert replay.score == run.niches[0].score
    frames = list(replay)
    assert len(frames) == len(replay) > 1
    assert all(f.shape == (80, 160, 3) and f.dtype == np.uint8 for f in frames)
    assert any(not np.array_equal(frames[0], f) for f in frames[1:])
    assert np.array_equal(frames[0], next(iter(replay)))


def test_a_replay_compares_the_first_and_the_last_episode_of_a_trial(
    episodes: openpoet.Run, tmp_path: Path
) -> None:
    one_by_one = episodes.replay(0, size=(160, 80))
    compared = episodes.replay(0, size=(160, 80), compare_episodes=2)
    assert len(compared) == 5 < len(one_by_one)  # one trial of at most 4 steps
    assert compared.score == one_by_one.score == episodes.niches[0].score
    assert all(frame.shape == (80, 160, 3) for frame in compared)
    film = ["--compare-episodes", "2", "--record", str(tmp_path / "a.mp4")]
    assert command.main(["replay", str(episodes.path), "0", *film]) == 0
    assert (tmp_path / "a.mp4").stat().st_size > 0
    with pytest.raises(ValueError, match="no recording of trial 99: expected 1 to 8"):
        episodes.replay(0, compare_episodes=99)


def test_a_run_seeded_from_another_starts_with_its_niches(
    run: openpoet.Run, tmp_path: Path
) -> None:
    child = openpoet.seed_from(
        run, select="id in (0, 1)", out=tmp_path / "child", iterations=1, workers=1, settings=POINTS
    )
    assert child.settings["run"]["family"] == "navigation"
    assert [n.task for n in child.niches[:2]] == [n.task for n in run.niches[:2]]
    with pytest.raises(ValueError, match="take must be"):
        openpoet.seed_from(run, take="all", out=tmp_path / "no")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "quik"}, "did you mean 'quick'"),
        ({"settings": {"capacity": 3}}, 'named "section.key"'),
        ({"settings": {"poet.capacty": 3}}, "did you mean 'capacity'"),
        ({"settings": {"poet.capacity": object()}}, r"settings\['poet.capacity'\]: a setting must"),
        ({"seed": 1, "settings": {"poet.seed": 2}}, "argument seed=1 contradicts"),
        ({"device": "tpu"}, "must be auto, cpu or cuda"),
        ({"family": "no_such_file.py"}, "no such file"),
        ({"progress": 3}, "progress must be a function, .* got 3$"),
        ({"settings": ["a.b=3"]}, r"settings must be a dict by .*, got \['a.b=3'\]$"),
        ({"settings": {3: 4}}, 'named "section.key"'),
    ],
)
def test_bad_input_is_a_value_error_of_one_line(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        openpoet.launch(out=tmp_path / "run", iterations=1, **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_and_a_missing_run_raise_value_error(
    run: openpoet.Run, tmp_path: Path
) -> None:
    with pytest.raises(FileExistsError, match="is already a run"):
        points(run.path, 6)
    with pytest.raises(ValueError, match="there is no run"):
        openpoet.open(tmp_path / "nothing")
    missing: Any = None
    with pytest.raises(ValueError, match=r"a run must be a run folder, .* got None"):
        openpoet.open(missing)
    with pytest.raises(ValueError, match=r"reached its 6 iterations.*openpoet\.resume\(.*, iter"):
        openpoet.resume(run)


def test_a_failing_learner_is_reported_with_its_iteration(tmp_path: Path) -> None:
    file = tmp_path / "failing.py"
    file.write_text(
        "from openpoet.agents.search.es import ES\n"
        "class Failing(ES):\n"
        "    def improve(self, agents, tasks, keys):\n"
        "        raise ZeroDivisionError('no luck')\n"
        "learner = Failing\n"
    )
    settings = {name: value for name, value in POINTS.items() if not name.startswith("es.")}
    with pytest.raises(openpoet.RunFailedError, match=r"iteration 1 failed: .*no luck"):
        points(tmp_path / "run", 2, learner=file, settings=settings)
    assert openpoet.open(tmp_path / "run").iteration == 0


def test_a_family_file_may_change_between_two_launches_of_one_program(tmp_path: Path) -> None:
    """The resume checks the hash of the file; a launch takes the file as it is then."""
    family = Path(shutil.copy(HILL, tmp_path / "hill.py"))
    settings = {
        "es.population": 4,
        "poet.reproduce_at": -9.0,
        "poet.mc_low": -9.0,
        "poet.mc_high": 9.0,
    }
    first = openpoet.launch(
        family=family, settings=settings, iterations=1, workers=1, out=tmp_path / "first"
    )
    openpoet.resume(first, iterations=2, workers=1)
    family.write_text(f"{family.read_text()}\n# edited\n")
    second = openpoet.launch(
        family=family, settings=settings, iterations=1, workers=1, out=tmp_path / "second"
    )
    assert second.iteration == 1

"""Gymnasium environments as task families: laws of a family, and results equal to Gymnasium."""

from __future__ import annotations

import gc
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

import openpoet.cli.main as command
from openpoet.archive.replay.camera import scene_of
from openpoet.archive.replay.drawing import draw_frame, pygame
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.overlay import facts
from openpoet.cli.conformance import check_family
from openpoet.envs.gymnasium_family import GymnasiumFamily
from openpoet.envs.gymnasium_family.spaces import actions_of, flattened, observation_size
from openpoet.envs.randomised import Randomised
from openpoet.poet.streams import Key

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCORES = {"solved_score": 3.0, "reproduce_at": 2.0, "mc_low": 1.0, "mc_high": 2.5}


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["family"]


class Counter(gymnasium.Env[Any, Any]):
    """Observes a number drawn from its seed and a count that grows by `rate`; ends at `limit`."""

    closed = 0

    def __init__(
        self, rate: float = 1.0, observations: Any = None, actions: Any = None, limit: int = 4
    ) -> None:
        self.rate, self.limit = rate, limit
        self.observation_space = observations or spaces.Box(-np.inf, np.inf, (1, 2))
        self.action_space = actions or spaces.Box(np.float32([0, -4]), np.float32([2, 8]))

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.count, self.start = 0, self.np_random.uniform()
        return np.array([[self.start, self.count]], np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        info = {"large": bool(action[1] > 0)}
        observed = np.array([[self.start, self.rate * self.count]], np.float32)
        return observed, float(action[0]), self.count == self.limit, False, info

    def close(self) -> None:
        type(self).closed += 1


class Wide(Counter):
    """Observes three numbers."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        observed, info = super().reset(seed=seed)
        return np.append(observed, 0.0), info


def counter(**changes: Any) -> GymnasiumFamily:
    settings = {"origin": {"rate": 1.0}, "genes": {"rate": (0.0, 2.0, 0.5)}, "horizon": 6, **SCORES}
    return GymnasiumFamily(**{"make": Counter, **settings, **changes})


@pytest.mark.parametrize("name", ["cartpole", "pendulum", "lunar_lander"])
def test_the_examples_are_valid_families(name: str) -> None:
    check_family(GymnasiumFamily(**{**example(name), "horizon": 60}))


def test_a_custom_environment_class_can_be_a_family() -> None:
    family = counter()
    check_family(family)
    assert family.name == "Counter"
    assert family.encode(family.origin())["settings"] == {
        "horizon": 6,
        "observations": 2,
        "actions": 2,
    }


def test_a_row_equals_its_environment_and_an_ended_row_is_frozen() -> None:
    family = GymnasiumFamily(**example("pendulum"))
    tasks = [family.origin(), family.mutate(family.origin(), np.random.default_rng(1))]
    rows = family.simulator(tasks, [5, 6], "cpu")
    observed, draws = rows.reset(), np.random.default_rng(2)
    own = [example("pendulum")["make"](**vars(task)) for task in tasks]
    firsts = [
        env.reset(seed=int(np.random.SeedSequence((seed, 0)).generate_state(1)[0]))[0]
        for env, seed in zip(own, (5, 6), strict=True)
    ]
    assert np.array_equal(observed, np.stack(firsts))
    for _ in range(200):
        actions = draws.uniform(-1, 1, (2, 1)).astype(np.float32)
        observed, rewards, terminated, truncated = rows.step(torch.from_numpy(actions))
        alone = [env.step(2 * action) for env, action in zip(own, actions, strict=True)]
        assert np.allclose(observed, np.stack([step[0] for step in alone]), atol=1e-5)
        assert np.allclose(rewards, [step[1] for step in alone], atol=1e-5)
    assert truncated.all()
    assert not terminated.any()
    again = rows.step(torch.ones(2, 1))
    assert torch.equal(again[0], observed)
    assert again[1].tolist() == [0.0, 0.0]
    assert rows.steps == 400


def test_rows_end_and_restart_independently() -> None:
    family = counter()
    rows = family.simulator([family.origin()] * 2, [1, 1], "cpu")
    first = rows.reset()
    for _ in range(4):
        rows.step(torch.ones(2, 2))
    assert rows.steps == 8
    second = rows.restart(torch.tensor([True, False]))
    assert second[1].tolist() == [float(first[1, 0]), 4.0]
    assert second[0, 0] != first[0, 0]  # another episode
    rows.step(torch.ones(2, 2))
    assert rows.steps == 9
    assert torch.equal(rows.reset(), first)
    assert torch.equal(rows.restart(torch.tensor([True, True])), second[[0, 0]])


def test_a_terminated_episode_is_not_truncated_and_the_horizon_truncates() -> None:
    for horizon, flags in ((6, [True, False]), (4, [True, False]), (3, [False, True])):
        rows = counter(horizon=horizon).simulator([counter().origin()], [1], "cpu")
        rows.reset()
        for _ in range(6):
            *_, terminated, truncated = rows.step(torch.ones(1, 2))
        assert [bool(terminated), bool(truncated)] == flags
        assert rows.steps == min(horizon, 4)


def test_actions_are_clipped_and_scaled_to_the_box() -> None:
    actions = actions_of(spaces.Box(np.float32([0, -4]), np.float32([2, 8])))
    for numbers, expected in (
        ([-1, 1], [0, 8]),
        ([0, 0], [1, 2]),
        ([3, -9], [2, -4]),
        ([0.5, -0.5], [1.5, -1]),
    ):
        assert actions.of(np.float32(numbers)).tolist() == expected
    discrete = actions_of(spaces.Discrete(3, start=-1))
    assert [discrete.of(np.float32(n)) for n in ([2, 1, 0], [0, 0.1, -1], [0, 0, 1])] == [-1, 0, 1]
    assert (discrete.size, discrete.discrete, actions.size, actions.discrete) == (3, True, 2, False)


def test_dict_and_tuple_observations_are_flattened() -> None:
    space = spaces.Dict(
        a=spaces.Discrete(3), b=spaces.Tuple([spaces.Box(0, 1, (2,)), spaces.MultiBinary(2)])
    )
    observation = {"a": 1, "b": (np.float32([0.25, 0.5]), np.int8([1, 0]))}
    assert observation_size(space) == 7
    assert flattened(space, observation).tolist() == [0, 1, 0, 0.25, 0.5, 1, 0]


@pytest.mark.parametrize(
    ("success", "second", "expected"),
    [
        (None, -1.0, True),
        ("large", -1.0, False),
        ("large", 1.0, True),
        (lambda end: end.reward == 2 and end.terminated, 0.0, True),
        (lambda end: not end.terminated, 0.0, False),
    ],
)
def test_success_is_computed_by_the_given_key_or_function(
    success: Any, second: float, expected: bool
) -> None:
    family = counter(success=success)
    rows = family.simulator([family.origin()], [1], "cpu")
    rows.reset()
    for _ in range(4):
        assert not rows.success.any()  # until the episode has ended
        rows.step(torch.tensor([[1.0, second]]))
    assert rows.success.tolist() == [expected]


def test_thresholds_are_attributes_of_the_spec() -> None:
    spec = counter().spec
    assert {name: getattr(spec, name) for name in SCORES} == SCORES


def test_each_environment_is_closed_once() -> None:
    family = counter()
    Counter.closed = 0
    rows = family.simulator([family.origin()] * 3, [1, 2, 3], "cpu")
    rows.reset()
    rows.restart(torch.tensor([True, False, False]))
    assert Counter.closed == 1
    del rows
    gc.collect()
    assert Counter.closed == 4


def test_integer_genes_stay_integers_within_their_range() -> None:
    family = counter(origin={"rate": 1}, genes={"rate": (0, 3, 2.0)})
    task, observed = family.origin(), set()
    for i in range(40):
        task = family.mutate(task, np.random.default_rng(i))
        assert family.decode(family.encode(task)) == task
        assert type(task.rate) is int
        observed.add(task.rate)
    assert observed == {0, 1, 2, 3}


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "names": (lambda: counter(origin={"speed": 1.0}), "mappings of the same names"),
    "no genes": (lambda: counter(origin={}, genes={}), "mappings of the same names"),
    "an identifier": (
        lambda: counter(origin={"a b": 1.0}, genes={"a b": (0, 1, 1)}),
        "must be an identifier",
    ),
    "three numbers": (
        lambda: counter(genes={"rate": (0.0, 2.0)}),
        r"must be \(low, high, mutation step\)",
    ),
    "NaN": (
        lambda: counter(genes={"rate": (0.0, float("nan"), 1.0)}),
        r"must be \(low, high, mutation step\)",
    ),
    "outside": (lambda: counter(origin={"rate": 3.0}), "needs low <= origin <= high"),
    "no step": (lambda: counter(genes={"rate": (0.0, 2.0, 0.0004)}), "step >= 0.001"),
    "decimals": (lambda: counter(genes={"rate": (0.0004, 2.0, 0.1)}), "at most 3 decimals"),
    "horizon": (lambda: counter(horizon=None), "no max_episode_steps"),
    "horizon 0": (lambda: counter(horizon=0), "at least 1"),
    "longer": (lambda: GymnasiumFamily(**{**example("pendulum"), "horizon": 201}), "at most 200"),
    "flag": (lambda: counter(deterministic="no"), "deterministic must be"),
    "name": (lambda: counter(name=""), "name must be"),
    "score": (lambda: counter(mc_low=float("nan")), "mc_low must be a finite number"),
    "success": (lambda: counter(success=3), "a key of info"),
    "no environment": (lambda: counter(make=lambda rate: rate), "must return a gymnasium.Env"),
    "image": (lambda: observation_size(spaces.Box(0, 255, (8, 8, 3), np.uint8)), "no images"),
    "large": (
        lambda: observation_size(spaces.Dict(a=spaces.Box(0, 1, (3000,)))),
        "at most 2048 numbers",
    ),
    "no size": (lambda: observation_size(spaces.Sequence(spaces.Discrete(2))), "a fixed size"),
    "unbounded": (lambda: actions_of(spaces.Box(-np.inf, np.inf, (2,))), "a bounded Box"),
    "whole numbers": (
        lambda: actions_of(spaces.Box(0, 3, (2,), np.int64)),
        "a bounded Box of floats",
    ),
    "several": (lambda: actions_of(spaces.MultiDiscrete([2, 2])), "a bounded Box of floats"),
    "too early": (
        lambda: counter().simulator([counter().origin()], [1], "cpu").step(torch.ones(1, 2)),
        "before reset",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_invalid_arguments_are_an_error_of_one_line(case: str) -> None:
    wrong, message = BAD[case]
    with pytest.raises(ValueError, match=message) as caught:
        wrong()
    assert "\n" not in str(caught.value)


def test_an_environment_with_other_space_sizes_is_an_error() -> None:
    other_actions = counter(make=lambda rate: Counter(rate, actions=spaces.Box(0, rate, (2,))))
    task = other_actions.mutate(other_actions.origin(), np.random.default_rng(1))
    with pytest.raises(ValueError, match="must have the action space of the origin's"):
        other_actions.simulator([task], [1], "cpu").reset()
    wider = counter(make=lambda rate: Counter(rate) if rate == 1 else Wide(rate))
    with pytest.raises(
        ValueError, match="must have the same number of observations, 2, got 3 in row 0"
    ):
        wider.simulator([task], [1], "cpu").reset()


def test_a_success_key_missing_from_info_is_an_error() -> None:
    family = counter(success="won")
    rows = family.simulator([family.origin()], [1], "cpu")
    rows.reset()
    for _ in range(3):
        rows.step(torch.ones(1, 2))
    with pytest.raises(
        ValueError,
        match=r"info\['won'\], which is missing in the last step: its keys are "
        r"\['large'\]",
    ):
        rows.step(torch.ones(1, 2))


def test_negative_zero_genes_are_stored_as_zero() -> None:
    family = counter(origin={"rate": -0.0}, genes={"rate": (-1.0, 1.0, 0.5)})
    assert str(family.encode(family.origin())["rate"]) == "0.0"


def test_domain_randomisation_samples_tasks_and_prints_their_titles() -> None:
    family = Randomised(GymnasiumFamily(**example("cartpole")), {"length": [1.0, 3.0]})
    episode = record_episode(Still, family, {}, family.origin(), Key(1))
    state = episode.frames[0]
    assert 1 <= state.task.length <= 3
    pixels = episode.picture(0, 0)
    assert pixels is not None
    assert pixels.shape == (400, 600, 3)


def test_tasks_of_another_family_or_out_of_range_are_an_error() -> None:
    family = counter()
    good = family.encode(family.origin())
    for wrong in (
        {**good, "rate": 2.5},
        {**good, "family": "Other"},
        {**good, "settings": {"horizon": 5}},
    ):
        with pytest.raises(ValueError, match=r"rate|Other|settings"):
            family.decode(wrong)


class Still:
    """A learner that evaluates one episode with zero actions."""

    def __init__(self, family: Any) -> None:
        self.family = family

    def evaluate(self, agents: Any, tasks: Any, keys: Any) -> tuple[np.ndarray, ...]:
        rows = self.family.simulator(tasks, [1], "cpu")
        rows.reset()
        score, ended = 0.0, torch.zeros(1, dtype=torch.bool)
        while not ended.all():
            _, reward, terminated, truncated = rows.step(
                torch.zeros(1, self.family.spec.action_size)
            )
            score, ended = score + float(reward), terminated | truncated
        return np.array([score]), np.array([False]), np.array([rows.steps])


@pytest.mark.parametrize("name", ["lunar_lander", "cartpole"])
def test_a_replay_shows_rendered_frames_and_does_not_change_the_episode(name: str) -> None:
    family = GymnasiumFamily(**{**example(name), "horizon": 30})
    task = family.origin()
    alone = Still(family).evaluate([{}], [task], [Key(1)])
    episode = record_episode(Still, family, {}, task, Key(1))
    assert episode.score == alone[0][0]
    assert not pygame.display.get_init()
    pygame.font.init()
    font = pygame.font.Font(None, 20)
    gc.collect()
    font.render("pygame is still there", True, (0, 0, 0))
    pixels = episode.picture(0, 5)
    assert pixels is not None
    assert pixels.shape == (400, 600, 3)
    assert not np.array_equal(pixels, episode.picture(0, 0))
    assert "speed" not in dict(facts(episode, scene_of(episode), 5))  # pixels have no scale
    surface = pygame.Surface((600, 400))
    draw_frame(surface, episode, scene_of(episode), 5)
    shown = {
        tuple(colour) for colour in pygame.surfarray.array3d(surface).reshape(-1, 3)[::7].tolist()
    }
    brightest = {tuple(colour) for colour in pixels.reshape(-1, 3)[::7].tolist()}
    assert len(shown & brightest) > 1


def test_a_file_with_a_dict_can_be_launched_replayed_and_shown(tmp_path: Path) -> None:
    small = ["--set", "es.population=4", "--set", "cartpole.horizon=20", "--iterations", "2"]
    config = [
        "--config",
        str(EXAMPLES / "cartpole.toml"),
        "--family",
        str(EXAMPLES / "cartpole.py"),
    ]
    assert command.main(["launch", *config, *small, "--out", str(tmp_path / "run")]) == 0
    assert "horizon = 20" in (tmp_path / "run" / "config.toml").read_text()
    assert command.main(["replay", str(tmp_path / "run"), "--record", str(tmp_path / "a.gif")]) == 0
    assert (tmp_path / "a.gif").stat().st_size > 1000
    assert command.main(["show", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [("family = {'make': print}", "missing a required"), ("learner = {}", "must name the class")],
)
def test_a_dict_without_the_required_arguments_is_an_error(
    line: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(line)
    kind = line.split()[0]
    assert (
        command.main(
            ["launch", f"--{kind}", str(tmp_path / "mine.py"), "--out", str(tmp_path / "run")]
        )
        == 2
    )
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1

"""The walker's simulator with hidden bodies, delays, noise and target speeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.walker.body_draw import draw, revealed
from openpoet.envs.walker.body_genes import NAMED, PROBABILITIES, RANGES, BodyGenes
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.hidden import HiddenSimulator
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.simulator import CompiledWalkers
from openpoet.envs.walker.task import WalkerTask

ALL = (*PROBABILITIES, *RANGES)
FLAT = Obstacles()
EVERYTHING = BodyGenes(
    reversed=0.5,
    mass=(1.0, 0.2),
    leg_length=(1.0, 0.3),
    delay=(2.0, 1.0),
    noise=(0.1, 0.1),
    target_speed=(2.0, 2.0),
    reward="instead",
)


def family(**settings: Any) -> Walker:
    return Walker(WalkerSettings(**({"body": "reversed", "horizon": 60} | settings)))


def simulator(genes: BodyGenes | None, seeds: list[int], **settings: Any) -> Any:
    tasks = [WalkerTask(FLAT, 7, body=genes)] * len(seeds)
    return family(**settings).simulator(tasks, seeds, "cpu")


def plan(steps: int, rows: int) -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    return [
        torch.from_numpy(rng.uniform(-1, 1, (rows, 4)).astype(np.float32)) for _ in range(steps)
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"body": "reversed", "seeds": "episode"},
        {"body": "params", "reveal": True},
        {"body": "legs"},
        {"body": "speed", "draws": "held-out"},
        {"body": "standard", "body_mutates": ALL},
        {"body": "standard", "body_mutates": ALL, "physics": "box2d"},
    ],
    ids=["reversed", "params", "legs", "speed", "mutating", "box2d"],
)
def test_families_with_bodies_pass_the_conformance_suite(settings: dict[str, Any]) -> None:
    check_family(family(**{"horizon": 12} | settings))


def test_trials_with_a_body_are_not_deterministic_and_have_two_episodes() -> None:
    spec = family().spec
    assert (spec.deterministic, spec.episodes) == (False, 2)
    assert Walker().spec.deterministic
    assert Walker().spec.episodes == 1
    assert family(episodes=3).spec.episodes == 3
    assert not Walker(WalkerSettings(body_mutates=("mass",))).spec.deterministic


def test_a_family_without_bodies_refuses_a_task_with_one() -> None:
    task, line = family().origin(), r"set walker\.body=reversed"
    with pytest.raises(ValueError, match=line):
        Walker().simulator([task], [0], "cpu")
    with pytest.raises(ValueError, match=line):
        Walker().decode(family().encode(task))


def test_a_body_alone_keeps_the_compiled_simulator() -> None:
    assert isinstance(simulator(NAMED["legs"], [0]), CompiledWalkers)
    assert isinstance(simulator(NAMED["speed"], [0]), HiddenSimulator)
    assert isinstance(simulator(NAMED["legs"], [0], reveal=True), HiddenSimulator)


def test_reversed_motors_are_negated_actions() -> None:
    seeds = list(range(6))
    hidden, plain = simulator(NAMED["reversed"], seeds), simulator(None, seeds)
    signs = torch.tensor([draw(NAMED["reversed"], seed).body.direction for seed in seeds])
    assert torch.equal(hidden.reset(), plain.reset())
    for actions in plan(60, 6):
        results = hidden.step(actions), plain.step(signs * actions)
        for ours, theirs in zip(*results, strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("delay", [1, 4])
def test_a_delay_shifts_the_actions_and_begins_with_zeros(delay: int) -> None:
    late, prompt = simulator(BodyGenes(delay=(float(delay), 0.0)), [3, 4]), simulator(None, [3, 4])
    actions = plan(30, 2)
    shifted = [torch.zeros(2, 4)] * delay + actions
    for _ in range(2):  # the second time after a restart
        assert torch.equal(late.reset(), prompt.reset())
        for given, taken in zip(actions, shifted, strict=False):
            for ours, theirs in zip(late.step(given), prompt.step(taken), strict=True):
                assert torch.equal(ours, theirs)


def test_an_action_that_is_not_finite_is_an_error_when_it_is_given() -> None:
    late = simulator(BodyGenes(delay=(3.0, 0.0)), [0, 1])
    late.reset()
    actions = torch.zeros(2, 4)
    actions[1, 2] = float("nan")
    with pytest.raises(
        ValueError, match="actions must be finite, got NaN or infinity for walker 1"
    ):
        late.step(actions)


def test_noise_has_its_standard_deviation_and_repeats_after_a_reset() -> None:
    genes, seeds = BodyGenes(noise=(0.3, 0.0)), list(range(40))
    noisy, plain = simulator(genes, seeds), simulator(None, seeds)
    first = noisy.reset()
    errors = [first - plain.reset()]
    for actions in plan(30, 40):
        errors.append(noisy.step(actions)[0] - plain.step(actions)[0])
    every = torch.stack(errors)
    assert abs(float(every.std()) - 0.3) < 0.005
    assert abs(float(every.mean())) < 0.005
    assert abs(float(torch.corrcoef(every.flatten(1)[:2])[0, 1])) < 0.1  # successive steps
    assert torch.equal(noisy.reset(), first)
    second = noisy.restart(torch.ones(40, dtype=torch.bool))
    assert not torch.equal(second, first)
    assert abs(float((second - plain.reset()).std()) - 0.3) < 0.03


def test_the_reward_of_a_target_speed_by_hand() -> None:
    genes = BodyGenes(target_speed=(2.0, 1.0), reward="instead")
    seeds = [0, 1, 2]
    targets = torch.tensor([draw(genes, seed).hidden.target_speed for seed in seeds])
    instead, added = simulator(genes, seeds), simulator(replace(genes, reward="added"), seeds)
    plain, before = simulator(None, seeds), instead.reset()
    added.reset(), plain.reset()
    for actions in plan(25, 3):
        seen, got, _, _ = instead.step(actions)
        velocity = seen[:, 2].double() / 0.12  # observed is 0.3 * v * 20 m / 50 steps per second
        miss = 130 / 30 / 50 * (velocity - targets).abs()
        upright = 5 * (before[:, 0].abs() - seen[:, 0].abs()).double()
        torque = 0.028 * actions.double().abs().sum(1)
        expected = 130 / 30 / 50 * 3.0 - miss + upright - torque
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-7)
        usual = plain.step(actions)[1]
        torch.testing.assert_close(added.step(actions)[1], usual - miss, rtol=0, atol=1e-7)
        before = seen


def test_standing_still_at_target_speed_zero_and_walking_at_it_are_worth_the_same() -> None:
    """In c = 130 / 30 / 50 per m/s: c * (fastest - 0) for both, whatever the speed."""
    hidden = simulator(BodyGenes(target_speed=(4.0, 4.0), reward="instead"), [0])
    seen = hidden.reset()
    still, walking = seen.clone(), seen.clone()
    still[0, 2], walking[0, 2] = 0.0, 0.12 * 3.0
    for observed, target in ((still, 0.0), (walking, 3.0)):
        hidden._target[:] = target
        zero, never = torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.bool)
        reward = hidden._rewards(observed, torch.zeros(1, 4), zero, never)
        assert float(reward) == pytest.approx(130 / 30 / 50 * 8.0)


def test_a_fall_costs_100_whatever_is_rewarded() -> None:
    hidden = simulator(BodyGenes(target_speed=(2.0, 0.0), reward="instead"), [0], horizon=300)
    hidden.reset()
    forward = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    for _ in range(300):
        _, rewards, terminated, _ = hidden.step(forward)
        if terminated.any():
            break
    assert terminated.tolist() == [True]
    assert rewards.tolist() == [-100.0]
    assert hidden.step(forward)[1].tolist() == [0.0]


def test_the_oracle_sees_the_draw_of_its_trial() -> None:
    hidden = simulator(EVERYTHING, [5, 6], reveal=True)
    assert family(reveal=True).spec.observation_size == 24 + 30

    def expected(seeds: list[int]) -> torch.Tensor:
        return torch.stack([torch.from_numpy(revealed(draw(EVERYTHING, seed))) for seed in seeds])

    assert torch.equal(hidden.reset()[:, 24:], expected([5, 6]))
    for actions in plan(3, 2):
        assert torch.equal(hidden.step(actions)[0][:, 24:], expected([5, 6]))
    both = torch.ones(2, dtype=torch.bool)
    assert torch.equal(hidden.restart(both)[:, 24:], expected([5, 6]))
    assert torch.equal(hidden.redraw(~both | torch.tensor([False, True]), [9])[:, 24:],
                       expected([5, 9]))  # fmt: skip


def test_both_physics_engines_realise_everything_alike() -> None:
    pair = [simulator(EVERYTHING, [1, 2, 3], physics=name) for name in ("numba", "box2d")]
    assert torch.equal(pair[0].reset(), pair[1].reset())
    for actions in plan(60, 3):
        for ours, theirs in zip(pair[0].step(actions), pair[1].step(actions), strict=True):
            assert torch.equal(ours, theirs)


def test_results_do_not_depend_on_threads() -> None:
    seeds = list(range(40))
    pair = [simulator(EVERYTHING, seeds, threads=threads) for threads in (1, 3)]
    assert torch.equal(pair[0].reset(), pair[1].reset())
    for actions in plan(10, 40):
        for ours, theirs in zip(pair[0].step(actions), pair[1].step(actions), strict=True):
            assert torch.equal(ours, theirs)


def test_the_viewer_draws_the_body_as_it_is() -> None:
    genes = BodyGenes(leg_length=(1.5, 0.0), leg_width=(0.5, 0.0))
    walkers = simulator(genes, [0])
    walkers.reset()
    thigh = family().outline(WalkerTask(FLAT, 7, body=genes), walkers.state(0))["body"][1]
    sides = np.linalg.norm(np.diff(thigh, axis=0), axis=1)
    np.testing.assert_allclose(sorted(sides), [4 / 30] * 2 + [51 / 30] * 2, atol=1e-5)


def test_a_redrawn_row_has_the_noise_of_a_new_simulator_also_after_a_restart() -> None:
    """The noise is a function of the episode's number, which begins again at a redraw."""
    one, other = simulator(EVERYTHING, [3, 4]), simulator(EVERYTHING, [5, 4])
    every = torch.ones(2, dtype=torch.bool)
    one.reset()
    one.restart(every)
    expected, seen = other.reset(), one.redraw(every, [5, 4])
    assert torch.equal(seen, expected)
    for actions in plan(5, 2):
        assert torch.equal(one.step(actions)[0], other.step(actions)[0])

"""Cart-pole: laws of a family, and Gymnasium's CartPole-v1 as the reference, also with other
physics.
"""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

from openpoet.cli.conformance import check_family
from openpoet.envs.cartpole import Cart, CartPole, CartPoleSettings


def test_the_laws_of_a_family() -> None:
    check_family(CartPole())


def gymnasiums(task: Cart) -> CartPoleEnv:
    env = gymnasium.make("CartPole-v1").unwrapped
    assert isinstance(env, CartPoleEnv)
    env.gravity, env.masspole, env.length, env.force_mag = (
        task.gravity,
        task.pole,
        task.length,
        task.force,
    )
    env.total_mass, env.polemass_length = env.masspole + env.masscart, env.masspole * env.length
    return env


@pytest.mark.parametrize("task", [Cart(), Cart(5.0, 0.7, 1.2, 17.0)])
def test_episodes_equal_those_of_gymnasium(task: Cart) -> None:
    rng = np.random.default_rng(0)
    for seed in range(20):
        simulator = CartPole().simulator([task], [seed], "cpu")
        simulator.reset()
        env = gymnasiums(task)
        env.reset(seed=0)
        env.state = simulator.state(0)["motion"].copy()
        for _ in range(500):
            side = int(rng.integers(2))
            theirs, reward, ended, _, _ = env.step(side)
            ours, rewards, terminated, _ = simulator.step(torch.eye(2)[side : side + 1])
            np.testing.assert_allclose(ours[0], theirs, rtol=1e-5, atol=1e-7)
            assert (float(rewards[0]), bool(terminated[0])) == (reward, ended)
            if ended:
                break
        assert ended


def feedback(observations: torch.Tensor, sign: float = 1.0) -> torch.Tensor:
    push = observations @ torch.tensor([0.3, 0.6, 8.0, 1.5])
    return torch.stack([-sign * push, sign * push], 1)


def test_linear_feedback_balances_and_fails_with_a_reversed_motor() -> None:
    family = CartPole(CartPoleSettings(horizon=200))
    seeds = list(range(100))
    for task, least, most in ((Cart(), 200, 200), (Cart(reversed=0.5), 90, 130)):
        simulator, total = family.simulator([task] * 100, seeds, "cpu"), torch.zeros(100).double()
        observation = simulator.reset()
        for _ in range(200):
            observation, rewards, _, _ = simulator.step(feedback(observation))
            total += rewards
        assert least <= float(total.mean()) <= most
    assert family.oracle(Cart()) == 200


def test_a_pole_that_falls_in_the_last_step_has_not_succeeded_and_is_not_truncated() -> None:
    """Its return is the horizon all the same."""
    right = torch.eye(2)[1:]
    simulator = CartPole().simulator([Cart()], [0], "cpu")
    simulator.reset()
    fall = next(t for t in range(1, 200) if bool(simulator.step(right)[2][0]))
    for horizon, success in ((fall, False), (fall - 1, True)):
        simulator = CartPole(CartPoleSettings(horizon=horizon)).simulator([Cart()], [0], "cpu")
        simulator.reset()
        for _ in range(horizon):
            _, _, terminated, truncated = simulator.step(right)
        assert bool(simulator.success[0]) == success
        assert (bool(terminated[0]), bool(truncated[0])) == (not success, success)


def test_a_trial_keeps_its_physics_and_starts_each_episode_in_another_state() -> None:
    simulator = CartPole().simulator([Cart(spread=0.5)] * 3, [1, 1, 2], "cpu")
    first = simulator.reset()
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])
    assert not torch.equal(simulator.restart(torch.tensor([True, False, False]))[0], first[0])

"""The learner `ppo`: the laws of a learner, what adopt keeps, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.kernels.mode_kernel import layout_of, mode_kernel
from openpoet.agents.kernels.ppo_network import Architecture
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.metaworld_protocol import MetaWorldAgent
from openpoet.agents.parts.network_weights import weight_names
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.greedy import play
from openpoet.agents.ppo.ppo import PPO
from openpoet.cli.conformance import check_learner, same_agent
from openpoet.envs.bandits import Bandits
from openpoet.envs.cartpole import CartPole, CartPoleSettings
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key
from tests.agents.point_mass import PointMass

SMALL = PPOConfig(
    hidden=(8,), memory=4, bptt=4, num_envs=6, num_steps=8, rollouts=2, epochs=2, minibatches=3,
    test_episodes=3,
)  # fmt: skip


def navigation() -> Navigation:
    return Navigation(NavigationSettings(horizon=6))


@pytest.mark.parametrize("cell", ["none", "gru", "lstm"])
@pytest.mark.parametrize("family", [navigation, lambda: CartPole(CartPoleSettings(horizon=9))])
def test_it_keeps_the_laws_of_a_learner(cell: Any, family: Any) -> None:
    check_learner(PPO(family(), replace(SMALL, cell=cell)), family())


def test_adopt_keeps_weights_and_normalisers_and_resets_the_optimiser() -> None:
    learner = PPO(navigation(), SMALL)
    task = navigation().origin()
    (agent,), _ = learner.improve([learner.init(Key(1))], [task], [Key(2)])
    adopted = learner.adopt(agent)
    changed = {name for name in agent if not torch.equal(agent[name], adopted[name])}
    assert changed == {name for name in agent if name.split("/")[0] in ("adam", "schedule")}
    assert float(adopted["normaliser/observations/count"]) == 2 * 6 * 8
    assert float(adopted["normaliser/returns/count"]) == 2 * 6 * 8


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize(
    "made", [lambda c: PPO(navigation(), c), lambda c: RL2(navigation(), c)], ids=["ppo", "rl2"]
)
def test_keep_schedule_continues_an_agents_schedules_after_a_move(made: Any, keep: bool) -> None:
    """With lr and lr_end of two updates, the third update is at lr or at lr_end."""
    settings: dict[str, Any] = {"rollouts": 1, "keep_schedule": keep, "anneal": 2, "lr_end": 1e-12}
    small = made(None).config
    if isinstance(small, PPOConfig):
        small = SMALL
    learner = made(replace(small, **settings))
    task, agent = navigation().origin(), learner.init(Key(1))
    for i in range(2):
        (agent,), _ = learner.improve([agent], [task], [Key(2, ("step", i))])
    moved = learner.adopt(agent)
    assert float(moved["schedule/step"]) == (2 if keep else 0)
    assert not any(float(t.abs().sum()) for name, t in moved.items() if name.startswith("adam/"))
    (after,), _ = learner.improve([moved], [task], [Key(3)])
    changes = [float((after[n] - moved[n]).abs().max()) for n in weight_names(moved)]
    assert (max(changes) < 1e-9) is keep


def test_an_evaluation_depends_on_the_normaliser_and_does_not_change_it() -> None:
    learner = PPO(navigation(), SMALL)
    agent, task = learner.init(Key(1)), navigation().origin()
    for i in range(3):
        (agent,), _ = learner.improve([agent], [task], [Key(2, ("step", i))])
    kept = {name: value.clone() for name, value in agent.items()}
    score = learner.evaluate([agent], [task], [Key(3)])[0]
    assert same_agent(agent, kept)
    mean = "normaliser/observations/mean"
    other = learner.evaluate([{**agent, mean: agent[mean] + 5}], [task], [Key(3)])[0]
    assert score != other
    without = PPO(navigation(), replace(SMALL, normalise_observations=False))
    assert without.evaluate([agent], [task], [Key(3)])[0] != score


def test_its_policy_takes_the_actions_of_an_evaluation() -> None:
    family = navigation()
    learner = PPO(family, replace(SMALL, cell="gru"))
    agent, task = learner.init(Key(1)), family.origin()
    (agent,), _ = learner.improve([agent], [task], [Key(2)])
    scored = learner.score_one(agent, task, Key(3))
    simulator = family.simulator([task] * 3, draw_seeds(Key(3), 3), "cpu")
    policy = learner.trial_policy(agent, 3, Key(4))
    seen, returns = simulator.reset(), torch.zeros(3, dtype=torch.float64)
    policy.begin(torch.ones(3, dtype=torch.bool))
    for _ in range(6):
        seen, rewards, terminated, truncated = simulator.step(policy.act(seen).detach())
        policy.observe(rewards, terminated | truncated)
        returns += rewards
    assert scored.score == float(returns.mean())


def test_only_a_policy_with_memory_needs_rewards_in_another_simulator() -> None:
    seen = np.ones((2, navigation().spec.observation_size))
    agents = {}
    for cell in ("none", "gru"):
        learner = PPO(navigation(), replace(SMALL, cell=cell))
        agents[cell] = MetaWorldAgent(learner, learner.init(Key(1)), 2, Key(2))
    policy = agents["none"].learner.trial_policy(agents["none"].agent, 2, Key(3))
    expected = policy.act(torch.from_numpy(seen).float()).double().numpy()
    np.testing.assert_array_equal(agents["none"].eval_action(seen), expected)
    with pytest.raises(ValueError, match="reward"):
        agents["gru"].eval_action(seen)


def test_rows_begin_independently() -> None:
    """A row's memory after `begin` is that of a new policy; the other rows keep theirs."""
    learner = PPO(navigation(), replace(SMALL, cell="gru"))
    agent, rows = learner.init(Key(1)), torch.tensor([True, False])
    seen = torch.ones(2, learner.family.spec.observation_size)
    policy, fresh = (learner.trial_policy(agent, 2, Key(2)) for _ in range(2))
    for one in (policy, fresh):
        one.begin(rows | True)
    policy.act(seen)
    policy.observe(torch.ones(2), rows)
    policy.begin(rows)
    for name, part in policy.state.items():
        assert torch.equal(part[0], fresh.state[name][0]), name
        same = name in ("first", "returns")  # an episode is a trial, and has none before it
        assert same or not torch.equal(part[1], fresh.state[name][1]), name


def test_no_observations_without_memory_is_an_error() -> None:
    with pytest.raises(ValueError, match="a policy without memory needs observations"):
        PPO(Bandits())
    PPO(Bandits(), PPOConfig(cell="gru"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"std_floor": 2.0}, "std_floor must be at most action_std"),
        ({"cell": "gru", "num_steps": 100}, "num_steps must be a multiple of bptt"),
        ({"num_envs": 2, "num_steps": 3}, "minibatches must be at most 6"),
        ({"cell": "gru", "num_envs": 2, "num_steps": 64}, "minibatches must be at most 4"),
    ],
)
def test_settings_that_do_not_fit_each_other(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PPOConfig(**settings)


def learned(learner: PPO, task: Any, steps: int) -> tuple[float, float]:
    """Scores before and after training."""
    agent = learner.init(Key(5))
    before = learner.score_one(agent, task, Key(6)).score
    for i in range(steps):
        (agent,), _ = learner.improve([agent], [task], [Key(7, ("step", i))])
    return before, learner.score_one(agent, task, Key(6)).score


def test_it_learns_to_balance_a_pole() -> None:
    """Discrete actions; episodes terminate, and are truncated after 200 steps."""
    family = CartPole(CartPoleSettings(horizon=200))
    config = PPOConfig(
        hidden=(32,), num_envs=16, num_steps=64, rollouts=4, epochs=8, minibatches=4,
        lr=3e-3, lr_end=3e-3, test_episodes=20,
    )  # fmt: skip
    before, after = learned(PPO(family, config), family.origin(), 6)
    assert before < 80
    assert after > 150


def test_continuous_actions_reach_a_visible_target() -> None:
    config = PPOConfig(
        hidden=(16,), num_envs=32, num_steps=20, rollouts=4, epochs=6, minibatches=4, lr=3e-3,
        lr_end=3e-3, test_episodes=20,
    )  # fmt: skip
    family: Any = PointMass()
    before, after = learned(PPO(family, config), (1.0, 0.5), 6)
    assert before < -15
    assert after > -6


def test_results_do_not_depend_on_the_number_of_torch_threads() -> None:
    learner, task = PPO(navigation(), SMALL), navigation().origin()
    results = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(learner.improve([learner.init(Key(1))], [task], [Key(2)])[0][0])
    finally:
        torch.set_num_threads(before)
    assert same_agent(*results)


def test_steps_are_those_of_the_simulators() -> None:
    family = navigation()
    counted: list[Any] = []
    simulator = family.simulator

    def recorded(*arguments: Any) -> Any:
        counted.append(simulator(*arguments))
        return counted[-1]

    family.simulator = recorded  # type: ignore[method-assign]
    learner = PPO(family, SMALL)
    _, steps = learner.improve([learner.init(Key(1))], [family.origin()], [Key(2)])
    assert steps == np.array([sum(one.steps for one in counted)])


@pytest.mark.parametrize("normalise", [True, False])
def test_episodes_in_compiled_code_equal_those_step_by_step(normalise: bool) -> None:
    """To the last bit: a walker's trajectory depends on it."""
    family = Walker(WalkerSettings(horizon=60, length=40, threads=1))
    learner = PPO(family, replace(SMALL, normalise_observations=normalise))
    agent, task = learner.init(Key(1)), family.origin()
    (agent,), _ = learner.improve([agent], [task], [Key(2)])
    agent = {**agent, "actor_w1": 50 * agent["actor_w1"]}
    compiled = learner._returns(agent, family.simulator([task] * 3, [1, 2, 3], "cpu"), 3, Key(3))
    stepped = play(
        family.simulator([task] * 3, [1, 2, 3], "cpu"), learner.trial_policy(agent, 3, Key(3)), 3
    )
    assert torch.equal(compiled, stepped)
    other = {**agent, "normaliser/observations/mean": agent["normaliser/observations/mean"] + 1}
    again = learner._returns(other, family.simulator([task] * 3, [1, 2, 3], "cpu"), 3, Key(3))
    assert torch.equal(again, stepped) == (not normalise)


def test_weights_that_do_not_fit_their_layout_are_an_error_of_the_simulator() -> None:
    family = Walker(WalkerSettings(horizon=60, length=40, threads=1))
    simulator: Any = family.simulator([family.origin()], [1], "cpu")
    layout = layout_of(Architecture(24, (8,), 4, discrete=False), 0)
    table, memory = np.zeros((1, 500), np.float32), np.empty((1, 0), np.float32)
    with pytest.raises(ValueError, match="actions must be finite"):
        simulator.play(mode_kernel(), table, np.zeros(1, np.int64), layout, memory)

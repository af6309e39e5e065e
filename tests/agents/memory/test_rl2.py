"""RL^2: hand-computed cases of its parts, learner conformance, and learning that needs memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch

from openpoet.agents.assessment import assess
from openpoet.agents.memory.actor_critic import REWARD
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.agents.parts.actions import Categorical, Gaussian
from openpoet.agents.parts.lifetimes import State
from openpoet.agents.parts.recurrent import Cell, Recurrent
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.ppo.batches import batch_of
from openpoet.agents.ppo.collecting import Collector
from openpoet.agents.ppo.normalisation import LIMIT
from openpoet.agents.ppo.rollout import Rollout
from openpoet.agents.rollouts.trials import RewardInput, Trials, run_trials
from openpoet.cli.conformance import check_family, check_learner
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = RL2Config(hidden=16, trials=128, test_trials=32, lr=5e-3, lr_end=5e-3, lam=0.9)


@pytest.mark.parametrize("cell", get_args(Cell))
def test_step_by_step_equals_the_fused_sequence(cell: Cell) -> None:
    rng = np.random.default_rng(0)
    network = Recurrent(3, 8, 2, cell)
    weights = network.init(rng)
    x, state, outputs = torch.from_numpy(rng.normal(size=(7, 5, 3))).float(), network.start(5), []
    for one in x:
        output, state = network.step(weights, one, state)
        outputs.append(output)
    torch.testing.assert_close(
        torch.stack(outputs), network.run(weights, x, network.start(5)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("cell", get_args(Cell))
def test_batched_members_equal_members_one_by_one(cell: Cell) -> None:
    """With a leading axis of the weights, and under vmap."""
    rng = np.random.default_rng(1)
    network = Recurrent(3, 8, 2, cell)
    members = [network.init(rng) for _ in range(4)]
    stacked = {name: torch.stack([member[name] for member in members]) for name in members[0]}
    x = torch.from_numpy(rng.normal(size=(4, 5, 3))).float()
    state = tuple(torch.zeros(4, 5, 8) for _ in network.start(1))
    together = network.step(stacked, x, state)[0]
    mapped = torch.vmap(lambda p, x, *s: network.step(p, x, s)[0])(stacked, x, *state)
    alone = torch.stack([network.step(m, x[i], network.start(5))[0] for i, m in enumerate(members)])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mapped, alone, rtol=1e-5, atol=1e-6)


def collected(learner: RL2, agent: Agent, family: Any, key: Key, count: int = 1) -> list[Rollout]:
    """The first rollouts of an improvement step, without updates between them."""
    collector = Collector(family, [0.5] * learner.plan.rows, learner.plan, key)
    return [collector.collect(learner.policy(agent)) for _ in range(count)]


@pytest.mark.parametrize("ends", [True, False])
def test_trials_are_bootstrapped_across_terminated_and_truncated_episodes(ends: bool) -> None:
    """An episode's last step is bootstrapped with the value of the next episode's first step."""
    family = Guessing()
    simulator = family.simulator

    def ending(tasks: Any, seeds: Any, device: str) -> Any:
        made = simulator(tasks, seeds, device)
        advance = made.world.advance

        def over(state: Any, actions: torch.Tensor) -> Any:
            after, rewards, _, reached = advance(state, actions)
            return after, rewards, torch.full_like(reached, ends and made._age[0] == 1), reached

        made.world.advance = over
        return made

    family.simulator = ending  # type: ignore[method-assign]
    learner = RL2(family, replace(SMALL, gamma=0.9, lam=0.0, trials=4))
    (rollout,) = collected(learner, learner.init(Key(6)), family, Key(7))
    rewards, values = rollout.rewards.float(), rollout.values
    found = batch_of(rollout, rewards, learner.config, None).advantages
    assert rollout.inputs[:, 0, 4].tolist() == [1, 0, 1, 0]  # two episodes of two steps
    assert float(values[2].abs().min()) > 0
    torch.testing.assert_close(found[1], rewards[1] + 0.9 * values[2] - values[1])
    torch.testing.assert_close(found[3], rewards[3] - values[3])


@pytest.mark.parametrize("reward_input", ["step", "episode"])
@pytest.mark.parametrize("heads", [(), (5, 4)])
def test_rollouts_are_trials_as_evaluations_run_them(
    heads: tuple[int, ...], reward_input: RewardInput
) -> None:
    """The same inputs, actions and rewards as `trials` from the same seeds, with the first step's
    flag, and the values and probabilities of the policy.
    """
    family = Guessing()
    config = replace(SMALL, trials=8, heads=heads, reward_input=reward_input, episodes=3)
    learner = RL2(family, config)
    agent = learner.init(Key(6))
    (rollout,) = collected(learner, agent, family, Key(7))
    trials = learner.trials(agent, 0.5, Key(7), 8)
    for part in ("inputs", "actions", "rewards", "alive"):
        torch.testing.assert_close(getattr(rollout, part), getattr(trials, part), rtol=0, atol=0)
    torch.testing.assert_close(rollout.values, trials.outputs[..., -1])


def test_heads_get_the_inputs_beside_the_outputs_of_the_recurrent_layer() -> None:
    """With all weights of the recurrent layer 0 the value is tanh(w x) of the inputs x; with
    `units` the outputs of the other units have no effect.
    """
    learner = RL2(Guessing(), replace(SMALL, heads=(1,)))
    weights = {name: torch.zeros_like(w) for name, w in learner.init(Key(1)).items()}
    inputs = torch.randn(3, weights["w_in"].shape[1], generator=torch.manual_seed(1))
    weights["critic_w0"][0, : inputs.shape[1]] = torch.arange(1.0, inputs.shape[1] + 1)
    weights["critic_w1"][0, 0] = 2.0
    _, values, _ = learner.step(weights, inputs, learner.start(3, "cpu"))
    expected = 2 * torch.tanh((inputs * torch.arange(1.0, inputs.shape[1] + 1)).sum(1))
    torch.testing.assert_close(values, expected)

    pruned = RL2(Guessing(), replace(SMALL, heads=(3,), units=2))
    agent = pruned.init(Key(2))
    state = (torch.randn(3, pruned.config.hidden, generator=torch.manual_seed(2)),)
    policy, values, _ = pruned.step(agent, inputs, state)
    other = (torch.cat([state[0][:, :2], torch.randn(3, pruned.config.hidden - 2)], 1),)
    after = pruned.step(agent, inputs, other)
    torch.testing.assert_close(after[0], policy)
    torch.testing.assert_close(after[1], values)


def test_heads_get_the_last_reward_as_the_recurrent_layer_does() -> None:
    """`reward_scale` is a factor of the reward as an input of the whole network."""
    settings = replace(SMALL, heads=(5,), normalise_rewards=False)
    plain, scaled = (RL2(Guessing(), replace(settings, reward_scale=scale)) for scale in (1.0, 0.3))
    weights = plain.init(Key(1))
    inputs = torch.randn(4, 3, weights["w_in"].shape[1], generator=torch.manual_seed(1))
    factors = torch.ones(inputs.shape[-1])
    factors[REWARD] = 0.3
    for found, expected in zip(
        scaled.outputs(weights, inputs), plain.outputs(weights, inputs * factors), strict=True
    ):
        torch.testing.assert_close(found, expected)
    start = plain.start(3, "cpu")
    one = plain.step(weights, inputs[0] * factors, start)
    torch.testing.assert_close(scaled.step(weights, inputs[0], start), one)


@pytest.mark.parametrize("heads", [(), (5, 4)])
def test_heads_are_refused_beside_a_read_out_of_another_form(heads: tuple[int, ...]) -> None:
    for make in (
        lambda: RL2Config(tabular=True, last_observation=True, heads=heads),
        lambda: VariBADConfig(heads=heads),
    ):
        if heads:
            with pytest.raises(ValueError, match="heads"):
                make()
        else:
            make()


CHUNKED = replace(SMALL, trials=6, steps=6, bptt=3, minibatches=2, rollouts=2)


@pytest.mark.parametrize(("cell", "heads"), [("gru", ()), ("lstm", ()), ("gru", (5, 4))])
def test_the_update_of_a_cut_rollout_repeats_the_outputs_of_acting(
    cell: Any, heads: tuple[int, ...]
) -> None:
    """Sequences of three steps of trials of four: states are stored where a sequence begins, and
    reset where a trial begins. Without either the outputs differ.
    """
    family = Guessing()
    learner = RL2(family, replace(CHUNKED, cell=cell, heads=heads))
    agent = learner.init(Key(8))
    for rollout in collected(learner, agent, family, Key(9), count=2):
        batch = batch_of(rollout, rollout.rewards.float(), learner.config, 3)
        assert batch.inputs.shape[:2] == (3, 12)
        assert bool(batch.begins[1:].any())  # a trial begins within a sequence
        _, values = learner.run(agent, batch.inputs, batch.state, batch.begins)
        expected = batch.targets - batch.advantages
        torch.testing.assert_close(values, expected, rtol=1e-4, atol=1e-6)
        for state, begins in (
            (learner.start(12, "cpu"), batch.begins),
            (batch.state, torch.zeros_like(batch.begins)),
        ):
            wrong = learner.run(agent, batch.inputs, state, begins)[1]
            assert float((wrong - expected).abs().max()) > 1e-4


def test_statistics_of_normalisation_are_part_of_the_policy() -> None:
    """They are collected in training only, `adopt` keeps them, and they scale the inputs."""
    family = Guessing()
    learner = RL2(family, replace(CHUNKED, normalise_observations=True, normalise_rewards=True))
    agent = learner.init(Key(10))
    (trained,), _ = learner.improve([agent], [0.5], [Key(11)])
    names = [name for name in agent if name.startswith("normaliser/")]
    assert names
    assert all(not torch.equal(trained[name], agent[name]) for name in names)
    adopted = learner.adopt(trained)
    assert all(torch.equal(trained[name], adopted[name]) for name in names)
    plain = torch.ones(1, learner.network.inputs)
    normalised = learner._normaliser(trained)(plain)[0]
    count, square = (trained[f"normaliser/returns/{part}"] for part in ("count", "square"))
    assert float(normalised[3]) == pytest.approx(float((square / count + 1e-8) ** -0.5))
    assert normalised[1:3].tolist() == [1.0, 1.0]  # actions are not normalised


@pytest.mark.parametrize(("observations", "rewards"), [(True, False), (False, True)])
def test_only_what_is_normalised_is_clipped(observations: bool, rewards: bool) -> None:
    """An observation, an action and a reward of 50, with statistics of mean 0 and variance 1."""
    settings = replace(CHUNKED, normalise_observations=observations, normalise_rewards=rewards)
    learner = RL2(Guessing(), settings)
    found = learner._normaliser(learner.init(Key(10)))(torch.full((1, 6), 50.0))[0]
    expected = [LIMIT if observations else 50, 50, 50, LIMIT if rewards else 50, 50, 50]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_learner_conformance_where_trials_are_cut() -> None:
    family = Guessing()
    settings = replace(CHUNKED, normalise_observations=True, normalise_rewards=True)
    check_learner(RL2(family, settings), family)


def test_distributions_equal_those_of_torch() -> None:
    rng = np.random.default_rng(3)
    outputs = torch.from_numpy(rng.normal(size=(5, 4)))
    one = Categorical(4)
    action = one.sample(outputs, torch.from_numpy(rng.random((5, 4))))
    theirs = torch.distributions.Categorical(logits=outputs)
    torch.testing.assert_close(one.log_prob(outputs, action), theirs.log_prob(action.argmax(1)))
    torch.testing.assert_close(one.entropy(outputs), theirs.entropy())
    two, normal = Gaussian(2), torch.distributions.Normal(outputs[:, :2], outputs[:, 2:].exp())
    action = two.sample(outputs, torch.from_numpy(rng.random((5, 2))))
    torch.testing.assert_close(two.log_prob(outputs, action), normal.log_prob(action).sum(1))
    torch.testing.assert_close(two.entropy(outputs), normal.entropy().sum(1))


def test_sampled_actions_follow_the_distribution() -> None:
    rng = np.random.default_rng(4)
    logits = torch.tensor([0.0, 1.0, -1.0]).expand(40_000, 3)
    shares = (
        Categorical(3).sample(logits, torch.from_numpy(rng.random((40_000, 3))).float()).mean(0)
    )
    torch.testing.assert_close(shares, torch.softmax(logits[0], 0), atol=0.01, rtol=0)
    outputs = torch.tensor([2.0, 0.5]).expand(40_000, 2)
    drawn = Gaussian(1).sample(outputs, torch.from_numpy(rng.random((40_000, 1))).float())
    assert float(drawn.mean()) == pytest.approx(2.0, abs=0.03)
    assert float(drawn.std()) == pytest.approx(np.exp(0.5), abs=0.03)


def test_the_test_family_is_a_valid_task_family() -> None:
    check_family(Guessing())


def test_learner_conformance() -> None:
    family = Guessing()
    check_learner(RL2(family, SMALL), family)


def test_it_learns_to_use_memory_across_episodes() -> None:
    """The best return of a trial is 3.5; 3 without memory across episodes, and 2 without memory."""
    family = Guessing()
    learner, root = RL2(family, SMALL), Key(5)
    agent = learner.init(root)
    for step in range(60):
        (agent,), _ = learner.improve([agent], [0.5], [root.child("step", step)])
    found = assess(learner, agent, 0.5, root.child("test"), 512)
    assert found.before.value + found.after.value > 3.3
    assert found.before.value + found.off.value < 3.05
    assert found.gain.low > 0.3  # it adapts, and to its own draw:
    # half of the shuffled histories are those of a draw with the other side
    assert found.over_shuffled.low > 0.5


def test_first_inputs_of_trials_and_episodes_follow_duan_et_al() -> None:
    family = Guessing()
    learner = RL2(family, SMALL)
    trials = learner.trials(learner.init(Key(6)), 0.5, Key(7), 4)
    observation, action, reward, flag = (
        trials.inputs[..., part] for part in (0, slice(1, 3), 3, 4)
    )
    assert flag[:, 0].tolist() == [1, 0, 1, 0]
    assert float(action[0].abs().sum() + reward[0].abs().sum()) == 0
    # the last action and reward are passed across the end of an episode ...
    torch.testing.assert_close(action[2], trials.actions[1])
    torch.testing.assert_close(reward[2], trials.rewards[1].float())
    assert float(observation[2].abs().sum()) == 0  # ... with the observation of the new episode
    off = learner.trials(learner.init(Key(6)), 0.5, Key(7), 4, control="off").inputs
    assert float(off[2, :, 1:4].abs().sum()) == 0  # with adaptation off they are not, ...
    assert float(off[3, :, 1:3].sum()) == 4  # ... and inputs within an episode are unchanged
    blank = learner.trials(learner.init(Key(6)), 0.5, Key(7), 4, memory="step").inputs
    # without memory nothing is passed on to the next step
    assert float(blank[..., 1:4].abs().sum()) == 0


def test_with_returns_as_inputs_an_episodes_rewards_are_observed_after_its_end() -> None:
    """Three episodes of two steps: the return of one is an input in the next, in an evaluation and
    where the caller simulates.
    """
    family = Guessing()
    config = replace(SMALL, reward_input="episode", test_actions="mode", episodes=3)
    learner = RL2(family, config)
    agent, seeds = learner.init(Key(6)), draw_seeds(Key(7), 4)
    trials = learner.trials(agent, 0.5, Key(7), 4, greedy=True)
    observed = trials.inputs[..., 3]
    assert torch.equal(observed[:2], torch.zeros(2, 4))
    assert bool(observed[2].any())
    for after in (2, 4):
        returned = trials.rewards[after - 2 : after].sum(0).float()
        assert torch.equal(observed[after : after + 2], returned.expand(2, -1))
    off = learner.trials(agent, 0.5, Key(7), 4, greedy=True, control="off").inputs
    assert not bool(off[..., 3].any())
    simulator = family.simulator([0.5] * 4, seeds, "cpu")
    policy, seen, ended = learner.trial_policy(agent, 4, Key(8)), simulator.reset(), every(4)
    for t in range(6):
        policy.begin(ended)
        actions = policy.act(seen)
        assert torch.equal(actions, trials.actions[t])
        expected = memory_after(learner, agent, trials, t)
        torch.testing.assert_close(policy.state["memory0"], expected)
        seen, rewards, terminated, truncated = simulator.step(actions)
        ended = terminated | truncated
        policy.observe(rewards, ended)
        if bool(ended.any()):
            seen = simulator.restart(ended)


def every(n: int) -> torch.Tensor:
    return torch.ones(n, dtype=torch.bool)


def memory_after(learner: RL2, agent: Agent, trials: Trials, t: int) -> torch.Tensor:
    """The hidden state [n, h] after the inputs of the steps up to t."""
    state = learner.network.start(trials.inputs.shape[1])
    for inputs in trials.inputs[: t + 1]:
        _, _, state = learner.step(dict(agent), inputs, state)
    return state[0]


class Passing:
    """A simulator whose success is true after an episode's first step and false after its last."""

    def __init__(self, simulator: Any) -> None:
        self.simulator, self.time, self.success = simulator, 0, torch.zeros(4, dtype=torch.bool)

    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.time += 1
        self.success = torch.full((4,), self.time % 2 == 1)
        return self.simulator.step(actions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.simulator, name)


def test_success_is_read_at_the_end_of_an_episode() -> None:
    family = Guessing()

    def act(inputs: torch.Tensor, state: State, t: int) -> tuple[torch.Tensor, torch.Tensor, State]:
        return torch.zeros(4, 2), torch.zeros(4, 3), state

    simulator = Passing(family.simulator([0.5] * 4, range(4), "cpu"))
    assert not bool(run_trials(simulator, family.spec, 2, act, (torch.zeros(4, 1),)).success.any())


def test_invalid_arguments_are_one_line_errors() -> None:
    with pytest.raises(ValueError, match="steps must be a multiple of bptt, got 10 and 4"):
        RL2Config(steps=10, bptt=4)
    with pytest.raises(ValueError, match="minibatches must be at most 8, the sequences of a roll"):
        RL2Config(trials=4, steps=8, bptt=4, minibatches=16)
    with pytest.raises(ValueError, match="set normalise_observations = false"):
        RL2Config(tabular=True, last_observation=True, normalise_observations=True)
    with pytest.raises(ValueError, match="trials must be a multiple of minibatches, got 10 and 4"):
        RL2Config(trials=10)
    with pytest.raises(ValueError, match="std_floor must be at most action_std, got 2"):
        RL2Config(std_floor=2.0)
    with pytest.raises(ValueError, match="gamma must be from 0 to 1"):
        RL2Config(gamma=1.5)
    with pytest.raises(ValueError, match="at most the 2 episodes of a trial, got 3"):
        RL2(Guessing(), RL2Config(test_episodes=3))

"""Meta-World's evaluation protocol: results equal those of our own trials; only adaptation is
kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.memory.episodic_lstm import EpisodicLSTM, EpisodicLSTMConfig
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.agents.metaworld_protocol import MetaWorldAgent
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.envs.gridnavi import VARIBAD, GridNavi
from openpoet.envs.navigation import HALF_CIRCLE, Navigation
from openpoet.poet.interfaces import Task, TaskFamily
from openpoet.poet.streams import Key

TRIALS = 6
SMALL = RL2Config(hidden=8, trials=8, test_trials=TRIALS)
LEARNERS = [
    lambda family: RL2(family, SMALL),
    lambda family: RL2(family, replace(SMALL, last_observation=True)),
    lambda family: EpisodicLSTM(family, EpisodicLSTMConfig(hidden=8, trials=8, test_trials=TRIALS)),
    lambda family: VariBAD(
        family, VariBADConfig(hidden=8, trials=8, test_trials=TRIALS, decoder=(4,))
    ),
]


class Timestep(NamedTuple):
    """The same fields as metaworld.evaluation."""

    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    aux_policy_outputs: dict[str, np.ndarray]


class Environments:
    """A simulator with the interface of a vector environment: numpy arrays and automatic resets;
    the last step is appended to the observation.
    """

    def __init__(
        self,
        family: TaskFamily,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        *,
        last_step: bool = True,
    ) -> None:
        self.simulator, self.last_step, self.size = (
            family.simulator(tasks, seeds, "cpu"),
            last_step,
            family.spec.action_size,
        )

    def reset(self) -> np.ndarray:
        self.observations = self.simulator.reset()
        return self._with(
            np.zeros((len(self.observations), self.size)),
            np.zeros(len(self.observations)),
            np.zeros(len(self.observations)),
        )

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, ...]:
        self.observations, reward, terminated, truncated = self.simulator.step(
            torch.from_numpy(actions).float()
        )
        ended = terminated | truncated
        if bool(ended.any()):
            self.observations = self.simulator.restart(ended)
        # after a reset the appended last step is zero
        kept, over = (~ended).numpy(), ended.numpy()
        observations = self._with(
            actions * kept[:, None], reward.numpy() * kept, np.zeros(len(kept))
        )
        return observations, reward.numpy(), terminated.numpy(), truncated.numpy(), over

    def _with(self, action: np.ndarray, reward: np.ndarray, ended: np.ndarray) -> np.ndarray:
        observations = self.observations.numpy().astype(np.float64)
        return (
            np.concatenate([observations, action, reward[:, None], ended[:, None]], 1)
            if self.last_step
            else observations
        )


def metalearning_evaluation(
    agent: MetaWorldAgent,
    environments: Environments,
    adaptation_episodes: int,
    episodes: int,
    steps: int = 1,
) -> np.ndarray:
    """Returns of the evaluation [environments, episodes], by the loop of metaworld.evaluation."""
    agent.init()
    observations = environments.reset()
    n = len(observations)
    for _ in range(steps):
        elapsed = np.zeros(n)
        while (elapsed < adaptation_episodes).any():
            actions, outputs = agent.adapt_action(observations)
            after, reward, terminated, truncated, ended = environments.step(actions)
            agent.step(Timestep(observations, actions, reward, terminated, truncated, outputs))
            observations, elapsed = after, elapsed + ended
        agent.adapt()
    agent.reset(np.ones(n, bool))
    returns, total = [[] for _ in range(n)], np.zeros(n)
    while min(map(len, returns)) < episodes:
        observations, reward, _, _, ended = environments.step(agent.eval_action(observations))
        total += reward
        agent.reset(ended)
        for row in np.flatnonzero(ended):
            returns[row].append(total[row])
        total[ended] = 0
    return np.array([row[:episodes] for row in returns])


def trained(learner: RL2, task: Any) -> Mapping[str, torch.Tensor]:
    """An agent after an improvement step, with large weights from memory to actions."""
    (agent,), _ = learner.improve([learner.init(Key(0))], [task], [Key(1)])
    return {
        name: value * (30 if name in ("w_out", "actor_w1") else 1) for name, value in agent.items()
    }


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize(("family", "task"), [(GridNavi(), VARIBAD), (Navigation(), HALF_CIRCLE)])
def test_returns_equal_those_of_our_own_trials(family: Any, task: Any, learner: Any) -> None:
    made = learner(family)
    agent, key, last = trained(made, task), Key(2), family.spec.episodes - 1
    trials = made.trials(agent, task, key.child("life", 1), TRIALS)
    outside = Environments(family, [task] * TRIALS, draw_seeds(key.child("life", 1), TRIALS))
    evaluated = MetaWorldAgent(made, agent, TRIALS, key, greedy=False)
    returns = metalearning_evaluation(evaluated, outside, last, 1)
    np.testing.assert_array_equal(returns[:, 0], trials.returns[:, last].numpy())
    (score,), *_ = made.evaluate([agent], [task], [key.child("life", 1)])
    assert returns.mean() == pytest.approx(score, abs=1e-9)  # summed in another order
    without_memory = made.trials(agent, task, key.child("life", 1), TRIALS, control="off")
    assert not np.array_equal(returns[:, 0], without_memory.returns[:, last].numpy())


def test_every_evaluation_episode_starts_from_the_adapted_state() -> None:
    """With greedy actions in a deterministic family all episodes are equal; the state still
    changes.
    """
    family = GridNavi()
    learner = RL2(family, SMALL)
    agent, seeds = trained(learner, VARIBAD), draw_seeds(Key(3), TRIALS)
    evaluated = MetaWorldAgent(learner, agent, TRIALS, Key(4))
    returns = metalearning_evaluation(
        evaluated, Environments(family, [VARIBAD] * TRIALS, seeds), 2, 3
    )
    np.testing.assert_allclose(returns, returns[:, :1].repeat(3, 1), atol=1e-9)
    adapted, now = evaluated.adapted, evaluated.policy.state
    assert not torch.equal(adapted["memory0"], now["memory0"])
    evaluated.init()
    assert float(evaluated.policy.state["memory0"].abs().sum()) == 0  # a new trial


def latent_policy(learner: MAESN) -> dict[str, torch.Tensor]:
    """A policy whose action is its latent."""
    agent = dict(learner.init(Key(0)))
    through = torch.zeros(2, 4)
    through[:, 2:] = torch.eye(2) / 100
    return {
        **agent,
        "w0": through,
        "b0": torch.zeros(2),
        "w1": 100 * torch.eye(2),
        "log_std": torch.full((2,), -3.0),
    }


def test_adapt_changes_the_latent_and_evaluation_keeps_it() -> None:
    family, n = Navigation(), 40
    learner = MAESN(family, MAESNConfig(hidden=(2,), rate=0.5))
    agent, seeds = latent_policy(learner), draw_seeds(Key(5), n)
    for rate, gain in ((0.5, True), (0.0, False)):
        fixed = {**agent, "rate_mean": torch.full((2,), rate), "rate_log_std": torch.zeros(2)}
        returns = {}
        for greedy in (True, False):
            evaluated = MetaWorldAgent(learner, fixed, n, Key(6), greedy=greedy)
            # no rewards are needed in evaluation
            outside = Environments(family, [HALF_CIRCLE] * n, seeds, last_step=False)
            returns[greedy] = metalearning_evaluation(
                evaluated, outside, learner.config.trajectories, 2
            )
        # both at the mean of one latent
        np.testing.assert_allclose(returns[True][:, 0], returns[True][:, 1])
        assert (returns[True].mean() > -16) == gain  # an agent at rest has -20
        (_, after), _ = learner.run_trials(fixed, family, HALF_CIRCLE, seeds, Key(7), 1)
        # of 40 goals
        assert float(after.returns.mean()) == pytest.approx(returns[False].mean(), abs=3.0)


def test_pearls_posterior_equals_that_of_our_own_trials() -> None:
    family, n = Navigation(), 5
    learner = PEARL(family, PEARLConfig(hidden=(8,), encoder=(8,)))
    agent, key, seeds = learner.init(Key(0)), Key(10), draw_seeds(Key(11), n)
    own, _ = learner.run_trials(agent, HALF_CIRCLE, seeds, key.child("life", 1), 3)
    outside = Environments(family, [HALF_CIRCLE] * n, seeds, last_step=False)
    returns = metalearning_evaluation(
        MetaWorldAgent(learner, agent, n, key, greedy=False), outside, 2, 1
    )
    # sums of factors in another order
    np.testing.assert_allclose(returns[:, 0], own[-1].returns.numpy(), rtol=1e-4)
    prior, _ = learner.run_trials(agent, HALF_CIRCLE, seeds, key.child("life", 1), 3, "off")
    assert np.abs(returns[:, 0] - prior[-1].returns.numpy()).max() > 0.01


def test_pearls_greedy_actions_do_not_depend_on_rewards_in_evaluation() -> None:
    """They are those of the posterior after adaptation, so none need be observed."""
    family, n = Navigation(), 5
    learner = PEARL(family, PEARLConfig(hidden=(8,), encoder=(8,)))
    agent, seeds = learner.init(Key(0)), draw_seeds(Key(11), n)
    given, hidden = (
        metalearning_evaluation(
            MetaWorldAgent(learner, agent, n, Key(10)),
            Environments(family, [HALF_CIRCLE] * n, seeds, last_step=last_step),
            2,
            2,
        )
        for last_step in (True, False)
    )
    np.testing.assert_array_equal(given, hidden)


def test_adapt_requires_two_completed_episodes() -> None:
    learner = MAESN(Navigation(), MAESNConfig(hidden=(2,)))
    trial = learner.trial_policy(latent_policy(learner), 2, Key(8))
    ended = torch.tensor([True, False])
    for _ in range(3):
        trial.begin(ended)
        trial.act(torch.zeros(2, 2))
        trial.observe(torch.ones(2), ended)
    with pytest.raises(ValueError, match="at least 2 episodes of each draw, got 0"):
        trial.adapt()


def test_invalid_calls_are_one_line_errors() -> None:
    learner = RL2(GridNavi(), SMALL)
    evaluated = MetaWorldAgent(learner, learner.init(Key(0)), 3, Key(9))
    with pytest.raises(
        ValueError,
        match=r"observations must be \[3, 14\], or \[3, 21\] with the last action, reward and done "
        r"flag, got \[3, 15\]",
    ):
        evaluated.adapt_action(np.zeros((3, 15)))
    with pytest.raises(ValueError, match="an observation is NaN or infinite"):
        evaluated.adapt_action(np.full((3, 14), np.nan))
    with pytest.raises(ValueError, match="actions depend on rewards in evaluation too"):
        evaluated.eval_action(np.zeros((3, 14)))

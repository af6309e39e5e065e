"""A PPO agent's policy on raw observations, and the learners that begin with it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
from openpoet.agents.gradient.reptile import Reptile, ReptileConfig
from openpoet.agents.parts.feedforward import Feedforward
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.normalisation import OBSERVATIONS, Moments, Normaliser
from openpoet.agents.ppo.ppo import PPO
from openpoet.agents.ppo.raw_policy import raw_policy
from openpoet.envs.cartpole import CartPole
from openpoet.envs.navigation import Navigation
from openpoet.envs.regression import Regression
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.every_learner import make, trained

HIDDEN = (8, 6)
SEEN = torch.tensor([[3.0, -1.0], [5.0, -7.0], [4.5, 0.5], [2.0, -2.0]])


def ppo(family: Any, **settings: Any) -> PPO:
    return PPO(family, PPOConfig(hidden=HIDDEN, **settings))


def experienced(learner: PPO, observations: torch.Tensor = SEEN) -> Agent:
    """A new agent that has normalised these observations; its policy's last layer is not small."""
    agent = learner.init(Key(1))
    seen = Moments.of(agent, OBSERVATIONS).merged(observations)
    return {**agent, **seen.tensors(OBSERVATIONS), "actor_w2": 50 * agent["actor_w2"]}


def ppo_outputs(learner: PPO, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
    """Mean actions, or logits, of PPO's own network on normalised observations."""
    inputs = Normaliser.of(Moments.of(agent, OBSERVATIONS))(observations)
    return learner.network.actor(agent, inputs)


@pytest.mark.parametrize("family", [Navigation(), CartPole()], ids=["continuous", "discrete"])
def test_the_outputs_are_those_of_ppo(family: Any) -> None:
    learner, size = ppo(family), family.spec.observation_size
    seen = torch.randn(9, size) * 3 + 2
    agent = experienced(learner, seen)
    network = Feedforward((size, *HIDDEN, family.spec.action_size))
    weights = raw_policy(agent, network)
    expected = ppo_outputs(learner, agent, seen)
    torch.testing.assert_close(network(weights, seen), expected)
    assert float(expected.std()) > 0.1
    assert ("log_std" in weights) == ("log_std" in agent)
    # wrong: the statistics of observations are ignored
    plain = {name.removeprefix("actor_"): value for name, value in agent.items()}
    assert float((network(plain, seen) - expected).abs().max()) > 0.1


def test_without_observations_so_far_the_weights_are_the_actors() -> None:
    agent = ppo(Navigation()).init(Key(1))
    weights = raw_policy(agent, Feedforward((2, *HIDDEN, 2)))
    for name in ("w0", "b0", "w1", "b2"):
        torch.testing.assert_close(weights[name], agent[f"actor_{name}"], rtol=1e-6, atol=0)


def test_the_agent_is_not_changed() -> None:
    agent = experienced(ppo(Navigation()))
    before = {name: value.clone() for name, value in agent.items()}
    for value in raw_policy(agent, Feedforward((2, *HIDDEN, 2))).values():
        value += 1
    assert all(torch.equal(agent[name], value) for name, value in before.items())


@pytest.mark.parametrize(
    "learner",
    [
        MAML(Navigation(), MAMLConfig(hidden=HIDDEN, learn_rates=True)),
        Reptile(Navigation(), ReptileConfig(hidden=HIDDEN)),
    ],
    ids=["maml", "reptile"],
)
def test_an_initialisation_begins_with_the_policy(learner: Any) -> None:
    agent = experienced(ppo(Navigation()))
    adopted, new = learner.inherit(agent), learner.init(Key(2))
    assert {n: v.shape for n, v in adopted.items()} == {n: v.shape for n, v in new.items()}
    means = learner.model.network(adopted, SEEN)
    torch.testing.assert_close(means, ppo_outputs(ppo(Navigation()), agent, SEEN))
    torch.testing.assert_close(adopted["log_std"], agent["log_std"])


def test_maesn_begins_with_the_policy_and_random_weights_of_the_latent() -> None:
    learner = MAESN(Navigation(), MAESNConfig(hidden=HIDDEN, latent=3))
    agent = experienced(ppo(Navigation()))
    adopted, new = learner.inherit(agent), learner.init(Key(2))
    assert {n: v.shape for n, v in adopted.items()} == {n: v.shape for n, v in new.items()}
    at_prior = learner.policy.outputs(adopted, SEEN, torch.zeros(4, 3))[:, :2]
    expected = ppo_outputs(ppo(Navigation()), agent, SEEN)
    torch.testing.assert_close(at_prior, expected)
    explored = learner.policy.outputs(adopted, SEEN, torch.ones(4, 3))[:, :2]
    assert float((explored - expected).abs().max()) > 1e-3
    strong = MAESN(Navigation(), MAESNConfig(hidden=HIDDEN, latent=3, latent_gain=4.0))
    weights = strong.inherit(agent)["w0"]
    torch.testing.assert_close(weights[:, -3:], 4 * adopted["w0"][:, -3:])
    torch.testing.assert_close(weights[:, :-3], adopted["w0"][:, :-3])
    again = learner.inherit(agent)
    assert all(torch.equal(again[name], value) for name, value in adopted.items())


def test_agents_of_other_learners_stay_as_they_are() -> None:
    agent = trained("fomaml")
    assert make("maml").learner.inherit(agent) is agent
    assert make("maesn").learner.inherit(agent) is agent


def test_a_regressor_has_no_policy_to_begin_with() -> None:
    agent = experienced(ppo(Navigation()))
    assert MAML(Regression(), MAMLConfig(hidden=HIDDEN)).inherit(agent) is agent


def wrong(name: str, value: torch.Tensor) -> Agent:
    return {**experienced(ppo(Navigation())), name: value}


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        (
            experienced(PPO(Navigation(), PPOConfig(hidden=(8, 8)))),
            r"actor_w1 .*\[8, 8\].*\[6, 8\]",
        ),
        (experienced(PPO(Navigation(), PPOConfig(hidden=(8, 6, 4)))), "more than 2 hidden layers"),
        (PPO(Navigation(), PPOConfig(hidden=(8,))).init(Key(1)), r"actor_w1 .*\[2, 8\]"),
        (ppo(Navigation(), cell="gru", memory=4).init(Key(1)), "it has memory"),
        (wrong("actor_b0", torch.zeros(8, dtype=torch.float64)), "actor_b0 .*float64"),
        (wrong("actor_b0", torch.full((8,), float("nan"))), "b0 .* NaN or infinity"),
        (
            wrong("normaliser/observations/square", torch.full((2,), -1e9, dtype=torch.float64)),
            "w0 .* NaN or infinity",
        ),
        (wrong("normaliser/observations/mean", torch.zeros(3, dtype=torch.float64)), "mean .*3"),
        (wrong("log_std", torch.zeros(3)), "log_std"),
    ],
)
def test_policies_that_do_not_fit_are_an_error_of_one_line(agent: Agent, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        raw_policy(agent, Feedforward((2, *HIDDEN, 2)))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300

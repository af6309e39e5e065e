"""VariBAD: the ELBO by hand, gradient paths, learner conformance, and learning of beliefs."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from openpoet.agents.memory.belief_decoder import BeliefDecoder
from openpoet.agents.memory.evidence import Evidence
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.agents.parts.gaussians import kl
from openpoet.agents.ppo.batches import Batch, batch_of, single_steps
from openpoet.agents.ppo.collecting import Collector
from openpoet.cli.conformance import check_learner
from openpoet.envs.bandits import Bandits
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.interfaces import TaskFamily
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

TINY = VariBADConfig(
    hidden=6, trials=8, minibatches=2, epochs=1, test_trials=4, policy=(8,), decoder=(8, 4)
)
ENCODER, POLICY = ("w_in", "w_hidden", "w_out"), ("actor_w0", "critic_w1")
DECODER = ("answer_w0", "question_w0")
NO_INPUTS = (torch.zeros(0), ())  # of the encoder, where its beliefs are given


def test_kl_divergences_equal_those_of_torch() -> None:
    rng = np.random.default_rng(0)
    mean, log_std, mean_q, log_std_q = (
        torch.from_numpy(rng.normal(size=(3, 4, 2))) for _ in range(4)
    )
    one, other = (
        torch.distributions.Normal(m, s.exp()) for m, s in ((mean, log_std), (mean_q, log_std_q))
    )
    expected = torch.distributions.kl_divergence(one, other).sum(-1)
    torch.testing.assert_close(kl(mean, log_std, mean_q, log_std_q), expected)


@pytest.mark.parametrize(
    "family",
    [Guessing(), Bandits(), Navigation(NavigationSettings(horizon=4)), GridNavi()],
    ids=lambda f: str(f.spec),
)
def test_learner_conformance(family: TaskFamily) -> None:
    check_learner(VariBAD(family, TINY), family, tasks=2)


def evidence(batch: Batch, shape: tuple[int, ...]) -> Evidence:
    """Transitions of ones with these rewards, from N(0, 1) on. shape: of a row of transitions."""
    transitions = torch.ones(*batch.inputs.shape[:2], shape[1])
    first = torch.zeros(batch.inputs.shape[1], 2 * TINY.latent)
    outcomes = torch.ones(*batch.alive.shape, 1)
    parts = (batch.inputs, batch.state)
    return Evidence(transitions, outcomes, batch.alive, batch.begins, first, *parts)


def differentiable(learner: RL2) -> dict[str, torch.Tensor]:
    agent = learner.init(Key(0))
    return {
        name: value.clone().requires_grad_() for name, value in agent.items() if "/" not in name
    }


def test_the_policy_loss_does_not_reach_the_encoder_nor_the_elbo_the_policy() -> None:
    family = Guessing()
    learner = VariBAD(family, TINY)
    agent, collector = (
        learner.init(Key(0)),
        Collector(family, [0.5] * learner.plan.rows, learner.plan, Key(1)),
    )
    weights, rollout = differentiable(learner), collector.collect(learner.policy(agent))
    batch = batch_of(rollout, rollout.rewards.float(), learner.config, None)
    names = [*ENCODER, *POLICY, *DECODER]

    def reached(loss: torch.Tensor) -> set[str]:
        found = torch.autograd.grad(loss, [weights[name] for name in names], allow_unused=True)
        return {
            name
            for name, part in zip(names, found, strict=True)
            if part is not None and bool(part.any())
        }

    belief = learner.beliefs(weights, batch.inputs, batch.state, batch.begins)
    acted = learner.policy_inputs(batch.inputs, belief).detach()
    policy, values = learner.outputs(weights, acted)
    assert reached((policy**2).sum() + values.sum()) == set(POLICY)
    given, noise = evidence(batch, (8, 4)), torch.Generator().manual_seed(2)
    assert reached(learner._loss_of_beliefs(weights, given, noise)) == {*ENCODER, *DECODER}
    # the outputs are those of acting
    torch.testing.assert_close(values, rollout.values)
    torch.testing.assert_close(learner.actions.log_prob(policy, batch.actions), rollout.log_probs)
    # in RL^2 the policy loss does reach the recurrent network
    plain = RL2(family, RL2Config(hidden=6))
    theirs = differentiable(plain)
    policy, _ = plain.outputs(theirs, batch.inputs)
    assert all(
        bool(part.any())
        for part in torch.autograd.grad((policy**2).sum(), [theirs[n] for n in ENCODER])
    )


def test_the_elbo_by_hand() -> None:
    """Two trials of one and of two steps; every predicted reward is 2."""
    learner = VariBAD(Guessing(), VariBADConfig(latent=1, kl=0.6, decoder=(1, 1)))
    weights = dict(learner.init(Key(0)))
    for name in ("answer_w1", "question_w1"):
        weights[name] = torch.zeros(1, 1)
    weights["answer_b1"], weights["question_b1"] = torch.tensor([4.0]), torch.tensor([0.5])
    mean = torch.tensor([[[1.0], [0.0]], [[9.0], [3.0]]])  # [t, n, 1]
    belief, rewards = (
        torch.cat([mean, torch.zeros_like(mean)], -1),
        torch.tensor([[1.0, 2.0], [7.0, 5.0]]),
    )
    alive = torch.tensor([[True, True], [False, True]])
    transitions = torch.zeros(2, 2, 4)
    begins = torch.tensor([[True, True], [False, False]])
    first = torch.full((2, 2), 5.0)
    given = Evidence(
        transitions, rewards[..., None], alive, begins, torch.full((2, 2), 5.0), *NO_INPUTS
    )
    # Errors of valid pairs of belief and reward: 1/2 in the first trial; twice 0 and 9/2 in the
    # second. KL divergences, (difference of means)^2 / 2: 1/2 in the first trial, 0 and 9/2 in the
    # second.
    expected = (0.5 + 2 * 4.5) / 5 + 0.6 * (0.5 + 4.5) / 3 / 2
    noise = torch.Generator().manual_seed(0)
    loss = learner.elbo_loss(weights, belief, given, noise)
    assert float(loss.detach()) == pytest.approx(expected)
    # The second sequence begins within a trial, after the belief N(1, 1), and its second step
    # begins another trial: each belief has one reward to predict.
    first = torch.tensor([[5.0, 5.0], [1.0, 0.0]])
    begins = torch.tensor([[True, False], [False, True]])
    given = Evidence(transitions, rewards[..., None], alive, begins, first, *NO_INPUTS)
    expected = (0.5 + 0 + 4.5) / 3 + 0.6 * (0.5 + 0.5 + 4.5) / 3 / 2
    loss = learner.elbo_loss(weights, belief, given, noise)
    assert float(loss.detach()) == pytest.approx(expected)


def test_learner_conformance_where_trials_are_cut() -> None:
    family = Guessing()
    settings = replace(
        TINY,
        steps=6,
        bptt=3,
        rollouts=2,
        normalise_observations=True,
        normalise_rewards=True,
    )
    check_learner(VariBAD(family, settings), family, tasks=2)


DYNAMICS = replace(TINY, decoder_input="action", predict_changes=True, belief_steps=2)


def test_learner_conformance_where_changes_are_predicted() -> None:
    family = Guessing()
    check_learner(VariBAD(family, replace(DYNAMICS, steps=6, bptt=3)), family, tasks=2)


def test_rows_of_evidence_are_those_of_every_part() -> None:
    """Parts whose numbers name their sequence."""
    each = torch.arange(5.0)
    by_step = each.expand(3, 5)
    parts = (by_step[..., None], by_step[..., None], by_step, by_step, each[:, None])
    given = Evidence(*parts, by_step[..., None], (each[:, None], -each[:, None]))
    chosen = torch.tensor([1, 4])
    some = given.rows(chosen)
    for name in ("transitions", "outcomes", "inputs"):
        assert torch.equal(getattr(some, name)[2, :, 0], chosen.float()), name
    assert torch.equal(some.alive[1], chosen.float())
    assert torch.equal(some.begins[1], chosen.float())
    assert torch.equal(some.first[:, 0], chosen.float())
    assert [part[:, 0].tolist() for part in some.state] == [[1, 4], [-1, -4]]


def test_the_decoder_is_the_product_of_its_networks_for_each_output() -> None:
    decoder, rng = BeliefDecoder(2, 3, (4, 5), outputs=2), np.random.default_rng(0)
    weights, (k, t, n) = decoder.init(rng), (6, 7, 3)
    m, transitions = torch.randn(k, n, 2), torch.randn(t, n, 3)
    found = decoder(weights, m, transitions)
    assert found.shape == (k, t, n, 2)
    latent = decoder.latent_features(weights, m[4])
    features = decoder.transition_features(weights, transitions[5])
    for output, part in enumerate(features.split(5, -1)):
        torch.testing.assert_close(found[4, 5, :, output], (latent * part).sum(-1))


def test_the_loss_of_beliefs_is_that_of_all_in_the_mean_over_subsets() -> None:
    whole, some = (VariBAD(Guessing(), replace(DYNAMICS, belief_steps=k, kl=0.0)) for k in (0, 1))
    weights, noise = dict(whole.init(Key(0))), torch.Generator().manual_seed(0)
    beliefs = torch.randn(4, 3, 2 * TINY.latent)
    beliefs[..., TINY.latent :] = -20.0  # so that samples of the latent are its mean
    alive, begins = torch.ones(4, 3, dtype=torch.bool), torch.zeros(4, 3, dtype=torch.bool)
    outcomes = torch.randn(4, 3, whole.decoder.outputs)
    transitions = torch.randn(4, 3, whole.decoder.transition_features.sizes[0])
    given = Evidence(
        transitions, outcomes, alive, begins, torch.zeros(3, 2 * TINY.latent), *NO_INPUTS
    )
    every = float(whole.elbo_loss(weights, beliefs, given, noise))
    losses = {round(float(some.elbo_loss(weights, beliefs, given, noise)), 5) for _ in range(60)}
    assert len(losses) == 4
    assert float(np.mean(list(losses))) == pytest.approx(every, rel=1e-4)


def test_changes_of_the_observation_need_a_decoder_without_the_next_one() -> None:
    with pytest.raises(ValueError, match="needs decoder_input"):
        replace(TINY, predict_changes=True)


def test_it_learns_to_use_memory_and_its_belief_predicts_rewards() -> None:
    """The best return is 3.5; after one reward the belief predicts the reward of either guess."""
    family = Guessing()
    config = VariBADConfig(
        decoder_input="action",
        hidden=16,
        trials=128,
        test_trials=32,
        lr=5e-3,
        lr_end=5e-3,
        policy=(16,),
        decoder=(16, 8),
        epochs=4,
    )
    learner, root = VariBAD(family, config), Key(5)
    agent = learner.init(root)
    for step in range(45):
        (agent,), _ = learner.improve([agent], [0.5], [root.child("step", step)])
    trials = learner.trials(agent, 0.5, root.child("test"), 512)
    off = learner.trials(agent, 0.5, root.child("test"), 512, control="off")
    assert float(trials.returns.sum(1).mean()) > 3.3
    assert float(off.returns.sum(1).mean()) < 3.05
    predicted, rewards = learner.predicted_rewards(agent, trials), trials.rewards[0].float()
    # shares of the first reward's variance that the belief before and after it explains
    unexplained = [float((predicted[k, 0] - rewards).var() / rewards.var()) for k in (0, 1)]
    assert unexplained[0] > 0.9
    assert unexplained[1] < 0.2


def test_adam_counts_the_updates_of_each_weight() -> None:
    """Three epochs train the policy, two encoder and decoder, of two minibatches each."""
    family = Guessing()
    learner = VariBAD(family, replace(TINY, epochs=3, belief_epochs=2))
    (agent,), _ = learner.improve([learner.init(Key(0))], [0.5], [Key(1)])
    (agent,), _ = learner.improve([agent], [0.5], [Key(2)])
    counts = {
        name.removeprefix("adam/steps/"): int(v)
        for name, v in agent.items()
        if name.startswith("adam/steps")
    }
    for name, count in counts.items():
        assert count == (12 if name.startswith(("actor_", "critic_")) else 8), name
    (after,), _ = learner.improve([agent], [0.5], [Key(3)])
    assert all(bool((after[name] != agent[name]).any()) for name in counts)


def test_steps_of_sequences_become_sequences_of_one_step() -> None:
    family = Guessing()
    learner = VariBAD(family, replace(TINY, steps=6, bptt=3))
    collector = Collector(family, [0.5] * learner.plan.rows, learner.plan, Key(1))
    rollout = collector.collect(learner.policy(learner.init(Key(0))))
    batch = batch_of(rollout, rollout.rewards.float(), learner.config, 3)
    single = single_steps(batch)
    assert batch.actions.shape[:2] == (3, 16)
    assert single.actions.shape[:2] == (1, 48)
    for field in fields(batch):
        if field.name != "state":
            many, one = getattr(batch, field.name), getattr(single, field.name)
            assert torch.equal(one[0, 2 * 16 + 5], many[2, 5]), field.name
    assert single.state == ()

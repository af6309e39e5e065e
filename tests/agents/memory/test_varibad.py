"""VariBAD's bound by hand, whose gradient reaches what, the laws of a learner, and that it comes to
believe.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad import VariBAD, VariBADConfig
from openpoet.agents.parts.gaussians import kl, kl_to_last
from openpoet.envs.bandits import Bandits
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.interfaces import TaskFamily
from openpoet.poet.streams import Key

from tests.agents.guessing import Guessing
from tests.conformance import check_learner

TINY = VariBADConfig(
    hidden=6, trials=8, minibatches=2, epochs=1, test_trials=4, policy=(8,), decoder=(8, 4)
)
ENCODER, POLICY = ("w_in", "w_hidden", "w_out"), ("policy_w0", "policy_w1")
DECODER = ("answer_w0", "question_w0")


def test_distances_between_beliefs_are_torchs() -> None:
    rng = np.random.default_rng(0)
    mean, log_std, mean_q, log_std_q = (
        torch.from_numpy(rng.normal(size=(3, 4, 2))) for _ in range(4)
    )
    one, other = (
        torch.distributions.Normal(m, s.exp()) for m, s in ((mean, log_std), (mean_q, log_std_q))
    )
    expected = torch.distributions.kl_divergence(one, other).sum(-1)
    torch.testing.assert_close(kl(mean, log_std, mean_q, log_std_q), expected)
    each = kl_to_last(mean, log_std)
    unit = torch.zeros_like(mean[0])
    torch.testing.assert_close(each[0], kl(mean[0], log_std[0], unit, unit))
    torch.testing.assert_close(each[2], kl(mean[2], log_std[2], mean[1], log_std[1]))
    still = kl_to_last(mean[:1].expand(3, -1, -1), log_std[:1].expand(3, -1, -1))
    assert float(still[1:].abs().max()) == 0  # who learns nothing new is not surprised


@pytest.mark.parametrize(
    "family",
    [Guessing(), Bandits(), Navigation(NavigationSettings(horizon=4)), GridNavi()],
    ids=lambda f: str(f.spec),
)
def test_the_laws_of_a_learner(family: TaskFamily) -> None:
    check_learner(VariBAD(family, TINY), family, tasks=2)


def grown(learner: RL2) -> dict[str, torch.Tensor]:
    agent = learner.init(Key(0))
    return {
        name: value.clone().requires_grad_() for name, value in agent.items() if "/" not in name
    }


def test_the_policys_gradient_does_not_reach_the_encoder_nor_the_bounds_the_policy() -> None:
    family = Guessing()
    learner = VariBAD(family, TINY)
    weights, trials = grown(learner), learner.trials(learner.init(Key(0)), 0.5, Key(1), 8)
    names = [*ENCODER, *POLICY, *DECODER]

    def reached(loss: torch.Tensor) -> set[str]:
        found = torch.autograd.grad(loss, [weights[name] for name in names], allow_unused=True)
        return {
            name
            for name, part in zip(names, found, strict=True)
            if part is not None and bool(part.any())
        }

    belief = learner.believed(weights, trials.inputs)
    policy, values = learner.outputs(weights, learner.told(trials.inputs, belief).detach())
    assert reached((policy**2).sum() + values.sum()) == set(POLICY)
    bound = learner._bound_of(trials, Key(2))
    assert reached(bound(weights, torch.arange(8), 0)) == {*ENCODER, *DECODER}
    # later passes are the policy's
    assert float(bound(weights, torch.arange(8), learner.config.belief_epochs)) == 0
    # on beliefs held in acting
    torch.testing.assert_close(torch.cat([policy, values[..., None]], -1), trials.outputs)
    plain = RL2(family, RL2Config(hidden=6))  # as it is where the encoder is the policy's own
    theirs = grown(plain)
    policy, _ = plain.outputs(theirs, trials.inputs)
    assert all(
        bool(part.any())
        for part in torch.autograd.grad((policy**2).sum(), [theirs[n] for n in ENCODER])
    )


def test_the_bound_by_hand() -> None:
    """Two steps; one trial that ends after the first and one that goes on; every prediction is
    2.
    """
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
    met = torch.zeros(2, 2, 4)
    # errors of known beliefs and rewards: 1/2 for (0, 0) of the first trial; of the second, twice 0
    # and 9/2 surprises (difference of means)^2 / 2: 1/2 for the first trial; 0 and 9/2 for the
    # second
    expected = (0.5 + 2 * 4.5) / 5 + 0.6 * (0.5 + 4.5) / 3 / 2
    found = learner._bound(weights, belief, met, rewards, alive, torch.Generator().manual_seed(0))
    assert float(found.detach()) == pytest.approx(expected)


def test_it_learns_to_remember_and_its_belief_knows_what_will_pay() -> None:
    """RL^2's ceiling of 3.5; after one answer the belief foretells what either guess would give."""
    family = Guessing()
    config = VariBADConfig(
        told="action",
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
    foretold, paid = learner.foretold(agent, trials), trials.rewards[0].float()
    # of the first guess, before it
    assert float(torch.corrcoef(torch.stack([foretold[0, 0], paid]))[0, 1]) < 0.3
    # and when its answer is known
    assert float(torch.corrcoef(torch.stack([foretold[1, 0], paid]))[0, 1]) > 0.95


def test_encoder_and_policy_count_the_steps_of_their_own_moments() -> None:
    """Of three epochs of two minibatches the first two train encoder and decoder, all the
    policy.
    """
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
        assert count == (12 if name.startswith("policy_") else 8), name
    one, two = (
        learner.improve([rested], [0.5], [Key(3)])[0][0] for rested in (agent, _rested(agent))
    )
    assert not torch.equal(one["w_in"], two["w_in"])


def _rested(agent: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The known fault: the policy's count of steps for all weights."""
    most = max(value for name, value in agent.items() if name.startswith("adam/steps"))
    return {
        name: most.clone() if name.startswith("adam/steps") else value
        for name, value in agent.items()
    }

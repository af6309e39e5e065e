"""MAML, first-order MAML and Reptile: conformance, gradients against finite differences,
adaptation.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.assessment import assess
from openpoet.agents.gradient.initialisation import RATE
from openpoet.agents.gradient.maml import FOMAML, MAML
from openpoet.agents.gradient.maml_config import FOMAMLConfig, MAMLConfig, ReptileConfig
from openpoet.agents.gradient.policy_gradient import FeedforwardPolicy, clipped
from openpoet.agents.gradient.regressor import Regressor
from openpoet.agents.gradient.reptile import Reptile
from openpoet.agents.memory.hochreiter import Hochreiter
from openpoet.agents.memory.hochreiter_config import HochreiterConfig
from openpoet.agents.parts.actions import Categorical, Gaussian
from openpoet.agents.rollouts.episode_batches import Batch, EpisodeBatches
from openpoet.cli.conformance import check_learner, same_agent
from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.envs.navigation import SQUARE, Navigation, NavigationSettings
from openpoet.envs.regression import Regression, RegressionSettings
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing
from tests.agents.parts.test_hyperparameters import Exploring

SMALL = MAMLConfig(draws=3, trajectories=4, test_trials=3, hidden=(6,))
PLANE = Navigation(NavigationSettings(horizon=5))
LINES = Regression(RegressionSettings("sine", horizon=5))


@pytest.mark.parametrize("family", [PLANE, Guessing(), LINES, Bandits(BanditSettings(pulls=2))])
def test_learner_conformance(family: Navigation | Guessing | Regression | Bandits) -> None:
    check_learner(MAML(family, SMALL), family)


@pytest.mark.parametrize(
    "settings",
    [
        {"outer": "trpo"},
        {"learn_rates": True, "inner_steps": 2},
        {"inner_steps": 0},
        {"epochs": 2, "learn_rates": True},
    ],
)
def test_learner_conformance_with_other_settings(settings: dict) -> None:
    check_learner(MAML(PLANE, replace(SMALL, **settings)), PLANE)


@pytest.mark.parametrize("family", [PLANE, LINES])
@pytest.mark.parametrize("outer", ["share", "adam"])
def test_conformance_of_reptile(family: Navigation | Regression, outer: str) -> None:
    config = ReptileConfig(
        draws=3, trajectories=2, test_trials=3, hidden=(6,), inner_steps=2, test_updates=2
    )
    check_learner(Reptile(family, replace(config, outer=outer, share=0.01)), family)


def test_trpo_requires_a_policy() -> None:
    with pytest.raises(ValueError, match="needs a policy"):
        MAML(LINES, replace(SMALL, outer="trpo"))


def test_policies_require_two_episodes_for_the_baseline() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        MAML(PLANE, replace(SMALL, trajectories=1))
    MAML(LINES, replace(SMALL, trajectories=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"order": 0}, "order must be one of 1, 2, got 0"),
        ({"outer": "sgd"}, "outer must be one of 'adam', 'trpo', got 'sgd'"),
        ({"learn_rates": True, "inner_steps": 0}, "no step sizes without steps"),
        ({"inner_lr": 0.0}, "inner_lr must be above 0"),
        ({"inner_steps": -1}, "inner_steps must be from 0 to 1000000"),
        ({"hidden": ()}, "hidden must be a non-empty list"),
    ],
)
def test_invalid_settings_raise_value_error(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)


def adaptation(
    learner: MAML, agent: dict[str, torch.Tensor]
) -> tuple[list[Batch], Batch, dict[str, torch.Tensor]]:
    """Episodes before and after adaptation, and the agent's weights in float64."""
    c, noise = learner.config, torch.Generator().manual_seed(0)
    episode_batches = EpisodeBatches(
        learner.family, [SQUARE] * c.draws, list(range(c.draws)), c.trajectories, "cpu"
    )
    before, learned = learner.inner_loop(
        learner.weights(agent), episode_batches, c.inner_steps, noise
    )
    after = learner.play(learned, episode_batches, noise)
    weights = {name: value.double() for name, value in learner.weights(agent).items()}
    return [_double(batch) for batch in before], _double(after), weights


def _double(batch: Batch) -> Batch:
    observations, actions, rewards = (
        x.double() for x in (batch.observations, batch.actions, batch.rewards)
    )
    return replace(batch, observations=observations, actions=actions, rewards=rewards)


@pytest.mark.parametrize("steps", [1, 2])
def test_the_outer_gradient_of_policies_equals_the_finite_difference_and_differs_from_first_order(
    steps: int,
) -> None:
    learner = MAML(PLANE, replace(SMALL, inner_steps=steps, inner_lr=0.5, learn_rates=True))
    before, after, weights = adaptation(learner, dict(learner.init(Key(3))))
    tasks = learner.config.draws

    def loss(w: dict[str, torch.Tensor]) -> torch.Tensor:
        return learner.model.losses(learner.adapted(w, before, tasks), after).mean()

    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    exact = dict(zip(leaves, torch.autograd.grad(loss(leaves), list(leaves.values())), strict=True))
    first = FOMAML(PLANE, FOMAMLConfig(**{**vars(learner.config), "order": 1}))
    first_order = torch.autograd.grad(
        first.model.losses(first.adapted(leaves, before, tasks), after).mean(),
        list(leaves.values()),
    )
    for name in weights:
        direction = torch.randn(
            weights[name].shape, generator=torch.Generator().manual_seed(1)
        ).double()
        ends = []
        for sign in (1e-5, -1e-5):
            moved = {**weights, name: weights[name] + sign * direction}
            moved = {n: v.clone().requires_grad_() for n, v in moved.items()}
            ends.append(float(loss(moved).detach()))
        found = float((exact[name] * direction).sum())
        assert found == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=2e-5, abs=1e-8), name
    gap = max(
        float((one - two).abs().max()) for one, two in zip(exact.values(), first_order, strict=True)
    )
    assert gap > 1e-3


def test_trials_one_by_one_equal_the_batch() -> None:
    """The gradient of the sum over trials equals torch.func's gradients of single trials."""
    policy, tasks, side = FeedforwardPolicy.of(PLANE.spec, (6,)), 3, 4
    episode_batches = EpisodeBatches(PLANE, [SQUARE] * tasks, [0, 1, 2], side, "cpu")
    rng = np.random.default_rng(0)
    made = [policy.init(rng) for _ in range(tasks)]
    stacked = {name: torch.stack([one[name] for one in made]) for name in made[0]}
    noise = torch.rand(5, tasks, side, 2, generator=torch.Generator().manual_seed(0))
    batch = episode_batches.play(policy.act(stacked, noise))
    for trial in range(tasks):
        rows = slice(trial * side, (trial + 1) * side)
        alone = Batch(
            batch.observations[:, rows], batch.actions[:, rows], batch.rewards[:, rows],
            batch.alive[:, rows],
            batch.returns[rows], batch.success[rows], batch.after[:, rows], batch.terminated[:,
            rows],
        )  # fmt: skip
        one = {name: value[None] for name, value in made[trial].items()}
        torch.testing.assert_close(
            policy.losses(one, alone)[0], policy.losses(stacked, batch)[trial]
        )
        slopes = torch.func.grad(lambda w, a=alone: policy.losses(w, a).sum())(one)
        all_slopes = torch.func.grad(lambda w: policy.losses(w, batch).sum())(stacked)
        for name in one:
            torch.testing.assert_close(
                slopes[name][0], all_slopes[name][trial], rtol=1e-4, atol=1e-6
            )


def test_the_initial_ratio_is_one_with_the_gradient_of_the_log_probability() -> None:
    learner = MAML(PLANE, SMALL)
    _, after, weights = adaptation(learner, dict(learner.init(Key(5))))
    leaves = {n: v.expand(3, *v.shape).clone().requires_grad_() for n, v in weights.items()}
    policy = learner.model
    assert isinstance(policy, FeedforwardPolicy)
    old = policy.batch_outputs(leaves, after).detach()
    assert torch.equal(policy.divergences(leaves, after, old), torch.zeros(3, dtype=torch.float64))
    slopes = [
        torch.autograd.grad(losses.sum(), list(leaves.values()))
        for losses in (policy.losses(leaves, after), policy.ratio_losses(leaves, after, old))
    ]
    for one, two in zip(*slopes, strict=True):
        torch.testing.assert_close(one, two)


def test_the_standard_deviation_has_a_floor_below_which_it_has_no_gradient() -> None:
    learner = MAML(PLANE, replace(SMALL, std_floor=0.3))
    policy, agent = learner.model, learner.init(Key(6))
    assert isinstance(policy, FeedforwardPolicy)
    low = torch.tensor([[0.1, 0.5]]).log().requires_grad_()
    weights = {**learner.repeated(agent, 1), "log_std": low}
    outputs = policy.outputs(weights, torch.zeros(1, 1, 2))
    torch.testing.assert_close(outputs[0, 0, 2:].exp(), torch.tensor([0.3, 0.5]))
    (slopes,) = torch.autograd.grad(outputs.sum(), [low])
    assert slopes.tolist() == [[0.0, 1.0]]
    # after an outer step it is at the floor, where it has a gradient again
    below = {**agent, "log_std": torch.tensor([0.1, 0.5]).log()}
    (after,), _ = learner.improve([below], [SQUARE], [Key(7)])
    assert float(after["log_std"][0]) == pytest.approx(math.log(0.3))
    assert float(after["log_std"][1]) > math.log(0.3)


def test_without_a_floor_an_inner_step_grows_as_the_standard_deviation_falls() -> None:
    changes = []
    for floor in (0.0, 0.3):
        learner = MAML(PLANE, replace(SMALL, std_floor=floor))
        agent = dict(learner.init(Key(6)))
        agent["log_std"] = torch.full((2,), math.log(0.01))
        batches, adapted = learner.inner_loop(
            learner.weights(agent),
            EpisodeBatches(PLANE, [SQUARE] * 3, [0, 1, 2], 4, "cpu"),
            1,
            torch.Generator().manual_seed(0),
        )
        assert len(batches) == 1
        changes.append(float((adapted["b1"] - agent["b1"]).abs().max()))
    assert changes[0] > 20 * changes[1]


def test_a_ratio_gains_nothing_beyond_the_clip_range_but_loses() -> None:
    ratios = torch.tensor([0.5, 0.5, 1.1, 1.1, 2.0, 2.0], requires_grad=True)
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    gains = clipped(ratios, advantages, 0.2)
    torch.testing.assert_close(gains, torch.tensor([0.5, -0.8, 1.1, -1.1, 1.2, -2.0]))
    (slopes,) = torch.autograd.grad(gains.sum(), [ratios])
    assert slopes.tolist() == [1, 0, 1, -1, 0, -1]


def test_limited_rewards_are_learned_from_and_returns_stay() -> None:
    free, limited = (MAML(PLANE, replace(SMALL, reward_limit=most)) for most in (0.0, 0.1))
    agent = free.init(Key(1))
    (before, _), (clipped_one, _) = (
        learner.run_trials(agent, SQUARE, [1, 2], Key(2), 1)[0] for learner in (free, limited)
    )
    assert float(before.rewards.min()) < -0.1
    assert torch.equal(clipped_one.rewards, before.rewards.clamp(-0.1, 0.1))
    assert torch.equal(clipped_one.returns, before.returns)
    assert not torch.equal(clipped_one.discounted(1.0), before.discounted(1.0))


@pytest.mark.parametrize("action_std", [0.3, 1.0])
def test_the_initial_standard_deviation_of_actions(action_std: float) -> None:
    agent = MAML(PLANE, replace(SMALL, action_std=action_std)).init(Key(0))
    torch.testing.assert_close(agent["log_std"].exp(), torch.full((2,), action_std))


@pytest.mark.parametrize("inner_steps", [0, 1])
def test_outer_steps_on_the_same_episodes_lower_the_loss_on_them_further(inner_steps: int) -> None:
    """With a clip range of 0 only the first step is free to move: later ones cannot gain."""
    fixed = replace(SMALL, inner_steps=inner_steps, lr=1e-2)

    def moved(**settings: float) -> float:
        learner = MAML(PLANE, replace(fixed, **settings))
        agent = learner.init(Key(3))
        (after,), _ = learner.improve([agent], [SQUARE], [Key(4)])
        return float((after["w1"] - agent["w1"]).norm())

    once, often = moved(), moved(epochs=5)
    assert once < moved(epochs=5, clip=1e-6) < often


@pytest.mark.parametrize("actions", [Categorical(3), Gaussian(2)])
def test_kl_divergences_equal_torchs(actions: Categorical | Gaussian) -> None:
    one, two = torch.randn(
        2, 5, actions.outputs, generator=torch.Generator().manual_seed(0)
    ).double()
    if isinstance(actions, Categorical):
        dists = [torch.distributions.Categorical(logits=x) for x in (one, two)]
        expected = torch.distributions.kl_divergence(*dists)
    else:
        normal = [torch.distributions.Normal(x[:, :2], x[:, 2:].exp()) for x in (one, two)]
        expected = torch.distributions.kl_divergence(*normal).sum(1)
    torch.testing.assert_close(actions.kl(one, two), expected)


@pytest.mark.parametrize(
    ("learner", "name"),
    [
        (MAML(PLANE, SMALL), "lr"),
        (MAML(PLANE, replace(SMALL, outer="trpo")), "kl"),
        (
            Reptile(
                PLANE,
                ReptileConfig(draws=2, trajectories=2, test_trials=2, hidden=(4,), inner_steps=2),
            ),
            "share",
        ),
        (Hochreiter(LINES, HochreiterConfig(hidden=4, trials=3, updates=1, test_trials=3)), "lr"),
    ],
)
def test_hyperparameters_of_agents_override_the_settings(
    learner: MAML | Reptile, name: str
) -> None:
    check_learner(Exploring(learner), learner.family)
    agent, task = learner.init(Key(1)), learner.family.origin()
    (plain,), _ = learner.improve([agent], [task], [Key(2)])
    (still,), _ = learner.improve(
        [{**agent, f"hyper/{name}": torch.tensor(1e-12)}], [task], [Key(2)]
    )
    acting = [n for n in agent if "/" not in n]
    assert max(float((plain[n] - agent[n]).abs().max()) for n in acting) > 1e-4
    assert max(float((still[n] - agent[n]).abs().max()) for n in acting) < 1e-5


def test_the_regressor_ignores_the_last_label() -> None:
    model = Regressor.of(LINES.spec, (6,))
    weights = {name: value[None] for name, value in model.init(np.random.default_rng(0)).items()}
    act = model.act(weights, torch.zeros(5, 1, 4, 1))
    observations = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    other = torch.cat([observations[:, :1], observations[:, 1:] + 9], 1)
    assert torch.equal(act(observations, 0), act(other, 0))


def test_squared_errors_by_hand() -> None:
    """The network outputs its bias, .5; labels are part of the next observation."""
    model = Regressor.of(LINES.spec, (1,))
    weights = {
        name: torch.zeros_like(v)[None] for name, v in model.init(np.random.default_rng(0)).items()
    }
    weights["b1"] += 0.5
    observations = torch.tensor([[[9.0, 0.0]], [[9.0, 1.0]]])  # the label of the first step is 1
    after = torch.tensor([[[9.0, 1.0]], [[9.0, -1.0]]])  # of the second -1
    empty, alive = torch.zeros(2, 1, 1), torch.ones(2, 1, dtype=torch.bool)
    batch = Batch(
        observations, empty, empty[..., 0], alive, empty[0, :, 0], alive[0], after, ~alive
    )
    assert float(model.losses(weights, batch)) == pytest.approx((0.25 + 2.25) / 2)


def test_adopt_keeps_the_initialisation_and_its_step_sizes() -> None:
    learner = MAML(PLANE, replace(SMALL, learn_rates=True))
    agent = learner.init(Key(0))
    for step in range(3):
        (agent,), _ = learner.improve([agent], [SQUARE], [Key(1, ("step", step))])
    adopted = learner.adopt(agent)
    for name in ("w0", RATE + "w0", RATE + "log_std"):
        assert torch.equal(adopted[name], agent[name])
        assert not torch.equal(adopted[name], learner.init(Key(0))[name])
    assert float(adopted["adam/steps/w0"]) == 0 < float(agent["adam/steps/w0"])


def test_evaluate_changes_no_agent_and_equal_keys_give_equal_draws() -> None:
    learner = MAML(PLANE, SMALL)
    agent = learner.init(Key(0))
    kept = {name: value.clone() for name, value in agent.items()}
    (stay,), _, _, (before,) = learner.evaluate([{**agent}], [SQUARE], [Key(2)])
    assert same_agent(agent, kept)
    assert stay != before
    batches, steps = learner.run_trials(agent, SQUARE, [4, 5], Key(2), 3)
    assert len(batches) == 4
    assert steps == 4 * 2 * 4 * 5


def test_the_share_of_reptile_falls_linearly_to_its_end() -> None:
    """The same agent, episodes and adapted parameters: the moves have the ratio of the shares."""
    small = ReptileConfig(
        draws=2, trajectories=2, hidden=(4,), inner_steps=2, share=0.8, share_end=0.2, anneal=4
    )
    learner, moves = Reptile(PLANE, small), []
    agent = learner.init(Key(0))
    for step in (0.0, 2.0, 4.0, 9.0):
        at = {**agent, "schedule/step": torch.tensor(step)}
        (after,), _ = learner.improve([at], [SQUARE], [Key(1)])
        moves.append(float((after["w1"] - agent["w1"]).norm()))
    assert moves == pytest.approx(
        [moves[0] * share / 0.8 for share in (0.8, 0.5, 0.2, 0.2)], rel=1e-3
    )
    assert moves[0] > 0


def test_fomaml_is_maml_with_order_1() -> None:
    assert FOMAML(PLANE).config.order == 1
    assert MAML(PLANE).config.order == 2


def test_it_learns_to_adapt_and_joint_training_does_not() -> None:
    family, found = Navigation(NavigationSettings(horizon=20)), []
    for steps in (1, 0):
        config = MAMLConfig(
            inner_steps=steps, inner_lr=0.05, draws=10, trajectories=10, outer="trpo", kl=0.03
        )
        learner, root = MAML(family, config), Key(2)
        agent = learner.init(root)
        for step in range(6):
            (agent,), _ = learner.improve([agent], [SQUARE], [root.child("step", step)])
        found.append(assess(learner, agent, SQUARE, root.child("test"), 20))
    learned, joint = found
    assert learned.gain.value > 2.0
    assert joint.gain.value < learned.gain.value / 2
    assert learned.over_off.low > 1.0
    assert learned.over_shuffled.low > 1.0  # the parameters of another trial reach another goal

"""The compiled PPO update equals autograd with torch.optim.Adam; its products equal NumPy's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.kernels.ppo_network import Architecture
from openpoet.agents.kernels.ppo_update import Loss, Optimised, Transitions, update
from openpoet.agents.parts.actions import actions_of
from openpoet.agents.parts.feedforward import Feedforward

WALKER = Architecture(24, (64, 64), 4, discrete=False)
SMALL = Architecture(3, (5,), 2, discrete=True)
ARCHITECTURES = [
    WALKER,
    SMALL,
    Architecture(1, (), 1, discrete=False),
    Architecture(17, (33, 8, 20), 18, discrete=True),
]
LOSS = Loss(clip=0.2, value_weight=0.5, entropy=0.01, lr=3e-3, max_gradient=0.5)


def random_weights(architecture, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, generator=generator) / shape[-1] ** 0.5
        for name, shape in architecture.shapes.items()
    }


def fresh(architecture, seed=0):
    weights = random_weights(architecture, seed)
    zero = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    return Optimised(weights, zero, zero, 0)


def outputs(architecture, weights, observations):
    """Policy parameters and values."""
    policy = Feedforward(architecture.actor, "actor_")(weights, observations)
    if not architecture.discrete:
        policy = torch.cat([policy, weights["log_std"].expand_as(policy)], -1)
    return policy, Feedforward(architecture.critic, "critic_")(weights, observations)[:, 0]


def transitions(architecture, n, seed=1):
    """Of an older policy, so that ratios fall on both sides of the clip range."""
    generator = torch.Generator().manual_seed(seed)
    observations = torch.randn(n, architecture.inputs, generator=generator)
    policy, values = outputs(architecture, random_weights(architecture), observations)
    actions = actions_of(architecture.actions, architecture.discrete)
    taken = actions.sample(policy, torch.rand(n, architecture.actions, generator=generator))
    log_probs = actions.log_prob(policy, taken) + 0.3 * torch.randn(n, generator=generator)
    advantages, noise = torch.randn(2, n, generator=generator)
    alive = torch.rand(n, generator=generator) < 0.8
    return Transitions(observations, taken, log_probs, advantages, values + noise, alive)


def order_of(n, epochs, seed=2):
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(n) for _ in range(epochs)])


def by_torch(architecture, before, batch, order, *, minibatches, loss):
    """The same by autograd: weights, and losses [epochs, 5]."""
    actions = actions_of(architecture.actions, architecture.discrete)
    weights = {name: w.clone().requires_grad_() for name, w in before.weights.items()}
    adam = torch.optim.Adam(weights.values(), lr=loss.lr, eps=1e-5)
    results = []
    for epoch in order:
        parts = []
        for rows in np.array_split(epoch, minibatches):
            x, taken, old, advantages, targets, alive = (part[rows] for part in batch)
            policy, values = outputs(architecture, weights, x)
            log_ratio = actions.log_prob(policy, taken) - old
            ratio = log_ratio.exp()
            clipped = ratio.clamp(1 - loss.clip, 1 + loss.clip)
            each = [
                -torch.minimum(ratio * advantages, clipped * advantages),
                torch.nn.functional.huber_loss(
                    values, targets, reduction="none", delta=loss.value_limit
                ),
                actions.entropy(policy),
                ratio - 1 - log_ratio,
                (ratio != clipped).float(),
            ]
            means = torch.stack([(part * alive).sum() / alive.sum().clamp(min=1) for part in each])
            adam.zero_grad()
            (means[0] + loss.value_weight * means[1] - loss.entropy * means[2]).backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), loss.max_gradient)
            adam.step()
            if not architecture.discrete:
                weights["log_std"].data.clamp_(min=loss.log_std_floor)
            parts.append(means.detach())
        results.append(torch.stack(parts).mean(0))
        if loss.target_kl and results[-1][3] > loss.target_kl:
            break
    return {k: w.detach() for k, w in weights.items()}, torch.stack(results).double().numpy()


def assert_equal_to_torchs(architecture, batch, order, minibatches, loss, rtol=2e-4):
    before = fresh(architecture)
    ours = update(architecture, before, batch, order, minibatches=minibatches, loss=loss)
    weights, losses = by_torch(
        architecture, before, batch, order, minibatches=minibatches, loss=loss
    )
    np.testing.assert_allclose(ours.losses, losses, rtol=rtol, atol=1e-5)
    for name, weight in weights.items():
        torch.testing.assert_close(ours.after.weights[name], weight, rtol=rtol, atol=2e-5)
    return ours


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("minibatches", [1, 3])
def test_an_update_equals_torchs(architecture, minibatches):
    n = 130  # not a multiple of any block
    batch, order = transitions(architecture, n), order_of(n, epochs=2)
    ours = assert_equal_to_torchs(architecture, batch, order, minibatches, LOSS)
    assert ours.after.steps == 2 * minibatches
    assert 0 < ours.losses[0, 4] < 1  # ratios on both sides of the clip range


def test_the_loss_of_values_is_linear_beyond_the_limit():
    batch, order = transitions(WALKER, 130), order_of(130, epochs=2)
    limited = assert_equal_to_torchs(WALKER, batch, order, 3, replace(LOSS, value_limit=0.3))
    squared = assert_equal_to_torchs(WALKER, batch, order, 3, LOSS)
    assert limited.losses[0, 1] < 0.7 * squared.losses[0, 1]


def test_the_gradient_of_one_step_equals_autograds():
    """Adam divides by the gradient's size, so the weights alone would not show its scale."""
    batch, order = transitions(WALKER, 100), order_of(100, epochs=1)
    loss = replace(LOSS, max_gradient=1e9)
    ours = update(WALKER, fresh(WALKER), batch, order, minibatches=1, loss=loss)
    weights = {name: w.requires_grad_() for name, w in fresh(WALKER).weights.items()}
    alive = batch.alive
    policy, values = outputs(WALKER, weights, batch.observations)
    ratio = (actions_of(4, False).log_prob(policy, batch.actions) - batch.log_probs).exp()
    clipped = ratio.clamp(0.8, 1.2)
    total = (
        -torch.minimum(ratio * batch.advantages, clipped * batch.advantages)
        + 0.25 * (values - batch.targets) ** 2
        - 0.01 * actions_of(4, False).entropy(policy)
    )[alive].mean()
    gradients = torch.autograd.grad(total, list(weights.values()))
    for name, gradient in zip(weights, gradients, strict=True):
        torch.testing.assert_close(ours.after.mean[name], 0.1 * gradient, rtol=1e-4, atol=1e-7)
        torch.testing.assert_close(
            ours.after.square[name], 0.001 * gradient**2, rtol=2e-4, atol=1e-9
        )


def test_a_second_update_continues_the_optimiser():
    batch, order = transitions(WALKER, 96), order_of(96, epochs=4)
    whole = update(WALKER, fresh(WALKER), batch, order, minibatches=2, loss=LOSS)
    half = update(WALKER, fresh(WALKER), batch, order[:2], minibatches=2, loss=LOSS)
    both = update(WALKER, half.after, batch, order[2:], minibatches=2, loss=LOSS)
    for part in ("weights", "mean", "square"):
        for name, value in getattr(whole.after, part).items():
            assert torch.equal(value, getattr(both.after, part)[name])
    assert both.after.steps == whole.after.steps == 8


def test_log_std_has_a_floor_and_a_large_divergence_ends_the_update():
    batch, order = transitions(WALKER, 64), order_of(64, epochs=6)
    loss = replace(LOSS, lr=0.1, entropy=-1.0, log_std_floor=-0.5, target_kl=0.5)
    ours = assert_equal_to_torchs(WALKER, batch, order, 1, loss, rtol=5e-3)
    assert float(ours.after.weights["log_std"].min()) == -0.5
    assert len(ours.losses) < 6
    assert ours.losses[-1, 3] > 0.5 >= ours.losses[:-1, 3].max()


def test_transitions_that_are_not_alive_change_nothing():
    batch, order = transitions(WALKER, 70), order_of(70, epochs=1)
    other = batch._replace(targets=torch.where(batch.alive, batch.targets, torch.nan))
    results = [
        update(WALKER, fresh(WALKER), each, order, minibatches=2, loss=LOSS)
        for each in (batch, other)
    ]
    for name, weight in results[0].after.weights.items():
        assert torch.equal(weight, results[1].after.weights[name])


@pytest.mark.parametrize("field", ["observations", "actions", "log_probs", "advantages", "targets"])
def test_nan_raises_value_error_and_names_a_weight(field):
    batch = transitions(WALKER, 40)._replace(alive=torch.ones(40, dtype=torch.bool))
    values = getattr(batch, field).clone()
    values.view(-1)[3] = torch.nan
    with pytest.raises(ValueError, match=r"gradient of the agent's (actor|critic)_\w+ holds NaN"):
        update(
            WALKER, fresh(WALKER), batch._replace(**{field: values}), order_of(40, 1),
            minibatches=1, loss=LOSS,
        )  # fmt: skip


def test_arguments_that_do_not_fit_raise_value_error():
    batch, order = transitions(SMALL, 10), order_of(10, 1)
    wrong = [
        (batch._replace(targets=batch.targets.double()), order, 1, "targets"),
        (batch._replace(actions=batch.actions[:, :1]), order, 1, "actions"),
        (batch, order[:, :-1], 1, "order of 10"),
        (batch, order + 1, 1, "indices below 10"),
        (batch, order, 11, "minibatches must be 1 to 10"),
    ]
    for given, rows, minibatches, line in wrong:
        with pytest.raises(ValueError, match=line):
            update(SMALL, fresh(SMALL), given, rows, minibatches=minibatches, loss=LOSS)
    weights = {name: w for name, w in fresh(SMALL).weights.items() if name != "critic_w1"}
    with pytest.raises(ValueError, match="critic_w1"):
        SMALL.pack(weights)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_unpacked_weights_are_those_packed(architecture):
    weights = random_weights(architecture)
    unpacked = architecture.unpack(architecture.pack(weights))
    assert list(unpacked) == list(weights)
    for name, weight in weights.items():
        assert torch.equal(unpacked[name], weight)

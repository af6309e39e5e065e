"""The compiled SAC steps equal autograd on the losses of offpolicy.sac."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.kernels.sac_network import SACArchitecture
from openpoet.agents.kernels.sac_update import Adam, Contexts, Replay, SACLoss, SACState, Steps
from openpoet.agents.offpolicy.context_encoder import ContextEncoder, posterior
from openpoet.agents.offpolicy.sac import SAC, Transitions
from openpoet.agents.offpolicy.sac_config import SACConfig
from openpoet.agents.parts import adam
from openpoet.agents.parts.gaussians import kl_to_prior

DRAWS, BATCH, CONTEXT, TABLE = 3, 27, 23, 40  # multiples of no block, tile or vector
PLAIN = SACArchitecture(3, 2, (5,))
ENCODING = SACArchitecture(17, 3, (33, 20), (9, 12, 2 * 4), learned=True)
ARCHITECTURES = [
    PLAIN,
    SACArchitecture(16, 1, (16, 16), learned=True),
    SACArchitecture(24, 4, (64, 64), (29, 64, 10)),
    SACArchitecture(0, 1, (7, 18), (2, 2)),
    ENCODING,
]
LOSS = SACLoss(gamma=0.9, tau=0.1, lr=3e-3, temperature=0.3, target_entropy=-1.0, kl=0.2)
Named = dict[str, torch.Tensor]


def sac_of(a: SACArchitecture, loss: SACLoss) -> SAC:
    config = SACConfig(
        hidden=a.hidden, gamma=loss.gamma, tau=loss.tau, lr=loss.lr, temperature=loss.temperature,
        target_entropy=loss.target_entropy if a.learned else None,
    )  # fmt: skip
    return SAC(a.observation + a.latent, a.actions, False, config)


def agent_of(a: SACArchitecture, loss: SACLoss) -> Named:
    """Large weights and biases, with targets apart from the critics."""
    sac, rng = sac_of(a, loss), np.random.default_rng(0)
    weights = sac.init(rng)
    if a.encoder:
        weights |= ContextEncoder(a.encoder[0], a.encoder[1:-1], a.latent).init(rng)
    generator = torch.Generator().manual_seed(0)
    moved = {
        name: value + 0.3 * torch.randn(value.shape, generator=generator)
        for name, value in weights.items()
    }
    return {**moved, **sac.targets(weights), **adam.fresh(moved)}


def problem(a: SACArchitecture, steps: int) -> tuple[Replay, Steps, Contexts | None]:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    def rows(*shape: int) -> torch.Tensor:
        return torch.randint(0, TABLE, shape, generator=generator)

    replay = Replay(
        normal(TABLE, a.observation),
        torch.tanh(normal(TABLE, a.actions)),
        normal(TABLE),
        normal(TABLE, a.observation),
        torch.rand(TABLE, generator=generator) < 0.3,
    )
    n = DRAWS * BATCH
    chosen = Steps(rows(steps, n), 1.5 * normal(steps, 2, n, a.actions))
    if not a.encoder:
        return replay, chosen, None
    noise = normal(steps, DRAWS, a.latent)
    return (
        replay,
        chosen,
        Contexts(normal(TABLE, a.encoder[0]), rows(steps, DRAWS, CONTEXT), noise),
    )


def by_torch(
    a: SACArchitecture, agent: Named, replay: Replay, steps: Steps, loss: SACLoss,
    contexts: Contexts | None,
) -> Named:  # fmt: skip
    """The agent after the steps, by autograd."""
    sac = sac_of(a, loss)
    for s, rows in enumerate(steps.rows):
        weights, zero = sac.leaves(agent), torch.tensor(0.0)
        z, divergence = torch.zeros(DRAWS, 0), zero
        if contexts is not None:
            encoder = ContextEncoder(a.encoder[0], a.encoder[1:-1], a.latent)
            factors = encoder.factors(weights, contexts.transitions[contexts.rows[s]])
            mean, log_std = posterior(tuple(part.sum(1) for part in factors))
            z = mean + log_std.exp() * contexts.noise[s]
            divergence = kl_to_prior(mean, log_std).mean()
        latents = z.repeat_interleave(BATCH, 0)
        batch = Transitions(
            torch.cat([replay.observations[rows], latents], 1),
            replay.actions[rows],
            replay.rewards[rows],
            torch.cat([replay.after[rows], latents.detach()], 1),
            replay.terminated[rows],
        )
        uniform = torch.special.ndtr(steps.noise[s].double()).float()
        total = sac.loss(weights, agent, batch, uniform) + loss.kl * divergence
        agent = sac.step(agent, weights, total)
    return agent


def state_of(a: SACArchitecture, agent: Named) -> SACState:
    def within(prefix: str) -> Named:
        return {n.removeprefix(prefix): v for n, v in agent.items() if n.startswith(prefix)}

    moments = Adam(within("adam/mean/"), within("adam/square/"), 0)
    return SACState(a, agent, within("target/"), moments)


def named(state: SACState) -> Named:
    a = state.architecture
    parts = {
        "": a.unpack(state.flat),
        "adam/mean/": a.unpack(state.moments[0]),
        "adam/square/": a.unpack(state.moments[1]),
        "target/": a.unpack_critics(state.targets),
    }
    return {f"{at}{name}": value for at, part in parts.items() for name, value in part.items()}


def after(a: SACArchitecture, count: int, loss: SACLoss = LOSS) -> tuple[Named, Named]:
    """Tensors after some steps, compiled and by autograd."""
    agent, (replay, steps, contexts) = agent_of(a, loss), problem(a, count)
    # numbers that the two compute from uniform ones and back
    uniform = torch.special.ndtr(steps.noise.double()).float()
    exact = 2**0.5 * torch.erfinv((2 * uniform - 1).clamp(-1 + 1e-7, 1 - 1e-7))
    state = state_of(a, agent)
    state.step(replay, steps._replace(noise=exact), loss, contexts)
    assert state.steps == count
    return named(state), by_torch(a, agent, replay, steps, loss, contexts)


def apart(ours: Named, theirs: Named) -> str:
    """The name of a tensor that differs by more than rounding; empty if there is none.

    Adam divides by the gradient's size, so weights do not show its scale, and moments do. Weights
    whose gradient is a thousandth of others' or less are left out: rounding changes their step.
    """
    for name, value in ours.items():
        other = theirs[name]
        own = torch.ones_like(value, dtype=torch.bool)
        near = 2e-5 * float(other.abs().max())
        if "adam/" not in name:
            size = theirs[f"adam/square/{name.removeprefix('target/')}"].sqrt()
            own, near = size > 1e-3 * size.max(), 1e-5
        assert value.shape == other.shape
        if not torch.allclose(value[own], other[own], rtol=1e-4, atol=near):
            return name
    return ""


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("count", [1, 6])
def test_steps_equal_autograds(architecture: SACArchitecture, count: int) -> None:
    ours, theirs = after(architecture, count)
    assert apart(ours, theirs) == ""
    assert all(float(value.abs().max()) > 0 for value in ours.values())


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"gamma": 0.905}, "critic"),
        ({"tau": 0.101}, "target/critic"),
        ({"kl": 0.21}, "encoder"),
        ({"target_entropy": -1.01}, "log_temperature"),
        ({"lr": 3.1e-3}, "policy"),
    ],
)
def test_the_comparison_detects_settings_that_differ_slightly(
    wrong: dict[str, float], name: str
) -> None:
    agent, (replay, steps, contexts) = agent_of(ENCODING, LOSS), problem(ENCODING, 1)
    state = state_of(ENCODING, agent)
    state.step(replay, steps, replace(LOSS, **wrong), contexts)
    ours, theirs = named(state), by_torch(ENCODING, agent, replay, steps, LOSS, contexts)
    own = {each: value for each, value in ours.items() if name in each}
    assert apart(own, theirs)


def test_many_steps_at_once_equal_steps_one_by_one() -> None:
    agent, (replay, steps, contexts) = agent_of(ENCODING, LOSS), problem(ENCODING, 4)
    assert contexts is not None
    whole, single = state_of(ENCODING, agent), state_of(ENCODING, agent)
    whole.step(replay, steps, LOSS, contexts)
    for s in range(4):
        own = slice(s, s + 1)
        single.step(
            replay,
            Steps(steps.rows[own], steps.noise[own]),
            LOSS,
            Contexts(contexts.transitions, contexts.rows[own], contexts.noise[own]),
        )
    for name, value in named(whole).items():
        assert torch.equal(value, named(single)[name])


def test_terminated_transitions_ignore_the_targets() -> None:
    agent, (replay, steps, _) = agent_of(PLAIN, LOSS), problem(PLAIN, 1)
    other = {n: v + 1.0 if n.startswith("target/") else v for n, v in agent.items()}
    for over in (True, False):
        given = replay._replace(terminated=torch.full((TABLE,), over))
        states = [state_of(PLAIN, one) for one in (agent, other)]
        for state in states:
            state.step(given, steps, LOSS)
        assert np.array_equal(states[0].flat, states[1].flat) == over


@pytest.mark.parametrize("field", ["observations", "actions", "rewards", "after"])
def test_nan_raises_the_error_of_autograd(field: str) -> None:
    agent, (replay, steps, contexts) = agent_of(ENCODING, LOSS), problem(ENCODING, 2)
    values = getattr(replay, field).clone()
    values.view(-1)[0] = torch.nan
    replay = replay._replace(**{field: values}, terminated=torch.zeros(TABLE, dtype=torch.bool))
    steps.rows[1] = 0
    steps.rows[0].clamp_(min=1)
    state = state_of(ENCODING, agent)
    with pytest.raises(ValueError, match=r"the gradient of the agent's \w+ holds NaN") as ours:
        state.step(replay, steps, LOSS, contexts)
    with pytest.raises(ValueError, match="holds NaN") as theirs:
        by_torch(ENCODING, agent, replay, steps, LOSS, contexts)
    lines = [str(error.value) for error in (ours, theirs)]
    assert lines[0] == lines[1]
    assert state.steps == 1


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    threads, results = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            agent, (replay, steps, contexts) = agent_of(ENCODING, LOSS), problem(ENCODING, 2)
            state = state_of(ENCODING, agent)
            state.step(replay, steps, LOSS, contexts)
            results.append(named(state))
    finally:
        torch.set_num_threads(threads)
    for name, value in results[0].items():
        assert torch.equal(value, results[1][name])


def test_arguments_that_do_not_fit_raise_value_error() -> None:
    state, (replay, steps, contexts) = state_of(PLAIN, agent_of(PLAIN, LOSS)), problem(PLAIN, 1)
    _, _, given = problem(ENCODING, 1)
    wrong: list[tuple[Replay, Steps, Contexts | None, str]] = [
        (replay._replace(rewards=replay.rewards.double()), steps, contexts, "rewards"),
        (replay._replace(after=replay.after[:, :1]), steps, contexts, "next observations"),
        (replay, steps._replace(noise=steps.noise[:, :1]), contexts, "noise"),
        (replay, steps._replace(rows=steps.rows + TABLE), contexts, "indices below 40"),
        (replay, steps, given, "contexts"),
    ]
    for transitions, chosen, context, line in wrong:
        with pytest.raises(ValueError, match=line):
            state.step(transitions, chosen, LOSS, context)
    state, (replay, steps, _) = state_of(ENCODING, agent_of(ENCODING, LOSS)), problem(ENCODING, 1)
    with pytest.raises(ValueError, match="contexts"):
        state.step(replay, steps, LOSS)
    agent = agent_of(PLAIN, LOSS)
    del agent["critic_w1"]
    with pytest.raises(ValueError, match="critic_w1"):
        state_of(PLAIN, agent)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_unpacked_weights_are_those_packed(architecture: SACArchitecture) -> None:
    agent = agent_of(architecture, LOSS)
    unpacked = architecture.unpack(architecture.pack(agent))
    assert set(unpacked) == {name for name in agent if "/" not in name}
    for name, weight in unpacked.items():
        assert torch.equal(weight, agent[name])

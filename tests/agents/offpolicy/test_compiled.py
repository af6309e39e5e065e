"""PEARL's and DIAYN's compiled updates equal those by autograd, from the same random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from openpoet.agents.offpolicy import pearl_update
from openpoet.agents.offpolicy.compiled import CompiledSAC, fits
from openpoet.agents.offpolicy.diayn import DIAYN
from openpoet.agents.offpolicy.diayn_config import DIAYNConfig
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.agents.offpolicy.sac import SAC
from openpoet.agents.parts import replay_buffer as replay
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

FAMILY = Navigation(NavigationSettings(horizon=4))
DRAWS = PEARLConfig(
    draws=3, updates=5, batch=13, context=11, capacity=30, hidden=(20, 17), encoder=(19,)
)
RECENT = torch.tensor([10, 1, 12])
SKILLS = DIAYNConfig(updates=5, batch=29, capacity=40, hidden=(18,), skills=3)


def filled(agent: Agent) -> Agent:
    """The agent with replay buffers of random numbers, of which some terminate an episode."""
    generator, made = torch.Generator().manual_seed(0), dict(agent)
    for name, ring in agent.items():
        if name == replay.COUNT:
            made[name] = torch.tensor([30, 41, 12])[: len(ring)]
        elif name.startswith(replay.PREFIX):
            made[name] = torch.randn(ring.shape, generator=generator)
    return made


def assert_equal(one: Agent, two: Agent) -> None:
    """Up to rounding, with the same names."""
    assert set(one) == set(two)
    for name, value in one.items():
        near = 2e-5 if "adam/" not in name else 2e-5 * float(value.abs().max())
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=near, msg=name)


def pearl(config: PEARLConfig) -> tuple[PEARL, Agent]:
    learner = PEARL(FAMILY, config)
    return learner, filled(learner.init(Key(0)))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.mark.parametrize(
    "config",
    [
        DRAWS,
        replace(DRAWS, hidden=(9,), encoder=(8, 21), context_next=True, latent=2),
        replace(DRAWS, target_entropy=-1.5, kl=0.1, tau=0.3),
    ],
)
def test_pearls_updates_equal_autograds(
    config: PEARLConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pearl_update, "AT_ONCE", 3)  # fewer than the updates
    learner, agent = pearl(config)
    update = learner.update
    before = {name: value.clone() for name, value in agent.items()}
    compiled = update.compiled(agent, generator(), RECENT)
    assert_equal(update.by_autograd(agent, generator(), RECENT), compiled)
    assert float(compiled["adam/steps/encoder_w0"]) == config.updates
    for name, value in before.items():  # agents are values
        assert torch.equal(agent[name], value)
    # a second improvement continues the optimiser
    again = update.compiled(compiled, generator(), RECENT)
    assert_equal(update.by_autograd(compiled, generator(), RECENT), again)


def test_a_pearl_with_another_kl_weight_differs() -> None:
    learner, agent = pearl(DRAWS)
    other = PEARL(FAMILY, replace(DRAWS, kl=0.005))
    one = other.update.compiled(agent, generator(), RECENT)
    with pytest.raises(AssertionError, match="encoder"):
        assert_equal(learner.update.by_autograd(agent, generator(), RECENT), one)


@pytest.mark.parametrize("entropy", [None, -2.0])
def test_diayns_updates_equal_autograds(entropy: float | None) -> None:
    learner = DIAYN(FAMILY, replace(SKILLS, target_entropy=entropy))
    agent = filled(learner.init(Key(0)))
    theirs = learner.updated(agent, generator(), None)
    ours = learner.updated(agent, generator(), CompiledSAC(learner.sac, agent))
    assert_equal(theirs, ours)
    again = learner.updated(ours, generator(), CompiledSAC(learner.sac, ours))
    assert_equal(learner.updated(ours, generator(), None), again)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    threads, results = torch.get_num_threads(), []
    learner, agent = pearl(DRAWS)
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(learner.update(agent, generator(), RECENT))
    finally:
        torch.set_num_threads(threads)
    for name, value in results[0].items():
        assert torch.equal(value, results[1][name])


def of_pearl() -> tuple[Agent, Callable[[Agent], Agent]]:
    learner, agent = pearl(DRAWS)
    return agent, lambda given: learner.update.compiled(given, generator(), RECENT)


def of_diayn() -> tuple[Agent, Callable[[Agent], Agent]]:
    learner = DIAYN(FAMILY, SKILLS)

    def update(given: Agent) -> Agent:
        return learner.updated(given, generator(), CompiledSAC(learner.sac, given))

    return filled(learner.init(Key(0))), update


@pytest.mark.parametrize("make", [of_pearl, of_diayn])
def test_a_gradient_that_is_not_finite_raises_value_error(
    make: Callable[[], tuple[Agent, Callable[[Agent], Agent]]],
) -> None:
    agent, update = make()
    broken = {**agent, "replay/after": torch.full_like(agent["replay/after"], torch.nan)}
    with pytest.raises(ValueError, match="the gradient of the agent's critic_b0 holds NaN"):
        update(broken)


def test_only_continuous_actions_on_the_cpu_are_compiled() -> None:
    assert fits(SAC(3, 2, False, DRAWS))
    assert not fits(SAC(3, 2, True, DRAWS))
    assert not fits(SAC(3, 2, False, replace(DRAWS, device="cuda")))

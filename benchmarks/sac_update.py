"""Gradient steps of soft actor-critic in PEARL and DIAYN on the walker: compiled, and by autograd.

    OMP_NUM_THREADS=1 python -m benchmarks.sac_update > benchmarks/results/sac_update.txt

One thread each, timed in CPU seconds, with random transitions in the replay buffers. The times
include the sampling from them and the random numbers. The two compute the same function
(tests/agents/offpolicy/test_compiled.py), and the table shows how far their weights are apart at
the end. GFLOP/s: the matrix products alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import torch

from benchmarks.heading import heading
from benchmarks.hidden_speed import SPEED
from openpoet.agents.offpolicy.compiled import CompiledSAC
from openpoet.agents.offpolicy.diayn import DIAYN
from openpoet.agents.offpolicy.diayn_config import DIAYNConfig
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.agents.offpolicy.sac import SAC
from openpoet.agents.parts import replay_buffer as replay
from openpoet.agents.parts.network_weights import network_weights
from openpoet.envs.walker.family import Walker
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

FAMILY = Walker(replace(SPEED, horizon=1000))  # trials so long that the settings are for control
STEPS, REPEATS = 100, 4


def filled(agent: Agent) -> Agent:
    """The agent with full replay buffers of random numbers."""
    generator, full = torch.Generator().manual_seed(0), dict(agent)
    for name, ring in agent.items():
        if name == replay.COUNT:
            full[name] = torch.full_like(ring, agent["replay/action"].shape[1])
        elif name.startswith(replay.PREFIX):
            full[name] = torch.randn(ring.shape, generator=generator)
    return full


@dataclass(frozen=True)
class Way:
    """The agent after STEPS gradient steps, compiled and by autograd."""

    compiled: Callable[[], Agent]
    by_autograd: Callable[[], Agent]
    operations: int  # of the matrix products of a step


def of_pearl(config: PEARLConfig) -> Way:
    learner = PEARL(FAMILY, replace(config, updates=STEPS))
    agent, c = filled(learner.init(Key(0))), learner.config
    recent = torch.full((c.draws,), c.capacity)

    def updated(update: Callable[..., Agent]) -> Agent:
        return update(agent, torch.Generator().manual_seed(1), recent)

    first, *others = (i * o for i, o in pairwise(learner.encoder.network.sizes))
    encoder = 2 * c.draws * c.context * (2 * first + 3 * sum(others))
    return Way(
        partial(updated, learner.update.compiled),
        partial(updated, learner.update.by_autograd),
        encoder + operations(learner.sac, c.draws * c.batch, c.latent),
    )


def of_diayn(config: DIAYNConfig) -> Way:
    learner = DIAYN(FAMILY, replace(config, updates=STEPS))
    agent = filled(learner.init(Key(0)))

    def updated(compiled: bool) -> Agent:
        sac = CompiledSAC(learner.sac, agent) if compiled else None
        return learner.updated(agent, torch.Generator().manual_seed(1), sac)

    return Way(
        partial(updated, True), partial(updated, False), operations(learner.sac, config.batch, 0)
    )


def operations(sac: SAC, n: int, latent: int) -> int:
    """Floating-point operations of a step on n transitions, without encoder or discriminator."""
    policy = [i * o for i, o in pairwise(sac.policy.sizes)]
    critic = [i * o for i, o in pairwise(sac.critic.sizes)]
    of_policy = 4 * sum(policy) - policy[0]  # forward twice, backward to the weights and units
    # forward three times, backward to the weights, to the units twice, to the inputs
    of_critic = 6 * sum(critic) - critic[0] + (critic[0] if latent else 0)
    return 2 * n * (of_policy + 2 * of_critic)


def milliseconds(function: Callable[[], Agent]) -> float:
    """CPU time of a step."""
    start = time.process_time()
    function()
    return 1e3 * (time.process_time() - start) / STEPS


def report(name: str, way: Way) -> None:
    ours, theirs = network_weights(way.compiled()), network_weights(way.by_autograd())
    apart = max(float((ours[each] - theirs[each]).abs().max()) for each in ours)
    times: list[tuple[float, float]] = []
    for _ in range(REPEATS):  # in turn, so that other load on the machine falls on both
        times.append((milliseconds(way.compiled), milliseconds(way.by_autograd)))
    compiled, autograd = (min(column) for column in zip(*times, strict=True))
    print(
        f"{name:34}{compiled:10.2f}{autograd:10.2f}{autograd / compiled:7.1f}"
        f"{way.operations / compiled / 1e6:9.1f}{apart:20.1e}"
    )


def main() -> None:
    torch.set_num_threads(1)
    print(heading())
    print("\nmilliseconds a gradient step")
    print(f"{'':34}  compiled  autograd  ratio  GFLOP/s  largest difference")
    suggested = PEARLConfig.suggested(FAMILY.spec)
    larger = replace(suggested, draws=16, batch=64, context=128, hidden=(128, 128))
    report("pearl, suggested settings", of_pearl(suggested))
    report("pearl, for discrete actions", of_pearl(larger))
    report("diayn", of_diayn(DIAYNConfig()))


if __name__ == "__main__":
    main()

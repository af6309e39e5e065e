"""Neural episodic control (arXiv 1703.01988) on the grid of mfec.py with learned keys, against DQN.

The same grid, discount and exploration; the observation is the cell, one-hot, and the encoder has
32 hidden units. DQN (Mnih et al. 2015) is computed here: the same encoder with a linear layer, a
target network, an equal replay buffer, and as many gradient steps per environment step. Five agents
each.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from benchmarks.claims.claim import Claim, interval
from openpoet.agents.memory.episodic_config import NECConfig
from openpoet.agents.memory.episodic_control import epsilon_greedy
from openpoet.agents.memory.nec import NEC
from openpoet.agents.parts import adam
from openpoet.agents.parts.feedforward import Feedforward
from openpoet.envs.grid import Grid, Grids, GridSettings
from openpoet.poet.streams import Key

SEEDS, EPISODES = 5, 20
# environment steps between updates of the target network; step sizes, of which the best counts
TARGET_EVERY, RATES = 100, (1e-3, 1e-2)


def dqn(family: Grids, task: Grid, config: NECConfig, key: Key, rate: float) -> list[int]:
    """Episode lengths of DQN, with one gradient step for every `config.every` environment steps."""
    network = Feedforward((family.spec.observation_size, *config.hidden, config.key, 4))
    weights = network.init(key.generator(), readout_scale=0.1)
    agent, target, rng = (
        {**weights, **adam.fresh(weights)},
        weights,
        key.child("acting").generator(),
    )
    simulator, steps, lengths = family.simulator([task], [0], "cpu"), [], []
    observation = simulator.reset()
    for _ in range(EPISODES):
        over, started = torch.zeros(1, dtype=torch.bool), len(steps)
        while not bool(over):
            uniform = torch.from_numpy(rng.random((1, 5), dtype=np.float32))
            action = epsilon_greedy(network(agent, observation), uniform, config.epsilon)
            after, reward, terminated, truncated = simulator.step(action)
            steps.append((observation, action, reward.float(), after, terminated))
            observation, over = after, terminated | truncated
            if len(steps) % config.every == 0:
                rows = rng.integers(max(0, len(steps) - config.replay), len(steps), config.batch)
                batch = [
                    torch.cat(part) for part in zip(*(steps[row] for row in rows), strict=True)
                ]
                agent = {
                    **agent,
                    **adam.step(
                        agent, _gradients(network, agent, target, batch, config.gamma), rate
                    ),
                }
            if len(steps) % TARGET_EVERY == 0:
                target = {name: agent[name] for name in weights}
        lengths.append(len(steps) - started)
        observation = simulator.restart(torch.ones(1, dtype=torch.bool))
    return lengths


def _gradients(
    network: Feedforward,
    agent: dict[str, torch.Tensor],
    target: dict[str, torch.Tensor],
    batch: list[torch.Tensor],
    gamma: float,
) -> dict[str, torch.Tensor]:
    """Gradients of the squared temporal-difference error with the target network."""
    observation, action, reward, after, terminated = batch
    aim = reward + gamma * network(target, after).max(1).values * ~terminated
    leaves = {name: agent[name].detach().requires_grad_() for name in target}
    loss = ((network(leaves, observation) * action).sum(1) - aim).square().mean()
    return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


def claims() -> list[Claim]:
    family = Grids(GridSettings(cost=0.0))
    task, config = family.corners(), NECConfig(episodes=EPISODES)
    learner = NEC(family, config)
    ours, theirs = [], {rate: [] for rate in RATES}
    for seed in range(SEEDS):
        _, episodes, _ = learner.run_trial(learner.init(Key(seed)), task, Key(seed, ("life",)))
        ours.append([int(episode.batch.alive.sum()) for episode in episodes])
        for rate in RATES:
            theirs[rate].append(dqn(family, task, config, Key(seed, ("dqn",)), rate))
        print(f"agent {seed}: {np.mean(ours[-1][10:]):.1f}", file=sys.stderr, flush=True)
    late = {
        name: np.array(lengths)[:, 10:].mean(1)
        for name, lengths in (("NEC", ours), *theirs.items())
    }
    rate = min(RATES, key=lambda rate: float(late[rate].mean()))
    first = np.mean([lengths[:10] for lengths in ours])
    print(f"NEC in episodes 0-10: {first:.1f}, 10-20: {interval(late['NEC'])}")
    print(
        "DQN in episodes 10-20, by step size: "
        f"{', '.join(f'{r}: {interval(late[r])}' for r in RATES)}"
    )
    return [
        Claim("NEC: steps in episodes 10-20", float(late["NEC"].mean()), 18, 60),
        Claim(
            "ratio of DQN with the better step size to NEC",
            float(late[rate].mean() / late["NEC"].mean()),
            1.5,
        ),
    ]

"""Unsupervised meta-RL (arXiv 1806.04640): tasks without rewards, meta-training, then real goals.

The environment is a square with walls. DIAYN learns skills, whose discriminator defines tasks, and
first-order MAML is trained on these tasks. The test has dense rewards for goals at a distance of .8
in any direction. The baseline ("scratch") is PPO of the same network on as many episodes, with the
best learning rate, number of passes and action noise at that budget, tuned on other goals.
Intervals are over 100 goals.

Pitfalls of the method, and the remedies: (a) in an unbounded plane the rewards of a discriminator
favour leaving it: there are walls; (b) a trained discriminator is nearly certain almost everywhere,
so that its rewards are flat and mostly very low: logits are divided by 3, and every skill has a
probability of at least .01; (c) many irregular tasks have little in common: 8 skills, one hidden
layer; (d) random rewards are highest at the walls, away from the goals: their numbers are printed
without a claim; (e) meta-training may help regardless of the tasks: a constant discriminator is the
control.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from benchmarks.claims.claim import Claim, bounds, interval, train
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
from openpoet.agents.offpolicy.diayn import DIAYN, discriminator_of
from openpoet.agents.offpolicy.diayn_config import DIAYNConfig
from openpoet.agents.parts.actions import Gaussian
from openpoet.agents.parts.feedforward import Feedforward
from openpoet.agents.rollouts.episode_batches import EpisodeBatches, normalised
from openpoet.envs.discriminated import Discriminated, DiscriminatedSettings, Reward
from openpoet.envs.discriminator import random_layers
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

SKILLS, HIDDEN, UPDATES, LATEST = 8, (32,), 3, 8
STEPS = 120  # of meta-training
PLACE = Navigation(NavigationSettings(arena=1.0))
GOALS = Goals("arc", 0.8, 0.0, 0.0, 6.283)
TASKS = Discriminated(DiscriminatedSettings(skills=SKILLS, hidden=HIDDEN, temperature=3.0))
RANDOM = Discriminated(DiscriminatedSettings(skills=SKILLS, hidden=HIDDEN))
CONFIG = MAMLConfig(order=1, test_trials=40)
EPISODES = CONFIG.trajectories
TUNING, TESTED = list(range(40)), list(range(1000, 1100))  # draws of the goal
KEY = Key(1)


def skills() -> Reward:
    """The task defined by the discriminator of skills that DIAYN learned without rewards."""
    config = DIAYNConfig(
        skills=SKILLS, discriminator=HIDDEN, episodes=2 * SKILLS, test_trials=8 * SKILLS
    )
    learner = DIAYN(PLACE, config)
    agent = train(learner, learner.init(KEY), GOALS, 80, KEY.child("diayn"), "diayn")
    return TASKS.task(discriminator_of(agent))


def constant() -> Reward:
    """The task of a discriminator with constant outputs."""
    (hidden,) = HIDDEN
    return TASKS.task(
        [(np.zeros((hidden, 2)), np.zeros(hidden)), (np.zeros((SKILLS, hidden)), np.zeros(SKILLS))]
    )


def trained(family: Discriminated, task: Reward, name: str, steps: int = STEPS) -> Agent:
    learner = MAML(family, CONFIG)
    return train(learner, learner.init(KEY), task, steps, KEY.child(name), name)


def gain(family: Discriminated, task: Reward, agent: Agent) -> float:
    """Return after adaptation less before, on new draws of the task."""
    score, _, _, before = MAML(family, CONFIG).evaluate([agent], [task], [KEY.child("fresh draws")])
    return float(score[0] - before[0])


def real(agent: Agent, name: str) -> np.ndarray:
    """Returns of real goals after each update, [updates + 1, goals]."""
    batches, _ = MAML(PLACE, CONFIG).run_trials(agent, GOALS, TESTED, KEY.child("goals"), UPDATES)
    found = np.stack([batch.returns.reshape(len(TESTED), -1).mean(1).numpy() for batch in batches])
    print(f"{name}: real goals after each update: {', '.join(map(interval, found))}")
    return found


def scratch(
    seeds: list[int], *, rate: float, passes: int, spread: float, updates: int
) -> np.ndarray:
    """PPO from scratch on each goal: mean return after each update, [updates + 1, goals]."""
    n, network, actions = len(seeds), Feedforward((2, *CONFIG.hidden, 2)), Gaussian(2)
    initial = [
        network.init(KEY.child("scratch", seed).generator(), readout_scale=0.1) for seed in seeds
    ]
    weights = {part: torch.stack([one[part] for one in initial]) for part in initial[0]}
    weights["log_std"] = torch.full((n, 1, 2), math.log(spread))
    adam = torch.optim.Adam([weight.requires_grad_() for weight in weights.values()], lr=rate)
    episode_batches, noise = (
        EpisodeBatches(PLACE, [GOALS] * n, seeds, EPISODES, "cpu"),
        torch.Generator().manual_seed(1),
    )

    def outputs(observations: torch.Tensor) -> torch.Tensor:
        mean = network(weights, observations.unflatten(-2, (n, EPISODES)))
        return torch.cat([mean, weights["log_std"].expand_as(mean)], -1)

    def act(observations: torch.Tensor, t: int) -> torch.Tensor:
        return actions.sample(
            outputs(observations), torch.rand(n, EPISODES, 2, generator=noise)
        ).flatten(0, 1)

    found = []
    for update in range(updates + 1):
        with torch.no_grad():
            batch = episode_batches.play(act)
            taken = batch.actions.unflatten(1, (n, EPISODES))
            old = actions.log_prob(outputs(batch.observations), taken)
        found.append(batch.returns.reshape(n, -1).mean(1).numpy())
        better = normalised(
            batch.discounted(0.99).reshape(old.shape), batch.alive.reshape(old.shape)
        )
        for _ in range(passes * (update < updates)):
            ratio = (actions.log_prob(outputs(batch.observations), taken) - old).exp()
            loss = -torch.minimum(ratio * better, ratio.clamp(0.8, 1.2) * better).mean((0, 2)).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
    return np.stack(found)


def tuned() -> np.ndarray:
    """PPO from scratch on the test goals, with the settings that are best on the tuning goals."""
    grid = [
        {"rate": rate, "passes": passes, "spread": spread}
        for rate, passes, spread in itertools.product((0.01, 0.03, 0.1), (1, 5, 10), (0.5, 1.0))
    ]
    best = max(grid, key=lambda one: scratch(TUNING, updates=UPDATES, **one)[-1].mean())
    found = scratch(TESTED, updates=LATEST, **best)
    print(f"scratch, {best}: real goals after each update: {', '.join(map(interval, found))}")
    return found


def claims() -> list[Claim]:
    alone, task, flat = tuned(), skills(), constant()
    learned, guessing = (
        trained(TASKS, task, "diayn tasks"),
        trained(RANDOM, RANDOM.origin(), "random"),
    )
    other = RANDOM.task(random_layers(RANDOM.sizes, RANDOM.settings.gain, np.random.default_rng(7)))
    adapted, _, constant_control = (
        real(agent, name)
        for agent, name in (
            (learned, "DIAYN"),
            (guessing, "random"),
            (trained(TASKS, flat, "constant", 20), "constant"),
        )
    )
    print(f"goal known: {PLACE.oracle([GOALS] * len(TESTED), TESTED).mean():.2f}")
    later = np.flatnonzero(alone.mean(1) >= adapted[-1].mean())
    sooner = (later[0] if len(later) else LATEST + 1) / UPDATES
    return [
        Claim("DIAYN's skills: gain of adaptation, new draws", gain(TASKS, task, learned), 10.0),
        Claim(
            "random rewards: gain on another random discriminator",
            gain(RANDOM, other, guessing),
            0.4,
        ),
        Claim(
            f"real goals after {UPDATES * EPISODES} episodes: mean return",
            float(adapted[-1].mean()),
            -8.0,
        ),
        Claim(
            "lower bound of its 95 % interval minus the upper bound of scratch",
            bounds(adapted[-1])[0] - bounds(alone[UPDATES])[1],
            0.0,
        ),
        Claim("ratio of episodes that scratch needs for this return to ours", float(sooner), 1.5),
        Claim(
            "constant discriminator: gain on real goals",
            float((constant_control[-1] - constant_control[0]).mean()),
            most=2.0,
        ),
    ]

"""Unsupervised meta-RL (arXiv 1806.04640) end to end: tasks without a reward, meta-training, then real goals.

The place is a square with walls. DIAYN finds skills in it; its discriminator makes their tasks; MAESN learns to adapt
to them; then a dense reward for a goal at .8 in any direction is met for the first time. Scratch is PPO of the same
network on as many episodes, its rate, passes and spread of actions tuned on goals of their own; intervals are over 100
goals.

Traps of the method and what is done: (a) in an unbounded plane a discriminator pays for leaving: there are walls; (b)
a saturated one calls most places hopeless: every skill keeps a chance of .01 (`floor`); (c) many rough tasks teach
nothing in common: 8 skills, one hidden layer; (d) random rewards are best at the walls, where goals are not: their
numbers are printed, and beating scratch is not claimed of them; (e) gains of meta-training as such: a constant
discriminator is the control.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from agents.actions import Gaussian
from agents.diayn import DIAYN, discriminator_of
from agents.diayn_config import DIAYNConfig
from agents.feedforward import Feedforward
from agents.lives import Lives, normalised
from agents.maesn import MAESN
from agents.maesn_config import MAESNConfig
from benchmarks.claims.claim import Claim, bounds, interval, train
from envs.discriminated import Discriminated, DiscriminatedSettings, Reward
from envs.discriminator import random_layers
from envs.navigation import Goals, Navigation, NavigationSettings
from poet.streams import Key

SKILLS, HIDDEN, EPISODES, UPDATES, LATEST = 8, (32,), 20, 2, 6
PLACE = Navigation(NavigationSettings(arena=1.0))
GOALS = Goals("arc", 0.8, 0.0, 0.0, 6.283)
TASKS = Discriminated(DiscriminatedSettings(skills=SKILLS, hidden=HIDDEN))
LEARNER = MAESN(TASKS, MAESNConfig(latent=3, trajectories=EPISODES))
TUNING, TESTED = list(range(40)), list(range(1000, 1100))  # draws of the goal
KEY = Key(1)


def skills() -> Reward:
    """The task of skills that DIAYN found without a reward."""
    config = DIAYNConfig(skills=SKILLS, discriminator=HIDDEN, lives=2 * SKILLS, test_lives=8 * SKILLS)
    learner = DIAYN(PLACE, config)
    agent = train(learner, learner.init(KEY), GOALS, 80, KEY.child("diayn"), "diayn")
    return TASKS.task(discriminator_of(agent))


def constant() -> Reward:
    """A discriminator that says nothing."""
    (hidden,) = HIDDEN
    return TASKS.task([(np.zeros((hidden, 2)), np.zeros(hidden)), (np.zeros((SKILLS, hidden)), np.zeros(SKILLS))])


def returns(task: Reward, steps: int, name: str) -> tuple[np.ndarray, float]:
    """After meta-training: of real goals after each update [updates + 1, goals]; gain in the task it was trained in."""
    key = KEY.child(name)
    agent = train(LEARNER, LEARNER.init(key), task, steps, key, name)
    batches, _ = LEARNER.adapted(agent, PLACE, GOALS, TESTED, key.child("goals"), UPDATES)
    real = np.stack([batch.returns.reshape(len(TESTED), -1).mean(1).numpy() for batch in batches])
    score, _, _, before = LEARNER.evaluate([agent], [task], [key.child("fresh draws")])
    print(f"{name}: real goals after each update: {', '.join(map(interval, real))}")
    if name == "random":
        other = TASKS.task(random_layers(TASKS.sizes, TASKS.settings.gain, np.random.default_rng(7)))
        (score,), _, _, (before,) = LEARNER.evaluate([agent], [other], [key.child("held out")])
        print(f"{name}: skills of another random discriminator, before {before:.2f}, after {score:.2f}")
        return real, float(score - before)
    return real, float(score[0] - before[0])


def scratch(seeds: list[int], *, rate: float, passes: int, spread: float, updates: int) -> np.ndarray:
    """PPO of a newborn policy on each goal: mean return after each update, [updates + 1, goals]."""
    n, network, actions = len(seeds), Feedforward((2, *LEARNER.config.hidden, 2)), Gaussian(2)
    newborn = [network.init(KEY.child("scratch", seed).generator(), readout_scale=0.1) for seed in seeds]
    weights = {name: torch.stack([one[name] for one in newborn]) for name in newborn[0]}
    weights["log_std"] = torch.full((n, 1, 2), math.log(spread))
    adam = torch.optim.Adam([weight.requires_grad_() for weight in weights.values()], lr=rate)
    lives, noise = Lives(PLACE, [GOALS] * n, seeds, EPISODES, "cpu"), torch.Generator().manual_seed(1)

    def said(observations: torch.Tensor) -> torch.Tensor:
        mean = network(weights, observations.unflatten(-2, (n, EPISODES)))
        return torch.cat([mean, weights["log_std"].expand_as(mean)], -1)

    def act(observations: torch.Tensor, t: int) -> torch.Tensor:
        return actions.sample(said(observations), torch.rand(n, EPISODES, 2, generator=noise)).flatten(0, 1)

    found = []
    for update in range(updates + 1):
        with torch.no_grad():
            batch = lives.play(act)
            taken = batch.actions.unflatten(1, (n, EPISODES))
            old = actions.log_prob(said(batch.observations), taken)
        found.append(batch.returns.reshape(n, -1).mean(1).numpy())
        gain = normalised(batch.discounted(0.99).reshape(old.shape), batch.alive.reshape(old.shape))
        for _ in range(passes * (update < updates)):
            ratio = (actions.log_prob(said(batch.observations), taken) - old).exp()
            loss = -torch.minimum(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean((0, 2)).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
    return np.stack(found)


def tuned() -> np.ndarray:
    """Scratch with the settings that are best at the budget on the tuning goals, on the tested ones."""
    grid = [
        {"rate": rate, "passes": passes, "spread": spread}
        for rate, passes, spread in itertools.product((0.01, 0.03, 0.1), (1, 5, 10), (0.5, 1.0))
    ]
    best = max(grid, key=lambda one: scratch(TUNING, updates=UPDATES, **one)[-1].mean())  # type: ignore[arg-type]
    real = scratch(TESTED, updates=LATEST, **best)  # type: ignore[arg-type]  # a mapping's types
    print(f"scratch, {best}: real goals after each update: {', '.join(map(interval, real))}")
    return real


def claims() -> list[Claim]:
    alone = tuned()
    learned, own = returns(skills(), 300, "diayn tasks")
    _, other = returns(TASKS.origin(), 200, "random")
    silent, _ = returns(constant(), 50, "constant")
    print(f"who knows the goal: {PLACE.oracle([GOALS] * len(TESTED), TESTED).mean():.2f}")
    later = np.flatnonzero(alone.mean(1) >= learned[-1].mean())
    sooner = (later[0] if len(later) else LATEST + 1) / UPDATES
    ours, theirs = bounds(learned[-1]), bounds(alone[UPDATES])
    return [
        Claim("DIAYN's skills: return after adaptation less before, fresh draws", own, 10.0),
        Claim("random rewards: the same on another random discriminator", other, 0.4),
        Claim(f"real goals after {UPDATES * EPISODES} episodes: mean return", float(learned[-1].mean()), -10.0),
        Claim("lower end of its 95 % interval less the upper end of scratch's", ours[0] - theirs[1], 0.0),
        Claim("episodes that scratch needs for that return, over ours", float(sooner), 1.5),
        Claim("constant discriminator: gain on real goals", float((silent[-1] - silent[0]).mean()), -1.0, 1.0),
    ]

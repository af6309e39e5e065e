"""Agents on walkers with a hidden body: two bounds of adaptation, and the share of the gap closed.

The gap is between two feed-forward PPOs trained on the same draws: the oracle observes the draw
(`walker.reveal`), the other, blind, does not. With the returns r of fresh draws,

    closed = (r - r_blind) / (r_oracle - r_blind)

Interrupted trainings continue from files in build/.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from benchmarks.claims.claim import interval
from benchmarks.resumable import Training
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.parts.pairs import Adapting
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.ppo.greedy import play
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

# Each of four joints is reversed with probability 1/2, for a trial of two episodes.
REVERSED = WalkerSettings(body="reversed", length=100, horizon=600, episodes=2, threads=1)
BOUND_STEPS = 6_000_000  # environment steps of training of each bound
ADAPTING_STEPS, UPDATES = 17_000_000, 1040  # of an agent with memory
EVERY, TESTS, RESAMPLES = 4, 512, 2000
Config = TypeVar("Config", bound=RL2Config)


@dataclass(frozen=True)
class Bounds:
    """Returns [draws] of fresh draws, one episode each, of the two bounds."""

    oracle: np.ndarray
    blind: np.ndarray

    def closed(self, returns: np.ndarray) -> tuple[float, ...]:
        """The share of the gap that the returns [draws] close, and its 95 % bootstrap interval."""
        rng = np.random.default_rng(0)

        def means(values: np.ndarray) -> np.ndarray:
            drawn = [rng.choice(values, len(values)).mean() for _ in range(RESAMPLES)]
            return np.array([values.mean(), *drawn])

        own, low, high = (means(values) for values in (returns, self.blind, self.oracle))
        share = (own - low) / (high - low)
        return float(share[0]), *(float(end) for end in np.quantile(share[1:], [0.025, 0.975]))

    def report(self, found: dict[str, np.ndarray]) -> dict[str, float]:
        """Print the share of the gap that each of these returns closes, and give them by name."""
        shares = {name: self.closed(each) for name, each in found.items()}
        for name, (share, low, high) in shares.items():
            print(f"gap closed, {name}: {share:.3f} [{low:.3f}, {high:.3f}]")
        return {name: share for name, (share, *_) in shares.items()}


def bounds(settings: WalkerSettings, name: str, steps: int = BOUND_STEPS) -> Bounds:
    """The bounds of walkers with these settings; name: of the files of their trainings."""
    return Bounds(
        of_ppo("oracle", replace(settings, reveal=True), Key(1), name, steps),
        of_ppo("blind", settings, Key(2), name, steps),
    )


def bounds_of_reversed() -> Bounds:
    """The bounds of REVERSED, whose trainings several claims share."""
    return bounds(REVERSED, "walker-rl2")


def of_ppo(which: str, settings: WalkerSettings, key: Key, name: str, steps: int) -> np.ndarray:
    """Returns of fresh draws, one episode each, under a feed-forward policy trained on draws."""
    family = Walker(settings)
    learner, task = PPO(family), family.origin()

    def returns(agent: Agent, key: Key, n: int) -> np.ndarray:
        simulator = family.simulator([task] * n, draw_seeds(key, n), "cpu")
        return play(simulator, learner.trial_policy(agent, n, key), n).numpy()

    training = Training(learner, task, key, f"{name}-{which}")

    def score(agent: Agent) -> float:
        return float(returns(agent, key.child("progress"), 64).mean())

    agent = training.until(steps, score, EVERY)
    found = returns(agent, key.child("test"), TESTS)
    print(
        f"{which}: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU: "
        f"{interval(found)}"
    )
    return found


def annealed(config: Config, updates: int) -> Config:
    """The settings with a learning rate that falls over these updates, of 16,384 steps each: at a
    constant rate the return of the last episode swings.
    """
    return replace(config, lr_end=5e-5, anneal=updates)


def adapting(
    learner: Adapting, key: Key, name: str, steps: int = ADAPTING_STEPS, every: int = EVERY
) -> Training:
    """A learner that adapts, trained on its family's first task; its curve holds the returns of the
    last episode of 64 trials.
    """
    task = learner.family.origin()

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, task, key.child("progress"), 64)[0][:, -1].mean())

    training = Training(learner, task, key, name)
    training.until(steps, score, every)
    return training


def by_control(training: Training, name: str) -> dict[str, np.ndarray]:
    """Returns [trials] of the first and the last episode of fresh trials, and of the last one with
    the state of another trial; printed with steps, CPU time and curve.
    """
    learner, agent, task = training.learner, training.agent, training.task
    assert isinstance(learner, Adapting)
    test = training.key.child("test")
    own, _ = learner.by_episode(agent, task, test, TESTS)
    shuffled, _ = learner.by_episode(agent, task, test, TESTS, "shuffled")
    found = {
        "first episode": own[:, 0],
        "last episode": own[:, -1],
        "another trial's state": shuffled[:, -1],
    }
    print(f"{name}: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    print_returns(name, found)
    if training.curve:
        print(f"{name}, last episode against steps: {training.curve_text()}")
    return found


def without_memory(training: Training) -> np.ndarray:
    """Returns [trials] of the last episode of an agent whose hidden state, last action and last
    reward are reset at every step.
    """
    learner, test = training.learner, training.key.child("test")
    assert isinstance(learner, RL2)
    trials = learner.trials(training.agent, training.task, test, TESTS, memory="step", greedy=True)
    return trials.returns.numpy()[:, -1]


def print_returns(name: str, found: dict[str, np.ndarray]) -> None:
    for which, returns in found.items():
        print(f"{name}, {which}: {interval(returns)}")

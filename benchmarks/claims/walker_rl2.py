"""RL^2 (arXiv 1611.02779) on walkers whose motors may be reversed: the share of the gap it closes.

Each of four joints is reversed with probability 1/2; a draw lasts for a trial of two episodes of
600 steps on flat ground. The gap is between two feed-forward PPOs trained on the same draws: one
observes the draw (`walker.reveal`), the other does not. With the returns r of fresh draws,

    closed = (r - r_blind) / (r_oracle - r_blind)

of the trial's last episode. Controls: the hidden state, last action and last reward reset at every
step, and in the second episode the state of another trial. Interrupted trainings continue from
build/walker-rl2-*.safetensors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.claims.claim import Claim, interval
from benchmarks.resumable import Training
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.ppo.greedy import play
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

SETTINGS = WalkerSettings(body="reversed", length=100, horizon=600, episodes=2, threads=1)
ADAPTING, OTHERS = 17_000_000, 6_000_000  # environment steps of training
EVERY, TESTS, RESAMPLES = 4, 512, 2000


def of_ppo(name: str, settings: WalkerSettings, key: Key) -> np.ndarray:
    """Returns of fresh draws, one episode each, under a feed-forward policy trained on draws."""
    family = Walker(settings)
    learner, task = PPO(family), family.origin()

    def returns(agent: Agent, key: Key, n: int) -> np.ndarray:
        simulator = family.simulator([task] * n, draw_seeds(key, n), "cpu")
        return play(simulator, learner.trial_policy(agent, n, key), n).numpy()

    training = Training(learner, task, key, f"walker-rl2-{name}")

    def score(agent: Agent) -> float:
        return float(returns(agent, key.child("progress"), 64).mean())

    agent = training.until(OTHERS, score, EVERY)
    found = returns(agent, key.child("test"), TESTS)
    print(
        f"{name}: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU: "
        f"{interval(found)}"
    )
    return found


def of_rl2(key: Key) -> dict[str, np.ndarray]:
    """Returns [trials] of both episodes, and of the last one under the controls."""
    family = Walker(SETTINGS)
    learner, task, test = RL2(family), family.origin(), key.child("test")

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, task, key.child("progress"), 64)[0][:, -1].mean())

    training = Training(learner, task, key, "walker-rl2-adapting")
    agent = training.until(ADAPTING, score, EVERY)
    own, _ = learner.by_episode(agent, task, test, TESTS)
    shuffled, _ = learner.by_episode(agent, task, test, TESTS, "shuffled")
    without = learner.trials(agent, task, test, TESTS, memory="step", greedy=True).returns.numpy()
    found = {
        "first episode": own[:, 0],
        "last episode": own[:, -1],
        "another trial's state": shuffled[:, -1],
        "without memory": without[:, -1],
    }
    print(f"RL^2: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    for name, returns in found.items():
        print(f"RL^2, {name}: {interval(returns)}")
    return found


def closed(returns: np.ndarray, blind: np.ndarray, oracle: np.ndarray) -> tuple[float, ...]:
    """The share of the gap closed, and its 95 % bootstrap interval over draws."""
    rng = np.random.default_rng(0)

    def means(values: np.ndarray) -> np.ndarray:
        drawn = [rng.choice(values, len(values)).mean() for _ in range(RESAMPLES)]
        return np.array([values.mean(), *drawn])

    own, low, high = (means(values) for values in (returns, blind, oracle))
    share = (own - low) / (high - low)
    return float(share[0]), *(float(end) for end in np.quantile(share[1:], [0.025, 0.975]))


def claims() -> list[Claim]:
    oracle = of_ppo("oracle", replace(SETTINGS, reveal=True), Key(1))
    blind = of_ppo("blind", SETTINGS, Key(2))
    found = {name: closed(each, blind, oracle) for name, each in of_rl2(Key(3)).items()}
    for name, (share, low, high) in found.items():
        print(f"gap closed, {name}: {share:.3f} [{low:.3f}, {high:.3f}]")
    return [
        Claim("gap closed in the last episode", found["last episode"][0], 0.75),
        Claim("gap closed without memory", found["without memory"][0], most=0.1),
    ]

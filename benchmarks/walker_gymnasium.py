"""Speed through the public interface, resets and new terrains included, against Gymnasium and
EnvPool.

    python -m benchmarks.walker_gymnasium > benchmarks/results/walker_gymnasium.txt

Steps per CPU second of this process on one thread, since machines are shared. All environments draw
a new terrain at every reset. The libraries alternate; a ratio is the median over the rounds.
Actions are random, or those of a network trained by `es`; the time to compute them is not counted.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import envpool
import gymnasium
import numpy as np

from benchmarks import walker_policies
from benchmarks.heading import heading
from openpoet import envs  # noqa: F401  # registers the ids
from openpoet.envs.walker import gymnasium_layout
from openpoet.envs.walker.kernels import compile_kernels
from openpoet.envs.walker.physics.terrain import Terrains

IDS = {True: "BipedalWalkerHardcore-v3", False: "BipedalWalker-v3"}
ES_SIZES = (24, 40, 40, 4)
# of the best niche that `run.py launch --preset quick --seed 1` ends with: the agent's theta
NETWORK = Path(__file__).parent / "networks" / "quick_seed_1.npy"
SIZES = (1, 8, 64, 256)  # environments of an EnvPool
Policy = Callable[[np.ndarray], np.ndarray]  # observations [n, 24] -> actions [n, 4]


class Single:
    """One environment of gymnasium.make, reset when an episode ends."""

    n = 1

    def __init__(self, name: str) -> None:
        self.env: Any = gymnasium.make(name)
        self.observations = self.env.reset(seed=0)[0][None]

    def step(self, actions: np.ndarray) -> None:
        observation, _, terminated, truncated, _ = self.env.step(actions[0])
        if terminated or truncated:
            observation = self.env.reset()[0]
        self.observations = observation[None]


class Several:
    """Our environment by gymnasium.make_vec, or an EnvPool; both reset automatically."""

    def __init__(self, env: Any, n: int) -> None:
        self.env, self.n = env, n
        self.observations = env.reset()[0]

    def step(self, actions: np.ndarray) -> None:
        self.observations = self.env.step(actions)[0]


Contestant = Single | Several


def ours(hardcore: bool, n: int) -> Several:
    env = gymnasium.make_vec(f"openpoet/{IDS[hardcore]}", num_envs=n, threads=1)
    env.reset(seed=0)
    return Several(env, n)


def pool(hardcore: bool, n: int) -> Several:
    return Several(envpool.make_gymnasium(IDS[hardcore], num_envs=n, num_threads=1, seed=0), n)


def random_policy() -> Policy:
    rng = np.random.default_rng(1)
    return lambda observations: rng.uniform(-1, 1, (len(observations), 4)).astype(np.float32)


def trained_policy(theta: np.ndarray) -> Policy:
    """An agent of `es`, with a little noise so that rows differ."""
    rng = np.random.default_rng(1)

    def act(observations: np.ndarray) -> np.ndarray:
        members = np.broadcast_to(theta, (len(observations), len(theta)))
        actions = walker_policies.forward(members, observations, ES_SIZES)
        return np.clip(actions + 0.1 * rng.normal(size=actions.shape), -1, 1).astype(np.float32)

    return act


def rate(contestant: Contestant, policy: Policy, seconds: float) -> float:
    """Steps per CPU second in `seconds` of stepping, the policy's time left out."""
    spent, steps = 0.0, 0
    while spent < seconds:
        actions = policy(contestant.observations)
        start = time.process_time()
        contestant.step(actions)
        spent += time.process_time() - start
        steps += contestant.n
    return steps / spent


def compare(
    title: str,
    contestants: dict[str, Contestant],
    make: Callable[[], Policy],
    rounds: int,
    seconds: float,
) -> None:
    """Print the rates and the ratio of the first to the fastest of the others."""
    policies = {name: make() for name in contestants}
    for name, contestant in contestants.items():
        rate(contestant, policies[name], 2 * seconds)  # until episodes have different ages
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            rates[name].append(rate(contestant, policies[name], seconds))
    print(f"\n{title}: steps per CPU second, median (min-max) of {rounds} rounds")
    for name, found in rates.items():
        print(f"  {name:26} {np.median(found):9,.0f} ({min(found):,.0f}-{max(found):,.0f})")
    mine, *others = rates.values()
    best = max(others, key=np.median)
    ratios = np.array(mine) / np.array(best)
    ratio, low, high = np.median(ratios), ratios.min(), ratios.max()
    print(f"  ratio to the best of the others: {ratio:.2f} ({low:.2f}-{high:.2f})", flush=True)


def print_tracks() -> None:
    """Print the time of one track: drawn from a generator, and copied to the terrains of
    a batch.
    """
    rng, terrains = np.random.default_rng(0), Terrains()
    terrains.add(gymnasium_layout.track(rng, True))
    taken = []
    for _ in range(3000):
        start = time.perf_counter()
        place = terrains.add(gymnasium_layout.track(rng, True))
        taken.append(time.perf_counter() - start)
        terrains.release(place)
    middle, most = 1e3 * np.quantile(taken, (0.5, 0.9))
    print(f"\nbuilding one hardcore track: {middle:.3f} ms (median), {most:.3f} ms (90 % quantile)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU seconds of one turn")
    parser.add_argument(
        "--network", type=Path, default=NETWORK, help=".npy file of an agent's theta, 24-40-40-4"
    )
    parser.add_argument(
        "--only",
        default="",
        help="only comparisons whose title starts with this, such as `hardcore, trained`",
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="gymnasium")
    print(heading())
    versions = (
        f"gymnasium {gymnasium.__version__}, envpool {envpool.__version__}, numpy {np.__version__}"
    )
    print(f"packages: {versions}\nkernels ready after {compile_kernels():.1f} s")
    print_tracks()
    theta = np.load(options.network)
    policies = {"random actions": random_policy, "trained policy": lambda: trained_policy(theta)}
    for hardcore in (True, False):
        layout = "hardcore" if hardcore else "easy"
        for name, make in policies.items():
            if not f"{layout}, {name}".startswith(options.only):
                continue
            pools = {f"EnvPool, {n} envs": pool(hardcore, n) for n in SIZES}
            arguments = make, options.rounds, options.seconds
            many = {"make_vec, 256 envs": ours(hardcore, 256), **pools}
            compare(f"{layout}, {name}, 256 environments", many, *arguments)
            eight = {"make_vec, 8 envs": ours(hardcore, 8), "EnvPool, 8 envs": pool(hardcore, 8)}
            compare(f"{layout}, {name}, 8 environments", eight, *arguments)
            one = {
                "openpoet, make": Single(f"openpoet/{IDS[hardcore]}"),
                "Gymnasium, make": Single(IDS[hardcore]),
            }
            compare(f"{layout}, {name}, one environment", one, *arguments)


if __name__ == "__main__":
    main()

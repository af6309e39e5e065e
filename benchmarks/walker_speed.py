"""Speed on one core against Gymnasium and EnvPool: same actions, same run; and where the simulator's time goes.

    python -m benchmarks.walker_speed > benchmarks/results/walker_speed.txt

CPU seconds of this process (all its threads), since machines are shared; all run with one thread. Each contestant gets
the same stream of actions, drawn before the clock starts, and its resets count. The contestants take turns, and the
median of the rounds is reported. Differs between them: Gymnasium and EnvPool generate a new terrain at a reset, the
simulator restarts on the row's track (building tracks is timed apart). EnvPool may use any number of environments.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"

import envpool
import gymnasium
import numpy as np

from benchmarks.heading import heading
from envs.walker.batch import WalkerBatch, compile_kernels
from envs.walker.physics import terrain
from tests.envs import oracle

SIZES = (1, 8, 64)  # environments of an EnvPool
WALKERS = 256


class Ours:
    """A batch on the tracks of the layout, its finished rows reset after every step; keeps the time of each phase."""

    def __init__(self, hardcore: bool, walkers: int) -> None:
        tracks = [oracle.fresh_env(seed, hardcore)[2] for seed in range(32)]
        self.batch = WalkerBatch([tracks[i % 32] for i in range(walkers)], threads=1)
        self.batch.reset()
        self.phases: Counter = Counter()

    def run(self, actions: np.ndarray) -> int:
        for action in actions:
            terminated = self.batch.step(action)[2]
            if terminated.any():
                self.batch.reset(terminated)
        return actions.shape[0] * actions.shape[1]

    def profile(self, actions: np.ndarray) -> dict[str, float]:
        """Microseconds a walker-step in each kernel; resets are left out."""
        rows, spent = np.arange(self.batch.n), Counter()
        for action in actions:
            for kernel, arguments in self.batch.phases(rows, action, 0):
                start = time.process_time()
                kernel(*arguments)
                spent[kernel.title] += time.process_time() - start
            if self.batch._terminated.any():
                self.batch.reset(self.batch._terminated.copy())
        return {title: 1e6 * seconds / actions[..., 0].size for title, seconds in spent.items()}


class Gymnasium:
    def __init__(self, hardcore: bool) -> None:
        self.env = gymnasium.make("BipedalWalker-v3", hardcore=hardcore)
        self.env.reset(seed=0)

    def run(self, actions: np.ndarray) -> int:
        stream = actions.reshape(-1, 4)
        for action in stream:
            _, _, terminated, truncated, _ = self.env.step(action)
            if terminated or truncated:
                self.env.reset()
        return len(stream)


class EnvPool:
    def __init__(self, hardcore: bool, size: int) -> None:
        name = "BipedalWalkerHardcore-v3" if hardcore else "BipedalWalker-v3"
        self.size, self.pool = size, envpool.make_gymnasium(name, num_envs=size, num_threads=1, seed=0)
        self.pool.reset()

    def run(self, actions: np.ndarray) -> int:
        stream = actions.reshape(-1, self.size, 4)
        for action in stream:
            self.pool.step(action)
        return stream.shape[0] * self.size


def noisy(steps: int, walkers: int) -> np.ndarray:
    """Actions [steps, walkers, 4] float32: independent uniform draws."""
    return np.random.default_rng(1).uniform(-1, 1, (steps, walkers, 4)).astype(np.float32)


def held(steps: int, walkers: int) -> np.ndarray:
    """The same, each held for ten steps: slower gaits, more falls and more contacts."""
    return np.repeat(noisy(-(-steps // 10), walkers), 10, axis=0)[:steps]


def rate(contestant: Ours | Gymnasium | EnvPool, actions: np.ndarray) -> float:
    """Steps per CPU second."""
    start = time.process_time()
    return contestant.run(actions) / (time.process_time() - start)


def compare(hardcore: bool, name: str, plan: Callable[[int, int], np.ndarray], rounds: int) -> dict[str, float]:
    """Median rates of all contestants, taking turns; prints a line each and the ratios."""
    few, many = plan(6_400 // WALKERS, WALKERS), plan(25_600 // WALKERS, WALKERS)
    contestants: dict[str, tuple[Ours | Gymnasium | EnvPool, np.ndarray]] = {
        f"ours, {WALKERS} walkers": (Ours(hardcore, WALKERS), many),
        "Gymnasium": (Gymnasium(hardcore), few),
        **{f"EnvPool, {size} envs": (EnvPool(hardcore, size), many) for size in SIZES},
    }
    for contestant, actions in contestants.values():
        contestant.run(actions[: max(1, len(actions) // 5)])
    rates: dict[str, list[float]] = {key: [] for key in contestants}
    for _ in range(rounds):
        for key, (contestant, actions) in contestants.items():
            rates[key].append(rate(contestant, actions))
    median = {key: float(np.median(values)) for key, values in rates.items()}
    print(f"\n{'hardcore' if hardcore else 'easy'}, {name}: steps per CPU second, median (min-max) of {rounds}")
    for key, values in rates.items():
        print(f"  {key:22} {median[key]:9,.0f} ({min(values):,.0f}-{max(values):,.0f})")
    ours, best = median[f"ours, {WALKERS} walkers"], max(v for k, v in median.items() if k.startswith("EnvPool"))
    ratios = {"gymnasium": ours / median["Gymnasium"], "envpool": ours / best}
    print(f"  ratios: {ratios['gymnasium']:.1f} Gymnasium (aim 4), {ratios['envpool']:.2f} the best EnvPool (aim 1.3)")
    return ratios


def print_phases(hardcore: bool) -> None:
    """Share of each kernel, and what a reset and a track cost."""
    ours = Ours(hardcore, WALKERS)
    ours.run(noisy(100, WALKERS))
    spent = ours.profile(noisy(200, WALKERS))
    total = sum(spent.values())
    shares = ", ".join(f"{title} {100 * value / total:.0f} % ({value:.2f})" for title, value in spent.items())
    print(f"\n{'hardcore' if hardcore else 'easy'}, random: {total:.1f} us a walker-step in the kernels: {shares}")
    start = time.process_time()
    for _ in range(5):
        ours.batch.reset()
    reset = (time.process_time() - start) / 5 / WALKERS
    start = time.process_time()
    for track in ours.batch._tracks[:8]:
        terrain.shapes(track)
    built = (time.process_time() - start) / 8
    print(f"  a reset {1e6 * reset:.0f} us; building the shapes of a track {1e3 * built:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="gymnasium")
    print(heading())
    print(f"packages: gymnasium {gymnasium.__version__}, envpool {envpool.__version__}, numpy {np.__version__}")
    print(f"kernels ready after {compile_kernels():.1f} s")
    ratios = [
        compare(hardcore, name, plan, options.rounds)
        for hardcore in (False, True)
        for name, plan in (("random", noisy), ("random held for 10 steps", held))
    ]
    for hardcore in (False, True):
        print_phases(hardcore)
    worst = {peer: min(ratio[peer] for ratio in ratios) for peer in ratios[0]}
    print(f"\nworst ratios: {worst['gymnasium']:.1f} to Gymnasium, {worst['envpool']:.2f} to EnvPool")


if __name__ == "__main__":
    main()

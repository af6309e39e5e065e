"""Speed on one core against Gymnasium and EnvPool, and a profile by kernel.

    python -m benchmarks.walker_speed > benchmarks/results/walker_speed.txt

CPU seconds of this process (all its threads), since machines are shared; all use one thread. Only
`step` is timed, including resets, without the policy. The libraries alternate; the median of the
rounds is reported. All have the same controller: random actions, or a network trained here to walk
on flat ground. One difference remains: Gymnasium and EnvPool generate a new terrain at a reset, the
simulator restarts on the row's track (building tracks is timed separately).
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import envpool
import gymnasium
import numpy as np
import torch

from benchmarks import walker_policies
from benchmarks.heading import heading
from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.kernels import compile_kernels
from openpoet.envs.walker.physics import terrain
from tests.envs import oracle

SIZES = (1, 8, 64)  # environments of an EnvPool
WALKERS = 256
# Float operations of a step in Box2D's algorithm, counted in an instrumented build (add, multiply,
# divide, root).
OPERATIONS = {"random": 121_597, "trained": 86_781}
AIMS = {"random": (0.0, 4.0), "trained": (18.0, 5.0)}  # times Gymnasium, times the best EnvPool

Controller = Callable[[np.ndarray], np.ndarray]  # observations [n, 24] -> actions [n, 4]


class Ours:
    """A batch on the tracks of the layout, whose ended rows are reset after every step."""

    def __init__(self, hardcore: bool, walkers: int = WALKERS, threads: int = 1) -> None:
        tracks = [oracle.fresh_env(seed, hardcore)[2] for seed in range(32)]
        self.n = walkers
        self.batch = WalkerBatch([tracks[i % 32] for i in range(walkers)], threads=threads)
        self.observations = self.batch.reset()

    def step(self, actions: np.ndarray) -> np.ndarray:
        observations, _, terminated = self.batch.step(actions)
        return self.batch.reset(terminated) if terminated.any() else observations


class Gymnasium:
    def __init__(self, hardcore: bool) -> None:
        self.n, self.env = 1, gymnasium.make("BipedalWalker-v3", hardcore=hardcore)
        self.observations = self.env.reset(seed=0)[0][None]

    def step(self, actions: np.ndarray) -> np.ndarray:
        observation, _, terminated, truncated, _ = self.env.step(actions[0])
        return (self.env.reset()[0] if terminated or truncated else observation)[None]


class EnvPool:
    def __init__(self, hardcore: bool, size: int) -> None:
        name = "BipedalWalkerHardcore-v3" if hardcore else "BipedalWalker-v3"
        self.n, self.pool = size, envpool.make_gymnasium(name, num_envs=size, num_threads=1, seed=0)
        self.observations = self.pool.reset()[0]

    def step(self, actions: np.ndarray) -> np.ndarray:
        return self.pool.step(actions)[0]


Contestant = Ours | Gymnasium | EnvPool


def random_actions() -> Controller:
    rng = np.random.default_rng(1)
    return lambda observations: rng.uniform(-1, 1, (len(observations), 4)).astype(np.float32)


def trained_actions(weights: np.ndarray) -> Controller:
    """The network with a little noise, so that rows differ."""
    rng = np.random.default_rng(1)

    def act(observations: np.ndarray) -> np.ndarray:
        actions = walker_policies.forward(
            np.broadcast_to(weights, (len(observations), len(weights))), observations
        )
        return np.clip(actions + 0.1 * rng.normal(size=actions.shape), -1, 1).astype(np.float32)

    return act


def rate(
    contestant: Contestant, controller: Controller, steps: int, clock: Callable[[], float]
) -> float:
    """Steps per second of the clock, excluding the controller's time."""
    spent, done = 0.0, 0
    while done < steps:
        actions = controller(contestant.observations)
        start = clock()
        contestant.observations = contestant.step(actions)
        spent += clock() - start
        done += contestant.n
    return done / spent


def compare(
    hardcore: bool, name: str, make: Callable[[], Controller], rounds: int, peak: float
) -> dict[str, float]:
    """Median rates of all libraries, in alternation; prints a line for each and the ratios."""
    contestants: dict[str, tuple[Contestant, int]] = {
        f"ours, {WALKERS} walkers": (Ours(hardcore), 51_200),
        "Gymnasium": (Gymnasium(hardcore), 5_000),
        **{f"EnvPool, {size} envs": (EnvPool(hardcore, size), 15_000) for size in SIZES},
    }
    for contestant, steps in contestants.values():
        rate(contestant, make(), steps // 2, time.process_time)
    rates: dict[str, list[float]] = {key: [] for key in contestants}
    for _ in range(rounds):
        for key, (contestant, steps) in contestants.items():
            rates[key].append(rate(contestant, make(), steps, time.process_time))
    median = {key: float(np.median(values)) for key, values in rates.items()}
    print(
        f"\n{'hardcore' if hardcore else 'easy'}, {name}: steps per CPU second, median (min-max) "
        f"of {rounds}"
    )
    for key, values in rates.items():
        print(f"  {key:22} {median[key]:9,.0f} ({min(values):,.0f}-{max(values):,.0f})")
    ours, best = (
        median[f"ours, {WALKERS} walkers"],
        max(v for k, v in median.items() if k.startswith("EnvPool")),
    )
    ratios = {"Gymnasium": ours / median["Gymnasium"], "EnvPool": ours / best}
    print(
        f"  ratios: {ratios['Gymnasium']:.1f} Gymnasium, {ratios['EnvPool']:.2f} the best EnvPool",
        end="",
    )
    print(f" (must reach {AIMS[name][0]:g} and {AIMS[name][1]:g})" if hardcore else "")
    floor = f"{OPERATIONS[name]:,} float operations at {peak / 1e9:.0f} G/s"
    print(f"  floor: {floor}: {peak / OPERATIONS[name]:,.0f} steps/s", flush=True)
    return ratios


def print_phases(hardcore: bool, name: str, controller: Controller) -> None:
    """Print the share of each kernel, and the time of a reset and of a track."""
    ours, rows, spent, steps = Ours(hardcore), np.arange(WALKERS), Counter[str](), 0
    rate(ours, controller, 25_600, time.process_time)
    for _ in range(200):
        actions = controller(ours.observations)
        for kernel, arguments in ours.batch.phases(rows, actions, 0):
            start = time.process_time()
            kernel(*arguments)
            spent[kernel.title] += time.process_time() - start
        steps += WALKERS
        ended = ours.batch._terminated.copy()
        ours.observations = ours.batch.reset(ended) if ended.any() else ours.batch._obs.copy()
    total = 1e6 * sum(spent.values()) / steps
    shares = ", ".join(
        f"{title} {1e6 * s / steps:.2f} ({1e8 * s / steps / total:.0f} %)"
        for title, s in spent.items()
    )
    print(
        f"\n{'hardcore' if hardcore else 'easy'}, {name}: {total:.1f} us a walker-step in the "
        f"kernels: {shares}"
    )
    start = time.process_time()
    for _ in range(5):
        ours.batch.reset()
    reset = (time.process_time() - start) / 5 / WALKERS
    start = time.process_time()
    for track in ours.batch._tracks[:8]:
        terrain.shapes(track)
    print(
        f"  a reset {1e6 * reset:.0f} us; the shapes of a track "
        f"{1e3 * (time.process_time() - start) / 8:.1f} ms"
    )


def trained_network(file: Path | None) -> np.ndarray:
    """The weights of a network that walks: from the file, or trained here, which takes minutes."""
    flat = oracle.fresh_env(0, False)[2]
    weights = np.load(file) if file and file.exists() else walker_policies.train(flat)[0]
    if file:
        np.save(file, weights)
    score = walker_policies.returns(weights[None], flat, 400)[0]
    print(f"the trained network: return {score:.0f} in 400 steps of flat ground", flush=True)
    return weights


def measured_peak() -> float:
    """Float operations per second of a matrix product on one core, an upper bound for a step
    without FMA.
    """
    a = torch.randn(768, 768)
    best = 0.0
    for _ in range(20):
        start = time.process_time()
        a @ a
        best = max(best, 2 * 768**3 / (time.process_time() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--network", type=Path, help=".npy file of a network trained before, or where to keep it"
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="gymnasium")
    torch.set_num_threads(1)
    print(heading())
    print(
        f"packages: gymnasium {gymnasium.__version__}, envpool {envpool.__version__}, numpy "
        f"{np.__version__}"
    )
    print(f"kernels ready after {compile_kernels():.1f} s")
    weights = trained_network(options.network)
    peak = measured_peak()
    controllers = {"random": random_actions, "trained": lambda: trained_actions(weights)}
    for hardcore in (False, True):
        for name, make in controllers.items():
            compare(hardcore, name, make, options.rounds, peak)
    for name, make in controllers.items():
        print_phases(True, name, make())


if __name__ == "__main__":
    main()

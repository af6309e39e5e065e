"""One POET iteration of 10 niches with a transfer round: ours, and the reference's algorithm with
Gymnasium's walkers.

    python -m benchmarks.poet_iteration > benchmarks/results/poet_iteration.txt

Both improve each agent in its niche and evaluate every agent in every other niche, directly and
after one ES step there (original POET). The reference algorithm is reimplemented as in its code, on
the same cores: a pool of processes, one Gymnasium walker at a time, a policy in numpy, five
episodes for every score although they are equal (B16). Same terrains, same sizes, same population.
CPU seconds, of all threads and processes, do not depend on other users of the machine; wall-clock
time does.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Sequence
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from gymnasium.envs.box2d.bipedal_walker import BipedalWalker

from benchmarks.heading import heading
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.envs.parts.processors import processors
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.track import Track
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import optimize, transfer
from openpoet.poet.niche import Niche, Population
from openpoet.poet.streams import Key

SIZES = (24, 40, 40, 4)
CORES = processors()


class OnTrack(BipedalWalker):
    """Gymnasium's walker on one of our tracks."""

    def __init__(self, track: Track) -> None:
        self.track = track
        super().__init__()

    def _generate_terrain(self, hardcore: bool) -> None:
        self.terrain, self.terrain_poly, self.cloud_poly = [], [], []
        for definition, shapes in (
            (self.fd_polygon, self.track.polygons.tolist()),
            (
                self.fd_edge,
                np.stack([self.track.ground[:-1], self.track.ground[1:]], axis=1).tolist(),
            ),
        ):
            for corners in shapes:
                definition.shape.vertices = [tuple(corner) for corner in corners]
                body = self.world.CreateStaticBody(fixtures=definition)
                body.color1 = body.color2 = (0, 0, 0)
                self.terrain.append(body)

    def _generate_clouds(self) -> None:
        self.cloud_poly = []


def episode(job: tuple[Track, np.ndarray, int]) -> tuple[float, int, float]:
    """Return and length of one episode of a numpy policy, and the CPU seconds it took."""
    start = time.process_time()
    track, theta, horizon = job
    layers, at = [], 0
    for n, m in pairwise(SIZES):
        layers.append((theta[at : at + n * m].reshape(n, m), theta[at + n * m : at + n * m + m]))
        at += n * m + m
    env = OnTrack(track)
    observation, _ = env.reset(seed=0)
    total, steps, ended = 0.0, 0, False
    while steps < horizon and not ended:
        x = observation
        for matrix, bias in layers:
            x = np.tanh(x @ matrix + bias)
        observation, reward, ended, _, _ = env.step(x)
        total, steps = total + reward, steps + 1
    env.close()
    return total, steps, time.process_time() - start


def reference_iteration(
    pool: Any, tracks: Sequence[Track], thetas: list[np.ndarray], members: int, horizon: int
) -> tuple[int, float]:
    """Optimise, evaluate and transfer as in poet_distributed's poet_algo.py. Returns environment
    steps and the workers' CPU seconds.
    """
    rng, spent, cpu = np.random.default_rng(0), 0, 0.0

    def run(jobs: list[tuple[Track, np.ndarray, int]], chunk: int) -> list[float]:
        nonlocal spent, cpu
        results = pool.map(episode, jobs, chunksize=chunk)
        spent, cpu = (
            spent + sum(steps for _, steps, _ in results),
            cpu + sum(seconds for *_, seconds in results),
        )
        return [score for score, *_ in results]

    def es_step(pairs: list[tuple[int, int]]) -> list[np.ndarray]:
        noise = [rng.standard_normal((members // 2, len(thetas[0]))) for _ in pairs]
        jobs = [
            (tracks[place], thetas[agent] + 0.1 * sign * row, horizon)
            for (agent, place), rows in zip(pairs, noise, strict=True)
            for row in rows
            for sign in (1, -1)
        ]
        returns = np.array(run(jobs, 4)).reshape(len(pairs), -1, 2)
        gradients = (
            (r[:, 0] - r[:, 1]) @ rows / len(rows) for r, rows in zip(returns, noise, strict=True)
        )
        return [
            thetas[agent] + 1e-4 * gradient
            for (agent, _), gradient in zip(pairs, gradients, strict=True)
        ]

    def scored(jobs: list[tuple[Track, np.ndarray, int]]) -> None:
        run([job for job in jobs for _ in range(5)], 5)

    own = [(n, n) for n in range(len(tracks))]
    thetas = es_step(own)
    scored([(tracks[n], thetas[n], horizon) for n in range(len(tracks))])
    others = [
        (agent, place)
        for place in range(len(tracks))
        for agent in range(len(tracks))
        if agent != place
    ]
    scored([(tracks[place], thetas[agent], horizon) for agent, place in others])
    proposals = es_step(others)
    scored(
        [
            (tracks[place], theta, horizon)
            for (_, place), theta in zip(others, proposals, strict=True)
        ]
    )
    return spent, cpu


def niches(count: int, members: int, horizon: int, threads: int) -> tuple[Setup, Population]:
    """A population of `count` niches on evolved terrains with initial agents."""
    family = Walker(WalkerSettings(horizon=horizon, threads=threads))
    learner = ES(family, ESConfig(population=members, threads=threads))
    config = PoetConfig(seed=0, transfer_rule="poet")
    made, task = [], family.origin()
    for n in range(count):
        key = Key(0, ("niche", n))
        made.append(Niche(n, None, 0, task, learner.init(key)))
        task = family.mutate(task, key.generator())
    return Setup(family, learner, config), Population(1, tuple(made), niches_born=count)


def iterate(setup: Setup, population: Population) -> Population:
    key = Key(0, ("iteration", 1))
    return transfer(optimize(population, setup, key), setup, key)


def compare(members: int, horizon: int, rounds: int) -> None:
    setup, population = niches(10, members, horizon, CORES)
    setup.family.prepare(print)
    tracks = [setup.family.track(niche.task, 0) for niche in population.active]
    thetas = [niche.agent["theta"].numpy().astype(float) for niche in population.active]
    iterate(setup, population)
    ours, theirs = [], []  # wall clock, CPU seconds [s]
    with get_context("spawn").Pool(CORES) as pool:
        pool.map(episode, [(tracks[0], thetas[0], 5)] * 2 * CORES)
        for _ in range(rounds):
            start, used = time.perf_counter(), time.process_time()
            iterate(setup, population)
            ours.append((time.perf_counter() - start, time.process_time() - used))
            start, used = time.perf_counter(), time.process_time()
            steps, workers = reference_iteration(pool, tracks, list(thetas), members, horizon)
            theirs.append((time.perf_counter() - start, time.process_time() - used + workers))
    print(f"10 niches, {members} members, horizon {horizon}, {CORES} cores, median of {rounds}:")
    for i, name in enumerate(("wall clock", "CPU seconds")):
        a, b = (float(np.median([row[i] for row in side])) for side in (ours, theirs))
        print(f"  {name}: ours {a:.2f} s, reference {b:.1f} s: {b / a:.1f} times (must reach 20)")
    print(f"  the reference takes {steps:,} environment steps")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--horizon", type=int, default=150)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    print(heading())
    compare(options.members, options.horizon, options.rounds)


if __name__ == "__main__":
    main()

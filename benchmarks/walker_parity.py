"""Parity of the simulator with Gymnasium's environment freshly made, and with Box2D on other
tracks.

    python -m benchmarks.walker_parity > benchmarks/results/walker_parity.txt
    python -m benchmarks.walker_parity --bodies 100 > benchmarks/results/walker_bodies.txt

Every step compares the 24 observations, the reward and the termination with array_equal (0 and -0
are equal); an episode stops at its first difference. Coverage counts show that rare physics events
occurred, and a wrong joint order that the comparison can fail.

With --bodies the walkers have drawn bodies (tests/envs/oracle.py) on tracks with obstacles from the
start on, and Box2D is built with the same bodies. All are stepped side by side in vector lanes, and
again one by one. The control leaves the knees where the standard body has them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from benchmarks.heading import heading
from benchmarks.walker_policies import Act, network, train
from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.body import STANDARD
from openpoet.envs.walker.box2d import Box2DWalker
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.physics import jit, joints, solver, world
from openpoet.envs.walker.physics import state as at
from openpoet.envs.walker.physics.bodies import traits
from openpoet.envs.walker.track import Track
from tests.envs import oracle

SLEEP = 250  # idle steps after an episode on other tracks, in which the bodies can fall asleep
LIMIT = 400  # steps of an episode with a drawn body
EVENTS = ("toi", "polygon", "two_point", "sleeping")


def against_gymnasium(
    name: str, hardcore: bool, policy: Callable[[int], Act], seeds: Sequence[int]
) -> Counter:
    """Episodes of one layout and policy, each against a new environment; prints a line."""
    counts: Counter = Counter()
    for seed in seeds:
        result, batch = oracle.compare_with_gymnasium(seed, hardcore, policy(seed))
        counts.update(episodes=1, steps=result.steps, differing=result.differing, **batch.events)
    return report(f"{'hardcore' if hardcore else 'easy'}, {name}", counts)


def against_box2d(
    name: str, tracks: Sequence[Track], policy: Callable[[int], Act], limit: int = 600
) -> Counter:
    """One episode per track against Box2D, and SLEEP idle steps after its end; prints a line."""
    counts: Counter = Counter()
    for seed, track in enumerate(tracks):
        batch, walker, act = WalkerBatch([track], threads=1), Box2DWalker(track), policy(seed)
        observation = walker.reset()
        same = np.array_equal(batch.reset()[0], observation)
        ended, left, steps = False, limit + SLEEP, 0
        while same and left > 0:
            action = np.zeros(4, np.float32) if ended else act(observation)
            observation, reward, terminated = walker.step(action)
            ours, rewards, ends = batch.step(action[None])
            same = np.array_equal(ours[0], observation) and (rewards[0], ends[0]) == (
                reward,
                terminated,
            )
            left, steps = left - 1, steps + 1
            if not ended and (terminated or left == SLEEP):
                ended, left = True, SLEEP
        counts.update(episodes=1, steps=steps, differing=int(not same), **batch.events)
    return report(name, counts)


def against_box2d_with_bodies(
    name: str, policy: Callable[[int], Act], count: int, wrong: Callable[[WalkerBatch], None]
) -> Counter:
    """One episode of LIMIT steps, then SLEEP idle ones, of each of `count` drawn bodies, in lanes
    and one by one; prints a line. wrong: called with each batch before the reset.
    """
    tracks = [oracle.obstacle_track(seed) for seed in range(count)]
    bodies = [oracle.drawn_body(seed) for seed in range(count)]
    batches = [WalkerBatch(tracks, bodies, threads=1) for _ in range(2)]
    batches[1]._width = 1
    walkers = [Box2DWalker(*pair) for pair in zip(tracks, ["nearest"] * count, bodies, strict=True)]
    acts = [policy(seed) for seed in range(count)]
    observations = np.stack([walker.reset() for walker in walkers])
    same, steps = np.ones(count, bool), 0
    for batch in batches:
        wrong(batch)
        same &= (batch.reset() == observations).all(axis=1)
    for step in range(LIMIT + SLEEP):
        moves = zip(acts, observations, strict=True)
        actions = np.stack([act(seen) for act, seen in moves]) * np.float32(step < LIMIT)
        results = [walkers[row].step(actions[row]) for row in np.flatnonzero(same)]
        rows, steps = np.flatnonzero(same), steps + int(same.sum())
        for row, result in zip(rows, results, strict=True):
            observations[row] = result[0]
        for batch in batches:
            ours, rewards, ends = batch.step(actions, same)
            for row, (_, reward, terminated) in zip(rows, results, strict=True):
                equal = np.array_equal(ours[row], observations[row])
                same[row] &= equal and (rewards[row], ends[row]) == (reward, terminated)
    differing = count - int(same.sum())
    return report(name, Counter(episodes=count, steps=steps, differing=differing, **batch.events))


def leave_knees(batch: WalkerBatch) -> None:
    """Give all bodies the standard body's anchors of the knees, a wrong construction."""
    standard = traits(STANDARD)
    for leg in (1, 3):
        field = int(at.ANCHOR_A + 2 * leg)
        batch._bodies.table[:, field : field + 2] = standard[field : field + 2]


def print_bodies(policies: dict[str, Callable[[int], Act]], count: int) -> None:
    """The rows of `count` drawn bodies under each policy, and the control."""
    total: Counter = Counter()
    for name, policy in policies.items():
        total += against_box2d_with_bodies(f"drawn bodies, {name}", policy, count, lambda _: None)
    report("all", total)
    control = against_box2d_with_bodies("control: knees", oracle.random_policy, 10, leave_knees)
    if total["differing"] or control["differing"] < 10 or not all(total[key] for key in EVENTS):
        raise SystemExit("parity is broken, or an event was never exercised")


def evolved_tracks(encoding: Literal["obstacles", "cppn"], count: int) -> list[Track]:
    """Tracks of `count` genomes, the n-th after n % 25 + 1 mutations of the origin, with every kind
    of obstacle.
    """
    family = Walker(
        WalkerSettings(encoding=encoding, obstacles=("stump", "pit", "stairs", "roughness"))
    )
    tracks, rng = [], np.random.default_rng(0)
    for number in range(count):
        task = family.origin()
        for _ in range(number % 25 + 1):
            task = family.mutate(task, rng)
        tracks.append(family.track(task, number))
    return tracks


def report(name: str, counts: Counter) -> Counter:
    events = ", ".join(f"{key} {counts[key]:,}" for key in (*EVENTS, "slot_overflow"))
    print(
        f"{name:44} {counts['episodes']:4} episodes {counts['steps']:8,} steps "
        f"{counts['differing']} differing; {events}"
    )
    sys.stdout.flush()
    return counts


def wrong_order_differs() -> int:
    """Number of episodes, of ten, whose first steps differ if joints are solved in order of
    creation.
    """
    right, parts = (
        world.SOLVE,
        (solver.load_joints, solver.solve_velocities, solver.solve_positions),
    )
    solver.load_joints, solver.solve_velocities, solver.solve_positions = joints.passes(
        (0, 1, 2, 3)
    )
    world.SOLVE = jit.Kernel(right.title, right.signature, right.source, right.seconds)
    world.SOLVE.compile()
    results = [
        oracle.compare_with_gymnasium(s, False, oracle.random_policy(s), limit=10)[0]
        for s in range(10)
    ]
    world.SOLVE, (solver.load_joints, solver.solve_velocities, solver.solve_positions) = (
        right,
        parts,
    )
    return sum(result.differing for result in results)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--episodes", type=int, default=70, help="of each policy on each layout (three policies)"
    )
    parser.add_argument(
        "--generations", type=int, default=200, help="of the ES that trains the trained policy"
    )
    parser.add_argument(
        "--bodies", type=int, default=0, help="drawn bodies; above 0 only they are compared"
    )
    options = parser.parse_args()
    print(heading())
    weights, score = train(oracle.flat_track(), options.generations)
    print(
        f"trained policy: return {score:.0f} over 400 steps of flat ground after "
        f"{options.generations} generations"
    )
    policies: dict[str, Callable[[int], Act]] = {
        "random": oracle.random_policy,
        "heuristic": oracle.heuristic_policy,
        "heuristic with noise 0.3": lambda seed: oracle.heuristic_policy(seed, noise=0.3),
        "trained": lambda seed: network(weights),
    }
    if options.bodies:
        print_bodies(policies, options.bodies)
        return
    total: Counter = Counter()
    for hardcore in (False, True):
        for name, policy in policies.items():
            total += against_gymnasium(name, hardcore, policy, range(options.episodes))
    layouts = {
        "evolved obstacles": evolved_tracks("obstacles", 50),
        "evolved CPPN": evolved_tracks("cppn", 50),
        "obstacles at once": [oracle.obstacle_track(seed) for seed in range(options.episodes)],
    }
    for layout, tracks in layouts.items():
        for name, policy in policies.items():
            total += against_box2d(f"{layout}, {name}", tracks, policy)
    report("all", total)
    print(
        f"wrong joint order (0, 1, 2, 3): {wrong_order_differs()} of 10 episodes differ within "
        "10 steps"
    )
    if total["differing"] or not all(total[key] for key in EVENTS):
        raise SystemExit("parity is broken, or an event was never exercised")


if __name__ == "__main__":
    main()

"""A new BipedalWalker of Gymnasium as the reference of the physics tests; policies; tracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
import numpy as np
from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics
from gymnasium.utils import seeding

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.body import STANDARD, Body
from openpoet.envs.walker.physics.body import TERRAIN_STEP
from openpoet.envs.walker.track import Track

GROUND_HEIGHT = 400 / 30 / 4  # [m]
Policy = Callable[[np.ndarray], np.ndarray]  # observation [24] -> action [4] float32


def fresh_env(seed: int, hardcore: bool) -> tuple[gymnasium.Env, np.ndarray, Track]:
    """A new environment after its one reset, the observation of that reset, and the track it walks
    on.
    """
    env = gymnasium.make("BipedalWalker-v3", hardcore=hardcore).unwrapped
    observation, _ = env.reset(seed=seed)
    shapes = [
        np.array(body.fixtures[0].shape.vertices, np.float32) for body in reversed(env.terrain)
    ]
    edges = np.array([shape for shape in shapes if len(shape) == 2])
    polygons = np.array([shape for shape in shapes if len(shape) == 4], np.float32).reshape(
        -1, 4, 2
    )
    ground = np.concatenate([edges[:, 0], edges[-1:, 1]])
    return env, observation, Track(ground, polygons, _push(seed, hardcore))


def _push(seed: int, hardcore: bool) -> float:
    """The initial force on the hull, found by repeating the earlier draws of the same generator."""
    env = gymnasium.make("BipedalWalker-v3", hardcore=hardcore).unwrapped
    env.np_random, _ = seeding.np_random(seed)
    env._generate_terrain(hardcore)
    env._generate_clouds()
    return float(env.np_random.uniform(-5, 5))


def random_policy(seed: int) -> Policy:
    rng = np.random.default_rng(seed)
    return lambda observation: rng.uniform(-1, 1, 4).astype(np.float32)


def jerky_policy(seed: int) -> Policy:
    """Full torque that changes occasionally: hard falls, joints at their limits."""
    rng = np.random.default_rng(seed)
    actions = np.repeat(rng.choice([-1.0, 1.0], (200, 4)), 20, axis=0).astype(np.float32)
    steps = iter(actions)
    return lambda observation: next(steps)


def heuristic_policy(seed: int, noise: float = 0.0) -> Policy:
    """The heuristic policy of Gymnasium, with noise on its actions."""
    rng, walker = np.random.default_rng(seed), BipedalWalkerHeuristics()

    def act(observation: np.ndarray) -> np.ndarray:
        return (walker.step_heuristic(observation) + noise * rng.normal(size=4)).astype(np.float32)

    return act


def idle_policy(seed: int) -> Policy:
    return lambda observation: np.zeros(4, np.float32)


def obstacle_track(seed: int) -> Track:
    """Rough ground with stumps, pits and stairs of irregular sizes and positions, from the start
    on.
    """
    rng, n, s = np.random.default_rng(seed), 120, TERRAIN_STEP
    x, y = np.arange(n) * s, np.full(n, GROUND_HEIGHT)
    y[10:] += rng.uniform(0, 0.08) * np.cumsum(rng.normal(size=n - 10))
    polygons, k = [], 10
    while k < 100:
        left, top = x[k] + rng.uniform(-0.3, 0.3), y[k]
        kind = rng.integers(3)
        if kind == 0:
            width, height = rng.uniform(0.1, 1.2), rng.uniform(0.05, 1.2)
            polygons.append(_box(left, top + height, width, height))
        elif kind == 1:
            polygons += [_box(left, top, s, 4 * s), _box(left + 4 * s, top, s, 4 * s)]
            y[k + 1 : k + 5] -= 4 * s
        else:
            rise = rng.choice([-0.5, 0.5]) * s
            polygons += [
                _box(left + step * 4 * s, top + step * rise, 4 * s, s) for step in range(3)
            ]
        k += rng.integers(4, 9)
    ground = np.stack([x, y], axis=1).astype(np.float32)
    return Track(ground, np.array(polygons, np.float32), float(rng.uniform(-5, 5)))


def _box(left: float, top: float, width: float, height: float) -> list[tuple[float, float]]:
    right, bottom = left + width, top - height
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def flat_track(push: float = 2.0) -> Track:
    ground = np.stack([np.arange(200) * TERRAIN_STEP, np.full(200, GROUND_HEIGHT)], axis=1)
    return Track(ground.astype(np.float32), np.zeros((0, 4, 2), np.float32), push)


def drawn_body(seed: int) -> Body:
    """A body with every value drawn: factors 1.5^U(-3, 3) on strengths and densities, lengths and
    widths up to 75 % shorter or longer, motors reversed or dead.
    """
    rng, given = np.random.default_rng(seed), STANDARD

    def factors(size: int) -> np.ndarray:
        return 1.5 ** rng.uniform(-3, 3, size)

    return Body(
        torque=given.torque * factors(4) * (rng.random(4) < 0.9),
        direction=rng.choice([-1, 1], 4),
        speed=given.speed * rng.uniform(0.5, 1.5, 4),
        density=given.density * factors(5),
        gravity=given.gravity * rng.uniform(0.5, 1.5),
        friction=given.friction * factors(1)[0],
        leg_length=given.leg_length * rng.uniform(0.25, 1.75, 4),
        leg_width=given.leg_width * rng.uniform(0.25, 1.75, 4),
    )


def bodies(count: int) -> list[Body]:
    """Every second one drawn, the others standard."""
    return [drawn_body(number) if number % 2 else STANDARD for number in range(count)]


@dataclass(frozen=True)
class Comparison:
    steps: int  # compared
    differing: int  # steps in which some float32 differs (0 and -0 count as equal)


def compare_with_gymnasium(
    seed: int, hardcore: bool, policy: Policy, limit: int = 1600
) -> tuple[Comparison, WalkerBatch]:
    """One episode side by side; stops at the first difference."""
    env, observation, track = fresh_env(seed, hardcore)
    batch = WalkerBatch([track], threads=1)
    differing = int(not np.array_equal(batch.reset()[0], observation))
    steps = 0
    while not differing and steps < limit:
        action = policy(observation)
        observation, reward, terminated, _, _ = env.step(action)
        ours, rewards, ends = batch.step(action[None])
        steps += 1
        same = (
            np.array_equal(ours[0], observation) and rewards[0] == reward and ends[0] == terminated
        )
        differing += not same
        if terminated:
            break
    return Comparison(steps, differing), batch

"""Hidden draws of a walker's trial from a distribution (body_genes.py): the same for all episodes
of the trial, and for equal seeds.

Every gene has a stream of random numbers of its own, named after it: a further gene does not change
the draws of the others. With draws = "train" or "held-out" a gene that varies is drawn from one of
two disjoint sets:

| gene | train | held-out |
|---|---|---|
| centre and spread | u in [-0.8, 0.8] | 0.8 < abs(u) <= 1 |
| whole numbers | all but the two ends | the two ends |
| reversed joints | all other patterns | four patterns with two reversed joints |
| dead joint | none, hip 0, knee 0, hip 1 | knee 1 |
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .body import JOINT_NAMES, STANDARD, Body
from .body_genes import RANGES, BodyGenes, Gene, Reward

INNER = 0.8  # share of a spread that is drawn in training
JOINTS, PARTS, LEGS = 4, 5, 4
# Reversed joints as bits, hip 0 first; each joint is reversed in two of the four.
HELD_OUT_PATTERNS = (0b0101, 0b0110, 0b1001, 0b1010)
HELD_OUT_JOINT = 3


@dataclass(frozen=True)
class Hidden:
    """What is hidden in a trial besides the body.

    delay: steps from an action to its effect. noise: standard deviation of the observations' noise.
    target_speed: v* [m/s]. fastest: the largest v* that the genes draw [m/s].
    """

    delay: int = 0
    noise: float = 0.0
    target_speed: float = 0.0
    fastest: float = 0.0
    reward: Reward = "progress"


@dataclass(frozen=True)
class Draw:
    """The hidden draw of a trial."""

    body: Body = STANDARD
    hidden: Hidden = Hidden()


NOTHING = Draw()


@lru_cache(maxsize=4096)
def draw(genes: BodyGenes | None, seed: int) -> Draw:
    """The hidden draw of the trial with this seed; None: nothing is hidden."""
    if genes is None or genes.standard:
        return NOTHING
    dead, signs = _dead(genes, seed), _signs(genes, seed)
    strength = _values(genes, "strength", seed, JOINTS)
    if dead is not None:
        strength[dead] = 0.0
    fields: dict[str, Any] = {
        "torque": _times(STANDARD.torque, strength),
        "direction": signs,
        "speed": _times(STANDARD.speed, _values(genes, "speed", seed, JOINTS)),
        "density": _times(STANDARD.density, _values(genes, "mass", seed, PARTS)),
        "gravity": STANDARD.gravity * _values(genes, "gravity", seed, 1)[0],
        "friction": STANDARD.friction * _values(genes, "friction", seed, 1)[0],
        "leg_length": _times(STANDARD.leg_length, _values(genes, "leg_length", seed, LEGS)),
        "leg_width": _times(STANDARD.leg_width, _values(genes, "leg_width", seed, LEGS)),
    }
    hidden = Hidden(
        round(_values(genes, "delay", seed, 1)[0]),
        _values(genes, "noise", seed, 1)[0],
        _values(genes, "target_speed", seed, 1)[0],
        RANGES["target_speed"].ends(genes.target_speed)[1],
        genes.reward,
    )
    return Draw(Body(**fields), hidden)


def _times(standard: Sequence[float], factors: Sequence[float]) -> tuple[float, ...]:
    return tuple(value * factor for value, factor in zip(standard, factors, strict=True))


def _uniform(name: str, seed: int, size: int) -> np.ndarray:
    """Numbers in [0, 1) of the gene's stream."""
    return np.random.default_rng((seed, zlib.crc32(f"body/{name}".encode()))).random(size)


def _values(genes: BodyGenes, name: str, seed: int, size: int) -> list[float]:
    gene, allowed = getattr(genes, name), RANGES[name]
    centre, spread = gene
    if spread == 0:
        return [centre] * size
    chances = _uniform(name, seed, size)
    if allowed.whole:
        choices = _whole_numbers(gene, genes.draws)
        return [float(choices[int(chance * len(choices))]) for chance in chances]
    places = [_place(float(chance), genes.draws) for chance in chances]
    if allowed.log:
        return [centre * math.exp(u * spread) for u in places]
    return [centre + u * spread for u in places]


def _place(chance: float, draws: str) -> float:
    """u in [-1, 1] of a number in [0, 1)."""
    u = 2 * chance - 1
    if draws == "train":
        return INNER * u
    if draws == "held-out":
        # the sign comes from the half, the distance from the place in it: never INNER itself
        distance = 1 - (1 - INNER) * (2 * chance % 1)
        return math.copysign(distance, u)
    return u


def _whole_numbers(gene: Gene, draws: str) -> list[int]:
    centre, spread = map(int, gene)
    choices = list(range(centre - spread, centre + spread + 1))
    if draws == "train":
        return choices[1:-1]
    return [choices[0], choices[-1]] if draws == "held-out" else choices


def _signs(genes: BodyGenes, seed: int) -> tuple[int, ...]:
    """Direction of each joint's motor."""
    chance = genes.reversed
    if chance in (0.0, 1.0):
        return (1 if chance == 0 else -1,) * JOINTS
    patterns = np.arange(2**JOINTS)
    flipped = patterns[:, None] >> np.arange(JOINTS) & 1  # [patterns, joints]
    weights = np.where(flipped, chance, 1 - chance).prod(1)
    if genes.draws != "all":
        held_out = np.isin(patterns, HELD_OUT_PATTERNS)
        weights = np.where(held_out == (genes.draws == "held-out"), weights, 0.0)
    sums = weights.cumsum()
    drawn = int(np.searchsorted(sums, _uniform("reversed", seed, 1)[0] * sums[-1], side="right"))
    return tuple(-1 if bit else 1 for bit in flipped[drawn])


def _dead(genes: BodyGenes, seed: int) -> int | None:
    """The joint without a motor, or None."""
    if genes.dead == 0:
        return None
    if genes.draws == "held-out":
        return HELD_OUT_JOINT
    one, which = _uniform("dead", seed, 2)
    candidates = HELD_OUT_JOINT if genes.draws == "train" else JOINTS
    return int(which * candidates) if one < genes.dead else None


REVEALED = 4 * JOINTS - 4 + PARTS + 2 + 2 * LEGS + 3  # numbers of `revealed`


def revealed(drawn: Draw) -> np.ndarray:
    """The draw as numbers around 0 for a network, [REVEALED] float32.

    In order: directions [4]; factors of the torques minus 1 [4]; log2 of the factors of speeds [4],
    densities [5], leg lengths [4], leg widths [4], gravity and friction; delay, noise and target
    speed as fractions of their largest.
    """
    body, hidden = drawn.body, drawn.hidden
    torque = [t / s - 1 for t, s in zip(body.torque, STANDARD.torque, strict=True)]
    factors = [
        math.log2(one / other)
        for name in ("speed", "density", "leg_length", "leg_width")
        for one, other in zip(getattr(body, name), getattr(STANDARD, name), strict=True)
    ]
    factors += [math.log2(body.gravity / STANDARD.gravity)]
    factors += [math.log2(body.friction / STANDARD.friction)]
    rest = [
        number / RANGES[name].high
        for name, number in (
            ("delay", hidden.delay),
            ("noise", hidden.noise),
            ("target_speed", hidden.target_speed),
        )
    ]
    return np.array([*body.direction, *torque, *factors, *rest], np.float32)


def title(drawn: Draw) -> str:
    """The draw in words, such as "hip 0 reversed, knee 1 dead, gravity x1.2"; empty if nothing is
    hidden.
    """
    body, hidden = drawn.body, drawn.hidden
    turned = [name for name, d in zip(JOINT_NAMES, body.direction, strict=True) if d < 0]
    dead = [name for name, torque in zip(JOINT_NAMES, body.torque, strict=True) if torque == 0]
    parts = [f"{' and '.join(turned)} reversed"] if turned else []
    parts += [f"{name} dead" for name in dead]
    for name in ("torque", "speed", "density", "leg_length", "leg_width"):
        pairs = zip(getattr(body, name), getattr(STANDARD, name), strict=True)
        factors = [one / other for one, other in pairs if one]
        if any(abs(factor - 1) > 1e-9 for factor in factors):
            words = name.replace("_", " ")
            parts.append(f"{words} x" + "/".join(f"{factor:.2g}" for factor in factors))
    for name in ("gravity", "friction"):
        if (factor := getattr(body, name) / getattr(STANDARD, name)) != 1:
            parts.append(f"{name} x{factor:.2g}")
    parts += [f"delay {hidden.delay} steps"] if hidden.delay else []
    parts += [f"noise {hidden.noise:.2g}"] if hidden.noise else []
    if hidden.reward != "progress":
        parts.append(f"target speed {hidden.target_speed:.2g} m/s")
    return ", ".join(parts)

"""A distribution over what is hidden in a trial of the walker: its body, and how actions,
observations and rewards differ from Gymnasium's.

A gene is a centre and a spread, or a probability; body_draw.py draws from it once per trial,
body_mutation.py mutates it. Sources of the named distributions: a dead joint as in "Learning to
adapt" (arXiv 1803.11347), factors of the dynamics as in PEARL (arXiv 1903.08254), leg sizes of Ha
2018 (arXiv 1810.03779), a hidden target speed as in MAML (arXiv 1703.03400).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

Gene = tuple[float, float]  # centre and spread
Reward = Literal["progress", "added", "instead"]
Split = Literal["all", "train", "held-out"]
GeneName = Literal[
    "reversed", "dead", "strength", "speed", "mass", "gravity", "friction", "leg_length",
    "leg_width", "delay", "noise", "target_speed",
]  # fmt: skip


@dataclass(frozen=True)
class Range:
    """Values that a gene may draw, [low, high], and the step of a mutation of centre or spread.

    log: values are centre * exp(u * spread) with u uniform in [-1, 1]; otherwise centre + u *
    spread. whole: values, centre and spread are whole numbers.
    """

    low: float
    high: float
    step: float
    log: bool = False
    whole: bool = False

    def ends(self, gene: Gene) -> tuple[float, float]:
        """The smallest and the largest value that the gene draws."""
        centre, spread = gene
        if self.log:
            return centre * math.exp(-spread), centre * math.exp(spread)
        return centre - spread, centre + spread

    def contains(self, gene: Gene) -> bool:
        """Whether every value that the gene draws is in the range."""
        low, high = self.ends(gene)
        slack = 1e-9 * self.high
        whole = not self.whole or all(float(number).is_integer() for number in gene)
        return gene[1] >= 0 and self.low - slack <= low and high <= self.high + slack and whole

    @property
    def widest(self) -> float:
        """The largest spread."""
        return math.log(self.high / self.low) / 2 if self.log else (self.high - self.low) / 2


RANGES: Mapping[str, Range] = {
    "strength": Range(0.1, 3.5, 0.1, log=True),
    "speed": Range(0.3, 3.0, 0.1, log=True),
    "mass": Range(0.3, 3.4, 0.1, log=True),
    "gravity": Range(0.3, 3.0, 0.1, log=True),
    "friction": Range(0.1, 3.4, 0.1, log=True),
    "leg_length": Range(0.25, 1.75, 0.05),
    "leg_width": Range(0.25, 1.75, 0.05),
    "delay": Range(0.0, 10.0, 1.0, whole=True),
    "noise": Range(0.0, 0.5, 0.02),
    "target_speed": Range(0.0, 8.0, 0.5),
}
PROBABILITIES = ("reversed", "dead")


@dataclass(frozen=True)
class BodyGenes:
    """A distribution over hidden draws; the default always draws Gymnasium's walker.

    reversed: probability of each joint that its motor turns the other way.
    dead: probability that one joint, any of the four, has no motor.
    strength, speed: factors of the motors' torque and speed, drawn for each joint.
    mass: factor of the density, drawn for each of the five parts.
    gravity, friction: factors.
    leg_length, leg_width: factors, drawn for each of the four parts of the legs.
    delay: steps from an action to its effect.
    noise: standard deviation of the noise added to every observation.
    target_speed: v* [m/s] of the hull.
    reward: "progress": Gymnasium's, v* has no effect. "added": Gymnasium's minus |v - v*|.
    "instead": minus |v - v*| instead of progress; see hidden.py.
    draws: "train": values from the inner part of each gene's range. "held-out": from the rest; if a
    gene varies, no draw of one is a draw of the other. "all": from both.
    """

    reversed: float = 0.0
    dead: float = 0.0
    strength: Gene = (1.0, 0.0)
    speed: Gene = (1.0, 0.0)
    mass: Gene = (1.0, 0.0)
    gravity: Gene = (1.0, 0.0)
    friction: Gene = (1.0, 0.0)
    leg_length: Gene = (1.0, 0.0)
    leg_width: Gene = (1.0, 0.0)
    delay: Gene = (0.0, 0.0)
    noise: Gene = (0.0, 0.0)
    target_speed: Gene = (0.0, 0.0)
    reward: Reward = "progress"
    draws: Split = "all"

    def __post_init__(self) -> None:
        for name in PROBABILITIES:
            object.__setattr__(self, name, _probability(name, getattr(self, name)))
        for name, allowed in RANGES.items():
            object.__setattr__(self, name, _gene(name, getattr(self, name), allowed))
        for name, options in (("reward", get_args(Reward)), ("draws", get_args(Split))):
            if getattr(self, name) not in options:
                raise ValueError(
                    f"body: {name} must be one of {', '.join(options)}, "
                    f"got {repr(getattr(self, name))[:40]}"
                )

    @property
    def standard(self) -> bool:
        """Whether all genes have their defaults, so that every draw is Gymnasium's walker."""
        return all(getattr(self, f.name) == f.default for f in fields(self) if f.name != "draws")

    @property
    def perturbs(self) -> bool:
        """Whether more is hidden than the body: a delay, noise or a target speed."""
        return self.reward != "progress" or any(self.delay + self.noise)


def _probability(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ValueError(f"body: {name} must be a probability in [0, 1], got {repr(value)[:40]}")
    return float(value) + 0.0  # -0.0 becomes 0.0: equal genes must have equal JSON


def _gene(name: str, value: Any, allowed: Range) -> Gene:
    pair = isinstance(value, tuple | list) and len(value) == 2
    numbers = pair and all(
        type(number) in (int, float) and abs(number) <= allowed.high for number in value
    )
    gene = (float(value[0]) + 0.0, float(value[1]) + 0.0) if numbers else None
    if gene is None or not allowed.contains(gene):
        kind = "whole numbers" if allowed.whole else "numbers"
        raise ValueError(
            f"body: {name} must be two {kind}, centre and spread, whose values lie in "
            f"[{allowed.low:g}, {allowed.high:g}], got {repr(value)[:40]}"
        )
    return gene


DEFAULTS: Mapping[str, Gene] = {name: getattr(BodyGenes(), name) for name in RANGES}

_FACTORS = (1.0, round(math.log(1.5), 3))
NAMED: Mapping[str, BodyGenes] = {
    "reversed": BodyGenes(reversed=0.5),
    "crippled": BodyGenes(dead=1.0),
    # Differs: the papers' factors are 1.5^U(-3, 3), and include inertia and damping. Here they are
    # 1.5^U(-1, 1), a range in which PPO learns to walk if the draw is revealed.
    "params": BodyGenes(strength=_FACTORS, mass=_FACTORS, gravity=_FACTORS, friction=_FACTORS),
    "legs": BodyGenes(leg_length=(1.0, 0.75), leg_width=(1.0, 0.75)),
    "speed": BodyGenes(target_speed=(2.0, 2.0), reward="instead"),
}


def named(name: str, share: float) -> BodyGenes:
    """A named distribution whose spreads and probabilities are multiplied by `share`."""
    genes = NAMED[name]
    changes: dict[str, Any] = {
        field: round(share * getattr(genes, field), 3) for field in PROBABILITIES
    }
    for field in RANGES:
        centre, spread = getattr(genes, field)
        changes[field] = centre, round(share * spread, 3)
    return replace(genes, **changes)


def encode(genes: BodyGenes) -> dict[str, Any]:
    """JSON of all genes."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(genes).items()
    }


def decode(data: Any) -> BodyGenes:
    """The genes of their JSON. ValueError, one line, if one is missing, unknown or out of range."""
    names = [f.name for f in fields(BodyGenes)]
    if not isinstance(data, Mapping) or set(data) != set(names):
        raise ValueError(f"a body has the fields {', '.join(names)}, got {repr(data)[:80]}")
    return BodyGenes(**data)


def describe(genes: BodyGenes) -> list[float]:
    """Probabilities, and centre (from the default) and spread of every other gene; a mutation's
    step counts 0.4, as that of a gap.
    """
    numbers = [4 * genes.reversed, 4 * genes.dead]
    for name, allowed in RANGES.items():
        centre, spread = getattr(genes, name)
        unit = 0.4 / allowed.step
        numbers += [unit * (centre - DEFAULTS[name][0]), unit * spread]
    return numbers


def title(genes: BodyGenes) -> str:
    """A description such as "joints reversed 50 %, gravity 0.67-1.5, held-out draws"."""
    words = {"reversed": "joints reversed", "dead": "a dead joint"}
    parts = [f"{words[name]} {getattr(genes, name):.0%}" for name in words if getattr(genes, name)]
    for name, allowed in RANGES.items():
        gene = getattr(genes, name)
        if gene != DEFAULTS[name] and (name != "target_speed" or genes.reward != "progress"):
            low, high = allowed.ends(gene)
            span = f"{low:.3g}" if low == high else f"{low:.3g}-{high:.3g}"
            parts.append(f"{name.replace('_', ' ')} {span}")
    return ", ".join(parts + (["held-out draws"] if genes.draws == "held-out" else []))

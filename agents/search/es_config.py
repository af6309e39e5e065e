"""Settings of the ES learner, read from the TOML section [es].

The defaults are those of the original POET (Wang et al. 2019, arXiv 1901.01753).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from ..rollouts.networks import Activation

Shaping = Literal["ranks", "z-score"]
SearcherName = Literal["openai-es", "pgpe", "snes", "xnes", "cem"]
_CHOICES = {
    "searcher": ("openai-es", "pgpe", "snes", "xnes", "cem"),
    "activation": ("tanh", "relu"),
    "shaping": ("ranks", "z-score"),
}
_AT_LEAST_ONE = ("population", "episodes", "evaluation_episodes", "max_rows", "threads")
_OPTIONAL = ("max_rows", "threads")  # None: chosen by the machine
_POSITIVE = ("lr", "sigma")
_NOT_NEGATIVE = ("init_std", "lr_floor", "sigma_floor", "weight_decay")
_DECAYS = ("lr_decay", "sigma_decay")


@dataclass(frozen=True)
class ESConfig:
    searcher: SearcherName = "openai-es"
    population: int = 512  # members per step; even, since they come in antithetic pairs
    hidden: tuple[int, ...] = (40, 40)
    activation: Activation = "tanh"
    memory: int = 0  # units of a GRU before the hidden layers; 0: no GRU, as in POET
    init_std: float = 0.1  # theta ~ N(0, init_std^2)
    lr: float = 0.01  # openai-es and pgpe; the other searchers use the rates of their papers
    lr_decay: float = 0.9999  # factor per step; openai-es
    lr_floor: float = 0.001  # openai-es
    sigma: float = 0.1  # initial standard deviation of the members' parameters about theta
    sigma_decay: float = 0.999  # factor per step; openai-es (the other searchers adapt sigma)
    sigma_floor: float = 0.01  # every searcher but xnes
    weight_decay: float = 0.01  # openai-es
    shaping: Shaping = "ranks"  # openai-es and pgpe; "ranks" or "z-score"
    episodes: int = 1  # per member; always 1 in a deterministic family
    evaluation_episodes: int = 5  # per score; always 1 in a deterministic family
    device: str = "cpu"
    # episodes simulated in one batch; None: 4,096 on the CPU, 65,536 on a GPU
    max_rows: int | None = None
    threads: int | None = None  # CPU threads of the policy; None: 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", _sizes(self.hidden))
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))
        if self.population % 2:
            raise ValueError(f"population must be even (antithetic pairs), got {self.population}")
        for name in ("lr", "sigma"):
            if getattr(self, f"{name}_floor") > getattr(self, name):
                raise ValueError(f"{name}_floor must not be above {name}, got {self!r}")


def _sizes(value: Any) -> tuple[int, ...]:
    """Sizes of the hidden layers from a TOML list; an empty list gives a linear policy."""
    whole = isinstance(value, list | tuple) and all(
        type(size) is int and size > 0 for size in value
    )
    if not whole:
        raise ValueError(f"hidden must be a list of positive whole numbers, got {value!r}")
    return tuple(value)


def _checked(name: str, value: Any) -> Any:
    """The value, converted to its field's type.

    Raises:
        ValueError: if the value is out of range; the message names the field.
    """
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(_CHOICES[name])}; got {value!r}")
    elif name in _AT_LEAST_ONE:
        if not (value is None and name in _OPTIONAL) and (type(value) is not int or value < 1):
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    elif name == "memory":
        if type(value) is not int or value < 0:
            raise ValueError(f"memory must be a whole number of 0 or more, got {value!r}")
    elif name in _POSITIVE + _NOT_NEGATIVE + _DECAYS:
        return _number(name, value)
    elif name == "device" and not (
        value == "cpu" or (isinstance(value, str) and value.split(":")[0] == "cuda")
    ):
        raise ValueError(f'device must be "cpu", "cuda" or "cuda:<number>", got {value!r}')
    return value


def _number(name: str, value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{name} must be a number, got {value!r}")
    low, high = 0.0, 1.0 if name in _DECAYS else float("inf")
    if (
        not low <= value <= high
        or value == float("inf")
        or (value == 0 and name not in _NOT_NEGATIVE)
    ):
        wanted = (
            "in (0, 1]" if name in _DECAYS else "0 or more" if name in _NOT_NEGATIVE else "above 0"
        )
        raise ValueError(f"{name} must be {wanted} and finite, got {value!r}")
    return float(value)

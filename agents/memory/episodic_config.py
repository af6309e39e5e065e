"""Settings of episodic control. Filled from a TOML section.

Sources: MFEC's authors and re-implementations (arXiv 1606.04460): 11 neighbours, 64 numbers a key,
epsilon down to .005; NEC's (arXiv 1703.01988): 50 neighbours, delta .001, fast rate .1, 100 steps,
4 steps acted for one learned.
Sizes for minutes on a CPU: memories there hold a million entries, or half of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..parts.finite import check_finite

Table = Literal["agent", "trial"]


@dataclass(frozen=True)
class ControlConfig:
    # whose the memories are: kept from trial to trial and moved with the agent, or begun anew
    table: Table = "agent"
    capacity: int = 1000  # entries of an action
    key: int = 16  # numbers
    neighbours: int = 11
    same: float = 1e-6  # squared distance of keys up to which they are one
    gamma: float = 0.99
    epsilon: float = 0.1  # share of actions that are any
    episodes: int | None = None  # of a trial; None: the family's
    test_trials: int = 16  # of an evaluation
    test_episodes: int = 1  # at the end of each trial: what is scored
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        if self.table not in ("agent", "trial"):
            raise ValueError(f"table must be 'agent' or 'trial', got {self.table!r}")
        for name in ("capacity", "key", "neighbours", "episodes", "test_trials", "test_episodes"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {value}")
        for name in ("gamma", "epsilon"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if not self.same >= 0:
            raise ValueError(f"same must not be below 0, got {self.same}")


@dataclass(frozen=True)
class MFECConfig(ControlConfig):
    pass


@dataclass(frozen=True)
class NECConfig(ControlConfig):
    neighbours: int = 50
    delta: float = 1e-3  # of the kernel 1 / (squared distance + delta)
    fast: float = 0.1  # share of the way that a value met again goes to the new one
    steps: int = 100  # of rewards before what the memories say
    hidden: tuple[int, ...] = (32,)
    key_scale: float = 10.0  # of a newborn encoder's last layer
    lr: float = 1e-3  # Adam's, of the encoder
    memory_lr: float = 0.1  # of the keys and values that were retrieved; 0: they are only written
    batch: int = 32
    every: int = 4  # steps acted for each gradient step
    replay: int = 4096  # steps

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("steps", "batch", "every", "replay"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        for name in ("delta", "key_scale", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.fast <= 1 or not self.memory_lr >= 0:
            raise ValueError("fast must be from 0 to 1, and memory_lr not below 0")

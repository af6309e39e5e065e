"""Settings of episodic control, read from a TOML section.

Sources: MFEC (arXiv 1606.04460) and re-implementations: 11 neighbours, keys of 64 numbers, epsilon
down to .005; NEC (arXiv 1703.01988): 50 neighbours, delta .001, tabular learning rate .1, N = 100,
one gradient step for every 4 environment steps.
Sizes are chosen for runs of minutes on a CPU; the papers' memories hold up to a million entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..parts.finite import check_finite

Table = Literal["agent", "trial"]


@dataclass(frozen=True)
class ControlConfig:
    # "agent": the memories are kept from trial to trial and transferred with the agent; "trial":
    # they are empty at the start of each trial
    table: Table = "agent"
    capacity: int = 1000  # entries per action
    key: int = 16  # dimensions of a key
    neighbours: int = 11
    same: float = 1e-6  # squared distance up to which two keys are considered equal
    gamma: float = 0.99
    epsilon: float = 0.1  # probability of a random action
    episodes: int | None = None  # episodes per trial; None: the family's
    test_trials: int = 16  # trials per evaluation
    test_episodes: int = 1  # the score is the mean return of this many last episodes of a trial
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
    """Settings of MFEC: those shared with NEC."""


@dataclass(frozen=True)
class NECConfig(ControlConfig):
    """Settings of NEC."""

    neighbours: int = 50
    delta: float = 1e-3  # of the kernel 1 / (squared distance + delta)
    fast: float = 0.1  # tabular learning rate: of a stored value towards a new one
    steps: int = 100  # N of the N-step returns
    hidden: tuple[int, ...] = (32,)  # hidden layers of the encoder
    key_scale: float = 10.0  # scale of the encoder's initial last layer
    lr: float = 1e-3  # Adam's, of the encoder
    memory_lr: float = 0.1  # of retrieved keys and values by gradient; 0: they are only written
    batch: int = 32  # transitions per gradient step
    every: int = 4  # environment steps per gradient step
    replay: int = 4096  # transitions in the replay buffer

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

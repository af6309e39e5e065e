"""Settings of the ES learner, read from the TOML section [es].

The defaults are those of the original POET (Wang et al. 2019, arXiv 1901.01753).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from openpoet.settings import (
    MOST_COUNT,
    Count,
    Device,
    Layers,
    NonNegativeFloat,
    PositiveFloat,
    Settings,
    Threads,
    UnitsOrZero,
)

from ..rollouts.networks import Activation

Shaping = Literal["ranks", "z-score"]
SearcherName = Literal["openai-es", "pgpe", "snes", "xnes", "cem"]
Decay = Annotated[float, Interval(gt=0, le=1)]


@dataclass(frozen=True)
class ESConfig(Settings):
    searcher: Annotated[SearcherName, "Evolution strategy."] = "openai-es"
    population: Annotated[
        int,
        Interval(ge=2, le=MOST_COUNT),
        "Members of a step; even, since perturbations are antithetic pairs.",
    ] = 512
    hidden: Annotated[Layers, "Units of each hidden layer of the policy; empty: linear."] = (40, 40)
    activation: Annotated[Activation, "Activation of the hidden layers."] = "tanh"
    memory: Annotated[
        UnitsOrZero, "Units of a GRU before the hidden layers; 0: none, as in POET."
    ] = 0
    init_std: Annotated[NonNegativeFloat, "Standard deviation of the initial parameters."] = 0.1
    lr: Annotated[
        PositiveFloat, "Step size of openai-es and pgpe; the others use their papers'."
    ] = 0.01
    lr_decay: Annotated[Decay, "Factor of lr per step (openai-es)."] = 0.9999
    lr_floor: Annotated[NonNegativeFloat, "Smallest lr (openai-es)."] = 0.001
    sigma: Annotated[
        PositiveFloat,
        "Standard deviation of the perturbations; adapted except by openai-es.",
    ] = 0.1
    sigma_decay: Annotated[Decay, "Factor of sigma per step (openai-es)."] = 0.999
    sigma_floor: Annotated[NonNegativeFloat, "Smallest sigma (not xnes)."] = 0.01
    weight_decay: Annotated[NonNegativeFloat, "Weight decay (openai-es)."] = 0.01
    shaping: Annotated[
        Shaping, "Transform of the returns: centred ranks, or z-scores (openai-es and pgpe)."
    ] = "ranks"
    episodes: Annotated[Count, "Episodes per member of the population."] = 1
    evaluation_episodes: Annotated[Count, "Episodes per score; 1 in a deterministic family."] = 5
    device: Annotated[Device, "Device that runs the policy and the simulator."] = "cpu"
    max_rows: Annotated[
        Count | None, "Episodes simulated side by side; none: 4096 on a CPU, 65536 on a GPU."
    ] = None
    threads: Annotated[
        Threads | None,
        "Threads of the policy on the CPU; none: 1, but in a launched run every processor.",
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.population % 2:
            raise ValueError(f"population must be even (antithetic pairs), got {self.population}")
        for name in ("lr", "sigma"):
            floor, start = getattr(self, f"{name}_floor"), getattr(self, name)
            if floor > start:
                raise ValueError(f"{name}_floor must not be above {name}, got {floor} and {start}")

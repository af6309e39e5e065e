"""The ways to search for better parameters, by name, behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from .openai_es import OpenAIES

if TYPE_CHECKING:
    from poet.streams import Key

    from .es_config import ESConfig

State = Mapping[str, torch.Tensor]


class Searcher(Protocol):
    """A search whose state is named tensors, among them its centre, "theta" [parameters] float32."""

    positive: tuple[str, ...]  # tensors whose every element must be above 0
    not_negative: tuple[str, ...]

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        """A fresh search around theta [parameters] float32."""
        ...

    def ask(self, state: State, key: Key) -> torch.Tensor:
        """Members to be tried, [population, parameters] float32."""
        ...

    def tell(self, state: State, members: torch.Tensor, returns: np.ndarray) -> dict[str, torch.Tensor]:
        """The search after it has learned the members' returns [population] float64."""
        ...


def searcher(config: ESConfig, parameters: int) -> Searcher:
    """The searcher that config.searcher names, for vectors of this many parameters."""
    return OpenAIES(config)

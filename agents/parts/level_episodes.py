"""The whole episodes of a rollout on a list of levels, as curricula score them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class LevelEpisodes(NamedTuple):
    """k episodes (poet.curricula.interfaces.Episodes). Of a policy with memory over several
    episodes they are its whole trials, with the success of the last episode.
    """

    levels: np.ndarray  # [k] int64, place among the levels in the order in which rows took them
    returns: np.ndarray  # [k] float64, sums of the simulator's rewards, means over a trial
    success: np.ndarray  # [k] bool
    # [k] float64: means over the steps of max(A, 0) and of |A|, with A the advantages on the
    # rewards that the learner learns from
    positive_value_losses: np.ndarray
    value_losses: np.ndarray

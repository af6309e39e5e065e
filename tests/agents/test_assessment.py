"""Assessments by hand, of a learner with fixed returns, and of learners of the library."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.agents.assessment import assess, mean
from openpoet.agents.gradient.epg import EPG
from openpoet.agents.gradient.epg_config import EPGConfig
from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.parts.lifetimes import Control
from openpoet.poet.interfaces import Agent, Task
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing


class FixedReturns:
    """Returns 1 in the first episode, then 3; with adaptation off 1, and shuffled 0."""

    def by_episode(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> tuple[np.ndarray, int]:
        last = {"none": 3.0, "off": 1.0, "shuffled": 0.0}[control]
        return np.tile([1.0, last], (num_trials, 1)), 10


def test_assessment_by_hand() -> None:
    found = assess(FixedReturns(), {}, None, Key(0), 5)
    assert [x.value for x in (*found.curve, found.before, found.after, found.gain)] == [
        1,
        3,
        1,
        3,
        2,
    ]
    assert [x.value for x in (found.off, found.shuffled, found.over_off, found.over_shuffled)] == [
        1,
        0,
        2,
        3,
    ]
    assert found.steps == 30
    assert (found.gain.low, found.gain.high) == (2, 2)
    with pytest.raises(ValueError, match="at least 2 trials"):
        assess(FixedReturns(), {}, None, Key(0), 1)


def test_intervals_cover_the_mean_in_95_percent_of_cases() -> None:
    rng = np.random.default_rng(0)
    covered = [(m := mean(rng.normal(size=60), 200)).low <= 0 <= m.high for _ in range(200)]
    assert 0.88 < np.mean(covered) < 0.98


@pytest.mark.parametrize(
    "learner", [RL2(Guessing(), RL2Config(chrono_init=False)), MAESN(Guessing()), EPG(Guessing())]
)
def test_controls_differ_only_after_the_first_episode(
    learner: RL2 | MAESN | EPG,
) -> None:
    key = Key(3)
    scale = {"w_out": 50.0}  # so that the initial network's hidden state changes its actions
    agent = {name: value * scale.get(name, 1.0) for name, value in learner.init(key).items()}
    own, off, shuffled = (
        learner.by_episode(agent, 0.5, key, 64, control)[0]
        for control in ("none", "off", "shuffled")
    )
    for other in (off, shuffled):
        np.testing.assert_array_equal(own[:, 0], other[:, 0])
        assert not np.array_equal(own[:, -1], other[:, -1])
    assert not np.array_equal(off[:, -1], shuffled[:, -1])


@pytest.mark.parametrize(
    "learner", [MAESN(Guessing(), MAESNConfig(rate=2.0)), EPG(Guessing(), EPGConfig())]
)
def test_with_adaptation_off_no_update_changes_the_mean_return(learner: MAESN | EPG) -> None:
    found = assess(learner, learner.init(Key(1)), 0.5, Key(2), 200)
    assert abs(found.off.value - found.before.value) < 0.1

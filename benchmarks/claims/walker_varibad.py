"""VariBAD (arXiv 1910.08348) on walkers whose motors may be reversed.

The task, the gap, the environment steps and the schedule of the learning rate are those of
walker-rl2 (benchmarks/hidden_bodies.py), with which to compare. The decoder predicts the reward and
the change of the observation from (s, a). Controls: the belief reset at every step, and in the
second episode the belief of another trial. Also printed: how well the directions of the four motors
can be read from the belief's mean, by a linear map. Interrupted trainings continue from build/.
"""

from __future__ import annotations

import numpy as np

from benchmarks.claims.claim import Claim, interval
from benchmarks.hidden_bodies import (
    REVERSED,
    UPDATES,
    adapting,
    annealed,
    bounds_of_reversed,
    by_control,
    without_memory,
)
from benchmarks.resumable import Training
from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.envs.walker.body_draw import JOINTS, draw
from openpoet.envs.walker.family import Walker
from openpoet.poet.streams import Key

AFTER, TRIALS = 100, 512  # steps of a trial after which its belief is read


def directions_read(training: Training) -> float:
    """The share of motors whose direction a linear map of the belief's mean gives: fitted by least
    squares to half of the trials, tested on the others.
    """
    learner, agent, key = training.learner, training.agent, training.key.child("belief")
    assert isinstance(learner, VariBAD)
    trials = learner.trials(agent, training.task, key, TRIALS)
    means = learner.belief_means(agent, trials)[AFTER].numpy()
    inputs = np.concatenate([means, np.ones((TRIALS, 1))], 1)
    body = training.task.body
    signs = np.array([draw(body, seed).body.direction for seed in draw_seeds(key, TRIALS)])
    half = TRIALS // 2
    fitted, *_ = np.linalg.lstsq(inputs[:half], signs[:half], rcond=None)
    assert signs.shape == (TRIALS, JOINTS)
    return float((np.sign(inputs[half:] @ fitted) == signs[half:]).mean())


def claims() -> list[Claim]:
    bounds, family = bounds_of_reversed(), Walker(REVERSED)
    config = annealed(VariBADConfig.suggested(family.spec), UPDATES)
    training = adapting(VariBAD(family, config), Key(5), "walker-varibad")
    found = by_control(training, "VariBAD")
    found["without memory"] = without_memory(training)
    print(f"VariBAD, without memory: {interval(found['without memory'])}")
    shares, read = bounds.report(found), directions_read(training)
    return [
        Claim("gap closed in the last episode", shares["last episode"], 0.5),
        Claim("gap closed without memory", shares["without memory"], most=0.1),
        Claim(f"directions of motors read from the belief after {AFTER} steps", read, 0.75),
    ]

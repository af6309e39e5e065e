"""Deep meta-RL on the two-step task: it uses transitions, as no learner does that only repeats what
paid.
"""

from __future__ import annotations

from openpoet.agents.memory.rl2 import Wang
from openpoet.agents.memory.rl2_config import WangConfig
from openpoet.envs.two_step import Steps, TwoStep
from openpoet.poet.streams import Key

from tests.conformance import check_learner


def test_the_laws_of_a_learner() -> None:
    family = TwoStep()
    check_learner(Wang(family, WangConfig(trials=8, hidden=4, test_trials=4)), family)


def test_it_becomes_model_based_and_without_memory_it_is_nothing() -> None:
    learner, root, steps = (
        Wang(TwoStep(), WangConfig(trials=128, lr=1e-2, lr_end=1e-2)),
        Key(1),
        20,
    )
    agent = learner.init(root)
    for step in range(60):
        (agent,), _ = learner.improve([agent], [Steps()], [root.child("step", step)])
    trials = learner.trials(agent, Steps(), root.child("test"), 2048)
    # model-free learning on choices: 0.64; the best of all 0.77
    assert float(trials.returns.mean()) / steps > 0.71
    choices, paid = trials.actions.argmax(2), trials.rewards > 0.5
    common = trials.inputs[1:, :, :2].argmax(2) == choices[:-1]
    stay = (choices[1:] == choices[:-1]).double()
    speaks_for = common == paid[:-1]  # common and rewarded, or neither
    assert float(stay[speaks_for].mean() - stay[~speaks_for].mean()) > 0.2
    blank = learner.trials(agent, Steps(), root.child("test"), 2048, memory="step")
    assert abs(float(blank.returns.mean()) / steps - 0.5) < 0.02

"""Deep meta-RL on the two-step task: it learns model-based behaviour, and needs memory for it."""

from __future__ import annotations

from openpoet.agents.memory.wang import Wang, WangConfig
from openpoet.cli.conformance import check_learner
from openpoet.envs.two_step import Steps, TwoStep
from openpoet.poet.streams import Key


def test_learner_conformance() -> None:
    family = TwoStep()
    check_learner(Wang(family, WangConfig(trials=8, hidden=4, test_trials=4)), family)


def test_it_becomes_model_based_and_needs_memory() -> None:
    learner, root, steps = (
        Wang(TwoStep(), WangConfig(trials=128, lr=1e-2, lr_end=1e-2)),
        Key(1),
        20,
    )
    agent = learner.init(root)
    for step in range(60):
        (agent,), _ = learner.improve([agent], [Steps()], [root.child("step", step)])
    trials = learner.trials(agent, Steps(), root.child("test"), 2048)
    # 0.64 for model-free learning of choices, at most 0.77
    assert float(trials.returns.mean()) / steps > 0.71
    choices, rewarded = trials.actions.argmax(2), trials.rewards > 0.5
    common = trials.inputs[1:, :, :2].argmax(2) == choices[:-1]
    stay = (choices[1:] == choices[:-1]).double()
    consistent = common == rewarded[:-1]  # a common and rewarded transition, or neither
    assert float(stay[consistent].mean() - stay[~consistent].mean()) > 0.2
    blank = learner.trials(agent, Steps(), root.child("test"), 2048, memory="step")
    assert abs(float(blank.returns.mean()) / steps - 0.5) < 0.02

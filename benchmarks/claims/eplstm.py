"""The episodic LSTM (arXiv 1805.09692) on barcode bandits: it recalls the best arm of a context.

Three contexts of four arms (one has a reward probability of .9, the others .1) occur three times
each, for five pulls. Controls: an agent trained equally long without retrieval; the trained agent
with its memory reset after each episode, and with shuffled barcodes.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.claims.claim import Claim, train
from openpoet.agents.memory.episodic_lstm import EpisodicLSTM, EpisodicLSTMConfig
from openpoet.agents.rollouts.trials import Trials
from openpoet.envs.barcode import BarcodeBandits, BarcodeSettings
from openpoet.poet.streams import Key

STEPS, TEST_TRIALS = 200, 4096
CONFIG = EpisodicLSTMConfig(
    trials=192, minibatches=2, epochs=2, gamma=0.8, lam=0.5, lr=5e-3, lr_end=5e-3, entropy=0.03,
    entropy_end=0.0,
    anneal=STEPS,
)  # fmt: skip


def by_occurrence(trials: Trials, settings: BarcodeSettings) -> torch.Tensor:
    """Mean return of an episode by occurrence of its context, [3]."""
    return trials.returns.reshape(-1, settings.occurrences, settings.contexts).mean((0, 2))


def first_pulls(trials: Trials, settings: BarcodeSettings, good: float, bad: float) -> torch.Tensor:
    """Probability that the first pull is the good arm, by occurrence [3], from its rewards."""
    shape = settings.occurrences, settings.contexts, settings.pulls, -1
    return (trials.rewards.reshape(shape)[:, :, 0].mean((1, 2)) - bad) / (good - bad)


def claims() -> list[Claim]:
    settings, key = BarcodeSettings(), Key(1)
    family, wrong = BarcodeBandits(settings), BarcodeBandits(replace(settings, cues="shuffled"))
    task, test = family.origin(), key.child("test")
    learner, without = (EpisodicLSTM(family, replace(CONFIG, reinstate=on)) for on in (True, False))
    agent = train(learner, learner.init(key), task, STEPS, key, "eplstm")
    blind = train(without, without.init(key), task, STEPS, key, "retrieval off")
    trials = learner.trials(agent, task, test, TEST_TRIALS)
    wiped = learner.trials(agent, task, test, TEST_TRIALS, control="off")
    found = {
        "with memory": by_occurrence(trials, settings),
        "retrieval off": by_occurrence(without.trials(blind, task, test, TEST_TRIALS), settings),
        "memory reset after training": by_occurrence(wiped, settings),
        "shuffled": by_occurrence(
            EpisodicLSTM(wrong, CONFIG).trials(agent, task, test, TEST_TRIALS), settings
        ),
    }
    for name, returns in found.items():
        print(f"return by occurrence, {name}: {' / '.join(f'{value:.2f}' for value in returns)}")
    gains = {name: float(returns[2] - returns[0]) for name, returns in found.items()}
    right = first_pulls(trials, settings, task.good, task.bad)
    print(f"chance {family.chance(task):.2f}, with known arms {family.oracle(task):.2f}")
    return [
        Claim("gain from first to third occurrence", gains["with memory"], 0.8),
        Claim(
            "probability of the best arm in the first pull of the second occurrence",
            float(right[1]),
            0.7,
        ),
        Claim("gain, retrieval off", gains["retrieval off"], -0.1, 0.1),
        Claim("gain, memory reset after training", gains["memory reset after training"], most=0.1),
        Claim("gain, shuffled barcodes", gains["shuffled"], most=0.1),
        Claim(
            "return at the third occurrence",
            float(found["with memory"][2]),
            most=family.oracle(task) + 0.05,
        ),
    ]

"""The episodic LSTM: cell and memory by hand, acting equals training, use of contexts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.memory.episodic_lstm import EpisodicLSTM, EpisodicLSTMConfig, Reinstated
from openpoet.agents.parts.recurrent import Recurrent
from openpoet.cli.conformance import check_learner
from openpoet.envs.bandits import Bandits
from openpoet.envs.barcode import BarcodeArms, BarcodeBandits, BarcodeSettings
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = EpisodicLSTMConfig(hidden=8, trials=16, test_trials=8, epochs=1)
TINY = BarcodeSettings(arms=2, contexts=2, occurrences=2, pulls=2, bits=4)
A, B, NEAR_A = torch.tensor([[1.0, 1.0]]), torch.tensor([[-1.0, 1.0]]), torch.tensor([[1.0, 0.8]])


def fed(
    network: Reinstated, contexts: list[torch.Tensor], steps: int = 3
) -> list[tuple[torch.Tensor, ...]]:
    """The states after each step of one episode per context, with random inputs."""
    rng = np.random.default_rng(0)
    weights, state, states = network.init(rng), network.start(1), []
    for context in contexts:
        for t in range(steps):
            given = torch.from_numpy(rng.normal(size=(1, network.inputs))).float()
            x = torch.cat([given, torch.tensor([[float(t == 0)]]), context], 1)
            states.append(state := network.step(weights, x, state)[1])
    return states


def test_the_cell_is_an_lstm_with_a_reinstatement_gate() -> None:
    rng = np.random.default_rng(1)
    network = Recurrent(3, 5, 2, "eplstm")
    p, x = network.init(rng), torch.from_numpy(rng.normal(size=(4, 3))).float()
    h, c, old = (torch.from_numpy(rng.normal(size=(4, 5))).float() for _ in range(3))
    outputs, (h2, c2, kept) = network.step(p, x, (h, c, old))
    i, f, new, o, r = (x @ p["w_in"].T + p["b_in"] + h @ p["w_hidden"].T + p["b_hidden"]).split(
        5, 1
    )
    by_hand = i.sigmoid() * new.tanh() + f.sigmoid() * c + r.sigmoid() * old
    torch.testing.assert_close(c2, by_hand)
    torch.testing.assert_close(h2, o.sigmoid() * by_hand.tanh())
    assert torch.equal(kept, old)
    plain = {name: p[name][:20] if name not in ("w_out", "b_out") else p[name] for name in p}
    lstm = Recurrent(3, 5, 2, "lstm").step(plain, x, (h, c))[0]
    # with nothing to reinstate
    torch.testing.assert_close(network.step(p, x, (h, c, torch.zeros(4, 5)))[0], lstm)
    assert not torch.allclose(outputs, lstm)


@pytest.mark.parametrize("squash", [True, False])
def test_the_cell_state_of_the_same_context_is_retrieved(squash: bool) -> None:
    network = Reinstated(3, 5, 2, "eplstm", context=2, capacity=4, squash=squash)
    states = fed(network, [A, B, A, B])
    ends = [state[1] for state in states[2::3]]  # cells at the ends of the four episodes
    retrieved = [state[2] for state in states[::3]]  # at the starts of the four episodes
    assert float(retrieved[0].abs().sum()) == 0
    shape = torch.tanh if squash else torch.clone
    torch.testing.assert_close(retrieved[1], shape(ends[0]))  # the only entry so far
    torch.testing.assert_close(retrieved[2], shape(ends[0]))
    torch.testing.assert_close(retrieved[3], shape(ends[1]))
    torch.testing.assert_close(states[7][2], retrieved[2])  # constant within the episode
    off = fed(replace(network, reinstate=False), [A, B, A])
    assert all(float(state[2].abs().sum()) == 0 for state in off)
    alone = fed(replace(network, reinstate=False), [A])
    assert [state[1].tolist() for state in off[:3]] == [state[1].tolist() for state in alone]


def test_the_latest_cell_state_of_a_context_is_stored() -> None:
    states = fed(Reinstated(3, 5, 2, "eplstm", 2, 4), [A, B, A, NEAR_A])
    torch.testing.assert_close(states[9][2], states[8][1])
    full = fed(Reinstated(3, 5, 2, "eplstm", 2, 1), [A, B, A])
    torch.testing.assert_close(full[6][2], full[5][1])  # capacity of one: B replaced A


def test_cosine_distance_ignores_the_length_of_contexts() -> None:
    contexts = [5 * A, B, 0.1 * A]
    network = Reinstated(3, 5, 2, "eplstm", 2, 4)
    by_angle, by_distance = fed(replace(network, cosine=True), contexts), fed(network, contexts)
    torch.testing.assert_close(by_angle[6][2], by_angle[2][1])
    torch.testing.assert_close(by_distance[6][2], by_distance[5][1])


@pytest.mark.parametrize("family", [BarcodeBandits(TINY), Guessing()])
def test_training_outputs_equal_acting_outputs(family: BarcodeBandits | Guessing) -> None:
    """A pass over whole trials, with reads and writes of the memory, gives the same outputs."""
    learner = EpisodicLSTM(family, SMALL)
    agent = learner.init(Key(0))
    trials = learner.trials(agent, family.origin(), Key(1), 16)
    policy, value = learner.outputs(agent, trials.inputs)
    torch.testing.assert_close(torch.cat([policy, value[..., None]], -1), trials.outputs)
    blind = EpisodicLSTM(family, replace(SMALL, reinstate=False)).outputs(agent, trials.inputs)[0]
    start = family.spec.horizon
    torch.testing.assert_close(blind[:start], policy[:start])
    assert not torch.allclose(blind[start:], policy[start:])


@pytest.mark.parametrize("family", [BarcodeBandits(TINY), Guessing()])
def test_learner_conformance(family: BarcodeBandits | Guessing) -> None:
    check_learner(EpisodicLSTM(family, SMALL), family)


def test_it_learns_to_use_memory_across_episodes() -> None:
    """Two deterministic arms, two pulls: at most 1.5 with a new context and 2 with a known one."""
    family, root = BarcodeBandits(TINY), Key(5)
    task = BarcodeArms(1.0, 0.0)
    learner = EpisodicLSTM(
        family,
        EpisodicLSTMConfig(
            hidden=16,
            trials=128,
            epochs=3,
            minibatches=4,
            lam=0.3,
            lr=1e-2,
            lr_end=1e-2,
            entropy=0.02,
            entropy_end=0.02,
        ),
    )
    agent = learner.init(root)
    for step in range(25):
        (agent,), _ = learner.improve([agent], [task], [root.child("step", step)])
    returns = learner.trials(agent, task, root.child("test"), 512).returns
    assert float(returns[:, 2:].mean()) > 1.8
    assert float(returns[:, :2].mean()) < 1.6
    off = learner.trials(agent, task, root.child("test"), 512, control="off").returns
    assert float(off.mean()) < 1.6


def test_invalid_arguments_are_one_line_errors() -> None:
    with pytest.raises(ValueError, match="has no observations"):
        EpisodicLSTM(Bandits())
    with pytest.raises(ValueError, match="cell must be 'lstm'"):
        EpisodicLSTMConfig(cell="gru")
    with pytest.raises(ValueError, match="capacity must be from 1 to 1000000, got 0"):
        EpisodicLSTMConfig(capacity=0)

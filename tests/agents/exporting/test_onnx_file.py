"""ONNX Runtime takes the actions of the policy, over episodes that end at different steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.agents.exporting.onnx_file import write_onnx
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.streams import Key
from openpoet.policies import policy_of

FAMILY = Navigation(NavigationSettings(horizon=7))
KEY = Key(5, ("test",))
STEPS, ROWS = 12, 3
SMALL: dict[str, Any] = {"num_envs": 4, "num_steps": 16, "bptt": 16, "minibatches": 1, "epochs": 1}
LEARNERS = {
    "es": lambda: ES(FAMILY, ESConfig(hidden=(6,), activation="relu")),
    "es with memory": lambda: ES(FAMILY, ESConfig(hidden=(6,), memory=5)),
    **{
        f"ppo {cell}": lambda cell=cell: PPO(
            FAMILY, PPOConfig(cell=cell, normalise_observations=True, **SMALL)
        )
        for cell in ("none", "gru", "lstm")
    },
    "varibad": lambda: VariBAD(FAMILY, VariBADConfig(hidden=8, trials=4, test_trials=2)),
    "rl2": lambda: RL2(FAMILY, RL2Config(hidden=8, trials=4, test_trials=2)),
    "rl2 with heads": lambda: RL2(FAMILY, RL2Config(hidden=8, heads=(6,), trials=4, test_trials=2)),
    "rl2 with visible rewards": lambda: RL2(
        FAMILY,
        RL2Config(hidden=8, reward_gain=10.0, normalise_rewards=True, trials=4, test_trials=2),
    ),
    "rl2 with returns as inputs": lambda: RL2(
        FAMILY, RL2Config(hidden=8, reward_input="episode", trials=4, test_trials=2)
    ),
}


def trained(learner: Any) -> Any:
    """An agent after a step, so that its statistics of observations are not those of none."""
    return learner.improve([learner.init(KEY)], [FAMILY.origin()], [KEY])[0][0]


def run(path: Path, learner: Any, agent: Any) -> tuple[np.ndarray, np.ndarray]:
    """Actions [t, n, a] of ONNX Runtime and of the policy on the same observations."""
    session = onnxruntime.InferenceSession(path)
    names = [given.name for given in session.get_inputs()]
    state = {
        given.name: np.zeros([ROWS, *given.shape[1:]], np.float32)
        for given in session.get_inputs()
        if given.name not in ("observations", "begins", "rewards")
    }
    policy = policy_of(learner, "test", agent, KEY, greedy=True)
    rng, found, wanted = np.random.default_rng(1), [], []
    begins, rewards = np.ones(ROWS, bool), np.zeros(ROWS, np.float32)
    for t in range(STEPS):
        seen = rng.standard_normal((ROWS, FAMILY.spec.observation_size)).astype(np.float32)
        given = {"observations": seen, "begins": begins, "rewards": rewards, **state}
        actions, *after = session.run(None, {name: given[name] for name in names})
        state = dict(zip(state, after, strict=True))
        found.append(actions)
        wanted.append(policy(seen))
        begins = np.array([t == 3, t in (5, 6), False])  # after this step an episode begins
        rewards = rng.standard_normal(ROWS).astype(np.float32)
        policy.observe(rewards, begins)
    return np.array(found), np.array(wanted)


@pytest.mark.parametrize("name", LEARNERS)
def test_onnx_runtime_takes_the_same_actions(name: str, tmp_path: Path) -> None:
    learner = LEARNERS[name]()
    agent = trained(learner)
    inputs, outputs = write_onnx(learner, agent, tmp_path / "agent.onnx", {"made": "here"})
    assert [path.name for path in tmp_path.iterdir()] == ["agent.onnx"]
    found, wanted = run(tmp_path / "agent.onnx", learner, agent)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
    assert np.abs(np.diff(wanted, axis=0)).max() > 1e-3, "the actions vary"
    assert [f"next_{name}" for name in inputs if f"next_{name}" in outputs] == outputs[1:]
    session = onnxruntime.InferenceSession(tmp_path / "agent.onnx")
    assert session.get_modelmeta().custom_metadata_map == {"made": "here"}
    other = {name: value + 0.1 if "/" not in name else value for name, value in agent.items()}
    wrong, wanted = run(tmp_path / "agent.onnx", learner, other)
    assert np.abs(wrong - wanted).max() > 1e-3, "another agent has other actions"


def test_an_agent_that_is_not_one_network_is_an_error(tmp_path: Path) -> None:
    learner = MAML(FAMILY)
    with pytest.raises(ValueError, match="agents of MAML cannot be exported"):
        write_onnx(learner, learner.init(KEY), tmp_path / "agent.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_made_is_an_error_before_the_export(tmp_path: Path) -> None:
    learner = LEARNERS["es"]()
    agent = learner.init(KEY)
    with pytest.raises(ValueError, match=r"cannot write .*x\.onnx: there is no folder .*none"):
        write_onnx(learner, agent, tmp_path / "none" / "x.onnx")
    with pytest.raises(ValueError, match=r"cannot write .*: it is a folder"):
        write_onnx(learner, agent, tmp_path)


def test_the_command_writes_the_file_and_its_metadata(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = str(tmp_path / "run"), tmp_path / "agent.onnx"
    small = ["--set", "es.population=4", "--set", "navigation.horizon=4"]
    parts = ["--family", "navigation", "--learner", "es", "--iterations", "1"]
    assert command.main(["launch", "--out", run, *parts, *small]) == 0
    capsys.readouterr()
    assert command.main(["onnx", run, "--out", str(out)]) == 0
    assert "agent of niche 0; observations -> actions" in capsys.readouterr().out
    notes = onnxruntime.InferenceSession(out).get_modelmeta().custom_metadata_map
    assert notes["openpoet.learner"] == "es"
    assert notes["openpoet.niche"] == "0"
    openpoet.open(run).policy(0).onnx(tmp_path / "same.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "same.onnx")
    assert [given.name for given in session.get_inputs()] == ["observations"]
    assert command.main(["onnx", run, "9", "--out", str(out)]) == 2
    assert "there is no niche 9" in capsys.readouterr().err

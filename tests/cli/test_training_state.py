"""Agents without training state act as before, and are completed as `adopt` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import openpoet
import openpoet.cli.main as command
from openpoet.agents.learners import LEARNERS
from openpoet.agents.memory.rl2 import RL2
from openpoet.cli.conformance import same_agent
from openpoet.cli.training_state import completed, stripped
from openpoet.poet.agent_tensors import made_by
from openpoet.poet.streams import Key
from tests.agents.every_learner import make, trained
from tests.test_library import BANDITS


@pytest.mark.parametrize("name", LEARNERS)
def test_a_completed_agent_is_adopted_as_before_and_has_its_score(name: str) -> None:
    learner, _, task = make(name)
    agent = trained(name)
    small = stripped(learner, agent)
    assert not any(part.startswith(("adam/", "replay/")) for part in small)
    whole = completed(learner, small, made_by(learner))
    assert same_agent(learner.adopt(whole), learner.adopt(agent))
    assert name == "es" or same_agent(whole, learner.adopt(agent))  # es has names with a dot
    results = [learner.evaluate([one], [task], [Key(3)])[0] for one in (agent, whole)]
    assert results[0] == results[1]


def test_only_training_state_is_completed() -> None:
    learner, agent = make("ppo").learner, trained("ppo")
    expected = made_by(learner)
    assert completed(learner, agent, expected) is agent
    some = next(name for name in agent if "/" not in name)
    damaged = {name: tensor for name, tensor in agent.items() if name != some}
    assert completed(learner, damaged, expected) is damaged


def test_an_agent_that_adopt_would_change_stays_whole() -> None:
    """A learner whose `adopt` keeps a tensor under another name than those of acting agents."""

    class Keeping:
        def adopt(self, agent: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return dict(agent)

    agent = {"w": torch.ones(2), "own/state": torch.ones(1)}
    assert stripped(Keeping(), agent) is agent  # type: ignore[arg-type]


@pytest.mark.parametrize("keep", [True, False])
def test_the_schedule_is_kept_where_adopt_keeps_it(keep: bool) -> None:
    rl2 = make("rl2")
    learner = RL2(rl2.family, replace(rl2.learner.config, keep_schedule=keep))
    agent = trained("rl2")
    assert float(agent["schedule/step"]) > 0
    small = stripped(learner, agent)
    assert ("schedule/step" in small) is keep
    assert not any(part.startswith("adam/") for part in small)
    whole = completed(learner, small, made_by(learner))
    assert same_agent(whole, learner.adopt(agent))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> openpoet.Run:
    out = tmp_path_factory.mktemp("runs") / "bandits"
    return openpoet.launch(
        "quick-bandits", out=out, iterations=3, seed=1, settings=BANDITS, workers=1
    )


def test_an_acting_pack_is_smaller_and_has_the_scores_of_the_run(
    run: openpoet.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack, whole = run.export(tmp_path / "a.poet", acting=True), run.export(tmp_path / "b.poet")
    assert pack.path.stat().st_size < whole.path.stat().st_size
    assert not any(name.startswith("adam/") for name in pack.agent(0))
    assert pack.replay(0).score == run.niches[0].score == pack.niches[0].score
    assert command.main(["verify", str(pack.path), "--scores"]) == 0
    assert "1 of 1 scores are those of the archive" in capsys.readouterr().out
    again = pack.export(tmp_path / "c.poet", acting=True)
    assert again.path.read_bytes() == pack.path.read_bytes()


def test_a_run_starts_from_an_acting_pack_as_from_the_run(
    run: openpoet.Run, tmp_path: Path
) -> None:
    pack = run.export(tmp_path / "a.poet", acting=True)
    made = [
        openpoet.seed_from(
            source.path, out=tmp_path / name, iterations=1, settings=BANDITS, workers=1
        )
        for name, source in (("one", run), ("two", pack))
    ]
    assert made[0].digest() == made[1].digest()

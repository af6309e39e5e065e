"""Warnings for pairs of learner and family that do not learn from their defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

import openpoet.cli.main as command
from benchmarks.pairs import rows
from openpoet.agents.not_learning import NOT_LEARNING
from openpoet.cli.cautions import caution
from openpoet.cli.parts import settings_for
from openpoet.cli.settings.resolving import Request


def warning(learner: str, family: str, *changes: str) -> str | None:
    options = {"run.family": family, "run.learner": learner}
    return caution(settings_for(Request(options, changes)))


def test_a_pair_that_does_not_learn_has_a_warning_while_its_settings_are_the_defaults() -> None:
    found = warning("ppo", "mdp")
    assert found is not None
    assert found.startswith("ppo does not learn mdp from its defaults within minutes: it has no")
    tables = settings_for(Request({"run.family": "mdp", "run.learner": "ppo"}, ()))
    tables["ppo"]["device"] = "cuda"
    assert caution(tables) == found
    assert warning("ppo", "mdp", 'ppo.cell="gru"') is None
    assert warning("rl2", "mdp") is None


def test_a_run_prints_the_warning_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["--family", "mdp", "--learner", "ppo", "--iterations", "1", "--workers", "1"]
    assert command.main(["launch", "--out", str(tmp_path / "run"), *wanted]) == 0
    assert "ppo does not learn mdp from its defaults" in capsys.readouterr().err


def test_every_measured_pair_that_does_not_learn_has_a_reason_and_no_pair_that_learns() -> None:
    measured = {(row.learner, row.family): row.verdict for row in rows()}
    failing = {pair for pair, verdict in measured.items() if verdict == "does not learn"}
    assert failing <= set(NOT_LEARNING)
    assert all(measured.get(pair, "does not learn") == "does not learn" for pair in NOT_LEARNING)

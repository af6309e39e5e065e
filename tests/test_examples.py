"""The examples run as they are."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path

import pytest
from conformance import check_family

import run as command

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_the_engine_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "engine.py"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4", "5", "6"]
    assert lines[-1].count(",") >= 1  # more than one niche


def test_a_family_of_your_own_passes_the_conformance_suite() -> None:
    spec = importlib.util.spec_from_file_location("hill", EXAMPLES / "hill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check_family(module.family())


def test_the_launch_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    arguments = ["launch", "--config", "examples/hill.toml", "--iterations", "3", "--out", str(tmp_path / "hill")]
    assert command.main(arguments) == 0

"""The examples run unmodified."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from openpoet.cli.conformance import check_family

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_the_engine_from_python() -> None:
    """In a new process, since the module path of this one includes the clone."""
    command_line = [sys.executable, "-m", "examples.engine"]
    done = subprocess.run(
        command_line, cwd=EXAMPLES.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4", "5", "6"]
    assert lines[-1].count(",") >= 1  # more than one niche


@pytest.mark.parametrize(("name", "lines"), [("cleanrl_style", 8), ("sb3_ppo", 4)])
def test_the_walker_in_other_libraries(
    name: str, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example prints finite returns."""
    runpy.run_module(f"examples.{name}")
    out = capsys.readouterr().out
    found = re.findall(r"return (-?[\d.]+)", out)
    assert len(found) == lines, out
    assert all(-400 < float(value) < 350 for value in found)


@pytest.mark.parametrize("folder", ["examples", "benchmarks"])
def test_no_file_changes_the_module_path(folder: str) -> None:
    """Files are run with `python -m`, which finds the rooms."""
    files = sorted((EXAMPLES.parent / folder).rglob("*.py"))
    assert len(files) > 3
    assert [path.name for path in files if "sys.path" in path.read_text(encoding="utf-8")] == []


def test_the_example_of_metaworlds_protocol(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runpy.run_module("examples.metaworld_protocol")
    before, *_, after = [float(line.split()[-3]) for line in capsys.readouterr().out.splitlines()]
    assert after > before + 0.15  # of at most 1: it finds goals in environments of another library


def test_a_family_of_your_own_passes_the_conformance_suite() -> None:
    spec = importlib.util.spec_from_file_location("hill", EXAMPLES / "hill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check_family(module.family())


def test_the_launch_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    arguments = [
        "launch",
        "--config",
        "examples/hill.toml",
        "--iterations",
        "3",
        "--out",
        str(tmp_path / "hill"),
    ]
    assert command.main(arguments) == 0


def test_skills_of_a_run_are_tasks_of_another_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [
        "--iterations",
        "2",
        "--set",
        "diayn.episodes=2",
        "--set",
        "diayn.test_trials=4",
        "--set",
        "diayn.updates=1",
    ]
    skills, text = tmp_path / "skills", tmp_path / "skills.toml"
    assert (
        command.main(
            ["launch", "--config", str(EXAMPLES / "diayn.toml"), "--out", str(skills), *small]
        )
        == 0
    )
    text.write_text(runpy.run_module("examples.skills")["settings"](str(skills)))
    small = [
        "--iterations",
        "1",
        "--set",
        "fomaml.draws=2",
        "--set",
        "fomaml.trajectories=2",
        "--set",
        "fomaml.test_trials=2",
    ]
    assert (
        command.main(["launch", "--config", str(text), "--out", str(tmp_path / "tasks"), *small])
        == 0
    )
    capsys.readouterr()
    assert command.main(["show", str(tmp_path / "tasks"), "0", "--json"]) == 0
    task = json.loads(capsys.readouterr().out)
    with Run.open(skills, write=False) as run:
        (niche,) = run.niche_rows()
        learned = run.agent(niche["agent"])["discriminator_w0"]
    np.testing.assert_allclose(task["layers"][0][0], learned, atol=1e-4)


@pytest.mark.parametrize("name", ["cartpole", "pendulum", "lunar_lander"])
def test_gymnasium_environments_evolve(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    small = ["--set", "es.population=4", "--set", f"{name}.horizon=30", "--iterations", "2"]
    # Every niche can reproduce, and every child is admitted.
    for key, value in (
        ("mutate_every", 1),
        ("reproduce_at", -1e4),
        ("mc_low", -1e4),
        ("mc_high", 1e4),
    ):
        small += ["--set", f"poet.{key}={value}"]
    config = ["--config", f"examples/{name}.toml"]
    assert command.main(["launch", *config, *small, "--out", str(tmp_path / "run")]) == 0
    with Run.open(tmp_path / "run", write=False) as run:
        tasks = [
            json.loads(row["task"]) if isinstance(row["task"], str) else row["task"]
            for row in run.niche_rows()
        ]
    assert len(tasks) > 1
    assert tasks[1] != tasks[0]
    assert {task["settings"]["horizon"] for task in tasks} == {30}

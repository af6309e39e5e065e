"""Commands printed in messages begin with how the program was started."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from openpoet.cli.program import command, program

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        ("run.py", "python run.py"),
        ("../my clone/run.py", "python '../my clone/run.py'"),
        ("/site/openpoet/__main__.py", "python -m openpoet"),
        ("/venv/bin/openpoet", "openpoet"),
        ("C:/venv/Scripts/openpoet.exe", "openpoet"),
        ("/usr/lib/other/__main__.py", "openpoet"),
        ("", "openpoet"),
    ],
)
def test_messages_name_the_program_as_it_was_started(
    started: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [started, "launch"])
    assert program() == expected
    folder = "a b/it's $HOME"
    words = shlex.split(command("resume", Path(folder)))
    assert words == [*shlex.split(expected), "resume", folder]


@pytest.mark.parametrize("words", [["run.py"], ["-m", "openpoet"]])
def test_usage_names_the_program_as_it_was_started(words: list[str]) -> None:
    started = [sys.executable, *words, "launch", "--help"]
    done = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"Usage: python {' '.join(words)} launch" in done.stdout

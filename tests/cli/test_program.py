"""Commands printed in messages begin with how the program was started."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text
from typer.main import get_command

from openpoet.cli.main import app
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


@pytest.mark.parametrize("name", [None, *get_command(app).commands])
def test_no_text_of_a_help_is_lost_to_markup(name: str | None) -> None:
    """typer prints a help as rich's markup, in which [n, o] is the name of a style."""
    group = get_command(app)
    command = group if name is None else group.commands[name]
    texts = [command.help, *(getattr(each, "help", None) for each in command.params)]
    for text in filter(None, texts):
        assert Text.from_markup(text).plain == text


INTERRUPTED = """
import os, runpy, signal, sys
sys.path.insert(0, os.getcwd())
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background job

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                {then}

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = ["launch", "--preset", "quick-bandits", "--iterations", "1", "--out", {out!r}]
{start}
"""
STARTS = {
    "clone": "runpy.run_path('run.py', run_name='__main__')",
    "module": "runpy.run_module('openpoet', run_name='__main__', alter_sys=True)",
    "script": "from openpoet.entry import command; command()",
}


@pytest.mark.parametrize(
    ("start", "name", "then"),
    [
        ("clone", "openpoet.archived_tasks", "raise"),
        *((start, "typer", "raise") for start in STARTS),
        ("script", "openpoet.cli.sessions", "raise"),
        ("script", "openpoet.cli.sessions", "raise AttributeError(name)"),
    ],
)
def test_an_interrupt_while_modules_are_imported_ends_the_command_without_a_traceback(
    start: str, name: str, then: str, tmp_path: Path
) -> None:
    """Modules with compiled code are known to raise other errors in its place."""
    code = INTERRUPTED.format(name=name, then=then, start=STARTS[start], out=str(tmp_path / "run"))
    started = [sys.executable, "-c", code]
    done = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not (tmp_path / "run").exists()

"""`check`: one line for each law, and exit codes that a script can use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpoet.cli.main as command
import pytest
from fakes import FakeFamily, FakeLearner

import openpoet

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FAKES = Path(__file__).resolve().parents[1] / "fakes.py"

BOTH = f"""
import sys
sys.path.insert(0, {str(FAKES.parent)!r})
from fakes import FakeFamily, FakeLearner

family, learner = FakeFamily, FakeLearner
"""
HIDDEN = BOTH.replace(
    "family, learner",
    """import numpy as np
class Hidden(FakeFamily):
    def mutate(self, task, rng):
        return super().mutate(task, np.random.default_rng())
FakeFamily = Hidden
family, learner""",
)
RAISING = BOTH.replace(
    "family, learner",
    """class Raising(FakeLearner):
    def adopt(self, agent):
        return agent["weights"]
FakeLearner = Raising
family, learner""",
)


def checked(
    words: list[str], capsys: pytest.CaptureFixture[str], code: int
) -> tuple[list[str], str]:
    capsys.readouterr()
    assert command.main(["check", *words]) == code
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err


def test_a_file_that_obeys_passes_every_law(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "both.py").write_text(BOTH)
    *lines, last = checked([str(tmp_path / "both.py")], capsys, 0)[0]
    assert {line.split()[0] for line in lines} == {"pass", "-"}
    assert {line.split()[1] for line in lines} == {"family", "learner"}
    assert last == f"{sum(line.startswith('pass') for line in lines)} laws hold, 0 are broken"


def test_the_example_family_passes(capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = checked([str(EXAMPLES / "hill.py")], capsys, 0)
    assert not any("learner" in line.split()[1] for line in lines[:-1])


def test_a_broken_law_is_named_with_what_was_expected_and_the_others_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hidden.py").write_text(HIDDEN)
    lines, _ = checked([str(tmp_path / "hidden.py")], capsys, 1)
    (broken,) = [line for line in lines if line.startswith("FAIL")]
    assert "mutate must draw only from the generator it is given" in broken
    assert sum(line.startswith("pass") for line in lines) > 10
    assert lines[-1].endswith("laws hold, 1 are broken")


def test_an_exception_in_the_file_is_a_broken_law_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raising.py").write_text(RAISING)
    lines, _ = checked([str(tmp_path / "raising.py")], capsys, 1)
    broken = [line for line in lines if line.startswith("FAIL")]
    assert broken
    assert all("it raised KeyError: 'weights' (raising.py, line 8)" in line for line in broken)


def test_without_the_interface_nothing_else_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half.py").write_text("class Half: ...\n\nfamily = Half\n")
    lines, _ = checked([str(tmp_path / "half.py")], capsys, 1)
    assert len(lines) == 2
    assert "a family must have a method `origin`" in lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing.py"], "there is no such file"),
        (["nothing"], "there is no file, family or learner 'nothing'"),
        (["empty.py"], "names neither a family nor a learner"),
        (["empty.py", "--set", "other.key=1"], "names neither"),
        (["bandits", "--set", "bandit.arms=3"], "no section 'bandit'"),
    ],
)
def test_what_cannot_be_loaded_is_bad_input(
    words: list[str],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.py").write_text("")
    _, errors = checked(words, capsys, 2)
    assert says in errors
    assert errors.count("\n") == 1


def test_ours_are_checked_by_name_and_with_settings(capsys: pytest.CaptureFixture[str]) -> None:
    checked(["bandits", "--set", "bandits.arms=3"], capsys, 0)


def test_objects_are_checked_from_python() -> None:
    family = FakeFamily()
    assert all(v.passed for v in openpoet.check(family))
    verdicts = openpoet.check(FakeLearner(family), family=family)
    assert {v.part for v in verdicts} == {"learner"}
    assert all(v.passed for v in verdicts)
    with pytest.raises(ValueError, match="neither a family"):
        openpoet.check(object())


def test_assertions_must_be_on() -> None:
    code = "import openpoet; openpoet.check('bandits')"
    done = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, check=False
    )
    assert "run Python without -O" in done.stderr

"""`openpoet check`: one line per law, and exit codes for scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeFamily, FakeLearner

import openpoet
import openpoet.cli.main as command

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
    arguments: list[str], capsys: pytest.CaptureFixture[str], code: int
) -> tuple[list[str], str]:
    capsys.readouterr()
    assert command.main(["check", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err


def test_a_valid_file_passes_every_law(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "both.py").write_text(BOTH)
    *lines, last = checked([str(tmp_path / "both.py")], capsys, 0)[0]
    assert {line.split()[0] for line in lines} == {"pass", "-"}
    assert {line.split()[1] for line in lines} == {"family", "learner"}
    assert last == f"{sum(line.startswith('pass') for line in lines)} laws hold, 0 are broken"


def test_the_example_family_passes(capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = checked([str(EXAMPLES / "hill.py")], capsys, 0)
    assert not any("learner" in line.split()[1] for line in lines[:-1])


def test_a_failed_law_reports_expected_and_actual_values_and_the_other_laws_are_still_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hidden.py").write_text(HIDDEN)
    lines, _ = checked([str(tmp_path / "hidden.py")], capsys, 1)
    (broken,) = [line for line in lines if line.startswith("FAIL")]
    assert "mutate must draw only from the generator it is given" in broken
    assert sum(line.startswith("pass") for line in lines) > 10
    assert lines[-1].endswith("laws hold, 1 are broken")


def test_an_exception_in_the_file_fails_the_law_and_reports_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raising.py").write_text(RAISING)
    lines, _ = checked([str(tmp_path / "raising.py")], capsys, 1)
    broken = [line for line in lines if line.startswith("FAIL")]
    assert broken
    assert all("it raised KeyError: 'weights' (raising.py, line 8)" in line for line in broken)


def test_a_missing_method_of_the_interface_stops_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half.py").write_text("class Half: ...\n\nfamily = Half\n")
    lines, _ = checked([str(tmp_path / "half.py")], capsys, 1)
    assert len(lines) == 2
    assert "a family must have a method `origin`" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nothing.py"], "there is no such file"),
        (["nothing"], "there is no file, family or learner 'nothing'"),
        (["empty.py"], "names neither a family, a learner nor a curriculum"),
        (["empty.py", "--set", "other.key=1"], "names neither"),
        (["imports.py"], "ModuleNotFoundError: No module named 'nosuchmod' (imports.py, line 1)\n"),
        (["bandits", "--set", "bandit.arms=3"], "no section 'bandit'"),
    ],
)
def test_a_file_that_cannot_be_loaded_exits_with_code_2(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "imports.py").write_text("import nosuchmod\n")
    _, errors = checked(arguments, capsys, 2)
    assert expected in errors
    assert errors.count("\n") == 1


FORGETFUL = """
class Forgetful:
    size = 3

    def __init__(self, family):
        self.family, self.calls = family, 0

    def choose(self, levels, rows, memory, rng):
        self.calls += {calls}
        memory["calls"] = self.calls
        return [self.family.sample(rng) for _ in range(rows)]

    def learn(self, levels, tried, memory, rng):
        return [one.returns + self.calls for one in tried], {{}}


curriculum = Forgetful
"""


@pytest.mark.parametrize(("calls", "broken"), [(0, 1), (1, 2)])
def test_a_curriculum_with_a_state_of_its_own_is_found(
    calls: int, broken: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both change the memory in place; the second also counts its calls in an attribute."""
    (tmp_path / "forgetful.py").write_text(FORGETFUL.format(calls=calls))
    lines, _ = checked([str(tmp_path / "forgetful.py")], capsys, 1)
    assert [line for line in lines if "return a new one" in line]
    assert any("the same for equal arguments; rollout 0" in line for line in lines) == bool(calls)
    assert lines[-1] == f"{4 - broken} laws hold, {broken} are broken"


def test_the_curricula_of_the_documents_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (EXAMPLES.parent / "docs" / "plugins.md").read_text(encoding="utf-8")
    (code,) = [part for part in page.split("```python\n") if part.startswith("class Hardest")]
    (tmp_path / "hardest.py").write_text(code.split("```")[0])
    for path in (EXAMPLES / "learning_progress.py", tmp_path / "hardest.py"):
        lines, _ = checked([str(path)], capsys, 0)
        assert lines[-1] == "4 laws hold, 0 are broken"


def test_built_in_parts_are_checked_by_name_with_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    checked(["bandits", "--set", "bandits.arms=3"], capsys, 0)


def test_check_accepts_objects() -> None:
    family = FakeFamily()
    assert all(v.passed for v in openpoet.check(family))
    verdicts = openpoet.check(FakeLearner(family), family=family)
    assert {v.part for v in verdicts} == {"learner"}
    assert all(v.passed for v in verdicts)
    with pytest.raises(ValueError, match="neither a family"):
        openpoet.check(object())


def test_check_raises_if_python_runs_with_assertions_disabled() -> None:
    code = "import openpoet; openpoet.check('bandits')"
    done = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, check=False
    )
    assert "run Python without -O" in done.stderr

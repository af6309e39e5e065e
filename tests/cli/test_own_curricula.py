"""Curricula in .py files of the user, through the command: run, resumed, compared, trusted."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

import openpoet.cli.main as command
from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run
from openpoet.cli.parts import check_complete, settings_for
from openpoet.cli.settings.resolving import Request
from tests.cli.test_curricula import launch
from tests.cli.test_main import refused

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "learning_progress.py"
KEPT = ("--set", "learning_progress.kept=4")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> str:
    return str(shutil.copy(EXAMPLE, tmp_path / "learning_progress.py"))


def digest_of(folder: str) -> str:
    with Run.open(Path(folder), write=False) as run:
        return digest(run)


def test_a_file_runs_resumes_to_the_same_digest_and_is_compared_with_dr(
    own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(Path("whole"), own, 3, *KEPT, "--workers", "1") == 0
    assert launch(Path("resumed"), own, 2, *KEPT, "--workers", "1") == 0
    assert command.main(["resume", "resumed", "--iterations", "3", "--workers", "1"]) == 0
    assert digest_of("whole") == digest_of("resumed")
    assert command.main(["verify", "whole"]) == 0
    with Run.open(Path("whole"), write=False) as run:
        alive = [row for row in run.rows("niches") if row["died"] is None]
    assert len(alive) == 1 + 4
    settings = tomllib.loads(Path("whole/config.toml").read_text())
    assert settings["learning_progress"] == {"kept": 4, "share": 0.5}
    assert settings["run"]["curriculum"] == own
    assert launch(Path("dr"), "dr", 1) == 0
    capsys.readouterr()
    assert command.main(["compare", "whole", "dr"]) == 0
    printed = capsys.readouterr().out
    assert "quick-curriculum/learning_progress/ppo" in printed
    assert "quick-curriculum/dr/ppo" in printed


def test_a_changed_file_is_not_executed(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert launch(Path("run"), own, 1) == 0
    Path(own).write_text(Path(own).read_text() + "\nopen('executed', 'w')\n")
    line = refused(["resume", "run", "--iterations", "2"], capsys)
    assert "the curriculum" in line
    assert "has changed since the run was launched" in line
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("{own}", ("--set", "learning_progress.kep=4"), "did you mean 'kept'"),
        ("{own}", ("--set", "learning_progress.kept=-1"), "size must be 0 or more, got -1"),
        ("acel", (), "unknown curriculum 'acel': there are accel"),
        ("half.py", (), "needs a method `learn`"),
        ("none.py", (), "there is no such file"),
        ("ppo.py", (), "share the section [ppo]"),
        ("no_choice.py", (), "choose must return a list of 1 levels"),
    ],
)
def test_what_does_not_fit_is_one_line(
    name: str, more: tuple[str, ...], words: str, own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "class Half:\n    def __init__(self, family): ...\n    def choose(self, *_): ...\n"
    Path("half.py").write_text(f"{text}\n\ncurriculum = Half\n")
    Path("ppo.py").write_text(f"{text}\n\ncurriculum = Half\n")
    Path("no_choice.py").write_text(f"{text}    def learn(self, *_): ...\n\n\ncurriculum = Half\n")
    arguments = ["launch", "--family", "navigation", "--curriculum", name.format(own=own), *more]
    assert words in refused([*arguments, "--out", "run"], capsys)
    assert not Path("run").exists()


def test_an_error_in_a_file_is_reported_with_file_and_line(
    own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(own).read_text().replace("        unknown =", "        1 / 0\n        unknown =")
    line = next(i for i, found in enumerate(text.splitlines(), 1) if "1 / 0" in found)
    Path(own).write_text(text)
    words = ["launch", "--family", "navigation", "--curriculum", own, "--out", "run"]
    assert f"(learning_progress.py, line {line})" in refused(words, capsys, code=1)


@pytest.mark.parametrize("name", ["accel", "alp-gmm", "paired"])
def test_complete_settings_have_the_fields_of_the_runs_own_curriculum(name: str) -> None:
    """A run that was launched before ALP-GMM and PAIRED were there can be continued."""
    tables = settings_for(Request({"run.curriculum": name}))
    own = {"fit_every", "adversary_rate"} & tables["curriculum"].keys()
    assert own == {"alp-gmm": {"fit_every"}, "paired": {"adversary_rate"}}.get(name, set())
    check_complete(tables)
    for key in own:
        lacking = {k: v for k, v in tables["curriculum"].items() if k != key}
        with pytest.raises(ValueError, match=f"curriculum.{key} is missing"):
            check_complete({**tables, "curriculum": lacking})

"""Families and learners in .py files of the user: trust, thresholds, names, errors."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from tests.cli.test_main import refused

HILL = Path(__file__).resolve().parents[2] / "examples" / "hill.py"
SMALL = ("--set", "es.population=4", "--set", "poet.mutate_every=1", "--workers", "1")
SCORES = {"reproduce_at": -9.0, "mc_low": -9.0, "mc_high": 9.0}
ALWAYS = tuple(word for name, value in SCORES.items() for word in ("--set", f"poet.{name}={value}"))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of trusted hashes, empty for each test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state" / "openpoet" / "trusted"


@pytest.fixture
def hill(tmp_path: Path) -> Path:
    """The family of examples/hill.py, in a file with the name of one of our packages."""
    return Path(shutil.copy(HILL, tmp_path / "archive.py"))


def launch(family: Path | str, iterations: int, *more: str) -> int:
    common = ["launch", "--out", "run", "--iterations", str(iterations), "--family", str(family)]
    return command.main([*common, *SMALL, *more])


def test_a_file_launched_here_resumes_replays_and_seeds_without_openpoet_trust(
    hill: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert launch("archive.py", 2, *ALWAYS) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    folder = str(tmp_path / "run")
    assert command.main(["resume", folder, "--iterations", "3", "--workers", "1"]) == 0
    capsys.readouterr()
    assert command.main(["show", folder]) == 0
    assert "bumps of" in capsys.readouterr().out
    assert command.main(["replay", folder, "--record", "film.gif", "--workers", "1"]) == 0
    seeded = ["launch", "--from", folder, "--out", "seeded", "--iterations", "1"]
    assert command.main([*seeded, *SMALL, *ALWAYS]) == 0
    with Run.open(Path("seeded"), write=False) as run:
        assert f'family = "{hill}"' in run.config_toml()


@pytest.mark.parametrize("fault", ["changed", "a stranger's", "moved"])
def test_a_changed_file_is_an_error_with_a_remedy_and_show_does_not_execute_it(
    fault: str,
    hill: Path,
    state: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert launch(hill, 2, *ALWAYS) == 0
    if fault == "changed":
        hill.write_text(hill.read_text() + "\nopen('executed', 'w')\n")
    elif fault == "moved":
        hill.unlink()
    else:
        shutil.rmtree(
            state
        )  # the run comes from another machine and names a file that also exists here
    expected = {"changed": "has changed", "moved": "put it back"}.get(
        fault, "not been launched by you"
    )
    for arguments in (
        ["resume", "run", "--iterations", "3"],
        ["replay", "run", "--record", "a.gif"],
    ):
        assert expected in refused(arguments, capsys)
    assert expected in refused(["launch", "--from", "run", "--out", "seeded", *SMALL], capsys)
    assert command.main(["show", "run"]) == 0
    assert "bumps of" not in capsys.readouterr().out
    assert not Path("executed").exists()
    monkeypatch.setenv("OPENPOET_TRUST", "1")
    assert command.main(["resume", "run", "--iterations", "3"]) == (2 if fault == "moved" else 0)


def test_a_launch_whose_trust_cannot_be_recorded_prints_a_warning_and_continues(
    hill: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.parent.parent.write_text("")  # a file at the path of the folder
    assert launch(hill, 1, *ALWAYS) == 0
    assert "OPENPOET_TRUST=1 will be needed" in " ".join(capsys.readouterr().err.split())
    assert "has not been launched by you" in refused(["resume", "run", "--iterations", "2"], capsys)


def test_missing_thresholds_are_an_error_and_those_of_the_spec_are_used(
    hill: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["launch", "--out", "run", "--iterations", "1", "--family", str(hill), *SMALL]
    line = refused(arguments, capsys)
    assert all(f"--set poet.{name}=" in line for name in SCORES)
    assert not Path("run").exists()
    text = hill.read_text().replace(
        "episodes=1,", "episodes=1, reproduce_at=0.5, mc_low=0.1, mc_high=0.9,"
    )
    hill.write_text(text)
    assert command.main(arguments) == 0
    poet = tomllib.loads(Path("run/config.toml").read_text())["poet"]
    assert [poet[name] for name in ("reproduce_at", "mc_low", "mc_high")] == [0.5, 0.1, 0.9]


def test_the_log_reports_that_no_niche_can_reproduce(hill: Path) -> None:
    assert launch(hill, 3, *ALWAYS[2:], "--set", "poet.reproduce_at=7.5") == 0
    lines = [
        line for line in Path("run/run.log").read_text().splitlines() if "reproduce_at" in line
    ]
    assert [line.split(":")[0] for line in lines] == ["iteration 2", "iteration 3"]
    with Run.open(Path("run"), write=False) as run:
        first = next(row["score"] for row in run.rows("scores") if row["iteration"] == 1)
    assert (
        f"poet.reproduce_at = 7.5 now, so none has children; the best score so far is {first:g}"
        in lines[0]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--set", "archive.sise=3"), "unknown setting archive.sise"),
        (("--learner", "own.py", "--device", "cpu"), "the learner {own} has no setting `device`"),
        (
            ("--device", "cpu", "--set", "es.device=cuda"),
            "device cpu contradicts es.device=cuda",
        ),
        (
            ("--learner", "own.py", "--set", "own.rate=fast"),
            "own.rate must be a finite number, got 'fast'",
        ),
    ],
)
def test_unknown_settings_of_a_file_are_an_error_of_one_line(
    change: tuple[str, ...],
    message: str,
    hill: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "class Own:\n    def __init__(self, family, rate: float = 1): ...\n\nlearner = Own\n"
    (tmp_path / "own.py").write_text(text)
    arguments = ["launch", "--out", "run", "--family", str(hill), *change, *ALWAYS]
    if "own.py" not in change:
        arguments += SMALL
    assert message.format(own=tmp_path / "own.py") in refused(arguments, capsys)


def test_an_error_in_a_file_is_reported_with_file_and_line(
    hill: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = hill.read_text()
    line = next(i for i, found in enumerate(text.splitlines(), 1) if "def mutate" in found) + 1
    begins = "        return tuple(\n"
    assert begins in text
    hill.write_text(text.replace(begins, f"        raise KeyError('own')\n{begins}", 1))
    line_printed = refused(
        ["launch", "--out", "run", "--family", str(hill), *SMALL, *ALWAYS], capsys, code=1
    )
    assert f"'own' (archive.py, line {line}); " in line_printed
    hill.write_text("family = dict(\n")
    assert "archive.py, line 1" in refused(["launch", "--family", str(hill), "--out", "b"], capsys)
    hill.write_text("import json\n\njson.loads('{')\n")
    assert "(archive.py, line 3)" in refused(
        ["launch", "--family", str(hill), "--out", "c"], capsys
    )


@pytest.mark.parametrize("more", [(), ("--learner", "rl2")])
def test_a_run_of_files_seeds_a_run_of_the_same_family_and_learner(more: tuple[str, ...]) -> None:
    from tests.test_pairing import SMALL as SIZES
    from tests.test_pairing import words

    tiny = [*words("maze", "es"), "--workers", "1"]
    assert command.main(["launch", "--out", "run", "--iterations", "1", *tiny]) == 0
    take = ("--take", "tasks") if more else ()
    learner = more[1] if more else "es"
    small = {
        f"{part}.{key}": value for part in ("maze", learner) for key, value in SIZES[part].items()
    }
    smaller = [word for name, value in small.items() for word in ("--set", f"{name}={value}")]
    assert (
        command.main(
            [
                "launch",
                "--from",
                "run",
                "--out",
                "next",
                "--iterations",
                "1",
                *smaller,
                *more,
                *take,
            ]
        )
        == 0
    )
    text = Path("next/config.toml").read_text()
    assert 'family = "maze"' in text
    assert f'learner = "{learner}"' in text

"""Runs that `openpoet reproduce` makes for itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run
from openpoet.cli.main import main
from openpoet.cli.own_runs import Wanted, made
from openpoet.cli.run_settings import settings_of
from openpoet.cli.sessions import Machine
from openpoet.cli.terminal import CommandLine

CHANGES = [
    "walker.length=31",
    "walker.horizon=40",
    "poet.mutate_every=2",
    "poet.transfer_every=1",
    "poet.reproduce_at=-500.0",
    "poet.mc_low=-500.0",
    "poet.mc_high=500.0",
    "poet.children=3",
    "es.population=4",
    "es.hidden=[4]",
]
SETS = [word for change in CHANGES for word in ("--set", change)]
WORDS = ["--preset", "quick-es", "--workers", "1", *SETS]


def reproduce(name: str, folder: Path, *words: str, iterations: int = 6) -> int:
    asked = ["reproduce", name, "--out", str(folder), "--iterations", str(iterations)]
    return main([*asked, *WORDS, *words])


def results(folder: Path) -> str:
    """The digest of a run, once its hashes are verified."""
    with Run.open(folder, write=False) as run:
        run.verify()
        return digest(run)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an experiment with a run of 6 iterations."""
    folder = tmp_path_factory.mktemp("whole")
    assert reproduce("transfers", folder) == 0
    return folder


RUN = "reproduce-quick-es-s1"


def test_an_experiment_makes_its_run_and_then_uses_it(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (whole / RUN / "archive.db").stat().st_mtime_ns
    with Run.open(whole / RUN, write=False) as run:
        assert (run.last_iteration(), settings_of(run)["poet"]["seed"]) == (6, 1)
    assert reproduce("annecs", whole) == 0  # another experiment on the same run
    assert "6 iterations of es" in capsys.readouterr().out
    assert (whole / RUN / "archive.db").stat().st_mtime_ns == before


def test_a_run_that_was_interrupted_is_continued_to_the_same_archive(
    whole: Path, tmp_path: Path
) -> None:
    assert reproduce("transfers", tmp_path, iterations=3) == 0
    assert results(tmp_path / RUN) != results(whole / RUN)
    assert reproduce("transfers", tmp_path) == 0
    assert results(tmp_path / RUN) == results(whole / RUN)
    tables = [(folder / "transfers.csv").read_text() for folder in (tmp_path, whole)]
    assert tables[0] == tables[1]


def test_another_seed_is_another_run(whole: Path, tmp_path: Path) -> None:
    assert reproduce("transfers", tmp_path, "--seed", "2") == 0
    assert results(tmp_path / "reproduce-quick-es-s2") != results(whole / RUN)


def test_without_a_folder_runs_are_made_in_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "transfers", "--iterations", "1", *WORDS]) == 0
    assert (tmp_path / "runs" / RUN / "archive.db").is_file()


def test_the_run_for_pata_ec_has_that_novelty(tmp_path: Path) -> None:
    wanted = Wanted(3, "quick-es", 1, CHANGES)
    path = made("pata-ec-cost", wanted, tmp_path, Machine(workers=1), CommandLine())
    assert path == tmp_path / "reproduce-quick-es-pata-ec-cost-s3"
    with Run.open(path, write=False) as run:
        assert settings_of(run)["poet"]["novelty"] == "pata-ec"


@pytest.mark.parametrize(
    ("words", "iterations", "message"),
    [
        (["--set", "poet.capacity=3"], 6, "has poet.capacity = 8, not 3: give it as RUN"),
        ([], 4, "has 6 iterations, more than the 4 that were asked for"),
    ],
)
def test_another_run_in_its_place_is_refused_in_one_line(
    words: list[str], iterations: int, message: str, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reproduce("transfers", whole, *words, iterations=iterations) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 1


def test_a_run_that_was_changed_in_between_is_refused(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its settings are the wanted ones again."""
    shutil.copytree(whole / RUN, tmp_path / RUN)
    for iterations, rate in ((7, "0.5"), (8, "0.01")):
        words = ["--iterations", str(iterations), "--set", f"es.lr={rate}", "--workers", "1"]
        assert main(["resume", str(tmp_path / RUN), *words]) == 0
    capsys.readouterr()
    assert reproduce("transfers", tmp_path, "--set", "es.lr=0.01", iterations=8) == 2
    assert "was changed after its launch (es.lr@7" in capsys.readouterr().err


def test_a_run_from_other_niches_is_refused(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--from", str(whole / RUN), "--iterations", "1", "--out", str(tmp_path / RUN)]
    assert main(["launch", *WORDS, "--seed", "1", *words]) == 0
    assert reproduce("transfers", tmp_path, iterations=2) == 2
    assert "began with niches of another run: give it as RUN" in capsys.readouterr().err


def test_a_run_without_an_iteration_is_refused(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(whole / RUN, tmp_path / RUN)
    with Run.open(tmp_path / RUN, write=True) as run:
        run.database.execute("DELETE FROM iterations")
    assert reproduce("transfers", tmp_path) == 2
    assert "holds no iteration, it was stopped before its first: remove" in capsys.readouterr().err


def test_a_film_of_another_format_is_refused_before_a_run_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reproduce("transfers", tmp_path, "--film", str(tmp_path / "a.avi")) == 2
    assert "ends in .mp4 or .gif" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "1"], "--seed is of a run that is made, and RUN is there"),
        (["--set", "poet.seed=1"], "--set is of a run that is made"),
        (["--film", "a.mp4"], "--film is of the experiment transfers, difficulty has no film"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    words: list[str], message: str, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "difficulty", str(whole / RUN), *words]) == 2
    assert message in capsys.readouterr().err

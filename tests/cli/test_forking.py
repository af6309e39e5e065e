"""Kept states and forks: a fork without changes becomes the run that it came from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from openpoet.cli.states import kept
from tests.test_library import POINTS, points

KEPT = POINTS | {"run.keep_every": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six iterations, with states of 2, 4 and 6."""
    return points(tmp_path_factory.mktemp("runs") / "points", 6, settings=KEPT).path


def result(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = command.main(arguments)
    found = capsys.readouterr()
    return code, found.out + found.err


def fork(source: str, out: Path, *more: str) -> int:
    return command.main(["fork", source, "--out", str(out), "--workers", "1", *more])


def test_states_are_packs_of_the_run_as_it_was(folder: Path, tmp_path: Path) -> None:
    assert [*kept(folder)] == [2, 4, 6]
    for iteration, path in kept(folder).items():
        with openpoet.open(path) as state:
            assert state.iteration == iteration
            assert state.digest() == points(tmp_path / f"{iteration}", iteration).digest()
            state.verify()
            assert state.replay(0).score == state.niches[0].score
    log = (folder / "run.log").read_text()
    assert f"state kept: {folder}/states/000004.poet, " in log


def test_keeping_states_changes_no_result_and_is_no_part_of_older_runs(
    folder: Path, tmp_path: Path
) -> None:
    without = points(tmp_path / "without", 6)
    assert openpoet.open(folder).digest() == without.digest()
    assert "keep_every" not in without.settings["run"]
    assert not (without.path / "states").exists()
    assert openpoet.open(folder).settings["run"]["keep_every"] == 2


@pytest.mark.parametrize("at", ["@2", "@4"])
def test_a_fork_without_changes_becomes_the_run(folder: Path, tmp_path: Path, at: str) -> None:
    assert fork(f"{folder}{at}", tmp_path / "fork") == 0
    assert openpoet.open(tmp_path / "fork").digest() == openpoet.open(folder).digest()
    openpoet.open(tmp_path / "fork").verify()


def test_a_fork_of_the_last_state_goes_on_as_a_longer_run(folder: Path, tmp_path: Path) -> None:
    longer = points(tmp_path / "longer", 8).digest()
    assert fork(str(folder), tmp_path / "a", "--iterations", "8") == 0
    assert openpoet.open(tmp_path / "a").digest() == longer
    pack = openpoet.open(folder).export(tmp_path / "points.poet").path
    assert fork(f"{pack}@6", tmp_path / "b", "--iterations", "8") == 0
    assert openpoet.open(tmp_path / "b").digest() == longer


def test_a_fork_with_changes_differs_from_the_next_iteration_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = openpoet.open(folder).digest()
    assert fork(f"{folder}@4", tmp_path / "fork", "--set", "poet.seed=8") == 0
    code, text = result(["diff", str(folder), str(tmp_path / "fork")], capsys)
    assert code == 1
    assert text.startswith("first difference: iteration 5, poet.seed: ")
    assert openpoet.open(folder).digest() == before
    with Run.open(tmp_path / "fork", write=False) as run:
        commands = [row["command"] for row in run.rows("sessions")]
    assert len(commands) == 2


def test_a_state_that_a_kill_prevented_is_kept_at_the_resume(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(kept(folder)[4].parent.parent, tmp_path / "copy"))
    (copy / "states" / "000006.poet").unlink()
    (copy / "states" / "000006.poet.new").write_text("left by a kill")
    openpoet.resume(copy, iterations=7, workers=1)
    assert [*kept(copy)] == [2, 4, 6]
    assert openpoet.open(copy / "states" / "000006.poet").digest() == openpoet.open(folder).digest()


def test_bad_forks_are_one_line_and_leave_no_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = openpoet.open(folder).export(tmp_path / "some.poet", "id == 0").path
    for source, more, line in (
        (f"{folder}@3", (), "has no state of iteration 3: it has those of 2, 4, 6"),
        (f"{folder}@three", (), "a state is named RUN@ITERATION"),
        (f"{tmp_path}/none@3", (), "there is no run"),
        (str(folder), (), "give more iterations"),
        (f"{folder}@4", ("--iterations", "4"), "give more iterations"),
        (f"{folder}@4", ("--set", "poet.sead=1"), "poet.sead"),
        (f"{folder}@4", ("--set", "run.family=maze"), "cannot change its family"),
        (str(some), ("--iterations", "9"), "launch --from"),
    ):
        out = tmp_path / "fork"
        code, text = result(["fork", source, "--out", str(out), *more], capsys)
        assert (code, len(text.splitlines()), line in text) == (2, 1, True), text
        assert not out.exists()
    code, text = result(["fork", f"{folder}@4", "--out", str(folder)], capsys)
    assert (code, "is already a run" in text) == (2, True)


def test_a_states_folder_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "states").rename(tmp_path / "elsewhere")
    (copy / "states").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="has no states of its own"):
        Run.open(copy, write=True)

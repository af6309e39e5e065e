"""verify --scores and diff, on real runs."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from tests.test_library import POINTS, points


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return points(tmp_path_factory.mktemp("runs") / "points", 6).path


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def result(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = command.main(arguments)
    found = capsys.readouterr()
    return code, found.out + found.err


def sql(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    for statement in statements:
        database.execute(statement)
    database.close()


# ---- verify --scores -----------------------------------------------------------------------------


def test_stored_scores_are_found_again_in_a_run_and_in_packs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with openpoet.open(folder) as run:
        total, some = len(run.niches), run.export(tmp_path / "some.poet", "id == 1").path
        pack = run.export(tmp_path / "a.poet").path
    for source, number in ((folder, total), (pack, total), (some, 1)):
        code, text = result(["verify", str(source), "--scores"], capsys)
        assert (code, f"{number} of {number} scores are those of the archive" in text) == (0, True)
    chosen = ["verify", str(folder), "--scores", "--select", "id in (0, 1)"]
    assert "2 of 2 scores" in result(chosen, capsys)[1]


def test_a_score_that_differs_is_named(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with openpoet.open(copy) as run:
        score = run.niches[1].score
    sql(copy, "UPDATE niches SET scores = '[5.5]', score = 5.5 WHERE id = 1")
    assert result(["verify", str(copy), "--scores"], capsys)[0] == 2  # by the hashes already
    monkeypatch.setattr(Run, "verify", lambda _: "")  # the editor of a run can recompute them
    code, text = result(["verify", str(copy), "--scores"], capsys)
    assert code == 1
    assert f"niche 1: score 5.5 in the archive, {score!r} here" in text
    assert re.search(r"(\d+) of (\d+) scores are those of the archive", text)


def test_select_needs_scores(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = result(["verify", str(folder), "--select", "alive"], capsys)
    assert code == 2
    assert "add it" in text


# ---- diff ----------------------------------------------------------------------------------------


def test_equal_runs_have_no_difference(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = points(tmp_path / "same", 6)
    pack = same.export(tmp_path / "same.poet")
    for other in (same.path, pack.path):
        assert result(["diff", str(folder), str(other)], capsys) == (0, "no difference\n")


def test_a_longer_run_differs_where_the_shorter_one_ends(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longer = points(tmp_path / "longer", 8)
    code, text = result(["diff", str(folder), str(longer.path)], capsys)
    assert code == 1
    assert text == "first difference: iteration 7: end of the run 6 | 8\n"


def test_differing_settings_come_first_and_then_the_first_iteration(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A capacity that is reached later changes nothing before."""
    other = points(tmp_path / "other", 6, settings=POINTS | {"poet.capacity": 2})
    code, text = result(["diff", str(folder), str(other.path)], capsys)
    assert code == 1
    first, second = text.splitlines()
    assert first == "poet.capacity: 3 | 2"
    assert second.startswith("first difference: iteration ")
    with openpoet.open(folder) as mine:
        expected = next(
            (row["iteration"], row["active"])
            for row, its in zip(mine.rows("iterations"), other.rows("iterations"), strict=True)
            if (row["active"], row["best"]) != (its["active"], its["best"])
        )
    assert int(re.findall(r"iteration (\d+)", second)[0]) <= expected[0]


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        (
            "UPDATE scores SET score = 7.5 WHERE iteration = 3 AND niche = 0",
            r"iteration 3, niche 0: score -?[\d.]+ \| 7.5",
        ),
        (
            "UPDATE transfers SET accepted = 1 - accepted WHERE id = 1",
            r"iteration \d+, transfer \(direct\) from niche \d+ to .*: accepted (true|false) \|",
        ),
        (
            "DELETE FROM ledger WHERE iteration = 4",
            r"iteration 4, environment steps of .*: a row \|",
        ),
        (
            "UPDATE niches SET task = replace(task, '\"schema\":2', '\"schema\":1') WHERE id = 1",
            r"iteration \d+, niche 1: task\.schema 2 \| 1",
        ),
        (
            f"UPDATE niches SET birth_agent = '{'0' * 64}' WHERE id = 1",
            r"niche 1: birth_agent .*000",
        ),
        ("UPDATE iterations SET state = 'x' WHERE iteration = 5", r"iteration 5: state \w+ \| x"),
        ("UPDATE settings SET value = '9' WHERE key = 'seed'", "edited"),
    ],
)
def test_the_first_value_that_differs_is_named(
    folder: Path, copy: Path, statement: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sql(copy, statement)
    code, text = result(["diff", str(folder), str(copy)], capsys)
    assert code == (2 if line == "edited" else 1)
    assert re.search(line, text)
    assert len(text.splitlines()) == 1


def test_a_selection_is_not_compared_with_a_whole_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with openpoet.open(folder) as run:
        some = run.export(tmp_path / "some.poet", "id == 1").path
    code, text = result(["diff", str(folder), str(some)], capsys)
    assert code == 2
    assert "some.poet holds selected niches" in text
    assert result(["diff", str(some), str(some)], capsys) == (0, "no difference\n")

"""The hash chain verifies for every run, interrupted or not, and every later edit breaks it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from openpoet.archive.store import schema
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.tables import TABLES
from tests.archive.example_runs import create, finished, go_on, live
from tests.archive.store.test_digest import CHANGES

LONG = 24


def verified(path: Path) -> str:
    with Run.open(path, write=False) as run:
        return run.verify()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, LONG)
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


def sql(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    for statement in statements:
        assert database.execute(statement).rowcount != 0
    database.close()


def test_the_chain_verifies_after_every_iteration(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        assert run.verify() == "0" * 64
        for population in live(run, LONG):
            last = run.rows("iterations")[-1]
            assert run.verify() == last["chain"]
            assert last["iteration"] == population.iteration
        assert population.retired
        assert run.rows("retired_scores")


def test_a_resumed_run_has_the_chain_of_an_uninterrupted_one(whole: Path, tmp_path: Path) -> None:
    finished(tmp_path / "run", 5)
    for total in (6, 13, LONG):
        with Run.open(tmp_path / "run", write=True) as run:
            list(go_on(run, total))
    assert verified(tmp_path / "run") == verified(whole)


EDITS = {
    **{
        table: [f"UPDATE {table} SET {change}" for change in changes]
        for table, changes in CHANGES.items()
    },
    "niches": [
        "UPDATE niches SET best = 999.0 WHERE died IS NULL",
        "UPDATE niches SET best = 999.0 WHERE id = 0",
        "UPDATE niches SET score = 999.0, scores = '[999.0]' WHERE died IS NULL",
        "UPDATE niches SET source = 'x' WHERE id = 0",
        "UPDATE niches SET died = NULL WHERE id = 1",
        "UPDATE niches SET died = 20 WHERE id = (SELECT max(id) FROM niches)",
        "UPDATE niches SET agent = birth_agent WHERE id = 0",
        "DELETE FROM niches WHERE id = 1",
    ],
}


def test_the_chain_covers_every_table() -> None:
    assert EDITS.keys() == schema.STATEMENTS.keys() - {"sessions"}


@pytest.mark.parametrize(
    "edit", [edit for edits in EDITS.values() for edit in edits if "value = '0'" not in edit]
)
def test_an_edited_cell_breaks_the_chain(copy: Path, edit: str) -> None:
    # unique with its source: the change goes into one row only
    if "retired_scores SET niche" in edit:
        edit += " WHERE (source, niche) = (SELECT source, niche FROM retired_scores LIMIT 1)"
    sql(copy, edit)
    with pytest.raises(ValueError, match=r"^[^\n]+(hash|no iteration)[^\n]*$"):
        verified(copy)


@pytest.mark.parametrize(
    "table",
    ["children", "transfers", "scores", "ledger", "retired_scores", "iterations", "settings"],
)
def test_a_deleted_row_breaks_the_chain(copy: Path, table: str) -> None:
    key = " AND ".join(
        f"{name} = (SELECT {name} FROM {table} ORDER BY 1 LIMIT 1)"
        for name in TABLES[table].key[:1]
    )
    sql(copy, f"DELETE FROM {table} WHERE {key}")
    with pytest.raises(ValueError, match=r"hash|belong to no iteration"):
        verified(copy)


def test_rows_after_the_last_iteration_break_the_chain(copy: Path) -> None:
    sql(copy, "INSERT INTO ledger VALUES (999, 'iteration/score', 7)")
    with pytest.raises(ValueError, match="the table ledger has rows that belong to no iteration"):
        verified(copy)


def test_the_error_names_the_first_edited_iteration(copy: Path) -> None:
    sql(copy, "UPDATE scores SET score = 999.0 WHERE iteration = 7")
    with pytest.raises(ValueError, match="the rows of iteration 7 do not have the hash"):
        verified(copy)


def test_the_chain_excludes_clock_values(copy: Path, whole: Path) -> None:
    sql(copy, "UPDATE iterations SET clock_seconds = 5.0", "UPDATE sessions SET clock_began = 5.0")
    assert verified(copy) == verified(whole)


def test_verify_detects_a_damaged_agent(copy: Path) -> None:
    path = next((copy / "agents").iterdir())
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ValueError, match="does not have the hash in its name"):
        verified(copy)


def test_the_chain_covers_settings_changed_in_a_session(tmp_path: Path) -> None:
    finished(tmp_path / "run", 3)
    with Run.open(tmp_path / "run", write=True) as run:
        run.begin_session(["resume"], {"torch": "9"}, {"es": {"lr": 0.25}})
        # recorded with the next commit, not before
        assert run.settings() == {"run": {"family": "fake"}}
        list(go_on(run, 5))
        assert run.settings() == {"run": {"family": "fake"}, "es": {"lr": 0.25}}
        assert run.settings(launched=True) == {"run": {"family": "fake"}}
        assert [(row["iteration"], row["key"]) for row in run.rows("settings")] == [
            (0, "family"),
            (4, "lr"),
        ]
        assert run.versions() == {"torch": "9"}
        assert [row["iteration"] for row in run.rows("sessions")] == [0, 4]
    verified(tmp_path / "run")
    sql(tmp_path / "run", "UPDATE settings SET value = '0.5' WHERE key = 'lr'")
    with pytest.raises(ValueError, match="the rows of iteration 4"):
        verified(tmp_path / "run")

"""The tables are described once: SQLite has the described schema, and a new measure is one line."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from pathlib import Path

import pytest
from fresh_process import run as fresh

from openpoet.archive.store import schema
from openpoet.archive.store.rows import KINDS
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.tables import TABLES
from openpoet.poet.niche import Child, Niche, Transfer
from tests.archive.example_runs import finished

ROOT = Path(__file__).resolve().parents[3]


def test_sqlite_has_the_columns_types_and_keys_of_the_description() -> None:
    database = sqlite3.connect(":memory:")
    for name, table in TABLES.items():
        database.execute(schema.STATEMENTS[name])
        found = database.execute(f"PRAGMA table_info({name})").fetchall()
        assert [(row[1], row[2]) for row in found] == [(c.name, c.type) for c in table.columns]
        keys = sorted((row[5], row[1]) for row in found if row[5])
        assert tuple(key for _, key in keys) == table.key
        optional = {row[1] for row in found if not row[3]} - {*table.key}
        assert optional == {column.name for column in table.columns if column.null}
    database.close()


def test_columns_of_the_same_name_are_converted_alike_in_all_tables() -> None:
    """Rows of queries are converted by the names of their columns."""
    for table in TABLES.values():
        for column in table.columns:
            kinds = {KINDS[column.name], column.kind}
            assert len(kinds) == 1 or not kinds & {"json", "flag", "agent"}, column.name


def test_a_flag_is_0_or_1() -> None:
    database = sqlite3.connect(":memory:")
    flags = [
        (table.name, column.name)
        for table in TABLES.values()
        for column in table.columns
        if column.kind == "flag"
    ]
    assert len(flags) == 4
    for table, flag in flags:
        database.execute(schema.STATEMENTS[table])
        names = [column.name for column in TABLES[table].columns]
        for cell, right in ((0, True), (1, True), (2, False)):
            row = [cell if name == flag else 1 for name in names]
            insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})"
            if right:
                database.execute(insert, row)
                database.execute(f"DELETE FROM {table}")
            else:
                with pytest.raises(sqlite3.IntegrityError, match=f"CHECK.*{flag}"):
                    database.execute(insert, row)
        database.execute(f"DROP TABLE {table}")
    database.close()


def test_every_field_of_niches_and_events_has_a_column() -> None:
    """A field without a column would be lost at a resume."""
    for kind, table, given in (
        (Niche, "niches", {"birth_agent", "solver"}),
        (Child, "children", set()),
        (Transfer, "transfers", {"id"}),
    ):
        columns = {column.name for column in TABLES[table].columns if column.of is None}
        assert {field.name for field in fields(kind)} == columns - given
    assert {table.event for table in TABLES.values() if table.event} == {Child.tag, Transfer.tag}


def rewrite(path: Path, statements: dict[str, str]) -> None:
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("PRAGMA writable_schema=ON")
    for table, statement in statements.items():
        database.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", [statement, table])
    database.close()


def test_a_schema_that_differs_in_white_space_only_is_read(tmp_path: Path) -> None:
    """Such runs were written by earlier versions of openpoet with the same schema."""
    finished(tmp_path / "run", 3)
    rewrite(
        tmp_path / "run",
        {name: " ".join(sql.split()) for name, sql in schema.STATEMENTS.items()},
    )
    with Run.open(tmp_path / "run", write=True) as run:
        assert len(run.rows("iterations")) == 4
        run.verify()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("score REAL NOT NULL", "score REAL\u00a0NOT NULL"),  # not white space in SQLite
        ("score REAL NOT NULL", "score REAL NOT NULL DEFAULT 7"),
        ("score REAL NOT NULL", "score REAL NOT NULL /* x */"),
        ("score REAL NOT NULL", "score  INTEGER NOT NULL"),
    ],
)
def test_a_schema_that_differs_otherwise_is_an_error(
    tmp_path: Path, before: str, after: str
) -> None:
    finished(tmp_path / "run", 1)
    statement = schema.STATEMENTS["scores"]
    assert before in statement
    rewrite(tmp_path / "run", {"scores": statement.replace(before, after)})
    with pytest.raises(ValueError, match=r"malformed database schema|another schema"):
        Run.open(tmp_path / "run", write=False)


# One line each: a number of each iteration, a count of niches, a sum over iterations, a number and
# a flag of each niche, and a number of each niche in each iteration.
NEW = {
    "iterations": [
        'real("worst", null=True, of=lambda now: min(now.scores, default=None))',
        'integer("solved_niches", count=lambda niche: niche["solved"] is not None)',
        'integer("refused", total=lambda new: sum(c["niche"] is None for c in new["children"]))',
    ],
    "niches": [
        'real("worst", null=True, of=lambda niche: min(niche["scores"], default=None))',
        'flag("improving", of=lambda n: len(n["scores"]) > 1 and n["scores"][-1] > n["scores"][0])',
    ],
    "scores": ['integer("age", of=lambda niche: len(niche["scores"]))'],
}
USE = """
import json, sys
sys.path[:0] = [{root!r}, {tests!r}]
from dataclasses import replace
from openpoet.archive.store import tables
from openpoet.archive.store.tables import flag, integer, real
for name, columns in {{{new}}}.items():
    table = tables.TABLES[name]
    tables.TABLES[name] = replace(table, columns=(*table.columns, *columns))
from pathlib import Path
from openpoet.archive.store.run_folder import Run
from tests.archive.example_runs import finished
finished(Path({path!r}), 20)
with Run.open(Path({path!r}), write=False) as run:
    run.verify()
    print(json.dumps({{name: run.rows(name) for name in ("iterations", "niches", "scores",
        "children")}}))
"""


def test_a_new_measure_is_one_line(tmp_path: Path) -> None:
    """Table, checks, rows, hashes and reading follow from the line."""
    new = ", ".join(f"{name!r}: [{', '.join(lines)}]" for name, lines in NEW.items())
    path = tmp_path / "run"
    out, _ = fresh(
        USE.format(root=str(ROOT), tests=str(ROOT / "tests"), new=new, path=str(path)),
        tmp_path / "cache",
        installed=False,
    )
    rows = json.loads(out)
    scores, niches = rows["scores"], rows["niches"]
    for row in rows["iterations"]:
        at = row["iteration"]
        now = [one["score"] for one in scores if one["iteration"] == at]
        assert row["worst"] == (min(now) if now else None)
        solved = [n for n in niches if n["solved"] is not None and n["solved"] <= at]
        assert row["solved_niches"] == len(solved)
        refused = [c for c in rows["children"] if c["niche"] is None and c["iteration"] <= at]
        assert row["refused"] == len(refused)
    assert rows["iterations"][-1]["refused"] > 0
    assert rows["iterations"][-1]["solved_niches"] > 0
    for niche in niches:
        assert niche["worst"] == min(niche["scores"])
        assert niche["improving"] is (niche["scores"][-1] > niche["scores"][0])
    assert {niche["improving"] for niche in niches} == {True, False}
    assert {one["age"] for one in scores} == {1, 2, 3, 4, 5}
    with (
        pytest.raises(sqlite3.IntegrityError, match="CHECK"),
        sqlite3.connect(path / "archive.db") as database,
    ):
        database.execute("UPDATE niches SET improving = 2")

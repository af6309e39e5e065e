"""Random damage from fixed seeds: every reader of a run raises an error of one line or succeeds."""

from __future__ import annotations

import copy
import io
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from openpoet.archive.seeds.finding import Receiver, find_seeds
from openpoet.archive.store import schema
from openpoet.archive.store.rows import KINDS
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.tables import TABLES
from openpoet.cli.show import as_json, niche_row, overview
from openpoet.cli.show_niche import one
from tests.archive.example_runs import FAMILY, finished, go_on, setup

CASES = 12  # a kind and seed
LONGEST = 700  # characters of an error message
DEEP = json.loads("[" * 30 + "]" * 30)
STRANGE = [
    *(None, True, -1, 2**31, 2**53, 2**64 - 1, -(2**63), 1e300, -1e300, 5e-324, -0.0, 0.5),
    *("", "x" * 300, "\u202e", "0", "nan", [], {}, [[]], [None], {"a": 1}, DEEP, [0] * 1000),
]
NUMBERS = [
    None,
    0,
    1,
    -1,
    2,
    3,
    2**31,
    2**53,
    2**62,
    1e300,
    -1e300,
    float("inf"),
    -5.5,
    "x",
    b"\xff",
]
TEXTS = [None, "", "x", "0" * 64, "../../x", "\x1b[2J", "\u202e", "é" * 300, b"\xff\xfe", 3]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, 8)
    return path


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield from places(value[key], (*path, key))


def altered(value: Any, rng: random.Random) -> Any:
    """The value with one part changed or deleted."""
    value = copy.deepcopy(value)
    path = rng.choice(list(places(value)))
    if not path:
        return rng.choice(STRANGE)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if rng.random() < 0.15:
        del inner[path[-1]]
    else:
        inner[path[-1]] = rng.choice(STRANGE)
    return value


def alter_a_cell(path: Path, rng: random.Random) -> None:
    """Write the cell under a schema that permits any type, then restore the run's schema."""
    table = rng.choice(list(schema.STATEMENTS))
    column, kind = rng.choice(list(schema.COLUMNS[table].items()))
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("PRAGMA writable_schema=ON")
    loose = (
        schema.STATEMENTS[table]
        .replace(" STRICT,", "")
        .replace(" STRICT", "")
        .replace(" NOT NULL", "")
    )
    if rng.random() < 0.5:
        database.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", [loose, table])
    database.close()
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    keys = TABLES[table].key
    found = database.execute(f"SELECT {column}, {', '.join(keys)} FROM {table}").fetchall()
    if found:
        old, *row = rng.choice(found)
        new = (
            json.dumps(altered(json.loads(old), rng))
            if KINDS[column] == "json" and rng.random() < 0.8
            else None
        )
        new = new or rng.choice(TEXTS if kind == "TEXT" else NUMBERS)
        where = " AND ".join(f"{key} IS ?" for key in keys)
        with suppress(sqlite3.Error, OverflowError):  # values that SQLite itself does not store
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [new, *row])
    database.execute("PRAGMA writable_schema=ON")
    database.execute(
        "UPDATE sqlite_master SET sql = ? WHERE name = ?", [schema.STATEMENTS[table], table]
    )
    database.close()


def alter_bytes(path: Path, rng: random.Random) -> None:
    file = rng.choice(
        [path / "archive.db", path / "archive.db", *sorted((path / "agents").iterdir())]
    )
    data = bytearray(file.read_bytes())
    for _ in range(rng.choice([1, 3, 30])):
        data[rng.randrange(len(data))] = rng.choice([0, 255, 34, 91, rng.randrange(256)])
    file.write_bytes(bytes(data))


def drop_a_row(path: Path, rng: random.Random) -> None:
    table = rng.choice(list(schema.STATEMENTS))
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    where = " AND ".join(f"{key} IS ?" for key in TABLES[table].key)
    rows = database.execute(f"SELECT {', '.join(TABLES[table].key)} FROM {table}").fetchall()
    if rows:
        database.execute(f"DELETE FROM {table} WHERE {where}", rng.choice(rows))
    database.close()


def shown(run: Run) -> None:
    console = Console(file=io.StringIO(), width=100)

    def title(task: Any) -> str:
        return json.dumps(FAMILY.encode(FAMILY.decode(task)))

    niche = niche_row(run, 1)
    for pieces in (overview(run, title, None, True), one(run, 1, title, run.agent(niche["agent"]))):
        for piece in pieces:
            console.print(piece)


def readers() -> list[tuple[str, Callable[[Path], object]]]:
    def opened(use: Callable[[Run], object], write: bool = False) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            with Run.open(path, write) as run:
                return use(run)

        return read

    learner = setup().learner
    return [
        ("show", opened(shown)),
        ("json", opened(lambda run: json.loads("".join(as_json(run, run.settings()))))),
        ("verify", opened(Run.verify)),
        (
            "seeds",
            lambda path: [
                seed.task()
                for seed in find_seeds(str(path), "best > -1e9", Receiver(FAMILY, learner))
            ],
        ),
        (
            "resume",
            opened(
                lambda run: (run.check_state(), run.versions(), list(go_on(run, 9))), write=True
            ),
        ),
    ]


@pytest.mark.parametrize("alter", [alter_a_cell, alter_bytes, drop_a_row])
@pytest.mark.parametrize("seed", range(2))
def test_random_damage_is_an_error_of_one_line_or_harmless(
    alter: Callable[[Path, random.Random], None], seed: int, whole: Path, tmp_path: Path
) -> None:
    rng, refused = random.Random(seed), 0
    for case in range(CASES):
        path = Path(shutil.copytree(whole, tmp_path / str(case)))
        alter(path, rng)
        for name, read in readers():
            try:
                read(path)
            except Exception as error:
                planned, text = isinstance(error, (ValueError, OSError)), str(error)
                if not (planned and 10 < len(text) < LONGEST and "\n" not in text):
                    raise AssertionError(
                        f"case {case}, {name}: {type(error).__name__}: {text}"
                    ) from error
                refused += 1
        shutil.rmtree(path)
    assert refused > CASES / 2

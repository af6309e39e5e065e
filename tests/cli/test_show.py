"""`show` of a long run lists the best niches in bounded time and memory; as JSON, every row."""

from __future__ import annotations

import io
import itertools
import json
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from openpoet.archive.store.run_folder import Run
from openpoet.cli.show import AT_ONCE, DEEPEST, FEW, MOST_TREE, as_json, overview
from openpoet.cli.show_niche import MOST_LINES, one
from tests.archive.example_runs import finished

NICHES, TRANSFERS = 10_000, 60_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with many transfers and many niches, each with a lower score than the one before and
    every hundredth active.
    """
    path = tmp_path_factory.mktemp("run") / "run"
    finished(path, 12)
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    columns = [row[1] for row in database.execute("PRAGMA table_info(niches)")]
    *_, last = database.execute("SELECT * FROM niches ORDER BY id")
    row = dict(zip(columns, last, strict=True))

    def niches() -> Iterator[list]:
        for id in range(row["id"] + 1, NICHES):
            alive = id % 100 == 0
            yield list(
                {
                    **row,
                    "id": id,
                    "parent": id - 1,
                    "died": None if alive else 9,
                    "score": 1000.0 + id,
                }.values()
            )

    database.execute("BEGIN")
    database.executemany(f"INSERT INTO niches VALUES ({', '.join('?' * len(columns))})", niches())
    database.executemany(
        "INSERT INTO transfers (iteration, kind, source, target, at_birth, score, bar, accepted, "
        "steps) VALUES (5, 'direct', ?, 3, 0, 1.5, 0.5, 1, 100)",
        ((i,) for i in range(TRANSFERS)),
    )
    database.execute("COMMIT")
    database.close()
    return path


@pytest.fixture
def run(path: Path) -> Iterator[Run]:
    with Run.open(path, write=False) as opened:
        yield opened


def printed(pieces: Iterator[object], width: int = 300) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for piece in pieces:
        console.print(piece)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def listed(text: str) -> list[int]:
    """Ids in the table."""
    lines = text.splitlines()[1:]
    return [
        int(line.split()[0])
        for line in lines[: next(i for i, line in enumerate(lines) if not line[:7].strip())]
    ]


def title(task: dict) -> str:
    return f"point {task['x']}"


def test_show_lists_the_best_niches_and_counts_the_rest(run: Run) -> None:
    text = printed(overview(run, title, None, whole=False))
    best = list(range(NICHES - 100, 0, -100))[:FEW]
    table, _, rest = text.partition(f"{NICHES - FEW:,} more of {NICHES:,} niches: --all shows them")
    assert [int(line.split()[0]) for line in table.splitlines()[1:]] == sorted(best)
    assert rest.count("child of") == FEW
    assert len(text.splitlines()) < 120


def test_select_filters_niches_and_all_lists_every_niche(run: Run) -> None:
    text = printed(overview(run, title, "id in (7, 8, 9, 4000)", whole=False))
    assert listed(text + "\n") == [7, 8, 9, 4000]
    assert "more of" not in text
    assert "9 1009.0 (retired)\n" in text  # below 8, which is shown
    assert "4000 5000.0, child of 3999\n" in text
    text = printed(overview(run, title, f"id < {2 * AT_ONCE + 7}", whole=True))
    rows = text.splitlines()
    assert [int(line.split()[0]) for line in rows[1 : 2 * AT_ONCE + 8]] == list(
        range(2 * AT_ONCE + 7)
    )
    # columns continue below each other
    assert len({line.index("point") for line in rows[30 : 2 * AT_ONCE + 8]}) == 1
    assert f"not drawn for more than {MOST_TREE} niches" in text
    with pytest.raises(ValueError, match="the expression has an unknown field 'fame'"):
        printed(overview(run, title, "fame > 3", whole=False))


def test_a_niche_with_many_ancestors_and_transfers_is_shown_shortened(run: Run) -> None:
    text = printed(one(run, NICHES - 1, title, {}), width=10_000)
    assert f"{NICHES - MOST_LINES} <- ...\n" in text
    text = printed(one(run, 3, title, {}))
    assert "earlier transfers are not shown" in text
    assert text.count("took over the agent of") == MOST_LINES
    assert f"took over the agent of {TRANSFERS - 1} (direct, 0.50 -> 1.50)" in text.splitlines()[-1]


def test_time_and_memory_of_show_are_bounded(run: Run) -> None:
    began = time.monotonic()
    printed(overview(run, title, None, whole=False))
    assert time.monotonic() - began < 10  # under a second on an idle core
    for pieces, most in (
        (overview(run, title, None, whole=False), 12e6),
        (one(run, 3, title, {}), 2e6),
    ):
        tracemalloc.start()
        printed(pieces)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most  # rows of transfers alone were 40 MB


def test_json_has_every_row_and_is_written_row_by_row(run: Run) -> None:
    settings = run.settings()
    whole = json.loads("".join(as_json(run, settings)))
    assert whole.pop("config") == settings
    for table, rows in whole.items():
        assert rows == run.rows(table)
    tracemalloc.start()
    for _ in itertools.islice(as_json(run, settings), 5_000):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_a_line_of_many_generations_is_drawn_in_eighty_columns(tmp_path: Path) -> None:
    """Every niche is there once; those of the deepest levels name their parents."""
    finished(tmp_path / "run", 60)
    database = sqlite3.connect(tmp_path / "run" / "archive.db", isolation_level=None)
    ((niches,),) = database.execute("SELECT count(*) FROM niches")
    assert niches > DEEPEST + 5
    database.execute("UPDATE niches SET parent = id - 1 WHERE id > 0")
    database.close()
    text = io.StringIO()
    with Run.open(tmp_path / "run", write=False) as run:
        for part in overview(run, str, None, whole=True):
            Console(file=text, width=80).print(part)
    lines = text.getvalue().partition("lineage\n")[2].partition("\n\n")[0].splitlines()
    assert [int(line.lstrip(" │└├─").split()[0]) for line in lines] == list(range(niches))
    assert [line.partition("child of ")[2] for line in lines] == [
        *[""] * (DEEPEST + 1),
        *map(str, range(DEEPEST, niches - 1)),
    ]

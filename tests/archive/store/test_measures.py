"""Statistics computed by SQLite equal those computed from the rows."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from openpoet.archive.store import measures
from openpoet.archive.store.run_folder import Run
from tests.archive.example_runs import finished


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    path = tmp_path_factory.mktemp("run") / "run"
    finished(path, 14)
    with Run.open(path, write=False) as opened:
        yield opened


def test_counts_equal_the_number_of_rows(run: Run) -> None:
    transfers, children, ledger = (run.rows(table) for table in ("transfers", "children", "ledger"))
    tried = Counter(
        f"{row['kind']} at birth" if row["at_birth"] else row["kind"] for row in transfers
    )
    taken = Counter(
        f"{row['kind']} at birth" if row["at_birth"] else row["kind"]
        for row in transfers
        if row["accepted"]
    )
    assert len(tried) > 2
    assert sum(taken.values()) > 0
    assert measures.transfers_by_kind(run) == {kind: (tried[kind], taken[kind]) for kind in tried}
    assert measures.outcomes(run) == Counter(row["outcome"] for row in children)
    counts = list(measures.outcomes(run).values())
    assert counts == sorted(counts, reverse=True)
    steps = Counter[str]()
    for row in ledger:
        steps[row["purpose"]] += row["steps"]
    assert measures.steps_by_purpose(run) == steps


def test_annecs_is_that_of_the_last_iteration(run: Run) -> None:
    last = run.rows("iterations")[-1]
    assert measures.annecs(run) == (last["annecs"], last["annecs_reference"])
    niches = run.niche_rows()
    paper = sum(row["viable_to_all"] and row["solved"] is not None for row in niches)
    assert measures.annecs(run)[0] == paper > 0


def test_fields_equal_the_values_of_the_niches(run: Run) -> None:
    expected = [
        {name: row[name] for name in measures.FIELDS} | {"alive": row["died"] is None}
        for row in run.niche_rows()
    ]
    assert list(measures.fields(run)) == expected


def test_lineage_ends_at_the_first_niche_or_the_limit(run: Run) -> None:
    parents = {row["id"]: row["parent"] for row in run.niche_rows()}
    longest = max((measures.lineage(run, id, 99) for id in parents), key=len)
    assert len(longest) > 2
    assert parents[longest[-1]] is None
    assert all(parents[child] == parent for child, parent in itertools.pairwise(longest))
    assert measures.lineage(run, longest[0], 2) == longest[:2]


def test_nearest_ancestor_among_the_selected_niches(run: Run) -> None:
    parents = {row["id"]: row["parent"] for row in run.niche_rows()}
    chosen = {id for id in parents if id % 2 == 0}
    found = measures.nearest(run, chosen)
    for id in chosen:
        above = parents[id]
        while above is not None and above not in chosen:
            above = parents[above]
        assert found[id] == above
    assert found.keys() == chosen


def test_a_parent_with_a_higher_number_than_its_child_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run"
    finished(path, 14)
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("UPDATE niches SET parent = 2 WHERE id = 1")
    database.execute("UPDATE niches SET parent = 1 WHERE id = 2")
    database.close()
    with Run.open(path, write=False) as hostile:
        for call in (
            lambda: measures.lineage(hostile, 2, 99),
            lambda: measures.nearest(hostile, {2}),
        ):
            with pytest.raises(
                ValueError, match="niche 1 must have an elder niche as its parent, got 2"
            ):
                call()


def test_progress_counts_solved_tasks_by_iteration(run: Run) -> None:
    found = measures.progress(run)
    rows, niches = run.rows("iterations"), run.niche_rows()
    for at, row in enumerate(rows):
        solved = [n for n in niches if n["solved"] is not None and n["solved"] <= row["iteration"]]
        assert found["solved"][at] == len(solved)
        assert found["seconds"][at] == sum(r["clock_seconds"] for r in rows[: at + 1])
        assert (found["steps"][at], found["best"][at]) == (row["steps"], row["best"])
    assert found["solved"][-1] > 0

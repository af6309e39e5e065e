"""What a page receives equals the archive, whole or in increments."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openpoet.archive.page import curves
from openpoet.archive.page.curves import brief
from openpoet.archive.page.view import RunView
from openpoet.archive.store import measures
from openpoet.archive.store.run_folder import Run
from tests.archive.example_runs import create, finished, live
from tests.archive.page.views import view_of

ITERATIONS = 40


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run"
    finished(path, ITERATIONS)
    return path


@pytest.fixture(scope="module")
def run(path: Path) -> Iterator[Run]:
    with Run.open(path, write=False) as run:
        yield run


@pytest.fixture
def view(path: Path) -> Iterator[RunView]:
    view = view_of(path)
    yield view
    view.run.close()


def merged(whole: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """What a page holds after an increment."""
    if added["since"] is None:
        return added
    niches = {niche["id"]: niche for niche in whole["niches"]}
    for niche in added["niches"]:
        before = niches.get(niche["id"], {})
        kept = {name: before.get(name) for name in ("outline", "describe")}
        niches[niche["id"]] = niche | {k: v for k, v in kept.items() if niche[k] is None}
    scores = {id: dict(one) for id, one in whole["scores"].items()}
    for id, one in added["scores"].items():
        old = scores.setdefault(id, one)
        place = (one["start"] - old["start"]) // added["score_stride"]
        scores[id] = {"start": old["start"], "values": old["values"][:place] + one["values"]}
    result = {**whole, **added, "niches": list(niches.values()), "scores": scores}
    for part in ("transfers", "curves"):
        result[part] = extended(whole[part], added[part])
    return result


def extended(old: Any, new: Any) -> Any:
    if isinstance(old, dict):
        return {name: extended(old.get(name, []), new[name]) for name in new}
    return old + new


def comparable(view: dict[str, Any]) -> dict[str, Any]:
    """Without what an increment leaves out, and with names that appear late padded by zeros."""
    found = {k: v for k, v in view.items() if k not in ("since", "score_range", "adapts")}
    length = len(found["curves"]["iteration"])
    for part in ("refused", "transfers", "purposes", "classes"):
        found["curves"][part] = {
            name: [0] * (length - len(values)) + values
            for name, values in found["curves"][part].items()
        }
    return found


def test_increments_add_up_to_the_whole_view(tmp_path: Path) -> None:
    """A page that asked after every third commit holds what one that comes later gets."""
    with create(tmp_path / "run") as run:
        held: dict[str, Any] | None = None
        page: RunView | None = None
        for population in live(run, ITERATIONS):
            if population.iteration % 3:
                continue
            page = page or view_of(tmp_path / "run")
            if held is None:
                held = page.view()
            else:
                added = page.view(held["iteration"], held["score_stride"])
                assert added["since"] == held["iteration"]
                held = merged(held, added)
        assert held is not None
        late = view_of(tmp_path / "run").view()
        last = page.view(held["iteration"], held["score_stride"]) if page else {}
        assert comparable(merged(held, last)) == comparable(late)


def test_scores_are_those_of_the_archive(view: RunView, run: Run) -> None:
    found = view.view()["scores"]
    for niche, rows in itertools.groupby(
        sorted(run.rows("scores"), key=lambda row: (row["niche"], row["iteration"])),
        key=lambda row: row["niche"],
    ):
        first, *others = rows
        assert found[str(niche)]["start"] == first["iteration"]
        assert found[str(niche)]["values"] == [brief(row["score"]) for row in (first, *others)]


def test_transfers_are_the_accepted_ones_and_those_at_birth_lead_to_the_newborn(
    view: RunView, run: Run
) -> None:
    niche_of = {row["id"]: row["niche"] for row in run.rows("children")}
    expected = [
        (
            row["iteration"],
            row["source"],
            niche_of[row["target"]] if row["at_birth"] else row["target"],
            row["kind"],
            row["at_birth"],
        )
        for row in run.rows("transfers")
        if row["accepted"]
    ]
    found = view.view()["transfers"]
    names = ("iteration", "source", "target", "kind", "at_birth")
    assert list(zip(*(found[name] for name in names), strict=True)) == expected
    born = {row["id"]: row["born"] for row in run.niche_rows()}
    births = [row for row in expected if row[4]]
    assert births
    assert all(born[row[2]] == row[0] for row in births)


def test_curves_end_with_the_statistics_of_show(view: RunView, run: Run) -> None:
    curves = view.view()["curves"]
    refused = measures.outcomes(run)
    admitted = refused.pop("admitted")
    assert {name: values[-1] for name, values in curves["refused"].items()} == refused
    assert curves["born"][-1] == admitted + 1
    assert {name: v[-1] for name, v in curves["purposes"].items()} == measures.steps_by_purpose(run)
    accepted: dict[str, int] = {}
    for kind, (_, taken) in measures.transfers_by_kind(run).items():
        kind = kind.removesuffix(" at birth")
        accepted[kind] = accepted.get(kind, 0) + taken
    assert {name: v[-1] for name, v in curves["transfers"].items()} == {
        kind: number for kind, number in accepted.items() if number
    }
    assert curves["annecs"][-1] == measures.annecs(run)[0]
    assert curves["seconds"][-1] == ITERATIONS + 1
    solved = sum(row["solved"] is not None for row in run.niche_rows())
    assert sum(values[-1] for values in curves["classes"].values()) == solved


def test_a_long_run_is_thinned_and_increments_still_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "MOST_VALUES", 30)
    monkeypatch.setattr(curves, "MOST_POINTS", 10)
    with create(tmp_path / "run") as run:
        held, page = None, None
        for _ in live(run, ITERATIONS):
            page = page or view_of(tmp_path / "run")
            held = (
                page.view()
                if held is None
                else merged(held, page.view(held["iteration"], held["score_stride"]))
            )
            assert sum(len(one["values"]) for one in held["scores"].values()) <= 3 * 30
        assert held is not None
        assert held["score_stride"] > 1
        late = view_of(tmp_path / "run").view()
        assert held["scores"] == late["scores"]
        assert len(late["curves"]["iteration"]) <= 11
        assert late["curves"]["iteration"][-1] == ITERATIONS


def test_too_many_transfers_become_a_density_that_counts_all(
    view: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = len(view.view()["transfers"]["iteration"])
    monkeypatch.setattr(curves, "MOST_MOVES", 5)
    monkeypatch.setattr(curves, "BINS", 4)
    density = view.view()["transfers"]["density"]
    assert sum(density["count"]) == number
    assert set(density["iteration"]) <= set(range(0, ITERATIONS + 1, density["bin"]))


@pytest.mark.parametrize(("since", "stride"), [(99, 1), (3, 2), (3, None)])
def test_an_increment_that_does_not_fit_is_the_whole_view(
    view: RunView, since: int, stride: int | None
) -> None:
    whole = view.view(since, stride)
    assert whole["since"] is None
    assert len(whole["niches"]) == whole["curves"]["born"][-1]


def test_a_run_without_iterations_has_an_empty_view(tmp_path: Path) -> None:
    with create(tmp_path / "run"):
        found = view_of(tmp_path / "run").view()
    assert (found["iteration"], found["state"], found["niches"]) == (-1, "running", [])


def test_the_state_is_running_only_while_a_process_writes(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        *_, _ = live(run, 3)
        view = view_of(tmp_path / "run")
        assert view.view()["state"] == "running"
    assert view.view()["state"] == "stopped"
    assert view.run.state(40, 40) == "finished"


def test_a_task_that_the_family_cannot_read_is_shown_as_text(path: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(path, tmp_path / "run"))
    database = sqlite3.connect(copy / "archive.db", isolation_level=None)
    database.execute("""UPDATE niches SET task = '{"x": "<b>\\u202e"}' WHERE id = 1""")
    database.close()
    (niche,) = [niche for niche in view_of(copy).view()["niches"] if niche["id"] == 1]
    assert niche["outline"] is None
    assert niche["title"] == '{"x": "<b>\\u202e"}'

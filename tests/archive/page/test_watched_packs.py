"""The page and the report of packs: what they show is what they show of the run."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.archive.page.routes import answer
from openpoet.cli.watching import runs_under, site_of
from tests.test_library import points


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return points(tmp_path_factory.mktemp("runs") / "points", 6).path


def asked(path: Path, what: str) -> tuple[int, Any]:
    """Status and JSON of the answer; a replay is asked for until it is ready."""
    site = site_of(path)
    try:
        (id,) = site.ids()
        for _ in range(100):
            found = answer(site, f"/api/run/{id}/{what}")
            if found.status != 503:
                break
            time.sleep(0.1)
        return found.status, json.loads(found.body)
    finally:
        site.close()


@pytest.mark.parametrize("what", ["view", "niche/1", "candidates", "replay?niche=1&agent=1"])
def test_a_pack_has_the_answers_of_the_run(folder: Path, tmp_path: Path, what: str) -> None:
    with openpoet.open(folder) as run:
        pack = run.export(tmp_path / "points.poet").path
    status, found = asked(folder, what)
    assert status == 200
    named = {"name": "points.poet"} if "name" in found else {}
    assert asked(pack, what) == (200, {**found, **named})


def test_a_selection_shows_its_lineage_and_replays_its_agents(folder: Path, tmp_path: Path) -> None:
    with openpoet.open(folder) as run:
        last = run.niches[-1].id
        pack = run.export(tmp_path / "last.poet", f"id == {last}").path
    kept = [niche.id for niche in openpoet.open(pack).niches]
    status, view = asked(pack, "view")
    assert (status, [niche["id"] for niche in view["niches"]]) == (200, kept)
    status, replay = asked(pack, f"replay?niche={last}&agent={last}")
    assert (status, replay["score"]) == (200, replay["archived"])
    assert asked(pack, f"niche/{kept[0]}")[0] == 200
    status, error = asked(pack, f"replay?niche={kept[0]}&agent={kept[0]}")
    assert (status, "as an ancestor only" in error["error"]) == (400, True)
    assert (
        command.main(["report", str(pack), "--out", str(tmp_path / "a.html"), "--poses", "true"])
        == 0
    )
    assert f'id="data-replay-{last}-{last}-last"' in (tmp_path / "a.html").read_text()


def test_the_report_of_retired_niches_shows_all_that_have_agents(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with openpoet.open(folder) as run:
        run.export(tmp_path / "old.poet", "not alive")
        retired = [niche.id for niche in run.niches if niche.died is not None]
    report = ["report", str(tmp_path / "old.poet"), "--out", str(tmp_path / "a.html")]
    assert command.main(report) == 0
    written = (tmp_path / "a.html").read_text()
    assert retired
    assert all(f'id="data-replay-{id}-{id}-last"' in written for id in retired)
    assert command.main([*report, "--poses", "alive"]) == 0
    assert "no niche was chosen; `--poses true` takes every niche" in capsys.readouterr().err


def test_packs_under_runs_are_listed(folder: Path, tmp_path: Path) -> None:
    with openpoet.open(folder) as run:
        run.export(folder.with_name("points.poet"))
    assert sorted(path.name for path in runs_under(folder.parent)) == ["points", "points.poet"]

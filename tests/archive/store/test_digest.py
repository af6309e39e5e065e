from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from openpoet.archive.store import schema
from openpoet.archive.store.digest import UNCOUNTED_TABLES, digest
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.weights import content_hash, encode
from openpoet.poet.checkpoint import to_records
from openpoet.poet.engine import evolve, start
from tests.archive.example_runs import (
    FAMILY,
    SETTINGS,
    commit,
    create,
    finished,
    go_on,
    ledger,
    live,
    setup,
)

LONG = 24


def digest_of(path: Path) -> str:
    with Run.open(path, write=False) as run:
        return digest(run)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, LONG)
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_resumed_run_has_the_digest_of_an_uninterrupted_one(whole: Path, tmp_path: Path) -> None:
    finished(tmp_path / "run", 5)
    for total in (6, 13, LONG):
        with Run.open(tmp_path / "run", write=True) as run:
            list(go_on(run, total))
    assert digest_of(tmp_path / "run") == digest_of(whole)


def test_the_digest_excludes_clocks_versions_command_and_folder(
    whole: Path, tmp_path: Path
) -> None:
    with Run.create(tmp_path / "elsewhere", SETTINGS, ["resume"], {"python": "4"}) as run:
        list(live(run, LONG, seconds=77.0))
        assert run.rows("iterations")[3]["clock_seconds"] == 77.0
    assert digest_of(tmp_path / "elsewhere") == digest_of(whole)


@pytest.mark.parametrize(
    ("settings", "equal"),
    [
        (f"{SETTINGS}iterations = 7\npreset = 'quick'\n[es]\ndevice = 'cuda'\n", True),
        (f"{SETTINGS}[es]\nlr = 0.01\n", False),
        (SETTINGS.replace("fake", "maze"), False),
    ],
)
def test_the_digest_covers_settings_that_can_change_a_result(
    whole: Path, tmp_path: Path, settings: str, equal: bool
) -> None:
    with Run.create(tmp_path / "run", settings, ["launch"], {}) as run:
        list(live(run, LONG))
    assert (digest_of(tmp_path / "run") == digest_of(whole)) == equal


@pytest.mark.parametrize(("sha256", "equal"), [("a" * 64, True), ("b" * 64, False)])
def test_the_digest_covers_the_content_of_a_plug_in_and_not_its_path(
    tmp_path: Path, sha256: str, equal: bool
) -> None:
    for folder, content in (("here", "a" * 64), ("there", sha256)):
        settings = f"[run]\nfamily = '/{folder}/own.py'\nfamily_sha256 = '{content}'\n"
        with Run.create(tmp_path / folder, settings, ["launch"], {}) as run:
            list(live(run, 3))
    assert (digest_of(tmp_path / "here") == digest_of(tmp_path / "there")) == equal


def test_the_digest_excludes_the_name_of_a_seed(copy: Path, whole: Path) -> None:
    with sqlite3.connect(copy / "archive.db") as database:
        database.execute("UPDATE niches SET source = 'runs/b#3'")
    assert digest_of(copy) == digest_of(whole)


CHANGES = {
    "niches": [
        "best = best + 1e-12",
        "born = born + 1",
        "viable_to_all = 1 - viable_to_all",
        "task = '{}'",
    ],
    "scores": ["score = score + 1e-12", "niche = niche + 100"],
    "children": ["outcome = 'crowded'", "novelty = 0.125", "iteration = iteration + 1"],
    "transfers": [
        "accepted = 1 - accepted",
        "bar = 1.0",
        "score = score + 1e-12",
        "steps = steps + 1",
    ],
    "ledger": ["steps = steps + 1", "purpose = purpose || 'x'"],
    "iterations": ["median = 0.5", "annecs = annecs + 1", "active = active + 1"],
    "retired_scores": ["score = score + 1e-12", "niche = 1000"],
    "settings": ["value = '7'", "iteration = 5"],
    "checkpoint": ["value = '0'"],
}


def test_the_digest_covers_every_table() -> None:
    assert CHANGES.keys() == schema.STATEMENTS.keys() - UNCOUNTED_TABLES


@pytest.mark.parametrize(
    ("table", "change"), [(t, change) for t, changes in CHANGES.items() for change in changes]
)
def test_a_changed_cell_changes_the_digest(
    copy: Path, whole: Path, table: str, change: str
) -> None:
    key = {"niches": "id", "transfers": "id", "children": "id", "checkpoint": "part"} | {
        "retired_scores": "niche"
    }
    key = key.get(table, "iteration")
    order = f"SELECT {key} FROM {table} ORDER BY {key} DESC LIMIT 1"
    with sqlite3.connect(copy / "archive.db") as database:
        assert database.execute(f"UPDATE {table} SET {change} WHERE {key} = ({order})").rowcount > 0
    assert digest_of(copy) != digest_of(whole)


def test_a_deleted_row_changes_the_digest(copy: Path, whole: Path) -> None:
    with sqlite3.connect(copy / "archive.db") as database:
        database.execute("DELETE FROM transfers WHERE id = 1")
    assert digest_of(copy) != digest_of(whole)


def test_a_changed_weight_changes_the_digest(whole: Path, tmp_path: Path) -> None:
    parts = setup()
    with create(tmp_path / "run") as run:
        first = start(parts)
        commit(run, parts, first)
        for population in evolve(first, parts):
            record, agents = to_records(population, FAMILY, first)
            first = population
            if population.iteration == LONG:
                name = f"niche-{population.active[-1].id}"
                agents[name] = agents[name] | {"steps": agents[name]["steps"] + 1}
            run.commit(record, agents, ledger=ledger(parts).drain(), clock_seconds=1.0)
            if population.iteration == LONG:
                break
    assert digest_of(tmp_path / "run") != digest_of(whole)


def test_the_digest_of_weights_changed_on_disk_is_an_error(copy: Path) -> None:
    with Run.open(copy, write=False) as run:
        name = run.niche_rows()[0]["birth_agent"]
        agent = run.agent(name)
    agent["velocity"][0] += 1e-3
    assert content_hash(agent) != name
    (copy / "agents" / f"{name}.safetensors").write_bytes(encode(agent))
    with pytest.raises(ValueError, match="does not have the hash"):
        digest_of(copy)

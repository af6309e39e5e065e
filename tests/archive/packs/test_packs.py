"""Packs: what is exported is what was in the run, and what is imported is what was exported."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import FakeLearner

from openpoet.archive.packs.excerpt import excerpt
from openpoet.archive.packs.files import Content, write_folder, write_pack
from openpoet.archive.packs.lineage import lineage
from openpoet.archive.packs.merging import content
from openpoet.archive.seeds.finding import Receiver, find_seeds
from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run, find_run
from tests.archive.example_runs import FAMILY, SETTINGS, create, finished, go_on, live


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, 12)
    return path


def export(source: Path, out: Path, select: str | None = None) -> Path:
    with Run.open(source, write=False) as run:
        part = excerpt(run, select)
        write_pack(out, Content(part.rows(), dict.fromkeys(part.agents, run), part.complete))
    return out


def merge(sources: list[Path], out: Path) -> Path:
    runs = [Run.open(source, write=False) for source in sources]
    if out.suffix == ".poet":
        write_pack(out, content(runs))
    else:
        write_folder(out, content(runs), SETTINGS, ["import"], {})
    for run in runs:
        run.close()
    return out


def digest_of(path: Path) -> str:
    with Run.open(path, write=False) as run:
        run.verify()
        return digest(run)


def table(path: Path, name: str) -> list[dict]:
    with Run.open(path, write=False) as run:
        return run.rows(name)


def test_a_pack_of_a_whole_run_has_its_rows_agents_and_hashes(whole: Path, tmp_path: Path) -> None:
    pack = export(whole, tmp_path / "a.poet")
    with Run.open(whole, write=False) as run, Run.open(pack, write=False) as packed:
        for name in ("settings", "niches", "transfers", "sessions", "iterations", "checkpoint"):
            assert packed.rows(name) == run.rows(name)
        assert packed.verify() == run.verify()
        for name in run.agent_names():
            mine, its = packed.agent(name), run.agent(name)
            assert mine.keys() == its.keys()
            assert all(mine[key].equal(its[key]) for key in its)
        assert digest(packed) == digest(run)
        assert packed.settings() == run.settings()
        assert packed.steps() == run.steps()


def test_export_import_export_gives_equal_bytes(whole: Path, tmp_path: Path) -> None:
    for select, name in ((None, "all"), ("born > 3", "some")):
        first = export(whole, tmp_path / f"{name}.poet", select)
        folder = merge([first], tmp_path / name)
        again = export(folder, tmp_path / f"{name}-again.poet")
        assert again.read_bytes() == first.read_bytes()
        third = merge([first], tmp_path / f"{name}-copy.poet")
        assert third.read_bytes() == first.read_bytes()
        assert digest_of(folder) == digest_of(first)


def test_an_imported_run_goes_on_as_the_run_itself_would(whole: Path, tmp_path: Path) -> None:
    folder = merge([export(whole, tmp_path / "a.poet")], tmp_path / "run")
    with Run.open(folder, write=True) as run:
        list(go_on(run, 15))
    finished(tmp_path / "longer", 15)
    assert digest_of(folder) == digest_of(tmp_path / "longer")


def test_a_selection_keeps_agents_of_the_selected_and_lineage_without(
    whole: Path, tmp_path: Path
) -> None:
    (last,) = [max(row["id"] for row in table(whole, "niches"))]
    pack = export(whole, tmp_path / "one.poet", f"id == {last}")
    rows = {row["id"]: row for row in table(whole, "niches")}
    kept = {row["id"]: row for row in table(pack, "niches")}
    assert all(rows[id] == row for id, row in kept.items())
    assert all(row["parent"] is None or row["parent"] in kept for row in kept.values())
    assert 1 < len(kept) < len(rows)
    with Run.open(pack, write=False) as run:
        assert not run.complete
        held = [id for id, row in kept.items() if run.agents.holds(row["agent"])]
        assert held == [last]
        ancestor = next(row for id, row in kept.items() if id != last)
        with pytest.raises(ValueError, match="its niche is there as an ancestor only"):
            run.agent(ancestor["agent"])
        with pytest.raises(ValueError, match="selected niches without the state"):
            run.checkpoint()
    assert {row["niche"] for row in table(pack, "scores")} <= set(kept)
    assert {row["source"] for row in table(pack, "transfers")} <= set(kept)
    assert table(pack, "ledger") == table(whole, "ledger")
    assert table(pack, "settings") == table(whole, "settings")
    assert table(pack, "iterations") == table(whole, "iterations")


def test_a_lineage_has_the_sources_of_the_transfers_by_which_agents_came(whole: Path) -> None:
    """Walked by hand: the last accepted transfer into a niche, then into its source before that."""
    born = {row["id"]: row["niche"] for row in table(whole, "children")}
    arrivals = [
        (
            born[row["target"]] if row["at_birth"] else row["target"],
            (row["iteration"], not row["at_birth"]),
            row["source"],
        )
        for row in table(whole, "transfers")
        if row["accepted"]
    ]
    parents = {row["id"]: row["parent"] for row in table(whole, "niches")}
    assert arrivals
    with Run.open(whole, write=False) as run:
        for niche in parents:
            found, here, before = {niche}, niche, (10**9, False)
            while came := [(t, s) for target, t, s in arrivals if target == here and t < before]:
                before, here = came[-1]
                found.add(here)
            for one in list(found):
                while (one := parents[one]) is not None:
                    found.add(one)
            assert lineage(run, [niche]) == found


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([(25, 17, 0, "direct", True), (25, 24, 19, "proposal", False)], {17, 19, 24}),
        ([(4, 0, 1, "direct", False), (4, 1, 19, "exploit", False)], {0, 1, 19}),
        ([(4, 0, 1, "direct", False), (4, 1, 19, "direct", False)], {1, 19}),
        ([(4, 0, 1, "exploit", False), (4, 1, 19, "exploit", False)], {1, 19}),
    ],
    ids=["birth then transfer", "transfer then exploit", "two transfers", "two exploits"],
)
def test_a_lineage_has_the_sources_of_earlier_rounds_of_the_same_iteration(
    moves: list[tuple], expected: set[int]
) -> None:
    """Niche 24 was born from the candidate 0. Rounds: births, transfers, exploit."""
    database = sqlite3.connect(":memory:")
    database.executescript(
        """CREATE TABLE niches (id, parent, born);
        CREATE TABLE children (id, niche);
        INSERT INTO children VALUES (0, 24);
        CREATE TABLE transfers (
            id INTEGER PRIMARY KEY, iteration, source, target, kind, at_birth, accepted);"""
    )
    database.executemany("INSERT INTO niches VALUES (?, NULL, 0)", [(id,) for id in range(25)])
    columns = "iteration, source, target, kind, at_birth, accepted"
    database.executemany(f"INSERT INTO transfers ({columns}) VALUES (?, ?, ?, ?, ?, 1)", moves)
    run = SimpleNamespace(
        database=database, path=Path("run"), file=Path("archive.db"), last_iteration=lambda: 30
    )
    assert lineage(run, [19]) == expected


def test_merged_niches_keep_tasks_agents_scores_and_names_of_their_origins(
    whole: Path, tmp_path: Path
) -> None:
    finished(tmp_path / "longer", 13)
    some = export(tmp_path / "longer", tmp_path / "some.poet", "born > 3")
    both = merge([whole, some], tmp_path / "both.poet")
    first, second = table(whole, "niches"), table(some, "niches")
    rows = table(both, "niches")
    assert [row["id"] for row in rows] == list(range(len(first) + len(second)))
    origin = {f"run#{row['id']}": row for row in first}
    origin |= {f"some.poet#{row['id']}": row for row in second}
    by_id = {row["id"]: row for row in rows}
    for row in rows:
        old = origin[row["source"]]
        for name in ("task", "agent", "birth_agent", "score", "scores", "score_key", "born"):
            assert row[name] == old[name]
        if old["parent"] is not None:
            parent = by_id[row["parent"]]["source"]
            assert parent == f"{row['source'].partition('#')[0]}#{old['parent']}"
    purposes = [(row["purpose"], row["steps"]) for row in table(both, "ledger")]
    assert sum(steps for _, steps in purposes) == sum(
        row["steps"] for path in (whole, some) for row in table(path, "ledger")
    )
    assert len(table(both, "scores")) == len(table(whole, "scores")) + len(table(some, "scores"))
    accepted = [
        (row["iteration"], row["score"]) for row in table(both, "transfers") if row["accepted"]
    ]
    expected = [
        (row["iteration"], row["score"])
        for path in (whole, some)
        for row in table(path, "transfers")
        if row["accepted"]
    ]
    assert sorted(accepted) == sorted(expected)
    digest_of(merge([both], tmp_path / "folder"))


def test_a_niche_of_several_packs_of_a_state_appears_once(whole: Path, tmp_path: Path) -> None:
    """Packs of two halves of a run, which share ancestors, have the rows of one pack of both; where
    one of them has an agent, the niche has it.
    """
    older = export(whole, tmp_path / "older.poet", "born <= 6")
    younger = export(whole, tmp_path / "younger.poet", "born > 6")
    shared = {row["id"] for row in table(older, "niches")} & {
        row["id"] for row in table(younger, "niches")
    }
    assert shared
    every = export(whole, tmp_path / "every.poet", "true")
    for sources in ([older, younger], [younger, older], [younger, older, every]):
        both = merge(sources, tmp_path / f"{len(sources)}-{sources[0].stem}.poet")
        for name in ("niches", "scores", "children", "transfers", "retired_scores", "sessions"):
            assert [clean(row) for row in table(both, name)] == [
                clean(row) for row in table(every, name)
            ]
        assert sum(row["steps"] for row in table(both, "ledger")) == sum(
            row["steps"] for row in table(every, "ledger")
        )
        with Run.open(both, write=False) as run, Run.open(every, write=False) as expected:
            assert run.agent_names() == expected.agent_names()
            run.verify()
        again = merge([both, older], tmp_path / f"again-{len(sources)}-{sources[0].stem}.poet")
        assert len(table(again, "niches")) == len(table(every, "niches")) + len(
            table(older, "niches")
        )  # a merged archive has lost its chain


def clean(row: dict) -> dict:
    """A row without the name of the archive that it came from."""
    return {key: value for key, value in row.items() if key != "source"}


def test_only_archives_with_the_same_settings_are_merged(whole: Path, tmp_path: Path) -> None:
    with Run.create(tmp_path / "other", f"{SETTINGS}learner = 'es'\n", ["x"], {}) as run:
        list(live(run, 2))
    line = r"other cannot be merged with .*run: its run.learner is 'es', there it is missing"
    with pytest.raises(ValueError, match=line):
        merge([whole, tmp_path / "other"], tmp_path / "both.poet")
    assert not (tmp_path / "both.poet").exists()


def test_a_pack_seeds_a_run_with_the_niches_it_was_made_of(whole: Path, tmp_path: Path) -> None:
    receiver = Receiver(FAMILY, FakeLearner(FAMILY))
    pack = export(whole, tmp_path / "a.poet")
    names = [seed.source.partition("#")[2] for seed in find_seeds(str(whole), None, receiver)]
    assert [seed.source for seed in find_seeds(str(pack), None, receiver)] == [
        f"a.poet#{name}" for name in names
    ]
    dead = export(whole, tmp_path / "dead.poet", "not alive")
    with Run.open(whole, write=False) as run:
        wanted = [f"dead.poet#{r['id']}" for r in run.niche_rows() if r["died"] is not None]
    assert [seed.source for seed in find_seeds(str(dead), None, receiver)] == wanted
    folder = merge([dead], tmp_path / "dead")
    assert len(find_seeds(str(folder), None, receiver)) == len(wanted)


@pytest.mark.parametrize("select", [None, "alive"])
def test_a_pack_cannot_be_written_to(whole: Path, tmp_path: Path, select: str | None) -> None:
    pack = export(whole, tmp_path / "a.poet", select)
    before = pack.read_bytes()
    expected = "is a pack, which cannot be resumed" if select is None else "launch --from"
    with pytest.raises(ValueError, match=expected):
        Run.open(pack, write=True)
    folder = merge([pack], tmp_path / "run")
    if select is not None:
        with pytest.raises(ValueError, match="launch --from"):
            Run.open(folder, write=True)
    assert pack.read_bytes() == before


def test_an_existing_file_or_folder_is_not_replaced(whole: Path, tmp_path: Path) -> None:
    pack = export(whole, tmp_path / "a.poet")
    (tmp_path / "notes.poet").write_text("mine")
    (tmp_path / "link.poet").symlink_to(tmp_path / "nowhere")
    for there in ("a.poet", "notes.poet", "link.poet"):
        with pytest.raises(FileExistsError, match="exists already"):
            export(whole, tmp_path / there)
    assert (tmp_path / "notes.poet").read_text() == "mine"
    with pytest.raises(ValueError, match="there is no folder"):
        export(whole, tmp_path / "none" / "a.poet")
    merge([pack], tmp_path / "run")
    with pytest.raises(FileExistsError, match="is already a run"):
        merge([pack], tmp_path / "run")


def test_a_failed_export_or_import_leaves_nothing(whole: Path, tmp_path: Path) -> None:
    """One agent is damaged: it is the last thing that is read."""
    pack = export(whole, tmp_path / "a.poet")
    folder = merge([pack], tmp_path / "run")
    agent = max((folder / "agents").iterdir())
    agent.write_bytes(agent.read_bytes()[:-1])
    before = sorted(os.listdir(tmp_path))
    for out in ("b.poet", "b"):
        with pytest.raises(ValueError, match="damaged"):
            merge([folder], tmp_path / out)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_run_without_an_iteration_and_an_empty_selection_are_errors(
    whole: Path, tmp_path: Path
) -> None:
    create(tmp_path / "empty").close()
    with pytest.raises(ValueError, match="holds no iteration"):
        export(tmp_path / "empty", tmp_path / "a.poet")
    with pytest.raises(ValueError, match="keeps none of the"):
        export(whole, tmp_path / "a.poet", "score > 1000")
    with pytest.raises(ValueError, match="unknown field"):
        export(whole, tmp_path / "a.poet", "skore > 1000")
    assert not (tmp_path / "a.poet").exists()


def test_a_pack_is_found_by_its_path_and_by_its_name_under_runs(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    export(whole, tmp_path / "runs" / "a.poet")
    monkeypatch.chdir(tmp_path)
    assert find_run("runs/a.poet") == find_run("a.poet") == Path("runs/a.poet")
    with pytest.raises(ValueError, match=r"there is no run 'b'; runs/ has a.poet"):
        find_run("b")


def test_a_run_is_exported_while_another_process_would_write_it(tmp_path: Path) -> None:
    """The pack has the state of one commit, whatever is committed meanwhile."""
    with create(tmp_path / "run") as run:
        populations = live(run, 8)
        for _ in range(5):
            next(populations)
        with Run.open(tmp_path / "run", write=False) as reader:
            part = excerpt(reader, None)
            list(populations)
            rows = part.rows()
            agents = dict.fromkeys(part.agents, reader)
            write_pack(tmp_path / "a.poet", Content(rows, agents, part.complete))
    assert [row["iteration"] for row in table(tmp_path / "a.poet", "iterations")] == [0, 1, 2, 3, 4]
    digest_of(tmp_path / "a.poet")


def test_a_pack_is_read_from_a_folder_without_write_permission(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    pack = export(whole, tmp_path / "locked" / "a.poet")
    (tmp_path / "locked").chmod(0o555)
    digest_of(pack)
    assert os.listdir(tmp_path / "locked") == ["a.poet"]
    (tmp_path / "locked").chmod(0o755)


def test_a_full_disk_is_an_error_that_names_the_pack_and_leaves_no_file(
    whole: Path, tmp_path: Path
) -> None:
    out, (soft, hard) = tmp_path / "a.poet", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match=f"^cannot write {out}: .*; free space, or choose") as no:
            export(whole, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(no.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", ["run", "pack"])
def test_a_database_that_is_cut_off_is_called_damaged(
    form: str, whole: Path, tmp_path: Path
) -> None:
    """Nothing else is advised: a copy in a folder that may be written to would be as damaged."""
    if form == "pack":
        database = path = export(whole, tmp_path / "a.poet")
    else:
        database = (path := Path(shutil.copytree(whole, tmp_path / "run"))) / "archive.db"
    database.write_bytes(database.read_bytes()[:5000])
    with pytest.raises(ValueError, match=rf"^{database} is damaged or .*: database disk image is"):
        Run.open(path, write=False)

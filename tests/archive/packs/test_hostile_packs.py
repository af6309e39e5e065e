"""Malicious packs: each is an error of one line or harmless; nothing in them is executed, and no
other file is read, written or deleted.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
import torch

from openpoet.archive.packs.files import Content, write_folder, write_pack
from openpoet.archive.packs.merging import content
from openpoet.archive.store import limits, schema
from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.weights import content_hash, encode
from tests.archive.example_runs import SETTINGS, finished


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    finished(folder / "run", 12)
    with Run.open(folder / "run", write=False) as run:
        write_pack(folder / "a.poet", content([run]))
    return folder / "a.poet"


@pytest.fixture
def pack(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.poet"))


def use(path: Path) -> None:
    """Everything that show, replay, digest, verify, launch --from and import do with a pack."""
    with Run.open(path, write=False) as opened:
        opened.niche_records()
        for table in schema.STATEMENTS:
            opened.rows(table)
        digest(opened)
        opened.verify()


def refused(path: Path) -> str:
    """The line with which it is refused. An import refuses it, too, and leaves nothing."""
    with pytest.raises(ValueError, match=r"^[^\n]{10,499}$") as error:
        use(path)
    before = sorted(os.listdir(path.parent))
    for write in (write_pack, _folder):
        with pytest.raises(ValueError, match=r"^[^\n]{10,499}$"):
            _imported(path, write)
    assert sorted(os.listdir(path.parent)) == before
    return str(error.value)


def _folder(path: Path, found: Content) -> None:
    write_folder(path.with_suffix(""), found, SETTINGS, ["import"], {})


def _imported(path: Path, write) -> None:
    """Imported and verified; what cannot be verified is not an import."""
    out = path.with_name("out.poet")
    with Run.open(path, write=False) as run:
        write(out, content([run]))
    made = out if out.exists() else out.with_suffix("")
    try:
        use(made)
    finally:
        shutil.rmtree(made) if made.is_dir() else made.unlink()


def sql(path: Path, *statements: str, cells: tuple = ()) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        database.execute(statement, cells)
    database.close()


def test_an_undamaged_pack_can_be_used(pack: Path) -> None:
    use(pack)
    _imported(pack, write_pack)
    _imported(pack, _folder)


@pytest.mark.parametrize("keep", [0, 1, 15, 16, 99, 100, 4095, 4096, 10_000, 30_000])
def test_a_truncated_pack_is_an_error(pack: Path, keep: int) -> None:
    os.truncate(pack, keep)
    assert "a.poet" in refused(pack)


def test_a_pack_with_an_overwritten_page_is_an_error(pack: Path) -> None:
    pages = pack.stat().st_size // 4096
    assert pages > 12
    for page in range(1, pages, 3):
        damaged = Path(shutil.copy(pack, pack.with_name("page.poet")))
        with damaged.open("r+b") as file:
            file.seek(4096 * page)
            file.write(b"\xa5" * 4096)
        refused(damaged)


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("PRAGMA application_id=7", r"is not a pack of openpoet \(application id 0x7\)"),
        (f"PRAGMA application_id={schema.RUN.mark}", "is not a pack of openpoet"),
        (f"PRAGMA user_version={schema.SCHEMA + 1}", f"has schema {schema.SCHEMA + 1}, this"),
        ("PRAGMA user_version=0", "has schema 0"),
        ("CREATE VIEW spy AS SELECT * FROM niches", r"another schema than a pack \(view spy\)"),
        ("CREATE TRIGGER t AFTER INSERT ON scores BEGIN DELETE FROM niches; END", r"\(trigger t\)"),
        ("CREATE INDEX i ON agents (abs(hash))", r"\(index i\)"),
        ("CREATE TABLE more (x)", r"\(table more\)"),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "another schema"),
        ("ALTER TABLE agents ADD COLUMN x TEXT DEFAULT 'y'", "tables differ"),
        ("DROP TABLE agents", "tables differ"),
    ],
)
def test_a_pack_with_another_schema_is_an_error(pack: Path, statement: str, line: str) -> None:
    sql(pack, statement)
    with pytest.raises(ValueError, match=line):
        use(pack)
    refused(pack)


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE niches SET task = '{\"x\": NaN}'", "NaN is no number"),
        (f"UPDATE niches SET task = '{'[' * 400 + ']' * 400}'", "nests more than 32 deep"),
        ("UPDATE niches SET best = 9e999", "must be finite"),
        ("UPDATE niches SET agent = '../../config' WHERE id = 1", "must be 64 hex digits"),
        (f"UPDATE niches SET agent = '{'0' * 64}' WHERE id = 1", "has no agent 000"),
        ("UPDATE niches SET parent = 99 WHERE id = 1", "must have an elder niche"),
        ("UPDATE niches SET source = 'a' || char(27) || '[2J'", "no control characters"),
        ("UPDATE transfers SET score = score + 1 WHERE id = 1", "do not have the hash"),
        ("DELETE FROM iterations WHERE iteration = 3", "do not have the hash"),
        ("UPDATE niches SET best = 1 WHERE died IS NULL", "were changed after they were written"),
        ("INSERT INTO checkpoint VALUES ('selection', '{}')", "do not have the hash"),
        ("DELETE FROM agents", "has no agent"),
    ],
)
def test_inconsistent_rows_are_an_error(pack: Path, statement: str, line: str) -> None:
    sql(pack, statement)
    with pytest.raises(ValueError, match=line):
        use(pack)
    refused(pack)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE niches SET score = score + 1 WHERE id = 0",
        "DELETE FROM scores WHERE niche = 0",
        "DELETE FROM ledger",
        "UPDATE iterations SET steps = 1 WHERE iteration = 3",
        "DELETE FROM agents WHERE hash = (SELECT max(hash) FROM agents)",
        "DELETE FROM checkpoint",
    ],
)
def test_an_edited_selection_is_found(pack: Path, tmp_path: Path, statement: str) -> None:
    from openpoet.archive.packs.excerpt import excerpt

    with Run.open(pack, write=False) as run:
        part = excerpt(run, "alive")
        some = Content(part.rows(), dict.fromkeys(part.agents, run), part.complete)
        write_pack(tmp_path / "some.poet", some)
    use(tmp_path / "some.poet")
    sql(tmp_path / "some.poet", statement)
    with pytest.raises(ValueError, match=r"^[^\n]{10,499}$"):
        use(tmp_path / "some.poet")


def replace_agent(pack: Path, data: bytes) -> str:
    """Put these bytes into the place of an agent; its hash."""
    (name,) = sqlite3.connect(pack).execute("SELECT max(hash) FROM agents").fetchone()
    sql(pack, "UPDATE agents SET file = ? WHERE hash = ?", cells=(data, name))
    return str(name)


def test_an_agent_under_a_wrong_hash_is_an_error(pack: Path) -> None:
    agent = {"velocity": torch.zeros(2, dtype=torch.float64), "steps": torch.zeros(1)}
    assert replace_agent(pack, encode(agent)) != content_hash(agent)
    assert "its content does not have this hash" in refused(pack)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94.",
        (lambda h: len(h).to_bytes(8, "little") + h + bytes(8))(
            json.dumps(
                {"a": {"dtype": "F32", "shape": [2**20, 2**20], "data_offsets": [0, 2**42]}}
            ).encode()
        ),
        encode({"velocity": torch.tensor([1.0])})[:-1],
    ],
    ids=["empty", "pickle", "terabytes", "truncated"],
)
def test_bytes_that_are_no_agent_are_an_error(pack: Path, data: bytes) -> None:
    assert replace_agent(pack, data) in refused(pack)


def test_an_oversized_agent_is_refused_by_its_size_alone(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = replace_agent(pack, bytes(40_000))
    for module in ("packed", "agent_files"):
        monkeypatch.setattr(f"openpoet.archive.store.{module}.MOST_AGENT", 30_000)
    assert f"agent {name} has 40000 bytes, an agent at most 30000 bytes" in refused(pack)


def test_a_pack_above_the_size_limit_is_not_read(pack: Path) -> None:
    os.truncate(pack, limits.MOST_DATABASE + 4096)  # sparse: uses no disk space
    assert f"a pack has at most {limits.readable(limits.MOST_DATABASE)}" in refused(pack)


def test_a_value_above_the_size_limit_is_an_error(pack: Path) -> None:
    huge = "UPDATE checkpoint SET value = CAST(zeroblob(150000000) AS TEXT) WHERE part = 'events'"
    sql(pack, huge)
    with pytest.raises(ValueError, match="too big"):
        use(pack)


def test_journals_and_logs_beside_a_pack_are_not_read(pack: Path) -> None:
    """SQLite would replay them, and a journal can name other files to be deleted."""
    victim = pack.with_name("victim")
    victim.write_text("precious")
    with sqlite3.connect(pack) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("UPDATE niches SET best = 1")
        database.commit()
        log = pack.with_name("a.poet-wal").read_bytes()
    database.close()
    (other := pack.with_name("b.poet")).write_bytes(pack.read_bytes())
    for end, data in (
        ("-wal", log),
        ("-journal", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(500)),
    ):
        other.with_name(f"b.poet{end}").write_bytes(data)
    other.with_name("b.poet-shm").symlink_to(victim)
    with pytest.raises(ValueError, match="rows of iteration 10 do not"):
        use(other)  # the edit that was committed above is found; nothing beside the pack is used
    assert other.with_name("b.poet-wal").read_bytes() == log
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "pipe", "text", "run"])
def test_what_is_no_pack_is_an_error(pack: Path, kind: str) -> None:
    pack.unlink()
    match kind:
        case "folder":
            pack.mkdir()
        case "pipe":
            os.mkfifo(pack)  # opening it would block forever
        case "text":
            pack.write_text("PK\x03\x04 not a pack")
        case "run":
            schema.create(pack)
    with pytest.raises(ValueError, match=r"^[^\n]{10,499}$"):
        Run.open(pack, write=False)


def test_agents_that_no_niche_names_are_ignored_and_not_imported(pack: Path) -> None:
    sql(pack, "INSERT INTO agents VALUES (?, ?)", cells=("../../../evil", b"x"))
    use(pack)
    with Run.open(pack, write=False) as run:
        write_folder(pack.with_name("run"), content([run]), SETTINGS, ["import"], {})
    assert sorted(os.listdir(pack.parent)) == ["a.poet", "run"]
    assert all(len(name) == 64 + 12 for name in os.listdir(pack.with_name("run") / "agents"))


def test_a_merger_refuses_rows_about_niches_that_are_not_there(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "verify", lambda _: "")  # the editor of a pack can recompute hashes
    other = Path(shutil.copy(pack, pack.with_name("b.poet")))
    sql(other, "UPDATE transfers SET source = 999")
    runs = [Run.open(path, write=False) for path in (pack, other)]
    with pytest.raises(ValueError, match="same last hash and other transfers: one of them was"):
        list(content(runs).cells())
    for run in runs:
        run.close()
    sql(other, f"UPDATE iterations SET chain = '{'f' * 64}'")
    runs = [Run.open(path, write=False) for path in (pack, other)]
    with pytest.raises(ValueError, match="there is no niche 999, which a row names"):
        write_pack(pack.with_name("both.poet"), content(runs))
    assert not pack.with_name("both.poet").exists()
    for run in runs:
        run.close()

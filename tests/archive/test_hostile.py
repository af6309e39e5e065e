"""Malicious run folders: each is an error of one line or harmless; nothing in them is executed, and
no file is deleted.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from openpoet.archive.store import limits, schema
from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.weights import content_hash, encode
from tests.archive.example_runs import finished, go_on


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, 12)
    return path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def use(path: Path, write: bool) -> None:
    """Everything that launch --from, resume, show, replay and digest do with a run."""
    with Run.open(path, write) as opened:
        opened.config_toml()
        opened.checkpoint()
        for table in schema.STATEMENTS:
            opened.rows(table)
        digest(opened)
        if write:
            list(go_on(opened, 14))


def refused(path: Path) -> str:
    messages = []
    for write in (False, True):
        with pytest.raises(ValueError, match=r"^[^\n]{10,499}$") as error:
            use(path, write)
        messages.append(str(error.value))
    return messages[0]


def test_an_undamaged_run_can_be_used(run: Path) -> None:
    use(run, write=False)
    use(run, write=True)


def sql(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    for statement in statements:
        database.execute(statement)
    database.close()


# ---- the database --------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0, 1, 15, 16, 99, 100, 4095, 4096, 10_000, 30_000])
def test_a_truncated_database_is_an_error(run: Path, keep: int) -> None:
    os.truncate(run / "archive.db", keep)
    assert "archive.db" in refused(run)


def test_a_database_with_an_overwritten_page_is_an_error(run: Path) -> None:
    pages = (run / "archive.db").stat().st_size // 4096
    assert pages > 6
    for page in range(1, pages, 2):
        damaged = Path(shutil.copytree(run, run.with_name(f"page{page}")))
        with (damaged / "archive.db").open("r+b") as file:
            file.seek(4096 * page)
            file.write(b"\xa5" * 4096)
        assert "damaged" in refused(damaged)


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("PRAGMA application_id=7", r"is not an archive of openpoet \(application id 0x7\)"),
        (
            f"PRAGMA user_version={schema.SCHEMA + 1}",
            f"has schema {schema.SCHEMA + 1}, this openpoet reads {schema.SCHEMA}: ",
        ),
        ("PRAGMA user_version=0", "has schema 0"),
        (
            "CREATE VIEW spy AS SELECT * FROM niches",
            r"another schema than a run's archive \(view "
            r"spy\)",
        ),
        ("CREATE TRIGGER t AFTER INSERT ON scores BEGIN DELETE FROM niches; END", r"\(trigger t\)"),
        ("CREATE INDEX i ON niches (id)", r"\(index i\)"),
        ("CREATE INDEX i ON niches (abs(id))", r"\(index i\)"),
        ("CREATE TABLE more (x)", r"\(table more\)"),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "another schema"),
        ("ANALYZE", "another schema"),
        ("ALTER TABLE niches ADD COLUMN x TEXT DEFAULT 'y'", "tables differ"),
        ("ALTER TABLE scores RENAME COLUMN score TO points", "tables differ"),
        ("DROP TABLE ledger", "tables differ"),
    ],
)
def test_a_database_with_another_schema_is_an_error(run: Path, statement: str, line: str) -> None:
    sql(run, statement)
    with pytest.raises(ValueError, match=line):
        use(run, write=False)
    refused(run)


def test_a_view_in_place_of_a_table_is_an_error(run: Path) -> None:
    sql(run, "ALTER TABLE scores RENAME TO real", "CREATE VIEW scores AS SELECT * FROM real")
    assert "another schema" in refused(run)


def test_values_of_types_that_the_schema_forbids_are_an_error(run: Path) -> None:
    """Rows written under another schema; then the correct schema is restored."""
    loose = schema.STATEMENTS["scores"].replace(") STRICT, WITHOUT", ") WITHOUT")
    sql(
        run,
        "PRAGMA writable_schema=ON",
        f"UPDATE sqlite_master SET sql = '{loose}' WHERE name = 'scores'",
    )
    sql(run, "UPDATE scores SET score = 'high'")
    with sqlite3.connect(run / "archive.db") as database:
        database.execute("PRAGMA writable_schema=ON")
        database.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'scores'", [schema.STATEMENTS["scores"]]
        )
    assert "damaged" in refused(run)


CHECKPOINT = "UPDATE checkpoint SET value = '{}' WHERE part = '{}'"


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE niches SET task = '{\"x\": NaN}'", "NaN is no number"),
        ("UPDATE niches SET task = '{\"x\": 1e999}'", "too large"),
        ("UPDATE niches SET scores = '[1, -Infinity]'", "-Infinity is no number"),
        ("UPDATE niches SET task = '{'", "is not JSON"),
        ("UPDATE niches SET task = CAST(x'ff00' AS TEXT)", "damaged"),
        (f"UPDATE niches SET task = '{'[' * 60_000}'", "is not JSON"),
        (f"UPDATE niches SET task = '{'9' * 5_000}'", "is an integer beyond 64 bits"),
        (f"UPDATE niches SET task = '[1, {'9' * 400}]'", "is an integer beyond 64 bits"),
        (f"UPDATE niches SET scores = '[-{'9' * 400}]'", "is an integer beyond 64 bits"),
        (f"UPDATE niches SET task = '{'[' * 400 + ']' * 400}'", "nests more than 32 deep"),
        ("UPDATE niches SET best = 9e999", "must be finite"),
        ("UPDATE transfers SET score = -9e999", "must be finite"),
        (CHECKPOINT.format("nan", "events"), "is not JSON"),
        ("DELETE FROM checkpoint", "holds no iteration"),
        ("UPDATE niches SET agent = '../../config' WHERE id = 1", "must be 64 hex digits"),
        ("UPDATE niches SET birth_agent = '/etc/passwd' WHERE id = 1", "must be 64 hex digits"),
        (f"UPDATE niches SET agent = '{'0' * 64}' WHERE id = 1", "is missing"),
        (
            "UPDATE niches SET parent = 1 WHERE id = 0",
            "niche 0 must have an elder niche as its parent, got 1",
        ),
        (
            "UPDATE niches SET parent = 1 WHERE id = 1",
            "niche 1 must have an elder niche as its parent, got 1",
        ),
        (
            "UPDATE niches SET parent = 99 WHERE id = 1",
            "niche 1 must have an elder niche as its parent, got 99",
        ),
        (
            "UPDATE niches SET source = 'a' || char(27) || '[2J'",
            r"source must hold no control characters, got 'a\\x1b\[2J'",
        ),
        (
            "UPDATE children SET outcome = char(10) || 'done'",
            "outcome must hold no control characters",
        ),
        (
            "UPDATE ledger SET purpose = purpose || char(155)",
            "purpose must hold no control characters",
        ),
    ],
)
def test_inconsistent_rows_are_an_error(run: Path, statement: str, line: str) -> None:
    sql(run, statement)
    with pytest.raises(ValueError, match=line):
        use(run, write=False)
    refused(run)


def test_a_path_as_an_agent_name_deletes_no_file(run: Path) -> None:
    """The writer deletes agents that rows no longer refer to; here a row refers to a file outside
    the run.
    """
    victim = run.parent / "victim.safetensors"
    victim.write_text("precious")
    sql(run, "UPDATE niches SET agent = '../../victim'")
    refused(run)
    assert victim.read_text() == "precious"


def test_a_rollback_journal_is_not_applied(run: Path) -> None:
    (run / "archive.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(500))
    assert "archive.db-journal is no file of a run" in refused(run)


# ---- size ----------------------------------------------------------------------------------------


def test_a_database_above_the_size_limit_is_not_read(run: Path) -> None:
    # sparse: uses no disk space
    os.truncate(run / "archive.db", limits.MOST_DATABASE + 4096)
    assert f"a run's archive has at most {limits.readable(limits.MOST_DATABASE)}" in refused(run)


def test_a_write_ahead_log_above_the_size_limit_is_not_read(run: Path) -> None:
    (run / "archive.db-wal").touch()
    os.truncate(run / "archive.db-wal", limits.MOST_DATABASE + 1)
    assert f"at most {limits.readable(limits.MOST_DATABASE)}" in refused(run)


def test_a_config_toml_above_the_size_limit_is_not_read(run: Path) -> None:
    os.truncate(run / "config.toml", 2**40)
    assert f"at most {limits.readable(limits.MOST_CONFIG)}" in refused(run)
    (run / "config.toml").write_bytes(b"\xff")
    assert "not text in UTF-8" in refused(run)


def test_a_huge_value_is_an_error_without_allocating_its_size(run: Path) -> None:
    """A value of 150 MB of zeros, read by a process that may allocate 100 MB more than it has."""
    sql(
        run, "UPDATE checkpoint SET value = CAST(zeroblob(150000000) AS TEXT) WHERE part = 'events'"
    )
    receive, send = os.pipe()
    if (child := os.fork()) == 0:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 100 * 2**20,) * 2)
        try:
            use(run, write=False)
        except BaseException as error:
            os.write(send, f"{type(error).__name__}: {error}".encode()[:999])
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as answers:
        messages = answers.read()
    os.waitpid(child, 0)
    assert messages.startswith("ValueError: ")
    assert "too big" in messages


# ---- files ---------------------------------------------------------------------------------------


def an_agent(path: Path) -> Path:
    with Run.open(path, write=False) as opened:
        return path / "agents" / f"{opened.niche_rows()[-1]['agent']}.safetensors"


def rename_in_rows(path: Path, agent: dict[str, torch.Tensor], name: str) -> None:
    """Store the agent under `name` in place of one that a row refers to."""
    old = an_agent(path)
    sql(path, f"UPDATE niches SET agent = '{name}' WHERE agent = '{old.stem}'")
    (path / "agents" / f"{name}.safetensors").write_bytes(encode(agent))


def test_weights_that_are_not_finite_are_an_error(run: Path) -> None:
    rename_in_rows(run, {"velocity": torch.tensor([0.0, float("nan")])}, "1" * 64)
    assert "NaN or infinity in its tensor 'velocity'" in refused(run)


def test_weights_under_a_wrong_hash_are_an_error(run: Path) -> None:
    agent = {"velocity": torch.zeros(2, dtype=torch.float64), "steps": torch.zeros(1)}
    rename_in_rows(run, agent, "1" * 64)
    assert "does not have the hash" in refused(run)
    assert content_hash(agent) != "1" * 64


def _missing(path: Path) -> None:
    path.unlink()


def _truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _huge(path: Path) -> None:
    os.truncate(path, 2**40)


def _pickle(path: Path) -> None:
    path.write_bytes(
        b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94."
    )


def _claims_terabytes(path: Path) -> None:
    claim = {"a": {"dtype": "F32", "shape": [2**20, 2**20], "data_offsets": [0, 2**42]}}
    header = json.dumps(claim).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))


def _link(path: Path) -> None:
    path.rename(path.parent.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent.parent / "elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)  # opening it would block forever


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


AWRY = [_missing, _truncated, _huge, _pickle, _claims_terabytes, _link, _pipe, _folder]


@pytest.mark.parametrize("awry", AWRY)
def test_an_invalid_agent_file_is_an_error(run: Path, awry: Callable[[Path], None]) -> None:
    awry(path := an_agent(run))
    assert path.name in refused(run)


@pytest.mark.parametrize("awry", [_missing, _link, _pipe, _folder])
@pytest.mark.parametrize("name", ["archive.db", "config.toml"])
def test_an_invalid_file_of_the_run_is_an_error(
    run: Path, name: str, awry: Callable[[Path], None]
) -> None:
    (run / "agents" / "below").mkdir(parents=True)
    awry(run / name)
    assert name in refused(run)


def test_an_agents_folder_that_is_a_symlink_is_an_error(run: Path) -> None:
    (run / "agents").rename(run.parent / "elsewhere")
    (run / "agents").symlink_to(run.parent / "elsewhere")
    assert "has no agents of its own" in refused(run)


def test_a_log_or_lock_that_is_a_symlink_is_an_error(run: Path) -> None:
    victim = run.parent / "victim"
    victim.write_text("precious")
    (run / "lock").unlink()
    (run / "lock").symlink_to(victim)
    with pytest.raises(OSError, match=r"^cannot write to "):
        use(run, write=True)
    (run / "archive.db-wal").symlink_to(victim)
    with pytest.raises(ValueError, match="must be a plain file"):
        use(run, write=False)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("awry", [_link, _pipe])
@pytest.mark.parametrize("name", ["run.log", "events.jsonl", "tb"])
def test_run_log_and_tb_do_not_follow_symlinks(
    run: Path, name: str, awry: Callable[[Path], None]
) -> None:
    (run / "agents" / "below").mkdir(parents=True)
    (run / name).write_text("")
    awry(run / name)
    assert f"it has no {name} of its own" in refused(run)


def test_control_characters_in_the_schema_are_escaped_in_messages(run: Path) -> None:
    sql(run, 'CREATE TABLE "\x1b[2J" (x)')
    assert r"(table \x1b[2J)" in refused(run)


def test_other_files_in_the_folder_are_unchanged(run: Path) -> None:
    for name in ("notes.txt", "agents/notes.txt"):
        (run / name).write_text("mine")
    use(run, write=True)
    assert (run / "notes.txt").read_text() == (run / "agents" / "notes.txt").read_text() == "mine"

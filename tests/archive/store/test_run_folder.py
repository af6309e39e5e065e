from __future__ import annotations

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest
import torch

from openpoet.archive.store import schema, writing
from openpoet.archive.store.creation import MARK
from openpoet.archive.store.run_folder import Run, find_run
from openpoet.archive.store.tables import AGENTS
from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.engine import evolve, start
from openpoet.poet.niche import Child, Population, Transfer
from tests.archive.example_runs import (
    FAMILY,
    SETTINGS,
    commit,
    create,
    finished,
    go_on,
    ledger,
    live,
    same,
    setup,
)

LONG = 40


@pytest.fixture(scope="module")
def example(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[Population], dict[str, int]]:
    """A run, its populations, and all its steps by purpose."""
    path = tmp_path_factory.mktemp("example") / "run"
    parts, spent = setup(), Counter[str]()
    with create(path) as run:
        populations = [start(parts)]
        run.commit(
            *to_records(populations[0], FAMILY), ledger=ledger(parts).drain(), clock_seconds=0.0
        )
        for population in evolve(populations[0], parts):
            cost = ledger(parts).drain()
            spent.update(cost)
            run.commit(
                *to_records(population, FAMILY, populations[-1]), ledger=cost, clock_seconds=2.5
            )
            populations.append(population)
            if population.iteration == LONG:
                break
    return path, populations, dict(spent)


def test_the_example_run_has_every_kind_of_event(
    example: tuple[Path, list[Population], dict[str, int]],
) -> None:
    events = [event for population in example[1] for event in population.events]
    assert len(example[1][-1].retired) > 3
    assert len({e.outcome for e in events if isinstance(e, Child)}) > 2
    assert {e.accepted for e in events if isinstance(e, Transfer)} == {True, False}


def test_the_checkpoint_equals_the_committed_population(
    example: tuple[Path, list[Population], dict[str, int]],
) -> None:
    path, populations, _ = example
    with Run.open(path, write=False) as run:
        record, agents = run.checkpoint()
    assert record == to_records(populations[-1], FAMILY)[0]
    assert same(from_records(record, agents, FAMILY), populations[-1])


def test_every_event_score_and_step_is_stored(
    example: tuple[Path, list[Population], dict[str, int]],
) -> None:
    path, populations, spent = example
    events = [event for population in populations for event in population.events]
    with Run.open(path, write=False) as run:
        children, transfers, scores = (
            run.rows("children"),
            run.rows("transfers"),
            run.rows("scores"),
        )
        kept = Counter[str]()
        for row in run.rows("ledger"):
            kept[row["purpose"]] += row["steps"]
    expected = [vars(e) | {"task": FAMILY.encode(e.task)} for e in events if isinstance(e, Child)]
    assert children == sorted(expected, key=lambda row: row["id"])
    assert [{k: v for k, v in row.items() if k != "id"} for row in transfers] == [
        vars(e) for e in events if isinstance(e, Transfer)
    ]
    assert {(row["iteration"], row["niche"]): row["score"] for row in scores} == {
        (p.iteration, n.id): n.scores[-1] for p in populations for n in p.active if n.scores
    }
    assert dict(kept) == spent


def test_the_row_of_an_iteration_summarises_it(
    example: tuple[Path, list[Population], dict[str, int]],
) -> None:
    path, populations, spent = example
    with Run.open(path, write=False) as run:
        rows = run.rows("iterations")
    assert [row["iteration"] for row in rows] == list(range(LONG + 1))
    for row, population in zip(rows, populations, strict=True):
        scores = [niche.scores[-1] for niche in population.active if niche.scores]
        assert (row["active"], row["retired"]) == (len(population.active), len(population.retired))
        assert (row["annecs"], row["annecs_reference"]) == (
            population.annecs,
            population.annecs_reference,
        )
        if scores:
            assert (row["best"], row["median"]) == (max(scores), statistics.median(scores))
    assert rows[0]["best"] is None
    assert (rows[0]["clock_seconds"], rows[-1]["clock_seconds"]) == (0.0, 2.5)
    assert rows[-1]["steps"] == sum(spent.values())


def solver(id: int, populations: list[Population]) -> Mapping[str, torch.Tensor] | None:
    """That of the first population in which the niche is solved, or of a later one in which it is
    active with its best score so far.
    """
    found = None
    for population in populations:
        for niche in population.active:
            if niche.id == id and niche.solved is not None:
                better = niche.best is not None and niche.scores[-1] >= niche.best
                found = niche.agent if found is None or better else found
    return found


def test_each_niche_stores_its_agents_at_birth_the_solver_and_the_latest(
    example: tuple[Path, list[Population], dict[str, int]],
) -> None:
    path, populations, _ = example
    born = {niche.id: niche for population in reversed(populations) for niche in population.niches}
    last = {niche.id: niche for niche in populations[-1].niches}
    with Run.open(path, write=False) as run:
        for row in run.niche_rows():
            assert run.agent(row["birth_agent"])["velocity"].equal(
                born[row["id"]].agent["velocity"]
            )
            assert run.agent(row["agent"])["velocity"].equal(last[row["id"]].agent["velocity"])
            expected = solver(row["id"], populations)
            if expected is None:
                assert row["solver"] is None
            else:
                assert run.agent(row["solver"])["velocity"].equal(expected["velocity"])
            assert (row["task"], row["died"]) == (
                FAMILY.encode(last[row["id"]].task),
                last[row["id"]].died,
            )
            assert row["score"] == last[row["id"]].scores[-1]
        json.dumps({"all": [run.niche_rows(), run.rows("iterations"), run.rows("transfers")]})


def test_files_that_no_row_refers_to_are_deleted(
    example: tuple[Path, list[Population], dict[str, int]],
) -> None:
    with Run.open(example[0], write=False) as run:
        named = {row[name] for row in run.niche_rows() for name in AGENTS if row[name]}
    assert {entry.name for entry in (example[0] / "agents").iterdir()} == {
        f"{name}.safetensors" for name in named
    }


def test_retired_agents_are_not_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    hashed: list[int] = []
    real = writing.content_hash
    monkeypatch.setattr(
        writing, "content_hash", lambda agent: hashed.append(id(agent)) or real(agent)
    )
    finished(tmp_path / "run", LONG)
    # up to 3 active, the origin, and the newborn; not 1 + 2 + 3 + ...
    assert len(hashed) < (LONG + 1) * 4 + 12
    with Run.open(tmp_path / "run", write=True) as run:
        hashed.clear()
        after = next(go_on(run, LONG + 1))
    # a resumed run has the hashes of the agents that it has read
    assert len(hashed) <= len(after.active)


def test_settings_are_stored_with_command_and_versions(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        lines = run.config_toml()
    assert lines == (tmp_path / "run" / "config.toml").read_text()
    assert lines.endswith(SETTINGS)
    assert lines.startswith(MARK)
    assert "python 3.11" in lines
    assert "--out 'a b'" in lines


def test_line_breaks_in_the_command_do_not_end_its_comment(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run", SETTINGS, ["launch", "a\nb = 1"], {"x": "1\ny = 2"}) as run:
        lines = run.config_toml().removesuffix(SETTINGS).splitlines()
    assert all(line.startswith("#") or not line for line in lines)


def test_find_run_accepts_a_folder_or_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"there is no run 'a'; runs/ has none"):
        find_run("a")
    for at, name in enumerate("abcdefg"):
        finished(tmp_path / "runs" / name, 0)
        os.utime(tmp_path / "runs" / name / "archive.db", (at, at))
    (tmp_path / "a").mkdir()  # not a run
    assert find_run("a") == Path("runs/a")
    assert find_run(str(tmp_path / "runs" / "b")) == tmp_path / "runs" / "b"
    for wrong in ("h", "x" * 5000, "a\0b", "../.."):
        with pytest.raises(
            ValueError,
            match=r"there is no run .*; runs/ has g, f, e, d, c and 2 more; the museum has ",
        ):
            find_run(wrong)
    copytree("runs/a", "runs/first_one")
    os.utime("runs/first_one/archive.db", (0, 0))
    with pytest.raises(ValueError, match=r"runs/ has first_one, g, f, e, d and 3 more; the"):
        find_run("frist_one")


# ---- errors --------------------------------------------------------------------------------------


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    last = finished(tmp_path / "run", 2)
    with pytest.raises(
        FileExistsError,
        match=r"^\S+ is already a run: resume it, or choose another folder$",
    ):
        create(tmp_path / "run")
    with Run.open(tmp_path / "run", write=False) as run:
        assert same(from_records(*run.checkpoint(), FAMILY), last)


@pytest.mark.parametrize("name", ["notes.txt", "config.toml", "agents", "archive.db"])
def test_a_folder_with_other_files_is_an_error_and_unchanged(tmp_path: Path, name: str) -> None:
    thing = tmp_path / "run" / name
    (thing / "portrait.png" if name == "agents" else thing).parent.mkdir(parents=True)
    (thing / "portrait.png" if name == "agents" else thing).write_text("mine")
    with pytest.raises(FileExistsError, match=r"choose another folder$"):
        create(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [name]
    with pytest.raises(FileExistsError, match="is a file, not a folder"):
        create(thing / "portrait.png" if name == "agents" else thing)


def test_a_run_can_be_created_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    finished(tmp_path / "run", 1)


def test_a_parent_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OSError,
        match=r"^cannot make the run folder \S+: Not a directory; choose "
        r"another folder$",
    ):
        create(tmp_path / "file" / "run")


def test_committing_an_iteration_twice_is_an_error(tmp_path: Path) -> None:
    parts = setup()
    with create(tmp_path / "run") as run:
        commit(run, parts, start(parts))
        with pytest.raises(ValueError, match="has iteration 0 already"):
            commit(run, parts, start(parts))
        assert len(run.rows("iterations")) == 1


def test_nan_is_an_error_and_not_stored_as_null(tmp_path: Path) -> None:
    parts = setup()
    with create(tmp_path / "run") as run:
        record, agents = to_records(start(parts), FAMILY)
        for name in ("best", "novelty", "scores"):
            broken = [float("nan")] if name == "scores" else float("nan")
            with pytest.raises(ValueError, match="finite"):
                run.commit(
                    record | {"active": [record["active"][0] | {name: broken}]},
                    agents,
                    ledger={},
                    clock_seconds=0,
                )
        weights = {"niche-0": {"velocity": agents["niche-0"]["velocity"] * float("nan")}}
        with pytest.raises(ValueError, match="NaN"):
            run.commit(record, weights, ledger={}, clock_seconds=0)
        assert run.rows("niches") == []
        run.commit(record, agents, ledger={}, clock_seconds=0)


def test_a_record_with_a_field_without_a_column_is_an_error(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        record, agents = to_records(start(setup()), FAMILY)
        wider = record | {"active": [record["active"][0] | {"mood": "good"}]}
        with pytest.raises(ValueError, match="mood"):
            run.commit(wider, agents, ledger={}, clock_seconds=0)


def test_an_agent_changed_in_place_is_an_error(tmp_path: Path) -> None:
    """Its hash is cached: without this error, the archive would keep the earlier values."""
    with create(tmp_path / "run") as run:
        record, agents = to_records(start(setup()), FAMILY)
        run.commit(record, agents, ledger={}, clock_seconds=0)
        agents["niche-0"]["velocity"] += 1
        with pytest.raises(ValueError, match="agent niche-0 was changed in place"):
            run.commit(record | {"iteration": 1}, agents, ledger={}, clock_seconds=0)
        with torch.inference_mode():  # such tensors have no version counter
            made_there = {
                "niche-0": {name: tensor.clone() for name, tensor in agents["niche-0"].items()}
            }
        for iteration in (1, 2):
            run.commit(record | {"iteration": iteration}, made_there, ledger={}, clock_seconds=0)


@pytest.mark.parametrize("way", ["numpy", "data", "inference"])
@pytest.mark.parametrize("list_name", ["active", "retired"])
def test_an_in_place_change_without_a_torch_version_change_is_an_error(
    tmp_path: Path, way: str, list_name: str
) -> None:
    """In an agent that does not change, or whose niche retires and is not evaluated any more."""
    with create(tmp_path / "run") as run:
        record, agents = to_records(start(setup()), FAMILY)
        if way == "inference":
            with torch.inference_mode():
                agents = {name: {n: t.clone() for n, t in a.items()} for name, a in agents.items()}
        run.commit(record, agents, ledger={}, clock_seconds=0)
        velocity = agents["niche-0"]["velocity"]
        if way == "data":
            velocity.data += 1
        else:
            velocity.numpy()[0] += 1
        niche = record["active"][0] | ({} if list_name == "active" else {"died": 1})
        after = record | {"iteration": 1, "active": [], list_name: [niche]}
        with pytest.raises(ValueError, match=r"^agent niche-0 was changed in place: [^\n]*$"):
            run.commit(after, agents, ledger={}, clock_seconds=0)


def test_a_task_changed_in_place_is_an_error(tmp_path: Path) -> None:
    """Its row would change, but the events that contain the task would not."""
    with create(tmp_path / "run") as run:
        record, agents = to_records(start(setup()), FAMILY)
        run.commit(record, agents, ledger={}, clock_seconds=0)
        niche = record["active"][0]
        moved = record | {"active": [niche | {"task": {**niche["task"], "x": 9.5}}]}
        with pytest.raises(ValueError, match=r"^the task of niche 0 was changed in place: [^\n]*$"):
            run.commit(moved | {"iteration": 1}, agents, ledger={}, clock_seconds=0)
        run.commit(record | {"iteration": 1}, agents, ledger={}, clock_seconds=0)


def test_text_with_control_characters_is_an_error(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        record, agents = to_records(start(setup()), FAMILY)
        named = record | {"active": [record["active"][0] | {"source": "runs/\x1b[2J#1"}]}
        for wrong, ledger_rows in ((named, {}), (record, {"score\n": 1})):
            with pytest.raises(ValueError, match="must hold no control characters"):
                run.commit(wrong, agents, ledger=ledger_rows, clock_seconds=0)
        run.commit(record, agents, ledger={"walk ü 歩く": 1}, clock_seconds=0)
        assert run.rows("ledger")[0]["purpose"] == "walk ü 歩く"
        assert run.steps() == 1


def test_commit_on_a_run_open_for_reading_is_an_error(tmp_path: Path) -> None:
    finished(tmp_path / "run", 1)
    parts = setup()
    with (
        Run.open(tmp_path / "run", write=False) as run,
        pytest.raises(ValueError, match="reading only"),
    ):
        commit(run, parts, start(parts))


# ---- concurrency ---------------------------------------------------------------------------------


def test_a_second_writer_is_an_error_that_names_the_writing_process(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        list(live(run, 1))
        program = (
            "from openpoet.archive.store.run_folder import "
            f"Run\nRun.open({str(tmp_path / 'run')!r}, write=True)"
        )
        other = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        assert other.returncode == 1
        assert (
            f"is being written to by process {os.getpid()}: wait" in other.stderr.splitlines()[-1]
        )
        with pytest.raises(FileExistsError, match="already a run"):
            create(tmp_path / "run")
    Run.open(tmp_path / "run", write=True).close()


def test_the_lock_is_released_when_its_process_ends_even_if_a_fork_continues(
    tmp_path: Path,
) -> None:
    finished(tmp_path / "run", 1)
    receive, send = os.pipe()
    if (writer := os.fork()) == 0:
        with Run.open(tmp_path / "run", write=True):
            if worker := os.fork():  # as in a pool of worker processes
                os.write(send, str(worker).encode())
            signal.pause()
    worker = int(os.read(receive, 20))
    with pytest.raises(ValueError, match=f"written to by process {writer}"):
        Run.open(tmp_path / "run", write=True)
    try:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        Run.open(tmp_path / "run", write=True).close()
    finally:
        os.kill(worker, signal.SIGKILL)
        os.close(receive)
        os.close(send)


def test_of_two_simultaneous_launches_into_one_folder_one_succeeds(tmp_path: Path) -> None:
    with (
        create(tmp_path / "run"),
        pytest.raises(ValueError, match=f"written to by process {os.getpid()}"),
    ):
        create(tmp_path / "run")


def test_a_reader_has_a_snapshot_with_its_agents_while_the_writer_continues(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        populations_of_run = live(run, 20)
        snapshot = [next(populations_of_run) for _ in range(5)][-1]
        with Run.open(tmp_path / "run", write=False) as reader:
            for _ in range(5):
                next(populations_of_run)
            assert same(from_records(*reader.checkpoint(), FAMILY), snapshot)
        newest = next(populations_of_run)  # no reader is left: agents of its state are deleted now
        with Run.open(tmp_path / "run", write=False) as reader:
            assert same(from_records(*reader.checkpoint(), FAMILY), newest)
            named = {row[name] for row in reader.niche_rows() for name in AGENTS if row[name]}
        assert len(list((tmp_path / "run" / "agents").iterdir())) == len(named)


# ---- full disks and read-only folders ------------------------------------------------------------


def in_a_child(action: Callable[[], str]) -> str:
    """The result or error of an action in a child process, whose limits it may change."""
    receive, send = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(send, action().encode())
        except BaseException as error:
            os.write(send, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(send)
    with os.fdopen(receive) as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    return answer


@pytest.mark.parametrize("limit", [16, 60_000, 120_000])
def test_a_full_disk_loses_no_committed_iteration(tmp_path: Path, limit: int) -> None:
    """With 16 bytes the first agent fails; with the others, the database at some commit."""

    def fill() -> str:
        with create(tmp_path / "run") as run:
            for population in live(run, 300):
                if population.iteration == 3:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                (tmp_path / "last").write_text(f"{population.iteration}"[:16])
        return "no limit was reached"

    message = in_a_child(fill)
    last = int((tmp_path / "last").read_text())
    assert message.startswith(
        f"OSError: {tmp_path / 'run'}: iteration {last + 1} could not be kept ("
    )
    assert message.endswith("): is the disk full?")
    assert "\n" not in message
    with Run.open(tmp_path / "run", write=True) as run:
        assert run.checkpoint()[0]["iteration"] == last
        list(go_on(run, last + 2))
    assert not [
        path for path in (tmp_path / "run" / "agents").iterdir() if path.suffix != ".safetensors"
    ]


LOCKING = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    other.execute(statement)
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path, *statements: str) -> Iterator[None]:
    """Another program, such as a database browser, with an open transaction."""
    arguments = [sys.executable, "-c", LOCKING, str(path / "archive.db"), *statements]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        yield
        other.communicate("")


def test_a_writer_reports_a_database_locked_by_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LONGEST_WAIT", 0.05)
    with create(tmp_path / "run") as run:
        populations_of_run = live(run, 300)
        next(populations_of_run)
        with (
            locked(tmp_path / "run", "BEGIN IMMEDIATE"),
            pytest.raises(
                OSError,
                match=r"iteration 1 could not be kept \(database is locked\): "
                r"",
            ) as caught,
        ):
            next(populations_of_run)
    assert str(caught.value).endswith(
        f": another program has locked {tmp_path / 'run' / 'archive.db'}; close it there"
    )
    with Run.open(tmp_path / "run", write=True) as run:
        assert run.checkpoint()[0]["iteration"] == 0
        list(go_on(run, 2))


def test_a_read_only_database_is_not_reported_as_full(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run:
        populations_of_run = live(run, 300)
        next(populations_of_run)
        # SQLite's error code is that of a database on a read-only disk
        run.database.execute("PRAGMA query_only=ON")
        with pytest.raises(
            OSError,
            match=r"iteration 1 could not be kept \(attempt to write a readonly "
            r"database\): ",
        ) as c:
            next(populations_of_run)
    assert str(c.value).endswith(": has the folder become read-only?")


@pytest.mark.parametrize("write", [False, True])
def test_a_locked_database_is_not_reported_as_damaged(
    write: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LONGEST_WAIT", 0.05)
    finished(tmp_path / "run", 2)
    with (
        locked(tmp_path / "run", "PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE"),
        pytest.raises(ValueError, match="another program has locked") as caught,
    ):
        Run.open(tmp_path / "run", write=write).close()
    assert "damaged" not in str(caught.value)
    assert "copy" not in str(caught.value)


def test_a_launch_on_a_full_disk_is_an_error(tmp_path: Path) -> None:
    def fill() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        create(tmp_path / "run")
        return "no limit was reached"

    message = in_a_child(fill)
    assert message.startswith(f"OSError: cannot make the run folder {tmp_path / 'run'}: ")
    assert "\n" not in message
    finished(tmp_path / "run", 1)  # only empty files of openpoet are left


def as_nobody(action: Callable[[], str]) -> str:
    def drop() -> str:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        return action()

    return in_a_child(drop)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all users can open; those of pytest are private."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_run_can_be_read_and_not_written(open_folder: Path) -> None:
    path = open_folder / "run"
    finished(path, 8)
    for folder in (path, path / "agents"):
        folder.chmod(0o555)

    def look() -> str:
        with Run.open(path, write=False) as run:
            return str(run.checkpoint()[0]["iteration"])

    assert as_nobody(look) == "8"
    message = as_nobody(lambda: str(Run.open(path, write=True)))
    assert message == (
        f"OSError: cannot write to {path}: Permission denied; copy it to a folder you may write to"
    )
    message = as_nobody(lambda: str(create(path / "below")))
    assert message == (
        f"OSError: cannot make the run folder {path / 'below'}: Permission denied; "
        "choose another folder"
    )
    for folder in (path, path / "agents"):
        folder.chmod(0o755)


def test_a_read_only_copy_of_a_running_run_is_an_error_with_a_remedy(open_folder: Path) -> None:
    """The write-ahead log cannot be read without creating a file beside it."""
    with create(open_folder / "run") as run:
        list(live(run, 3))
        copytree(open_folder / "run", open_folder / "copy")
    (open_folder / "copy" / "archive.db-shm").unlink()
    (open_folder / "copy").chmod(0o555)
    message = as_nobody(lambda: str(Run.open(open_folder / "copy", write=False)))
    assert message.startswith(
        f"ValueError: {open_folder / 'copy' / 'archive.db'} cannot be opened: "
    )
    assert message.endswith("a copy in a folder you may write to can be")
    (open_folder / "copy").chmod(0o755)
    with Run.open(open_folder / "copy", write=False) as run:
        assert run.checkpoint()[0]["iteration"] == 3


def test_a_run_that_cannot_be_opened_on_a_full_disk_is_an_error_with_that_remedy(
    tmp_path: Path,
) -> None:
    """SQLite makes a file of 32 KB beside a database to open it."""
    with create(tmp_path / "run") as run:
        list(live(run, 1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
    try:
        with pytest.raises(ValueError, match=r"archive\.db cannot be opened: ") as error:
            Run.open(tmp_path / "run", write=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(error.value).endswith(
        "is the disk full? Free space, or copy the run to another folder"
    )
    with Run.open(tmp_path / "run", write=True) as run:
        assert run.checkpoint()[0]["iteration"] == 1

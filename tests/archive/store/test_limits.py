"""The reader accepts everything that the writer accepts; anything else is an error of one line at
the commit, and nothing is written.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import FakeFamily
from hypothesis import given, settings
from hypothesis import strategies as st

from openpoet.archive.store import limits, rows, weights, writing
from openpoet.archive.store.run_folder import Run
from openpoet.poet.checkpoint import to_records
from openpoet.poet.engine import start
from openpoet.poet.interfaces import Agent
from tests.archive.example_runs import FAMILY, SETTINGS, create, finished, go_on, live, setup


class Encoded(FakeFamily):
    """A family whose tasks have the encoding that a test passes."""

    def __init__(self, encoding: Any) -> None:
        super().__init__()
        self.encoding = encoding

    def encode(self, task: Any) -> Any:
        return self.encoding


def commit_first(run: Run, agent: Agent | None = None, family: FakeFamily = FAMILY) -> None:
    record, agents = to_records(start(setup()), family)
    run.commit(
        record, agents if agent is None else {"niche-0": agent}, ledger={}, clock_seconds=0.0
    )


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        ({"w": torch.zeros([1] * 9)}, "tensor 'w' has 9 dimensions, an agent's at most 8"),
        ({"__metadata__": torch.zeros(1)}, "must not have the name '__metadata__'"),
        (
            {f"tensor-{i}": torch.zeros(1) for i in range(16_000)},
            r"16000 tensors, whose header takes "
            r"1\.\d+ MiB",
        ),
        ({"w": torch.zeros(2**26 + 1)}, "an agent has 256 MiB, at most 256 MiB can be stored"),
    ],
)
def test_an_agent_above_the_read_limits_is_not_written(
    tmp_path: Path, agent: Agent, line: str
) -> None:
    with create(tmp_path / "run") as run:
        with pytest.raises(ValueError, match=line) as error:
            commit_first(run, agent)
        assert "\n" not in str(error.value)
        assert run.rows("niches") == []
        assert list((tmp_path / "run" / "agents").iterdir()) == []
        commit_first(run)


def test_agents_at_the_limits_are_written_and_read(tmp_path: Path) -> None:
    agent = {f"tensor-{i}": torch.full([1] * 8, float(i)) for i in range(9_000)}
    with create(tmp_path / "run") as run:
        commit_first(run, agent)
    with Run.open(tmp_path / "run", write=False) as run:
        read = run.checkpoint()[1]["niche-0"]
    assert read.keys() == agent.keys()
    assert all(read[name].equal(agent[name]) for name in agent)


def test_the_total_size_of_all_agents_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is on the sum over the latest agents of all niches, which are read together."""
    with create(tmp_path / "run") as run:
        list(live(run, 20))
        named = {row["agent"] for row in run.niche_rows()}
        assert run.writer is not None
        assert run.writer.kept.weights == sum(run.agents.size(name) for name in named)
        monkeypatch.setattr(writing, "MOST_WEIGHTS", run.writer.kept.weights - 1)
        with pytest.raises(
            ValueError,
            match=r"the agents of all niches have \d+ bytes, at most "
            r"\d+ bytes can be read",
        ):
            list(go_on(run, 21))
        monkeypatch.undo()
        list(go_on(run, 22))


def test_settings_above_the_size_limit_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the settings take 2 MiB, config\.toml at most 1 MiB"):
        Run.create(tmp_path / "run", f"[run]\nname = '{'x' * 2**21}'\n", ["launch"], {})
    Run.create(tmp_path / "run", SETTINGS, ["launch"], {}).close()  # the folder can be used again


def test_a_commit_above_the_database_limit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(tmp_path / "run", 3)
    monkeypatch.setattr(writing, "MOST_DATABASE", limits.ROOM + 10_000)
    with Run.open(tmp_path / "run", write=True) as run:
        with pytest.raises(
            ValueError,
            match=r"a run's archive at most .*: launch a new run that is seeded from this one$",
        ):
            list(go_on(run, 6))
        assert run.checkpoint()[0]["iteration"] == 3


@pytest.mark.parametrize(
    "encoding", ["a string", "", 0.1 + 0.2, 1 / 3, 7, None, True, ["x", 0.1], {"a": {"b": 1e-300}}]
)
def test_any_json_encoding_of_a_task_is_read_back_exactly(tmp_path: Path, encoding: Any) -> None:
    with create(tmp_path / "run") as run:
        commit_first(run, family=Encoded(encoding))
    with Run.open(tmp_path / "run", write=False) as run:
        (niche,) = run.checkpoint()[0]["active"]
    assert niche["task"] == encoding
    assert type(niche["task"]) is type(encoding)


@pytest.mark.parametrize(
    "encoding", [{1, 2}, object(), b"x", {"x": torch.zeros(1)}, float("nan"), {"x": float("inf")}]
)
def test_a_task_encoding_that_is_not_json_is_an_error(tmp_path: Path, encoding: Any) -> None:
    with create(tmp_path / "run") as run:
        with pytest.raises(
            ValueError,
            match=r"^the archive keeps (JSON|finite numbers) only: "
            r"[^\n]+$",
        ):
            commit_first(run, family=Encoded(encoding))
        assert run.rows("niches") == []


def test_a_value_above_the_size_limit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_CELL", 10_000)
    with create(tmp_path / "run") as run:
        with pytest.raises(
            ValueError,
            match=r"niche 0\.task has 10002 bytes, the archive keeps at "
            r"most 10000 bytes",
        ):
            commit_first(run, family=Encoded("x" * 10_000))
        commit_first(run, family=Encoded("x" * 9_998))


@pytest.mark.parametrize(
    "change",
    [
        {"born": 2**53},
        {"born": -1},
        {"born": 0.5},
        {"born": "x"},
        {"best": "x"},
        {"source": 3},
        {"source": b"x"},
    ],
)
def test_a_cell_that_the_reader_rejects_is_not_written(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    record, agents = to_records(start(setup()), FAMILY)
    with create(tmp_path / "run") as run:
        with pytest.raises(ValueError, match=r"^niche 0\.\w+ must be [^\n]+$"):
            run.commit(
                record | {"active": [record["active"][0] | change]},
                agents,
                ledger={},
                clock_seconds=0.0,
            )
        assert run.rows("niches") == []


@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(0, 2**53 - 1),
        st.booleans(),
        st.none(),
        st.text(),
    )
)
@settings(max_examples=200)
def test_json_cells_are_exact_through_sqlite(value: Any) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (value TEXT NOT NULL) STRICT")
    cells = rows.cells("checkpoint", {"part": "x", "value": value}, "x")
    database.execute("INSERT INTO t VALUES (?)", (cells["value"],))
    (row,) = database.execute("SELECT value FROM t")
    assert repr(rows.reader(["value"], "x")(row)["value"]) == repr(value)
    database.close()


def test_files_that_the_writer_accepts_are_read() -> None:
    """Writer and reader have the same limits of an agent's file."""
    agent = {f"{i:060}": torch.zeros([1] * limits.MOST_DIMENSIONS) for i in range(5_000)}
    weights.decode(weights.encode(agent), "x")

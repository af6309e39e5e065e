"""SIGKILL at arbitrary times always leaves a committed state, and the resumed run equals an
uninterrupted one.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from openpoet.archive.store.creation import make
from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.tables import AGENTS
from openpoet.poet.checkpoint import from_records
from openpoet.poet.niche import Population
from tests.archive.example_runs import FAMILY, SETTINGS, create, finished, go_on, live, same

TOTAL, KILLS = 60, 12


def begun(path: Path) -> bool:
    if not (path / "archive.db").exists():
        return False
    with Run.open(path, write=False) as run:
        return bool(run.rows("iterations"))


def killed(path: Path, wait: float) -> None:
    """Create or resume the run in a process that is killed after `wait` seconds."""
    receive, send = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if begun(path):
                with Run.open(path, write=True) as run:
                    os.write(send, b"!")
                    list(go_on(run, TOTAL))
            else:
                os.write(send, b"!")
                with create(path) as run:
                    list(live(run, TOTAL))
        except BaseException as error:
            os.write(send, repr(error).encode())
        finally:
            os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as output:
        assert output.read(1) == b"!"
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert output.read() == b""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Population], str]:
    path = tmp_path_factory.mktemp("undisturbed") / "run"
    with create(path) as run:
        return list(live(run, TOTAL)), digest(run)


def test_every_kill_leaves_a_committed_state_that_resumes_to_the_uninterrupted_result(
    tmp_path: Path, undisturbed: tuple[list[Population], str]
) -> None:
    path, (states, end) = tmp_path / "run", undisturbed
    moments, at = random.Random(4), 0  # the times depend on the machine; the seed only spreads them
    for _ in range(KILLS):
        killed(path, moments.uniform(0.0, 0.12))
        if not begun(path):
            continue  # before the first commit: launch again
        with Run.open(path, write=False) as run:  # a reader opens the state after the kill
            assert same(
                from_records(*run.checkpoint(), FAMILY), states[run.checkpoint()[0]["iteration"]]
            )
        with Run.open(path, write=True) as run:
            record, _ = run.checkpoint()
            assert at <= record["iteration"] == len(run.rows("iterations")) - 1
            at = record["iteration"]
            named = {row[name] for row in run.niche_rows() for name in AGENTS if row[name]}
            assert {file.name for file in (path / "agents").iterdir()} == {
                f"{name}.safetensors" for name in named
            }
    assert at > 0
    with Run.open(path, write=True) as run:
        list(go_on(run, TOTAL))
        assert digest(run) == end


def test_a_launch_killed_during_creation_can_be_repeated(tmp_path: Path) -> None:
    """The child is killed at its n-th system call that changes the folder, for every n."""
    for n in range(1, 40):
        path = tmp_path / f"run{n}"
        if (child := os.fork()) == 0:
            _die_at(n)
            os.close(make(path, SETTINGS, ["launch"], {}))
            os._exit(7)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7:
            break
        if (path / "archive.db").exists():
            with (
                Run.open(path, write=True) as run,
                pytest.raises(ValueError, match="holds no iteration"),
            ):
                run.checkpoint()
        elif path.exists():
            with pytest.raises(ValueError, match=r"is not a run: it has no archive\.db"):
                Run.open(path, write=True)
        finished(path, 1)
    assert 5 < n < 39


def _die_at(n: int) -> None:
    seen = [0]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in (
            "open",
            "os.rename",
            "os.mkdir",
            "os.remove",
            "os.scandir",
            "sqlite3.connect",
            "os.truncate",
        ):
            seen[0] += 1
            if seen[0] == n:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)

"""Pairs divided among processes: results equal those of one process, all steps are counted, errors
report their place, and all processes end.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.rollouts import worker_processes
from openpoet.agents.rollouts.child_process import send
from openpoet.agents.rollouts.remote_errors import with_frames
from openpoet.agents.rollouts.worker_processes import WorkerProcesses
from openpoet.cli.main import one_line
from openpoet.cli.parts import Tables, settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.cli.wiring import Parts, wire
from openpoet.poet.checkpoint import to_records
from openpoet.poet.engine import evolve, start
from openpoet.poet.streams import Key

ALWAYS = {"reproduce_at": -1e9, "mc_low": -1e9, "mc_high": 1e9, "min_gain": -1e9}
POET = {"seed": 5, "mutate_every": 1, "transfer_every": 1, "capacity": 4, "children": 2, **ALWAYS}
SMALL = {
    "rl2": {"trials": 4, "minibatches": 2, "hidden": 4, "test_trials": 3, "epochs": 1},
    "maesn": {"draws": 2, "trajectories": 2, "test_trials": 2, "hidden": "[4]"},
    "pearl": {"draws": 2, "test_trials": 2, "updates": 2, "batch": 4, "hidden": "[4]"},
    "es": {"population": 4, "hidden": "[4]"},
}
LEARNER = """
import os, torch, numpy as np

class Own:
    def __init__(self, family, parent=0):
        self.family, self.parent = family, parent

    def init(self, key):
        return {"w": torch.from_numpy(key.generator().normal(size=3)).float()}

    def improve(self, agents, tasks, keys):
        print("a line on standard output")
        new = [{"w": a["w"] + k.generator().normal()} for a, k in zip(agents, keys)]
        return new, np.zeros(len(agents), np.int64)

    def evaluate(self, agents, tasks, keys):
        if self.parent and self.parent != os.getpid():
            raise ValueError("not here")
        scores = np.array([float(a["w"].sum()) + sum(t) for a, t in zip(agents, tasks)])
        return scores, scores > 1, np.zeros(len(agents), np.int64)

    def adopt(self, agent):
        return dict(agent)

learner = Own
"""
HILL = Path(__file__).resolve().parents[2] / "examples" / "hill.py"


def settings_of(learner: str, family: str = "gridnavi", **settings: Any) -> Tables:
    tables = {"poet": POET, Path(learner).stem: {**SMALL.get(learner, {}), **settings}}
    changes = [
        f"{section}.{key}={value}" for section in tables for key, value in tables[section].items()
    ]
    return settings_for(Request({"run.family": family, "run.learner": learner}, changes, None, {}))


def wired(learner: str, workers: int, family: str = "gridnavi", **settings: Any) -> Parts:
    """A run's parts; with processes, all of them are ready."""
    parts = wire(settings_of(learner, family, **settings), workers)
    if isinstance(parts.ledger.learner, WorkerProcesses):
        parts.ledger.learner.start()
    return parts


def history(parts: Parts, iterations: int = 3) -> list[Any]:
    """The archived content of a run: records, agents and steps by purpose."""
    found: list[Any] = []
    for _, population in zip(
        range(iterations), evolve(start(parts.setup), parts.setup), strict=False
    ):
        records, agents = to_records(population, parts.setup.family)
        values = {name: {k: v.tolist() for k, v in a.items()} for name, a in agents.items()}
        found.append((records, values, parts.ledger.drain()))
        assert parts.ledger.steps == parts.meter.steps
    return found


@pytest.mark.parametrize("learner", SMALL)
def test_a_run_with_two_workers_equals_one_with_one_and_counts_every_step(learner: str) -> None:
    one, two = (wired(learner, workers) for workers in (1, 2))
    assert history(one) == history(two)
    assert one.meter.steps == two.meter.steps > 0
    if learner != "es":  # its episodes run in threads
        (worker,) = two.ledger.learner._others
        assert worker.calls > 0
        two.ledger.learner.close()


def test_plug_in_files_are_executed_in_worker_processes(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(LEARNER)
    one, two = (wired(str(own), workers, str(HILL)) for workers in (1, 2))
    assert history(one) == history(two)
    assert two.ledger.learner._others[0].calls > 0
    two.ledger.learner.close()


def test_a_file_edited_since_the_run_began_is_an_error(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(LEARNER)
    parts = wire(settings_of(str(own), str(HILL)), 2)
    executed = tmp_path / "executed"
    own.write_text(f"{LEARNER}\nopen({str(executed)!r}, 'w').close()\n")
    with pytest.raises(ValueError, match=r"own\.py was edited while the run was going"):
        parts.ledger.learner.start()
    assert not executed.exists()


def test_a_process_with_source_edited_since_the_run_began_is_not_used(
    capfd: pytest.CaptureFixture[str],
) -> None:
    learner = wire(settings_of("rl2"), 2).ledger.learner
    learner._code = "of the code before"
    with pytest.raises(ValueError, match=r"source was edited while the run was going"):
        learner.start()
    agents, tasks = [learner.init(Key(0))] * 3, [learner.family.origin()] * 3
    keys = [Key(i) for i in range(3)]
    for _ in range(2):
        scores = learner.evaluate(agents, tasks, keys)[0]
    assert scores.tolist() == learner.learner.evaluate(agents, tasks, keys)[0].tolist()
    assert capfd.readouterr().err.count("no more worker processes are started") == 1
    assert learner._others[0].calls == 0


def test_an_error_in_a_worker_process_has_its_place_and_ends_that_process(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(LEARNER)
    learner = wired(str(own), 2, str(HILL), parent=os.getpid()).ledger.learner
    process = learner._others[0].process
    agents, keys = [learner.init(Key(0))] * 4, [Key(1)] * 4
    with pytest.raises(ValueError, match="not here") as failed:
        learner.evaluate(agents, [(0.0, 0.0, 0.0)] * 4, keys)
    line = 1 + LEARNER.splitlines().index('            raise ValueError("not here")')
    assert one_line(failed.value) == f"not here (own.py, line {line})"
    assert "in evaluate" in failed.value.__notes__[0]  # what --debug prints
    assert process.poll() is not None
    assert learner.evaluate(agents, [(0.0, 0.0, 0.0)] * 4, keys)[0].shape == (4,)


def test_a_killed_worker_process_is_an_error_of_one_line() -> None:
    learner = wired("rl2", 2).ledger.learner
    (worker,) = learner._others
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    agents, tasks = [learner.init(Key(0))] * 3, [learner.family.origin()] * 3
    with pytest.raises(RuntimeError, match=r"^a worker process has ended \(signal 9\)[^\n]*$"):
        learner.improve(agents, tasks, [Key(i) for i in range(3)])


def test_worker_processes_end_when_their_parent_is_killed() -> None:
    code = (
        "import sys, time; from tests.cli.test_worker_processes import wired; l = wired('rl2', "
        "2).ledger.learner; print(l._others[0].process.pid, flush=True); time.sleep(600)"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert Path(f"/proc/{worker}").exists()
        parent.kill()
    for _ in range(100):
        if not Path(f"/proc/{worker}/cmdline").exists():
            return
        if not Path(f"/proc/{worker}/cmdline").read_bytes():  # ended, and not yet reaped
            return
        time.sleep(0.1)
    raise AssertionError("the worker process outlived its parent")


def test_short_runs_start_no_worker_process(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = wire(settings_of("rl2"), 2)
    learner = parts.ledger.learner
    agents, tasks = [learner.init(Key(0))] * 2, [learner.family.origin()] * 2
    keys = [Key(1), Key(2)]
    learner.improve(agents[:1], tasks[:1], keys[:1])
    learner.improve(agents, tasks, keys)
    assert learner._others == []
    monkeypatch.setattr(worker_processes, "START_AFTER", 0.0)
    learner.improve(agents[:1], tasks[:1], keys[:1])
    assert learner._others == []  # one pair is evaluated in one process
    learner.improve(agents, tasks, keys)
    assert len(learner._others) == 1
    learner.close()


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6, dtype=torch.float64).reshape(2, 3).T,
        torch.tensor(3),
        torch.zeros(0, 2, dtype=torch.bool),
        torch.ones(3, dtype=torch.bfloat16),
    ],
)
def test_tensors_sent_to_a_process_are_unchanged(tensor: torch.Tensor) -> None:
    sink = io.BytesIO()
    send({"w": tensor}, sink)
    arrived = pickle.loads(sink.getvalue())["w"]
    assert (arrived.dtype, arrived.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(arrived, tensor)
    arrived.zero_()  # not read-only


def test_an_object_that_cannot_be_pickled_is_an_error_of_one_line_and_nothing_is_sent() -> None:
    sink = io.BytesIO()
    with pytest.raises(ValueError, match=r"cannot be sent to another process[^\n]*use one worker"):
        send([lambda: 0], sink)
    assert sink.getvalue() == b""


class TwoArgumentsError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def test_an_error_that_cannot_be_pickled_keeps_its_message_and_frames_of_its_cause() -> None:
    try:
        try:
            np.zeros(2)[3]
        except IndexError as error:
            raise TwoArgumentsError(1, 2) from error
    except TwoArgumentsError as error:
        found = pickle.loads(pickle.dumps(with_frames(error)))
    assert str(found) == "TwoArgumentsError: 1 and 2"
    assert [Path(file).name for _, file, _ in found.frames] == [Path(__file__).name] * 2

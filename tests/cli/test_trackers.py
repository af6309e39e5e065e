"""Trackers get each iteration's measures: the real packages, without a network."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from tests.cli.test_run_loop import launch


def resumed(folder: Path, *track: str) -> dict[int, int]:
    """A run of 2 iterations that is resumed until iteration 3; its steps after each."""
    words = [word for name in track for word in ("--track", name)]
    assert launch(folder, 2, *words) == 0
    assert command.main(["resume", str(folder), "--iterations", "3", *words]) == 0
    with Run.open(folder, write=False) as run:
        return {row["iteration"]: row["steps"] for row in run.rows("iterations")[1:]}


def records(path: Path) -> Iterator[bytes]:
    """The records of an offline file of W&B: LevelDB's log format, in blocks of 32 KiB."""
    data, at, whole = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if at % 32768 > 32768 - 7:
            at += 32768 - at % 32768
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        whole += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # the only part of a record, or its last
            yield whole
            whole = b""


def test_wandb_gets_every_iteration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_MODE", "offline")
    steps = resumed(tmp_path / "run", "wandb")
    files = sorted((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))
    assert len({path.stem for path in files}) == 1, "a resumed run has the same id"
    found: dict[int, int] = {}
    for path in files:
        for text in records(path):
            items = {i.nested_key[0] or i.key: i for i in Record.FromString(text).history.item}
            if items:
                at = int(items["_step"].value_json)
                found[at] = int(items["environment steps"].value_json)
    assert found == steps


def test_mlflow_gets_every_iteration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    steps = resumed(tmp_path / "run", "mlflow")
    client = MlflowClient()
    experiment = client.get_experiment_by_name("openpoet")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    points = client.get_metric_history(run.info.run_id, "environment steps")
    assert {point.step: point.value for point in points} == steps
    assert run.data.params["es.population"] == "4"
    assert run.info.status == "FINISHED"


def test_an_error_of_a_tracker_is_reported_and_the_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nowhere://x")
    assert launch(tmp_path / "run", 2, "--track", "mlflow") == 0
    assert capsys.readouterr().err.count("cannot write mlflow (") == 1


def test_a_tracker_without_its_package_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [])
    sys.path_importer_cache.clear()
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    assert launch(tmp_path / "run", 1, "--track", "wandb") == 2
    assert "pip install 'openpoet[wandb]'" in capsys.readouterr().err
    assert launch(tmp_path / "run", 1, "--track", "other") == 2
    assert "track must be wandb or mlflow, got 'other'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()

"""`benchmarks.reproduced` at the smallest scale: its table has what the runs have stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.reproduced import Scale, measured, report
from benchmarks.reproduced_findings import FINDINGS, MEASURES
from benchmarks.reproduced_measures import MEASURED, Record, cell
from openpoet.archive.store.run_folder import Run
from openpoet.arena.tables import Table
from openpoet.cli.experiment_data import Found
from openpoet.cli.sessions import Machine
from tests.cli.test_own_runs import CHANGES

WALKERS = [change for change in CHANGES if not change.startswith("es.")]
ES = [change for change in CHANGES if change.startswith("es.")]
PPO = ["ppo.num_envs=4", "ppo.num_steps=16", "ppo.hidden=[4]"]
SCALE = Scale(0.02, Machine(workers=1), least_es=0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reproduced")


def measure(folder: Path) -> Record:
    """All experiments of seed 1, with walkers that fall at once."""
    found: Record = {}
    for experiment in MEASURED:
        small = (*WALKERS, *(ES if experiment == "es-alone" else PPO))
        found |= measured(1, experiment, SCALE, folder, changes=small)
    return found


@pytest.fixture(scope="module")
def record(folder: Path) -> Record:
    return measure(folder)


def run_of(folder: Path, name: str) -> Run:
    return Run.open(folder / name, write=False)


def test_every_measure_of_the_table_is_made_once(record: Record) -> None:
    assert sorted(one.key for one in MEASURES) == sorted(record)
    assert {one.experiment for one in MEASURES} == set(MEASURED)
    assert all(finding.measure in MEASURES for finding in FINDINGS)


def test_the_values_are_those_of_the_stored_runs(record: Record, folder: Path) -> None:
    with (
        run_of(folder, "reproduce-quick-s1") as run,
        run_of(folder, "reproduce-quick-s1-no-transfer") as control,
        run_of(folder, "reproduce-quick-pata-ec-cost-s1") as pata_ec,
    ):
        tried: dict[Any, bool] = {}
        for row in run.rows("transfers"):
            if not row["at_birth"]:
                place = row["iteration"], row["target"]
                tried[place] = tried.get(place, False) or row["accepted"]
        ledger = pata_ec.rows("ledger")
        novelty = sum(row["steps"] for row in ledger if row["purpose"].endswith("novelty"))
        expected = {
            "difficulty: environments created": len(run.niche_rows()),
            "difficulty: easy, solved": 0,
            "difficulty: easy, iterations": None,
            "transfers: attempts": len(tried),
            "transfers: share that succeeds": np.mean(list(tried.values())) if tried else None,
            "annecs: ANNECS": run.rows("iterations")[-1]["annecs"],
            "no-transfer: environments created without": len(control.niche_rows()),
            "no-transfer: M steps with": run.steps() / 1e6,
            "no-transfer: M steps without": control.steps() / 1e6,
            "es-alone: POET": None,  # these walkers fall at once, so that nothing is solved
            "direct-path: easy, distance": None,
            "pata-ec-cost: steps added": novelty / (sum(row["steps"] for row in ledger) - novelty),
        }
        assert run.last_iteration() == SCALE.iterations("difficulty") == 3
        assert pata_ec.last_iteration() == SCALE.iterations("pata-ec-cost") == 3
    assert {key: record[key] for key in expected} == pytest.approx(expected)


def test_a_seed_that_was_interrupted_gets_the_same_values(record: Record, folder: Path) -> None:
    file = folder / "seed-1.json"
    kept = json.loads(file.read_text())
    assert kept == record
    half = {key: value for key, value in kept.items() if not key.startswith("no-transfer")}
    file.write_text(json.dumps(half))
    assert measure(folder) == record


def test_the_report_has_the_means_and_a_sentence_a_finding(
    record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {key: None if value is None else value + 2.0 for key, value in record.items()}
    report([record, other], [*MEASURED])
    printed = capsys.readouterr().out
    created = record["difficulty: environments created"]
    assert created is not None
    line = next(row for row in printed.splitlines() if "environments created " in row)
    assert f"{created:.3g}  {created + 2:.3g}" in line
    assert f"{created + 1:.3g} [" in line
    for finding in FINDINGS:
        assert printed.count(f"\n{finding.claim}: ") == 1


def test_a_cell_is_found_by_row_and_column() -> None:
    table = Table("t", ("class", "solved"), [["easy", 3], ["challenging", None]])
    assert cell(Found([table], []), "t", "easy", "solved") == 3.0
    assert cell(Found([table], []), "t", "challenging", "solved") is None

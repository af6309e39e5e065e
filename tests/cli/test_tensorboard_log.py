from __future__ import annotations

import itertools
import os
import statistics
from functools import partial
from pathlib import Path

from openpoet.cli.events import measured
from openpoet.cli.listeners import Listeners
from openpoet.cli.output import Failures
from openpoet.cli.tensorboard_log import TensorBoard
from openpoet.poet.engine import evolve, start
from openpoet.poet.niche import Population
from tests.archive.example_runs import setup


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves that TensorBoard shows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    scalars = EventAccumulator(str(folder))
    scalars.Reload()
    return {
        tag: [(point.step, point.value) for point in scalars.Scalars(tag)]
        for tag in scalars.Tags()["scalars"]
    }


def listening(folder: Path, resume_at: int, reports: list[str]) -> Listeners:
    return Listeners(
        {str(folder): partial(TensorBoard, folder, resume_at)}, Failures(reports.append)
    )


def write(events: Listeners, population: Population, steps: int) -> None:
    events.write([measured(population, steps, 100, 2.0)])


def test_one_point_per_iteration_also_after_a_kill(tmp_path: Path) -> None:
    parts = setup()
    evolution = evolve(start(parts), parts)
    populations = [next(evolution) for _ in range(9)]
    reports: list[str] = []
    with listening(tmp_path / "tb", 0, reports) as events:
        for population in populations[:6]:
            write(events, population, 100 * population.iteration)
    # Killed after the commit of iteration 4: points 5 and 6 are written again.
    with listening(tmp_path / "tb", 4, reports) as events:
        for population in populations[4:]:
            write(events, population, 100 * population.iteration)
    assert not reports
    scalars = curves(tmp_path / "tb")
    assert scalars["niches/active"] == [(p.iteration, len(p.active)) for p in populations]
    assert [round(value, 2) for _, value in scalars["score/median"]] == [
        round(statistics.median([niche.scores[-1] for niche in p.active]), 2) for p in populations
    ]
    assert scalars["environment steps"] == [(p.iteration, 100 * p.iteration) for p in populations]
    assert {value for _, value in scalars["steps per second"]} == {50.0}
    assert {"score/best", "annecs/paper", "annecs/reference code", "niches/ever"} <= scalars.keys()


def test_write_errors_are_reported_once_and_earlier_points_are_kept(tmp_path: Path) -> None:
    parts = setup()
    populations = list(itertools.islice(evolve(start(parts), parts), 5))
    reports: list[str] = []
    with listening(tmp_path / "tb", 0, reports) as events:
        write(events, populations[0], 100)
        (file,) = (tmp_path / "tb").iterdir()
        written = file.read_bytes()
        (listener,) = events.opened.values()
        assert isinstance(listener, TensorBoard)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, listener.file.fileno())
        os.close(full)
        for population in populations[1:]:
            write(events, population, 200)
    assert reports == [
        f"cannot write {tmp_path / 'tb'} (No space left on device); the run continues without it"
    ]
    assert file.read_bytes() == written
    assert curves(tmp_path / "tb")["environment steps"] == [(1, 100.0)]


def test_a_folder_that_cannot_be_created_is_reported_once(tmp_path: Path) -> None:
    parts = setup()
    (tmp_path / "file").write_text("")
    reports: list[str] = []
    with listening(tmp_path / "file" / "tb", 3, reports) as events:
        for population in itertools.islice(evolve(start(parts), parts), 3):
            write(events, population, 100)
    (report,) = reports
    assert report.startswith(f"cannot write {tmp_path / 'file' / 'tb'} (")

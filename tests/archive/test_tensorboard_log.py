from __future__ import annotations

import statistics
from pathlib import Path

from archive.tensorboard_log import Events
from poet.engine import evolve, start
from tests.archive.lived import setup


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    seen = EventAccumulator(str(folder))
    seen.Reload()
    return {tag: [(point.step, point.value) for point in seen.Scalars(tag)] for tag in seen.Tags()["scalars"]}


def test_a_point_an_iteration_also_across_a_kill(tmp_path: Path) -> None:
    parts = setup()
    lives = evolve(start(parts), parts)
    populations = [next(lives) for _ in range(9)]
    with Events(tmp_path / "tb", 0, earlier=0) as events:
        for population in populations[:6]:
            events.write(population, 100 * population.iteration)
    # Killed after the commit of iteration 4: points 5 and 6 are written again.
    with Events(tmp_path / "tb", 4, earlier=400) as events:
        for population in populations[4:]:
            events.write(population, 100 * (population.iteration - 4))
    seen = curves(tmp_path / "tb")
    assert seen["niches/active"] == [(p.iteration, len(p.active)) for p in populations]
    assert [round(value, 2) for _, value in seen["score/median"]] == [
        round(statistics.median([niche.scores[-1] for niche in p.active]), 2) for p in populations
    ]
    assert seen["environment steps"] == [(p.iteration, 100 * p.iteration) for p in populations]
    assert {"score/best", "annecs/paper", "annecs/reference code", "niches/ever", "steps per second"} <= seen.keys()

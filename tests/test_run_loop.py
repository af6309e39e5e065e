"""What a run prints, logs and plots while it runs and after a resume, through the command itself."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

import run as command
from archive.run_folder import Run

# Points that look for goals, in episodes of four steps; niches are born, solved and retired within a few iterations.
SETTINGS = {
    "es.population": "4",
    "es.hidden": "[4]",
    "navigation.horizon": "4",
    "navigation.episodes": "2",
    "navigation.solved_score": "-3.0",
    "poet.mutate_every": "2",
    "poet.transfer_every": "2",
    "poet.reproduce_at": "-200.0",
    "poet.mc_low": "-200.0",
    "poet.mc_high": "200.0",
    "poet.min_gain": "-200.0",
    "poet.capacity": "3",
    "poet.children": "4",
}


def launch(folder: Path, iterations: int, *more: str) -> int:
    words = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    parts = ["--family", "navigation", "--learner", "es", "--workers", "1", "--seed", "3"]
    return command.main(["launch", "--out", str(folder), "--iterations", str(iterations), *parts, *words, *more])


def table(folder: Path, name: str) -> list[dict]:
    with Run.open(folder, write=False) as run:
        return run.rows(name)


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert command.main(["show", *words]) == 0
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 6 iterations, taken up again until 12."""
    folder = tmp_path_factory.mktemp("runs") / "resumed"
    assert launch(folder, 6) == 0
    assert command.main(["resume", str(folder), "--iterations", "12", "--workers", "1"]) == 0
    return folder


def test_a_niche_has_a_score_for_each_iteration_from_its_birth_until_it_is_retired(resumed: Path) -> None:
    """`born` and `died` are counted as the rows of `iterations` are: 0 is the first population, before iteration 1."""
    last = table(resumed, "iterations")[-1]["iteration"]
    niches = table(resumed, "niches")
    assert any(niche["parent"] is not None and niche["died"] is not None for niche in niches)
    for niche in niches:
        scored = [row["iteration"] for row in table(resumed, "scores") if row["niche"] == niche["id"]]
        end = last + 1 if niche["died"] is None else niche["died"]
        assert scored == list(range(max(niche["born"], 1), end))


def test_what_is_recorded_of_an_iteration_has_its_number(resumed: Path) -> None:
    steps = {row["iteration"]: row["steps"] for row in table(resumed, "iterations")}
    assert list(steps) == list(range(13))
    for before, at in pairwise(steps):
        spent = sum(row["steps"] for row in table(resumed, "ledger") if row["iteration"] == at)
        assert steps[at] - steps[before] == spent
    children, transfers = table(resumed, "children"), table(resumed, "transfers")
    # The engine mutates after every second iteration, and in the first, third, ... iteration agents change niches.
    assert {row["iteration"] for row in children} == {3, 5, 7, 9, 11}
    assert {row["iteration"] for row in transfers if not row["at_birth"]} == {3, 5, 7, 9, 11}
    spent = {row["iteration"] for row in table(resumed, "ledger") if row["purpose"] == "iteration/transfer/direct"}
    assert spent == {row["iteration"] for row in transfers if not row["at_birth"] and row["kind"] == "direct"}
    born = {niche["id"]: niche["born"] for niche in table(resumed, "niches")}
    assert {row["niche"]: row["iteration"] for row in children if row["niche"] is not None} == {
        id: at for id, at in born.items() if at > 0
    }


def test_the_log_and_show_give_the_same_iterations(resumed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = (resumed / "run.log").read_text()
    found = {
        what: {int(niche): int(at) for at, niche in re.findall(rf"iteration (\d+): niche (\d+) {words}", log)}
        for what, words in {"born": "is born", "died": "is retired", "solved": "is solved"}.items()
    }
    assert all(found.values()), log
    niches = {niche["id"]: niche for niche in table(resumed, "niches")}
    for what, of in found.items():
        assert of == {id: niche[what] for id, niche in niches.items() if niche[what] not in (None, 0)}, what
    id = max(found["died"].keys() & found["born"].keys())
    text = shown(capsys, str(resumed), str(id))
    assert f"born at iteration {found['born'][id]}, retired at {found['died'][id]}" in text
    logged = re.findall(r"iteration (\d+): niche (\d+) takes over the agent of (\d+)", log)
    assert logged
    at, target, source = logged[0]
    assert f"iteration {at}: took over the agent of {source} " in shown(capsys, str(resumed), target)


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    seen = EventAccumulator(str(folder))
    seen.Reload()
    return {tag: [(point.step, point.value) for point in seen.Scalars(tag)] for tag in seen.Tags()["scalars"]}


def test_tensorboard_counts_iterations_and_steps_of_the_whole_run(resumed: Path) -> None:
    seen, rows = curves(resumed / "tb"), table(resumed, "iterations")[1:]
    assert seen["environment steps"] == [(row["iteration"], row["steps"]) for row in rows]
    assert [at for at, _ in seen["niches/active"]] == [row["iteration"] for row in rows]
    assert min(value for _, value in seen["steps per second"]) > 0


def test_the_steps_printed_after_a_resume_are_those_of_the_whole_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(tmp_path / "run", 3, "--set", "es.population=4000") == 0
    capsys.readouterr()
    assert command.main(["resume", str(tmp_path / "run"), "--iterations", "4"]) == 0
    millions = table(tmp_path / "run", "iterations")[-1]["steps"] / 1e6
    assert f", {millions:.1f} M steps" in capsys.readouterr().out
    assert millions > 0.05  # or the text would be 0.0 in any case

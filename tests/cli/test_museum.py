"""The museum: packs by name, whose scores are those of their agents, and their recordings."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.archive.museum import files
from openpoet.archive.museum.files import FOLDER, packs
from openpoet.archive.page.clips import clips_of, read_clips
from openpoet.archive.page.routes import answer
from openpoet.archive.store.run_folder import find_run
from openpoet.cli.recorded import RecordedFirst, make_clips, view_recorded
from openpoet.cli.replays import Replays, open_replays
from openpoet.cli.sessions import Machine
from openpoet.cli.terminal import CommandLine
from openpoet.cli.versions import versions
from openpoet.cli.watching import site_of

MOST = 3_500_000  # bytes of the museum
EXPECTED = {"museum"} | {
    f"museum-{name}" for name in ("adapt", "extreme", "maze", "navigation", "rose")
}


def held(name: str) -> list[openpoet.Niche]:
    """The niches that have an agent in the pack."""
    with openpoet.open(name) as run:
        rows = {row["id"]: row["agent"] for row in run.rows("niches")}
        return [niche for niche in run.niches if run.reader.agents.holds(rows[niche.id])]


def equal_results(name: str) -> bool:
    """Whether scores are equal here: with other versions or on another type of processor the last
    bits of networks may differ, and then an episode of a walker.
    """
    with openpoet.open(name) as run:
        before, now = dict(run.reader.versions()), versions()
    if " " not in before["cpu"]:  # an older record, made on a processor of this vendor
        before["cpu"] += " AuthenticAMD"
    return all(before[part] == now[part] for part in ("torch", "numpy", "numba", "cpu"))


def test_the_museum_has_its_packs_and_is_small() -> None:
    assert set(packs()) >= EXPECTED
    files = [*FOLDER.glob("*.poet"), *FOLDER.glob("*.clips")]
    assert sum(file.stat().st_size for file in files) < MOST


@pytest.mark.parametrize("name", packs())
def test_a_pack_is_found_by_its_name_and_was_not_edited(name: str) -> None:
    assert find_run(name) == packs()[name]
    with openpoet.open(name) as run:
        assert len(run.verify()) == 64
        words = [word for row in run.rows("sessions") for word in row["command"]]
        assert words
        assert not any(word.startswith("/") for word in words)  # paths of the machine
        assert not run.reader.complete


@pytest.mark.parametrize("name", packs())
def test_scores_of_the_museum_are_found_again(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *_, last = held(name)
    chosen = ["--scores", "--select", f"id in ({first.id}, {last.id})"]
    code, found = command.main(["verify", name, *chosen]), capsys.readouterr()
    if equal_results(name):
        assert (code, "2 of 2 scores are those of the archive" in found.out) == (0, True)
    else:
        assert code == 0 or "was last written with other versions" in found.err


def test_the_museum_has_solved_walkers_of_several_difficulties() -> None:
    niches = held("museum")
    assert all(niche.solved is not None and niche.score >= 230 for niche in niches)
    assert {niche.title for niche in niches if niche.parent is None} == {"flat"}
    assert len({niche.title for niche in niches}) > 4
    with openpoet.open("museum") as run:
        assert all(run.lineage(niche.id)[-1] == 0 for niche in niches)
        assert any(row["accepted"] for row in run.rows("transfers"))


@pytest.mark.parametrize("name", ["museum", "museum-extreme"])
def test_every_walker_of_the_museum_is_recorded(name: str) -> None:
    niches, clips = held(name), clips_of(packs()[name])
    assert {niche.id: (niche.score, niche.title) for niche in niches} == {
        niche: (clip["score"], clip["title"]) for niche, clip in clips.items()
    }


def test_clips_are_recorded_and_not_taken_from_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier clips may be those of another run, whose niches have the same numbers."""
    path, out = packs()["museum-extreme"], tmp_path / "new.clips"
    earlier = {niche: {**clip, "score": 1234.5} for niche, clip in clips_of(path).items()}
    monkeypatch.setattr("openpoet.archive.page.clips.clips_of", lambda pack: earlier)
    make_clips(path, out)
    made = read_clips(out)
    assert set(made) == set(earlier)
    assert 1234.5 not in {clip["score"] for clip in made.values()}


def test_the_terrains_of_poet_rose_have_their_names_and_published_parameters() -> None:
    niches = held("museum-rose")
    with openpoet.open("museum-rose") as run:
        named = {row["source"]: row["task"]["genome"] for row in run.rows("niches")}
    assert len(niches) == len(named) == 6
    first = named["POET-rose 1a"]
    assert (first["roughness"], first["stump"], first["gap"]) == (5.6, [2.4, 2.82], [4.48, 6.4])
    assert sum("(extremely challenging)" in niche.title for niche in niches) == 5


def test_extremely_challenging_terrains_are_solved() -> None:
    niches = held("museum-extreme")
    assert len(niches) == 2
    assert all("(extremely challenging)" in niche.title for niche in niches)
    assert all(niche.solved is not None and niche.score >= 230 for niche in niches)


def test_agents_of_the_other_families_adapt() -> None:
    for name in ("museum-maze", "museum-navigation"):
        niches = held(name)
        assert all(niche.before is not None and niche.score > niche.before for niche in niches)


@pytest.mark.parametrize(
    ("name", "suite"), [("museum", "rose-poet"), ("museum-navigation", "navigation")]
)
def test_agents_of_the_museum_are_evaluated(
    name: str, suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Packs of the museum hold agents without training state."""
    only = ["--select", f"id == {held(name)[0].id}", "--episodes", "2", "--validation", "none"]
    arguments = ["evaluate", name, "--suite", suite, "--out", str(tmp_path / "a.json"), *only]
    assert command.main([*arguments, "--actions", "mean"]) == 0
    assert suite in capsys.readouterr().out
    assert (tmp_path / "a.json").is_file()


def test_gymnasium_takes_a_niche_of_the_museum() -> None:
    niche = held("museum")[-1]
    named = gymnasium.make("openpoet/Walker-v0", terrain=f"museum#{niche.id}")
    given = gymnasium.make("openpoet/Walker-v0", terrain=niche.task)
    assert named.unwrapped.terrain == given.unwrapped.terrain
    assert np.array_equal(named.reset(seed=1)[0], given.reset(seed=1)[0])


def test_a_run_starts_from_the_museum_with_its_preset(tmp_path: Path) -> None:
    """By default from the youngest niches that fit."""
    fewer = ["poet.capacity=2", "ppo.rollouts=1", "ppo.num_steps=16", "poet.mutate_every=0"]
    words = [word for change in fewer for word in ("--set", change)]
    out = tmp_path / "run"
    start = ["launch", "--from", "museum", "--iterations", "1", "--workers", "1"]
    assert command.main([*start, "--out", str(out), *words]) == 0
    with openpoet.open(out) as run:
        youngest = held("museum")[-2:]
        assert [niche.task for niche in run.niches] == [niche.task for niche in youngest]
        with openpoet.open("museum") as museum:
            assert run.settings["run"]["preset"] == museum.settings["run"]["preset"]


def test_no_run_takes_a_name_of_the_museum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "museum"
    assert command.main(["launch", "--preset", "quick-bandits", "--out", str(out)]) == 2
    assert "museum is a pack of the museum: choose another name" in capsys.readouterr().err
    assert not out.exists()
    assert command.main(["show", "museums"]) == 2
    assert "the museum has museum, museum-adapt" in capsys.readouterr().err


def test_the_viewer_s_episodes_are_recorded_until_the_simulator_is_ready() -> None:
    clips, compiled = clips_of(packs()["museum"]), threading.Event()

    def opened() -> Replays:
        compiled.wait()
        return open_replays(find_run("museum"), Machine("cpu", 1), CommandLine())

    first = RecordedFirst(clips, opened)
    niche, other = min(clips), max(clips)
    recorded = first.load(niche, niche)
    assert recorded.score == clips[niche]["score"]
    assert isinstance(recorded.frames[0], dict)
    compiled.set()
    crossed = first.load(niche, other)  # not recorded
    assert crossed.labels == {"niche": str(niche), "agent": str(other)}
    simulated = first.load(niche, niche)
    assert not isinstance(simulated.frames[0], dict)
    assert not equal_results("museum") or simulated.score == recorded.score
    bodies = [episode.outline(0, 0)["body"] for episode in (recorded, simulated)]
    for mine, its in zip(*bodies, strict=True):
        assert np.abs(mine - its).max() <= clips[niche]["scale"] / 2 + 1e-6


def test_an_error_of_the_simulator_is_raised_when_it_is_needed() -> None:
    def opened() -> Replays:
        raise ValueError("no compiler")

    clips = clips_of(packs()["museum"])
    first = RecordedFirst(clips, opened)
    with pytest.raises(ValueError, match="no compiler"):
        first.load(min(clips), max(clips))


def test_what_was_not_recorded_is_left_to_the_simulator() -> None:
    def opened() -> Replays:
        raise AssertionError("it was not to be opened here")

    assert not view_recorded("museum", 10**6, opened)
    assert not view_recorded("museum-maze", None, opened)
    assert not view_recorded(str(packs()["museum"]), None, opened)


def test_the_page_shows_recordings_without_a_simulator() -> None:
    clips, site = clips_of(packs()["museum"]), site_of(packs()["museum"])
    try:
        (id,) = site.ids()
        site.replayer(id).warm()
        assert not site.replayer(id)._warmed  # not before the first picture
        for niche in (min(clips), max(clips)):
            found = answer(site, f"/api/run/{id}/replay?niche={niche}&agent={niche}")
            assert found.status == 200
            assert json.loads(found.body) == clips[niche]
        assert site.replayer(id)._warmed
    finally:
        site.close()


def test_settings_that_are_newer_than_a_pack_have_their_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Path(shutil.copy(packs()["museum-maze"], tmp_path / "museum-maze.poet"))
    database = sqlite3.connect(old)
    database.execute("DELETE FROM settings WHERE section = 'rl2' AND key = 'epochs'")
    database.commit()
    database.close()
    with openpoet.open(old) as run:  # any other pack must be complete
        assert "epochs" not in run.settings["rl2"]
        with pytest.raises(ValueError, match=r"rl2\.epochs is missing"):
            run.policy(held("museum-maze")[0].id)
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    with openpoet.open("museum-maze") as run:
        assert run.path == old
        assert run.settings["rl2"]["epochs"] == RL2Config().epochs

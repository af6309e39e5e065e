"""Packs from the command line and the library, of real runs: every command that takes a run takes a
pack, with the same results.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import openpoet
import openpoet.cli.main as command
from tests.test_library import POINTS, points


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return points(tmp_path_factory.mktemp("runs") / "points", 8).path


@pytest.fixture(scope="module")
def pack(folder: Path) -> Path:
    out = folder.with_name("points.poet")
    assert command.main(["export", str(folder), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def last(folder: Path) -> Path:
    """A pack of the youngest niche; its ancestors have no agents."""
    with openpoet.open(folder) as run:
        youngest = run.niches[-1].id
        return run.export(folder.with_name("last.poet"), f"id == {youngest}").path


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command.main(arguments) == 0
    return capsys.readouterr().out


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("openpoet: ")
    return line


@pytest.mark.parametrize("words", [["digest"], ["show"], ["show", "1"], ["show", "1", "--json"]])
def test_a_command_prints_the_same_for_a_pack_as_for_the_run(
    folder: Path, pack: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name, *more = words
    assert printed([name, str(pack), *more], capsys) == printed([name, str(folder), *more], capsys)


def test_verify_walks_the_chain_of_a_pack(
    folder: Path, pack: Path, last: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_run = printed(["verify", str(folder)], capsys).partition(": ")[2]
    assert printed(["verify", str(pack)], capsys).partition(": ")[2] == of_run
    assert "selected niches and 2 agents are as they were" in printed(["verify", str(last)], capsys)


def test_replays_of_a_pack_have_the_scores_of_the_archive(folder: Path, pack: Path) -> None:
    with openpoet.open(folder) as run, openpoet.open(pack) as packed:
        assert packed.niches == run.niches
        assert packed.iteration == run.iteration == 8
        assert len(packed.niches) > 3
        for niche in packed.niches:
            assert packed.replay(niche.id).score == niche.score == run.replay(niche.id).score
        seen = np.ones((2, packed.policy(1).spec.observation_size), np.float32)
        assert np.array_equal(packed.policy(1)(seen), run.policy(1)(seen))
        assert packed.digest() == run.digest()


def test_a_selection_replays_its_niches_and_other_agents_on_their_ancestors(
    folder: Path, last: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with openpoet.open(folder) as run, openpoet.open(last) as packed:
        youngest, ancestor = packed.niches[-1], packed.niches[0]
        assert ancestor.id != youngest.id
        assert packed.replay(youngest.id).score == youngest.score
        across = packed.replay(ancestor.id, agent=youngest.id)
        assert across.score == run.replay(ancestor.id, agent=youngest.id).score
        assert packed.lineage(youngest.id) == run.lineage(youngest.id)
        for wanted in (packed.replay, packed.policy, packed.agent):
            with pytest.raises(ValueError, match="as an ancestor only"):
                wanted(ancestor.id)
    line = refused(
        ["replay", str(last), str(ancestor.id), "--record", str(tmp_path / "a.gif")], capsys
    )
    assert f"the agent of niche {ancestor.id} is not in {last}" in line
    assert "have agents here, the others are ancestors" in printed(["show", str(last)], capsys)
    assert f"niche {ancestor.id}: " in printed(["show", str(last), str(ancestor.id)], capsys)
    best = ["replay", str(last), "--record", str(tmp_path / "best.gif")]
    assert f"score {youngest.score:.2f}" in printed(best, capsys)


def test_a_pack_cannot_be_resumed_but_its_import_can(
    pack: Path, last: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(["resume", str(pack), "--iterations", "10"], capsys)
    assert f"{pack} is a pack, which cannot be resumed: make a run of it with `import" in line
    assert "launch --from" in refused(["resume", str(last)], capsys)
    with pytest.raises(ValueError, match="cannot be resumed"):
        openpoet.resume(pack, iterations=10)
    assert command.main(["import", str(pack), "--out", str(tmp_path / "run")]) == 0
    again = openpoet.resume(tmp_path / "run", iterations=10, workers=1)
    assert again.digest() == points(tmp_path / "longer", 10).digest()
    assert command.main(["import", str(last), "--out", str(tmp_path / "last")]) == 0
    assert "launch --from" in refused(["resume", str(tmp_path / "last")], capsys)


def test_packs_are_merged_and_seed_a_run(
    pack: Path, last: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / "both.poet"
    out = printed(["import", str(pack), str(last), "--out", str(both)], capsys)
    with openpoet.open(pack) as run, openpoet.open(last) as other, openpoet.open(both) as merged:
        assert [niche.score for niche in merged.niches] == [niche.score for niche in run.niches]
        assert {niche.id for niche in other.niches} < {niche.id for niche in run.niches}
        for niche in merged.niches:
            assert merged.replay(niche.id).score == niche.score
    assert f"{both}: {len(merged.niches)} niches" in out
    assert command.main(["import", str(both), "--out", str(tmp_path / "folder")]) == 0
    for source in (last, both, tmp_path / "folder"):
        seeded = openpoet.seed_from(
            source,
            select="id >= 0",
            out=tmp_path / f"from-{source.stem}",
            iterations=1,
            settings=POINTS | {"poet.capacity": 40},
            workers=1,
        )
        origin = seeded.rows("niches")[0]["source"]
        assert origin.startswith(f"{source.name}#")


def test_archives_of_other_settings_are_not_merged(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = points(tmp_path / "other", 1, settings=POINTS | {"navigation.horizon": 5})
    line = refused(
        ["import", str(pack), str(other.path), "--out", str(tmp_path / "x.poet")], capsys
    )
    assert "its navigation.horizon is 5, there it is 4" in line
    assert not (tmp_path / "x.poet").exists()


def test_the_default_name_of_a_pack_is_that_of_the_run(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert printed(["export", str(folder)], capsys).startswith("points.poet: ")
    assert "points.poet exists already" in refused(["export", str(folder)], capsys)
    assert "keeps none of the" in refused(
        ["export", str(folder), "--select", "score > 1e9"], capsys
    )

"""Families, learners and curricula of an installed package: found by its entry points, used by
their names.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import openpoet.cli.main as command
from tests.cli.test_curricula import digest_of, launch

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
METADATA = "Metadata-Version: 2.1\nName: mine\nVersion: 1\n"
ENTRY_POINTS = """
[openpoet.families]
my-hill = mine_hill:Hill

[openpoet.learners]
my-es = openpoet.agents.search.es:ES

[openpoet.curricula]
my-progress = mine_progress:LearningProgress
absent = mine_progress:Absent
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package as pip leaves it in site-packages: modules, and a dist-info with entry points."""
    site = tmp_path / "site"
    site.mkdir()
    for module, example in (("mine_hill", "hill"), ("mine_progress", "learning_progress")):
        shutil.copy(EXAMPLES / f"{example}.py", site / f"{module}.py")
    about = site / "mine-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("package")
def test_a_run_with_the_parts_of_an_installed_package(tmp_path: Path) -> None:
    """The curriculum's run is resumed to the digest of the uninterrupted one."""
    hill, whole, resumed = tmp_path / "hill", tmp_path / "whole", tmp_path / "resumed"
    limits = ["poet.reproduce_at=0.6", "poet.mc_low=0.2", "poet.mc_high=0.9"]
    words = [
        "--family",
        "my-hill",
        "--learner",
        "my-es",
        *(word for each in limits for word in ("--set", each)),
    ]
    assert command.main(["launch", *words, "--iterations", "2", "--out", str(hill)]) == 0
    assert launch(whole, "my-progress", 3) == launch(resumed, "my-progress", 2) == 0
    assert command.main(["resume", str(resumed), "--iterations", "3"]) == 0
    assert digest_of(whole) == digest_of(resumed)
    for run in (hill, whole):
        assert command.main(["verify", str(run)]) == 0


@pytest.mark.usefixtures("package")
def test_list_names_the_parts_of_an_installed_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list"]) == 0
    printed = capsys.readouterr().out
    assert {"my-hill", "my-es", "my-progress"} <= set(printed.replace(",", " ").split())


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my-progess", "my-progress"),
        ("absent", "the entry point mine_progress:Absent of an installed package cannot be loaded"),
    ],
)
def test_parts_that_are_not_there(
    name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["launch", "--family", "navigation", "--curriculum", name]
    assert command.main([*words, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1, error
    assert message in error
    assert not (tmp_path / "run").exists()

"""Settings of a new run: precedence of their sources, errors, and completeness."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openpoet.cli.settings.fields import Field, Schema
from openpoet.cli.settings.resolving import Request, check_complete, resolve, with_thresholds
from openpoet.poet.config import PoetConfig

SECTIONS = ("walker", "maze", "navigation", "es", "rl2", "maesn")


def resolved(*changes: str, file: Path | None = None, **options: Any) -> dict[str, dict[str, Any]]:
    places = {
        name: f"poet.{name}" if name in ("seed", "pbt_every") else f"run.{name}" for name in options
    }
    named = {places[name]: value for name, value in options.items()}
    return resolve(Request(named, changes, file), SECTIONS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def test_options_override_the_file_and_the_file_overrides_the_preset(file: Path) -> None:
    file.write_text('[run]\niterations = 7\nlearner = "rl2"\n[poet]\nseed = 3\n')
    tables = resolved(file=file, iterations=9, seed=4, tasks=None)
    assert tables["run"]["iterations"] == 9
    assert tables["run"]["learner"] == "rl2"
    assert tables["poet"]["seed"] == 4
    assert resolved(file=file)["run"]["iterations"] == 7
    assert resolved()["run"]["iterations"] == 150


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            "run.iterations=2",
            {"iterations": 3},
            "--iterations 3 contradicts --set run.iterations=2",
        ),
        ("poet.seed=2", {"seed": 0}, "--seed 0 contradicts --set poet.seed=2"),
        ("poet.pbt_every=2", {"pbt_every": 5}, "--pbt 5 contradicts --set poet.pbt_every=2"),
        ("run.learner=rl2", {"learner": "es"}, "--learner es contradicts --set run.learner=rl2"),
        (
            "run.preset=quick",
            {"preset": "ai-ga"},
            "--preset ai-ga contradicts --set run.preset=quick",
        ),
        (
            "poet.mutate_every=2",
            {"tasks": "fixed"},
            "run.tasks=fixed contradicts poet.mutate_every",
        ),
    ],
)
def test_contradictory_options_are_an_error(change: str, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolved(change, **options)


def test_repeating_the_same_value_is_not_an_error() -> None:
    assert resolved("run.iterations=3", iterations=3)["run"]["iterations"] == 3


def test_set_run_family_selects_its_section_and_quick_preset() -> None:
    tables = resolved("run.learner=maesn", "maesn.draws=2")
    assert list(tables) == ["run", "poet", "walker", "maesn"]
    assert tables["maesn"] == {"draws": 2}
    tables = resolved("run.family=maze")
    assert tables["run"]["preset"] == "quick-maze"
    assert list(tables) == ["run", "poet", "maze", "rl2"]


@pytest.mark.parametrize(
    ("family", "learner", "expected"),
    [
        (None, None, "quick"),
        ("walker", "rl2", "quick"),
        ("walker", "es", "quick-es"),
        ("maze", "es", "quick-maze"),
        ("own.py", None, "quick-es"),
    ],
)
def test_the_quick_preset_depends_on_family_and_learner(
    family: str | None, learner: str | None, expected: str
) -> None:
    options = {"run.family": family, "run.learner": learner}
    assert resolve(Request(options), SECTIONS)["run"]["preset"] == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("run.itertions=3", r"unknown setting run.itertions \(did you mean 'iterations'\?\)"),
        ("run.iterations=0", "run.iterations must be at least 1, got 0"),
        ("run.iterations=many", "run.iterations must be an integer of at least 1, got 'many'"),
        ("run.tasks=fixt", r"run.tasks must be one of .*, got 'fixt' \(did you mean 'fixed'\?\)"),
        ("run.family=3", "run.family must be a string, got 3"),
        ("run.preset=3", "unknown preset 3"),
        ("navigaton.step=1", r"unknown section 'navigaton' in the settings given"),
        (
            "poets.seed=1",
            r"unknown section 'poets' in the settings given \(did you mean 'poet'\?\)",
        ),
        ("maze.size=5", r"^maze.size: this run has no section \[maze\]; its family is walker"),
        ("ranges.width=[0, 1]", r"has no section \[ranges\]; .* its tasks are evolved"),
    ],
)
def test_set_of_an_unused_setting_is_an_error(change: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolved(change)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[run]\nitertions = 3\n", r"unknown setting run.itertions"),
        (
            "[navigaton]\nstep = 1\n",
            r"unknown section 'navigaton' in .*mine.toml \(did you mean "
            r"'navigation'\?\)",
        ),
        (
            '[run]\nfamily = "a/own.py"\n[own]\n[owm]\n',
            r"unknown section 'owm' in .* \(did you "
            r"mean 'own'\?\)",
        ),
    ],
)
def test_an_unknown_name_in_a_file_is_an_error(text: str, message: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        resolved(file=file)


def test_a_file_may_have_sections_of_parts_that_the_run_does_not_use(file: Path) -> None:
    file.write_text(
        '[run]\nfamily = "maze"\nlearner = "rl2"\n[maze]\nsize = 5\n[rl2]\ntrials = 8\n'
    )
    assert "rl2" not in resolved(file=file, learner="es")


def test_thresholds_are_dropped_if_another_family_is_chosen(file: Path) -> None:
    """The thresholds of a preset or file are in the units of its own family's scores."""
    assert resolved()["poet"]["reproduce_at"] == 35.0
    assert not {"reproduce_at", "mc_low", "mc_high"} & set(resolved(family="own.py")["poet"])
    assert "min_gain" not in resolved(preset="quick-navigation", family="maze")["poet"]
    assert resolved("poet.mc_low=3", family="own.py")["poet"]["mc_low"] == 3
    file.write_text('[run]\nfamily = "own.py"\n[poet]\nmc_low = 0.2\ncapacity = 3\n')
    assert resolved(file=file)["poet"]["mc_low"] == 0.2
    other = resolved(file=file, family="other.py")["poet"]
    assert "mc_low" not in other
    assert other["capacity"] == 3


def test_missing_thresholds_are_taken_from_the_spec_or_an_error() -> None:
    spec = SimpleNamespace(reproduce_at=1, mc_low=0.5, mc_high=None)
    assert with_thresholds({"mc_high": 2.0}, spec, "own.py") == {
        "reproduce_at": 1.0,
        "mc_low": 0.5,
        "mc_high": 2.0,
    }
    with pytest.raises(
        ValueError,
        match=r"spec of the family own.py; .* --set "
        r"poet.reproduce_at=0.6 .*mc_low.*mc_high",
    ):
        with_thresholds({"mc_low": 2.0}, spec, "own.py")
    assert with_thresholds({"mutate_every": 0}, SimpleNamespace(), "own.py") == {"mutate_every": 0}


def test_a_family_and_a_learner_with_the_same_section_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"a/es.py and es share the section \[es\]: rename"):
        resolved(family="a/es.py")


def test_inherited_family_and_learner_have_the_lowest_precedence() -> None:
    inherited = {"family": "maze", "learner": "es"}
    run = resolve(Request(inherited=inherited), SECTIONS)["run"]
    assert (run["family"], run["learner"], run["preset"]) == ("maze", "es", "quick-maze")
    run = resolve(Request({"run.learner": "rl2"}, inherited=inherited), SECTIONS)["run"]
    assert (run["family"], run["learner"]) == ("maze", "rl2")
    run = resolve(Request({"run.preset": "quick"}, inherited=inherited), SECTIONS)["run"]
    assert (run["family"], run["learner"]) == ("walker", "ppo")


COMPLETE = {
    "run": {
        "family": "maze",
        "learner": "es",
        "preset": "quick",
        "iterations": 3,
        "tasks": "evolved",
        "family_sha256": "none",
        "learner_sha256": "none",
    },
    "poet": {
        name: "none" if value is None else value for name, value in vars(PoetConfig()).items()
    },
    "maze": {"size": 5},
    "es": {},
}
SCHEMAS = {"maze": Schema({"size": Field(int, 7)}), "es": Schema({})}


def changed(section: str, **values: Any) -> dict[str, dict[str, Any]]:
    table = {
        key: value for key, value in {**COMPLETE[section], **values}.items() if value is not ...
    }
    return {**COMPLETE, section: table}


def test_complete_settings_pass() -> None:
    check_complete(COMPLETE, SCHEMAS)
    # a plug-in that is not executed
    check_complete(changed("maze", size=..., other=3), {"es": Schema({})})


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            changed("maze", size=...),
            "maze.size is missing, expected an integer: .* must be complete",
        ),
        (changed("poet", min_gain=...), "poet.min_gain is missing"),
        (changed("run", tasks=...), "run.tasks is missing"),
        (changed("run", family=...), "run.family is missing"),
        (changed("run", family=3), "run.family must be a string, got 3"),
        (changed("maze", sise=5), "unknown setting maze.sise"),
        (changed("maze", size="none"), "maze.size must be an integer, got 'none'"),
        (changed("poet", seed=1.5), "poet.seed must be an integer"),
        ({**COMPLETE, "mazes": {}}, "unknown section 'mazes'"),
        ({name: COMPLETE[name] for name in ("run", "poet", "es")}, r"maze.size is missing"),
        ({}, "run.family is missing"),
    ],
)
def test_incomplete_settings_are_an_error_of_one_line(tables: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        check_complete(tables, SCHEMAS)
    assert "\n" not in str(caught.value)

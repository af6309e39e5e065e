"""The settings of a run: protected and recorded; only `resume --set` changes them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from shutil import copytree

import pytest

import openpoet.cli.main as command
from openpoet.cli.versions import cpu_vendor, version_warning, versions
from tests.cli.test_main import digest, launch, refused, rows


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "example"
    assert launch(folder, 4, "--seed", "5") == 0
    return folder


@pytest.fixture
def copy(example: Path, tmp_path: Path) -> Path:
    copytree(example, tmp_path / "copy")
    return tmp_path / "copy"


def edit(folder: Path, before: str, after: str) -> None:
    text = (folder / "config.toml").read_text()
    assert before in text
    (folder / "config.toml").write_text(text.replace(before, after))


def sql(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "archive.db") as database:
        assert database.execute(statement).rowcount > 0


COMMANDS = (
    ["digest"],
    ["verify"],
    ["show"],
    ["replay", "--record", "/dev/null/x.gif"],
    ["resume", "--iterations", "9"],
)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("lr = 0.03", "lr = 0.5", "es.lr is 0.5, the run was launched with 0.03"),
        ("population = 4\n", "", "es.population is 'missing', the run was launched with 4"),
        ("[es]\n", "[es]\nmore = 1\n", "es.more is 1, the run was launched with 'missing'"),
    ],
)
def test_an_edited_config_toml_is_an_error(
    copy: Path, before: str, after: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, before, after)
    for name, *options in COMMANDS:
        assert line in refused([name, str(copy), *options], capsys)


def test_a_comment_in_config_toml_may_be_added(
    example: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "[es]\n", "[es]  # my notes\n")
    assert digest(copy, capsys) == digest(example, capsys)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE niches SET score = 999.0, best = 999.0, scores = '[999.0]' WHERE died IS NULL",
        "UPDATE checkpoint SET value = '7' WHERE part = 'children_tried'",
    ],
)
def test_a_run_whose_scores_were_edited_is_not_resumed(
    copy: Path, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sql(copy, statement)
    assert "do not have the hash recorded by iteration 4" in refused(
        ["resume", str(copy), "--iterations", "9"], capsys
    )
    assert "do not have the hash recorded by iteration 4" in refused(["verify", str(copy)], capsys)


def test_verify_checks_every_iteration_of_the_chain(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["verify", str(copy)]) == 0
    assert "iterations 0 to 4 are as they were written; last hash " in capsys.readouterr().out
    sql(copy, "UPDATE scores SET score = 999.0 WHERE iteration = 2")
    assert "the rows of iteration 2 do not have the hash" in refused(["verify", str(copy)], capsys)


# ---- resume --set --------------------------------------------------------------------------------


def test_a_setting_changed_at_resume_applies_from_that_iteration(
    example: Path, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["resume", str(copy), "--iterations", "6", "--set", "es.lr=0.2"]) == 0
    changes = [row for row in rows(copy, "settings") if row["iteration"]]
    assert [(row["iteration"], row["section"], row["key"], row["value"]) for row in changes] == [
        (5, "es", "lr", 0.2)
    ]
    assert command.main(["verify", str(copy)]) == 0
    assert command.main(["show", str(copy)]) == 0
    assert "es.lr = 0.2 from iteration 5 on" in capsys.readouterr().out
    # Again in two parts: the changed setting is stored in the run and need not be given again.
    copytree(example, again := tmp_path / "again")
    assert command.main(["resume", str(again), "--iterations", "5", "--set", "es.lr=0.2"]) == 0
    assert command.main(["resume", str(again), "--iterations", "6"]) == 0
    copytree(example, unchanged := tmp_path / "unchanged")
    assert command.main(["resume", str(unchanged), "--iterations", "6"]) == 0
    assert digest(again, capsys) == digest(copy, capsys) != digest(unchanged, capsys)


def test_setting_the_current_value_records_no_change(
    example: Path, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["resume", str(copy), "--iterations", "5", "--set", "es.lr=0.03"]) == 0
    copytree(example, other := tmp_path / "other")
    assert command.main(["resume", str(other), "--iterations", "5"]) == 0
    assert digest(copy, capsys) == digest(other, capsys)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("run.learner=rl2", "a run cannot change its learner"),
        ("es.lrr=1.0", "es.lrr"),
        ("nowhere.lr=1.0", "unknown section 'nowhere'"),
        ("es.lr=fast", "es.lr must be a finite number"),
    ],
)
def test_an_invalid_change_at_resume_is_an_error(
    copy: Path, change: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert line in refused(["resume", str(copy), "--iterations", "9", "--set", change], capsys)
    assert all(row["iteration"] == 0 for row in rows(copy, "settings"))


FAILS = """
import numpy, torch

class Own:
    def __init__(self, family, limit=100.0):
        self.limit = limit
    def init(self, key):
        return {"n": torch.zeros(1)}
    def adopt(self, agent):
        return agent
    def improve(self, agents, tasks, keys):
        if any(agent["n"] >= self.limit for agent in agents):
            raise ValueError(f"the limit of {self.limit} is reached")
        return [{"n": agent["n"] + 1} for agent in agents], numpy.zeros(len(agents), int)
    def evaluate(self, agents, tasks, keys):
        n = len(agents)
        scores = numpy.array([float(agent["n"]) for agent in agents])
        return scores, numpy.zeros(n, bool), numpy.zeros(n, int)

learner = Own
"""


def test_a_failed_run_resumes_with_a_changed_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENPOET_TRUST", "1")
    (tmp_path / "own.py").write_text(FAILS)
    arguments = [
        "launch",
        "--learner",
        str(tmp_path / "own.py"),
        "--set",
        "own.limit=3.0",
        "--iterations",
        "6",
    ]
    folder = str(tmp_path / "run")
    assert "the limit of 3.0 is reached" in refused([*arguments, "--out", folder], capsys, code=1)
    assert "the limit of 3.0 is reached" in refused(["resume", folder], capsys, code=1)
    assert "the limit of 3.5 is reached" in refused(
        ["resume", folder, "--set", "own.limit=3.5"], capsys, code=1
    )
    assert command.main(["resume", folder, "--set", "own.limit=9.0"]) == 0
    assert [
        row["iteration"] for row in rows(Path(folder), "settings") if row["key"] == "limit"
    ] == [0, 4, 5]
    assert command.main(["verify", folder]) == 0


# ---- versions ------------------------------------------------------------------------------------


def test_changed_versions_are_reported_in_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql(
        copy,
        "UPDATE sessions SET versions = json_set(versions, '$.torch', '1.0', '$.cpu', "
        "'AVX9', '$.python', '2')",
    )
    assert command.main(["resume", str(copy), "--iterations", "5"]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "other versions" in line]
    assert "torch 1.0 -> " in line
    assert "cpu AVX9 -> " in line
    assert "python" not in line
    # printed once: this session is now the last one
    assert command.main(["resume", str(copy), "--iterations", "6"]) == 0
    assert "other versions" not in capsys.readouterr().err


def test_a_run_with_a_missing_setting_resumes_only_if_it_is_given(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after adding a field to the code: its default is not used."""
    edit(copy, "sigma_floor = 0.01\n", "")
    sql(copy, "DELETE FROM settings WHERE section = 'es' AND key = 'sigma_floor'")
    line = refused(["resume", str(copy), "--iterations", "5"], capsys)
    assert "es.sigma_floor is missing, expected a finite number" in line
    assert "es.sigma_floor is missing" in refused(
        ["replay", str(copy), "--record", "/dev/null/x.gif"], capsys
    )
    assert command.main(["show", str(copy)]) == 0
    given = ["--set", "es.sigma_floor=0.01"]
    assert command.main(["resume", str(copy), "--iterations", "5", *given]) == 0


def test_another_vendor_of_processors_is_another_version() -> None:
    """The order of torch's sums depends on it; older runs, without a vendor, may be of any."""
    assert versions()["cpu"].split()[1:] == [cpu_vendor()]
    now = {**versions(), "cpu": "AVX512 GenuineIntel"}
    for before in ("AVX512", "AVX512 AuthenticAMD"):
        warning = version_warning({**now, "cpu": before}, now)
        assert f"cpu {before} -> AVX512 GenuineIntel (networks)" in str(warning)
    assert version_warning(now, now) is None

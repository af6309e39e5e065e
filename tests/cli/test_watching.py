"""`watch` and `launch --watch`: the page of a run, and that it changes nothing in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import openpoet.cli.main as command
from openpoet.archive.page.details import UnknownError
from openpoet.archive.page.routes import BusyError
from openpoet.archive.page.site import Site
from openpoet.archive.store.run_folder import Run
from openpoet.cli.watching import listen, runs_under, site_of

ROOT = Path(__file__).parents[2]
QUICK = ["--preset", "quick-navigation", "--seed", "3", "--workers", "1"]
SMALL = [
    *["--set", "poet.mutate_every=2", "--set", "poet.reproduce_at=-1000.0"],
    *["--set", "poet.mc_low=-1000.0", "--set", "poet.mc_high=1000.0"],
    *["--set", "rl2.trials=8", "--set", "rl2.test_trials=2"],
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of agents that adapt, with births."""
    path = tmp_path_factory.mktemp("runs") / "goals"
    assert command.main(["launch", *QUICK, *SMALL, "--iterations", "5", "--out", str(path)]) == 0
    return path


def replayed(site: Site, niche: int, agent: int, at: str = "last") -> dict[str, Any]:
    (id,) = site.ids()
    until = time.monotonic() + 60
    while True:
        try:
            return site.replayer(id).replay(site.view(id), niche, agent, at)
        except BusyError:
            assert time.monotonic() < until


def test_a_replay_in_the_page_has_the_score_of_the_archive(path: Path) -> None:
    site = site_of(path)
    with Run.open(path, write=False) as run:
        niches = run.niche_rows()
        at_birth = {(row["niche"], row["iteration"]): row["score"] for row in run.rows("scores")}
    assert len(niches) > 2
    for niche in niches:
        found = replayed(site, niche["id"], niche["id"])
        assert found["score"] == found["archived"] == niche["score"]
        if niche["born"]:
            first = replayed(site, niche["id"], niche["id"], "birth")
            assert first["score"] == first["archived"]
            assert first["archived"] == at_birth[niche["id"], niche["born"]]
    other = replayed(site, 0, 1)
    assert other["archived"] is None
    site.close()


def test_the_agent_that_solved_a_niche_is_replayed_as_any_agent(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(path, tmp_path / "solved"))
    database = sqlite3.connect(copy / "archive.db", isolation_level=None)
    database.execute("UPDATE niches SET solver = (SELECT agent FROM niches WHERE id = 0)")
    database.execute("UPDATE niches SET solver = NULL WHERE id = 2")
    database.close()
    site = site_of(copy)
    solver, other = replayed(site, 1, 1, "solver"), replayed(site, 1, 0)
    assert (solver["score"], solver["takes"]) == (other["score"], other["takes"])
    assert solver["takes"] != replayed(site, 1, 1)["takes"]
    assert solver["archived"] is None
    with pytest.raises(UnknownError, match="no agent of niche 2 that solved it"):
        replayed(site, 2, 2, "solver")
    site.close()


def test_a_replay_shows_the_first_and_later_episodes_of_an_agent_that_adapts(path: Path) -> None:
    site = site_of(path)
    takes = replayed(site, 0, 0)["takes"]
    assert {take["episode"] for take in takes[:2]} == {0, 1}
    assert all(len(take["frames"]) == len(take["returns"]) for take in takes)
    assert site.view("goals").view()["adapts"]
    site.close()


def test_a_run_whose_family_is_a_strangers_file_is_shown_without_executing_it(
    path: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(path, tmp_path / "strange"))
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\n")
    database = sqlite3.connect(copy / "archive.db", isolation_level=None)
    values = [(json.dumps(str(evil)), "family")]
    database.executemany("UPDATE settings SET value = ? WHERE key = ?", values)
    database.close()
    config = copy / "config.toml"
    config.write_text(config.read_text().replace('"navigation"', json.dumps(str(evil)), 1))
    site = site_of(copy)
    view = site.view("strange").view()
    assert view["niches"][0]["title"].startswith("{")
    assert view["niches"][0]["outline"] is None
    with pytest.raises(ValueError, match="hash"):
        replayed(site, 0, 0)
    site.close()
    assert not (tmp_path / "executed").exists()


def test_all_runs_of_a_folder_are_found_and_links_are_not_followed(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "empty").mkdir()
    assert runs_under(tmp_path) == []
    assert runs_under(path.parent) == [path]
    assert runs_under(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["watch", "nowhere"], "there is no run 'nowhere'"),
        (["watch", "{run}", "--host", "256.0.0.1"], "cannot listen on 256.0.0.1"),
        (["watch", "{run}", "--port", "70000"], "65535"),
    ],
)
def test_bad_input_is_one_line(
    path: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([one.format(run=path) for one in arguments]) == 2
    assert text in capsys.readouterr().err


def test_a_taken_port_is_an_error_only_if_it_was_asked_for() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match="choose another with --port"):
            listen("127.0.0.1", port)
        with listen("127.0.0.1", None) as one, listen("127.0.0.1", None) as other:
            assert one.getsockname() != other.getsockname()


@contextmanager
def started(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "openpoet", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/(#\S+)?", line):
                yield process, found[0]
                return
        raise AssertionError("no address was printed")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def get(address: str, target: str) -> Any:
    with urllib.request.urlopen(address + target, timeout=10) as answer:
        return json.loads(answer.read())


def test_watch_prints_its_address_and_ends_with_ctrl_c(path: Path) -> None:
    with started("watch", str(path), "--no-browser", "--port", "0") as (process, address):
        assert get(address, "api/run/goals/view")["iteration"] == 5
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_page_beside_a_run_changes_nothing_and_ends_with_it(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = tmp_path / "goals"
    words = ["launch", *QUICK, *SMALL, "--iterations", "5", "--out", str(beside), "--watch"]
    with started(*words) as (process, address):
        until = time.monotonic() + 30
        while (reached := _iteration(address)) < 3:
            assert time.monotonic() < until, f"iteration {reached} after 30 s"
        assert process.wait(60) == 0
    assert _iteration(address) == -2
    capsys.readouterr()
    for run in (path, beside):
        assert command.main(["digest", str(run)]) == 0
    one, other = capsys.readouterr().out.split()
    assert one == other


def test_the_page_ends_when_its_run_is_killed(tmp_path: Path) -> None:
    words = ["launch", *QUICK, *SMALL, "--iterations", "500", "--out", str(tmp_path / "goals")]
    with started(*words, "--watch") as (process, address):
        until = time.monotonic() + 30
        while _iteration(address) < 1:
            assert time.monotonic() < until
        process.kill()
        process.wait()
        while _iteration(address) != -2:
            assert time.monotonic() < until


def _iteration(address: str) -> int:
    """The iteration that the page shows; -2 if it has ended."""
    time.sleep(0.1)
    try:
        (run,) = get(address, "api/runs")["runs"]
        return int(run["iteration"])
    except OSError:
        return -2


def test_a_run_goes_on_without_its_page(tmp_path: Path) -> None:
    """The process that serves the page is killed."""
    words = ["launch", *QUICK, *SMALL, "--iterations", "4", "--out", str(tmp_path / "goals")]
    with started(*words, "--watch") as (process, _):
        served = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until = time.monotonic() + 30
        while not (children := served.read_text().split()):
            assert time.monotonic() < until
        os.kill(int(children[0]), signal.SIGKILL)
        assert process.wait(120) == 0
    with Run.open(tmp_path / "goals", write=False) as run:
        assert run.rows("iterations")[-1]["iteration"] == 4

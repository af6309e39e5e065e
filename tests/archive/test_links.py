"""Commands follow no link out of a run folder: other files keep their content and names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import openpoet.cli.main as command
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.recording import record
from openpoet.poet.streams import Key
from tests.archive.rolling import FAST, Hills, Roller, Rolling

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "es.population": 4,
    "gridnavi.horizon": 4,
    "gridnavi.episodes": 2,
    "poet.mutate_every": 1,
    "poet.transfer_every": 1,
    "poet.capacity": 2,
    "poet.children": 2,
    "poet.reproduce_at": -1e6,
    "poet.mc_low": -1e6,
}
LAUNCH = ["launch", "--family", "gridnavi", "--learner", "es", "--seed", "3", "--workers", "1"]
LAUNCH += [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
HASH, EVENTS = "0" * 64, "tb/events.out.tfevents.1.here.2.3"
# Every name that a command creates, opens for writing or deletes in a run folder (the next test
# checks that the list is complete).
NAMES = [
    *(
        "archive.db",
        "archive.db-wal",
        "archive.db-shm",
        "archive.db.new",
        "archive.db.new-wal",
        "archive.db.new-shm",
    ),
    *("config.toml", "config.toml.new", "lock", "run.log", "events.jsonl", "agents", "tb", EVENTS),
    *(f"agents/{HASH}.safetensors", f"agents/{HASH}.tmp"),
]
# SQLite would apply them; it never creates them here
UNSEEN = {"archive.db-journal", "archive.db.new-journal"}

WATCH = """
import json, os, sys
seen = set()
def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        flags = arguments[2] or 0
        writes = isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if writes or flags & (os.O_WRONLY | os.O_RDWR):
            seen.add(os.fsdecode(arguments[0]))
    elif event in ("os.rename", "os.remove", "os.mkdir", "sqlite3.connect"):
        seen.update(os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike))
sys.addaudithook(note)
sys.path[:0] = [sys.argv[1]]
from openpoet.cli import main as run
folder = sys.argv[2]
assert run.main(json.loads(sys.argv[3]) + ["--out", folder, "--iterations", "2"]) == 0
assert run.main(["resume", folder, "--iterations", "3"]) == 0
print(json.dumps(sorted(seen)))
"""


def test_the_list_of_file_names_is_complete(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", WATCH, str(ROOT), str(tmp_path / "run"), json.dumps(LAUNCH)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    seen = [name.split("?")[0] for name in json.loads(done.stdout.splitlines()[-1])]
    inside = {name.split("/run/")[1] for name in seen if f"{tmp_path.name}/run/" in name}
    inside = {
        re.sub(r"[0-9a-f]{64}", HASH, re.sub(r"tb/events.*", EVENTS, name)) for name in inside
    }
    assert {
        "config.toml.new",
        "archive.db.new",
        f"agents/{HASH}.tmp",
        "lock",
        "run.log",
        "events.jsonl",
        EVENTS,
    } <= inside
    assert inside - UNSEEN <= set(NAMES)


def to_a_file(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere / "canary")


def to_a_folder(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere / "agents")


def to_nothing(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere / "new")


def hard(path: Path, elsewhere: Path) -> None:
    os.link(elsewhere / "canary", path)


KINDS = [to_a_file, to_a_folder, to_nothing, hard]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a file, and with another run's agents."""
    folder = tmp_path / "elsewhere"
    (folder / "agents").mkdir(parents=True)
    (folder / "canary").write_text("# The settings of an openpoet run, complete.\nprecious")
    for name in (f"{HASH}.safetensors", f"{HASH}.tmp", "1" * 64 + ".safetensors"):
        (folder / "agents" / name).write_text("precious")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def planted(folder: Path, name: str, link: Callable[[Path, Path], None], elsewhere: Path) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    link(path, elsewhere)


def one_line(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    output = capsys.readouterr().err
    assert code in (0, 2), output
    assert "Traceback" not in output
    assert code == 0 or sum(line.startswith("openpoet:") for line in output.splitlines()) == 1, (
        output
    )


@pytest.mark.parametrize("link", KINDS)
def test_a_launch_into_a_folder_with_a_link_changes_no_other_file(
    link: Callable[[Path, Path], None],
    elsewhere: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Regression test: agents behind a link were deleted, and `config.toml.new` was written through
    one.
    """
    before, agents = (
        contents(elsewhere),
        [f"agents/{name}.tmp" for name in first_agents(tmp_path / "known", capsys)],
    )
    for number, name in enumerate([*NAMES, *UNSEEN, *agents]):
        planted(folder := tmp_path / str(number), name, link, elsewhere)
        code = command.main([*LAUNCH, "--iterations", "1", "--out", str(folder)])
        one_line(code, capsys)
        assert contents(elsewhere) == before, name


def first_agents(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Hashes of the agents that a launch writes; they are equal in every folder."""
    assert command.main([*LAUNCH, "--iterations", "1", "--out", str(folder)]) == 0
    capsys.readouterr()
    return [path.stem for path in (folder / "agents").iterdir()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert command.main([*LAUNCH, "--iterations", "2", "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("link", KINDS)
def test_commands_on_a_run_with_a_link_change_no_other_file(
    link: Callable[[Path, Path], None],
    whole: Path,
    elsewhere: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = contents(elsewhere)
    agent = f"agents/{next((whole / 'agents').iterdir()).name}"
    for number, name in enumerate([*NAMES, *UNSEEN, agent]):
        folder = Path(shutil.copytree(whole, tmp_path / str(number)))
        planted(folder, name, link, elsewhere)
        for arguments in (["digest"], ["show"], ["resume", "--iterations", "3"]):
            one_line(command.main([arguments[0], str(folder), *arguments[1:]]), capsys)
            assert contents(elsewhere) == before, (name, arguments)


def test_a_writer_of_hard_linked_files_gets_an_error(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of hard links shares its data with the run: reading is safe, resuming is not."""
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy, copy_function=os.link)
    assert command.main(["digest", str(copy)]) == 0
    capsys.readouterr()
    before = contents(whole)
    assert command.main(["resume", str(copy), "--iterations", "3"]) == 2
    assert "(a hard link), which would change with it: copy the run" in capsys.readouterr().err
    assert contents(whole) == before


@pytest.mark.parametrize("link", KINDS)
@pytest.mark.parametrize("name", [".walk.gif.partial", "walk.gif"])
def test_a_recording_is_not_written_through_a_link(
    name: str, link: Callable[[Path, Path], None], elsewhere: Path, tmp_path: Path
) -> None:
    episode = record_episode(Roller, Rolling(horizon=4), FAST, Hills(), Key(1))
    before = contents(elsewhere)
    planted(folder := tmp_path / "films", name, link, elsewhere)
    if name == "walk.gif" and link is to_a_folder:
        with pytest.raises(ValueError, match="it is a folder"):
            record(episode, folder / "walk.gif", size=(64, 64))
    else:
        record(episode, folder / "walk.gif", size=(64, 64))
        assert (folder / "walk.gif").stat().st_size > 100
    assert contents(elsewhere) == before

"""The command line end to end on real walkers, with tiny populations and short episodes."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from openpoet.cli.replays import open_replays
from openpoet.cli.sessions import Machine
from openpoet.cli.terminal import CommandLine

ROOT = Path(__file__).resolve().parents[2]
ES = ["--preset", "quick-es"]

# Every step of POET occurs within a few iterations: low thresholds and a small capacity.
TINY = {
    "es.population": "4",
    "walker.horizon": "20",
    "poet.mutate_every": "2",
    "poet.transfer_every": "2",
    "poet.reproduce_at": "-200.0",
    "poet.mc_low": "-200.0",
    "poet.capacity": "3",
    "poet.children": "4",
}


def tiny(**changes: str) -> list[str]:
    settings = TINY | {name.replace("__", "."): value for name, value in changes.items()}
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


def launch(folder: Path, iterations: int, *more: str, **changes: str) -> int:
    preset = [] if "--preset" in more else ES
    arguments = ["--out", str(folder), "--iterations", str(iterations), *preset, *more]
    return command.main(["launch", *arguments, *tiny(**changes)])


def rows(folder: Path, table: str) -> list[dict]:
    with Run.open(folder, write=False) as run:
        return run.rows(table)


def digest(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command.main(["digest", str(folder)]) == 0
    return capsys.readouterr().out.strip()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 9 iterations."""
    folder = tmp_path_factory.mktemp("runs") / "base"
    assert launch(folder, 9, "--seed", "5") == 0
    return folder


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 2) -> str:
    """The error message of the command: one line, no traceback."""
    capsys.readouterr()
    assert command.main(arguments) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    (line,) = [line for line in captured.err.splitlines() if line.startswith("openpoet:")]
    return line


def test_the_digest_depends_on_the_seed_and_not_on_the_number_of_workers(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(tmp_path / "same", 9, "--seed", "5", "--workers", "1") == 0
    assert launch(tmp_path / "other", 9, "--seed", "6") == 0
    assert digest(tmp_path / "same", capsys) == digest(example, capsys)
    assert digest(tmp_path / "other", capsys) != digest(example, capsys)


def test_a_killed_run_resumes_to_the_same_digest(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "killed"
    arguments = [
        "launch",
        "--out",
        str(folder),
        "--iterations",
        "9",
        "--seed",
        "5",
        "--workers",
        "2",
        *ES,
        *tiny(),
    ]
    process = subprocess.Popen(
        [sys.executable, "run.py", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    while process.poll() is None and not (folder.exists() and _iterations(folder) >= 3):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # 2: it had just finished
    assert command.main(["resume", str(folder), "--workers", "1"]) in (0, 2)
    assert digest(folder, capsys) == digest(example, capsys)


def test_ray_does_not_change_the_digest_and_can_be_enabled_at_resume(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "ray"
    assert launch(folder, 5, "--seed", "5", "--ray", "local", "--workers", "2") == 0
    assert (
        command.main(
            ["resume", str(folder), "--iterations", "9", "--ray", "local", "--workers", "1"]
        )
        == 0
    )
    assert digest(folder, capsys) == digest(example, capsys)


def _iterations(folder: Path) -> int:
    try:
        return max((row["iteration"] for row in rows(folder, "iterations")), default=0)
    except (ValueError, OSError):  # the run has not been created yet
        return 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_and_commits_the_iteration_and_prints_how_to_resume(
    number: signal.Signals, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "stopped"
    done = threading.Event()

    def stop() -> None:
        while not done.is_set() and _iterations(folder) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        assert launch(folder, 100_000) == code
    finally:
        done.set()
        thread.join()
    reached = _iterations(folder)
    assert f"stopped after iteration {reached}" in capsys.readouterr().err
    assert command.main(["resume", str(folder), "--iterations", str(reached + 1)]) == 0
    assert _iterations(folder) == reached + 1


def test_an_existing_run_is_not_overwritten(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (example / "archive.db").read_bytes()
    assert "resume" in refused(["launch", "--out", str(example), *ES, *tiny()], capsys)
    assert (example / "archive.db").read_bytes() == before


def test_a_second_writer_of_a_run_is_an_error_and_readers_are_allowed(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Run.open(example, write=True):
        assert str(os.getpid()) in refused(["resume", str(example), "--iterations", "12"], capsys)
        assert command.main(["show", str(example)]) == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["launch", "--preset", "quik"], "did you mean 'quick'"),
        (["launch", *ES, "--set", "es.lrr=1"], "did you mean 'lr'"),
        (["launch", "--set", "walker.horizon=long"], "walker.horizon must be an integer"),
        (["launch", *ES, "--set", "es.population=7"], "must be even"),
        (["launch", *ES, "--set", "es.searcher=cem", "--set", "es.population=8"], "at least 10"),
        (["launch", "--set", "walker.lidar=first"], 'needs physics = "box2d"'),
        (["launch", "--family", "mars"], "unknown family 'mars'"),
        (["launch", "--learner", "no.py"], "there is no such file"),
        (["launch", "--device", "tpu"], "must be auto, cpu or cuda"),
        (
            ["launch", *ES, "--ray", "local", "--set", "es.device=cuda"],
            "ray: its workers run episodes on the CPU",
        ),
        (["launch", "--ray", "nowhere"], "no Ray cluster at nowhere: "),
        (["launch", "--ray", "127.0.0.1:1"], "no Ray cluster at 127.0.0.1:1: "),
        (["launch", "--select", "alive"], "--from"),
        (["launch", "--from", "nowhere"], "nowhere"),
        (["resume", "nowhere"], "there is no run"),
        (["show", "nowhere"], "there is no run"),
    ],
)
def test_bad_input_is_an_error_of_one_line_and_creates_no_files(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "run")] if arguments[0] == "launch" else []
    assert expected in refused([*arguments, *out], capsys)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    refused(["launch", "--out", str(tmp_path / "file" / "run"), *ES, *tiny()], capsys)


def test_a_full_disk_is_an_error_of_one_line_and_committed_iterations_are_kept(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "full"
    assert launch(folder, 2) == 0
    kept = _iterations(folder)
    done = subprocess.run(
        [sys.executable, "run.py", "resume", str(folder), "--iterations", "400"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000)),
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert sum(line.startswith("openpoet:") for line in done.stderr.splitlines()) == 1
    reached = _iterations(folder)
    assert kept <= reached < 400
    assert command.main(["resume", str(folder), "--iterations", str(reached + 1)]) == 0


def test_a_small_run_of_the_epoet_preset_covers_every_step_of_enhanced_poet(tmp_path: Path) -> None:
    """Births, rejected children, retirements, PATA-EC and both kinds of transfer. `commit` compares
    the steps of ledger and simulators.
    """
    folder = tmp_path / "epoet"
    changes = {
        "walker__encoding": "cppn",
        "poet__novelty": "pata-ec",
        "poet__max_admitted": "2",
        "poet__mc_high": "0.5",
    }
    assert launch(folder, 16, "--preset", "epoet-code", "--seed", "1", **changes) == 0
    niches, children, transfers = (
        rows(folder, table) for table in ("niches", "children", "transfers")
    )
    assert len(niches) > 5
    assert any(niche["died"] is not None for niche in niches)
    assert len({child["outcome"] for child in children}) >= 2
    assert all(
        child["novelty"] is not None
        for child in children
        if child["outcome"] in ("admitted", "crowded")
    )
    kinds = {(row["kind"], bool(row["accepted"])) for row in transfers if not row["at_birth"]}
    assert ("direct", False) in kinds
    assert ("proposal", True) in kinds
    purposes = {row["purpose"] for row in rows(folder, "ledger")}
    assert {
        "iteration/novelty",
        "iteration/transfer/direct",
        "iteration/birth/proposal",
    } <= purposes


def test_the_score_of_a_replay_equals_that_in_the_archive(example: Path, tmp_path: Path) -> None:
    with Run.open(example, write=False) as run:
        held = {row["id"]: row["score"] for row in run.niche_rows()}
    replays = open_replays(example, Machine(workers=1), CommandLine())
    assert any(niche.died is not None for niche in replays.niches.values())
    for niche in held:
        episode = replays.load(niche, niche)
        assert episode.score == held[niche]
        assert episode.takes[0].returns[-1] == pytest.approx(held[niche], abs=1e-9)


def test_a_replay_is_recorded_without_a_display(example: Path, tmp_path: Path) -> None:
    assert (
        command.main(
            ["replay", str(example), "1", "--agent", "0", "--record", str(tmp_path / "a.gif")]
        )
        == 0
    )
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"


def test_episodes_of_a_trial_are_compared_only_where_a_trial_has_several(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = ["--record", str(tmp_path / "a.gif")]
    compared = ["replay", str(example), "--compare-episodes"]
    assert "one episode per trial" in refused([*compared, "1", *film], capsys)
    assert command.main([*compared, "0", *film]) == 2
    assert list(tmp_path.iterdir()) == []


def test_show_prints_a_run_and_a_niche(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["show", str(example)]) == 0
    text = capsys.readouterr().out
    assert all(
        word in text for word in ("niche", "lineage", "transfers", "ANNECS", "environment steps")
    )
    assert command.main(["show", str(example), "1"]) == 0
    assert "line of descent: 1 <- 0" in capsys.readouterr().out
    assert "there is no niche 99" in refused(["show", str(example), "99"], capsys)


def test_show_json_prints_the_run_and_the_task_of_a_niche(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["show", str(example), "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert command.main(["show", str(example), "1", "--json"]) == 0
    task = json.loads(capsys.readouterr().out)
    assert task == whole["niches"][1]["task"]
    from openpoet.envs.walker.family import Walker

    assert Walker().encode(Walker().decode(task)) == task


def test_list_prints_families_learners_and_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("walker", "es", "quick", "poet-paper", "epoet-code"))


def test_a_run_seeds_a_run_of_another_preset_with_tasks_and_agents(
    example: Path, tmp_path: Path
) -> None:
    chosen = [row for row in rows(example, "niches") if row["died"] is None][:2]
    select = f"id in ({chosen[0]['id']}, {chosen[1]['id']})"
    folder = tmp_path / "seeded"
    assert (
        launch(folder, 1, "--preset", "epoet-paper", "--from", str(example), "--select", select)
        == 0
    )
    born = rows(folder, "niches")[:2]
    for niche, parent in zip(born, chosen, strict=True):
        assert niche["task"] == parent["task"]
        assert niche["source"] == f"base#{parent['id']}"
        with Run.open(folder, write=False) as new, Run.open(example, write=False) as old:
            np.testing.assert_array_equal(
                new.agent(niche["birth_agent"])["theta"], old.agent(parent["agent"])["theta"]
            )


def test_tasks_of_schema_1_are_read_with_the_settings_of_their_run(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In `show` and as seeds. A task of schema 2 includes its settings; neither gets those of the
    new run.
    """
    old, seeded = Path(shutil.copytree(example, tmp_path / "old")), tmp_path / "seeded"
    task = rows(old, "niches")[1]["task"]
    short = {name: value for name, value in task.items() if name != "settings"} | {"schema": 1}
    with sqlite3.connect(old / "archive.db") as database:
        database.execute("UPDATE niches SET task = ? WHERE id = 1", [json.dumps(short)])
    capsys.readouterr()
    assert command.main(["show", str(old), "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == task
    changes = {"walker__length": "90", "walker__layout": "dcd", "walker__horizon": "30"}
    source = ["--from", str(old), "--select", "id <= 1", "--take", "tasks"]
    assert launch(seeded, 1, *source, **changes) == 0
    born = [row["task"] for row in rows(seeded, "niches")[:2]]
    assert born == [rows(example, "niches")[0]["task"], task]
    assert task["settings"] == {**task["settings"], "length": 60, "horizon": 20, "layout": "poet"}


def test_a_seed_task_that_the_new_run_cannot_realise_is_an_error_that_names_it(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "launch",
        "--out",
        str(tmp_path / "new"),
        "--from",
        str(example),
        "--select",
        "id == 1",
        *ES,
        *tiny(),
    ]
    line = refused([*words, "--set", "walker.horizon=19"], capsys)
    assert (
        "base#1: the task's horizon is 20 steps, this family has at most 19: set walker.horizon=20"
        in line
    )


@pytest.mark.parametrize("take", ["tasks", "agents"])
def test_seeds_can_be_tasks_alone_or_agents_alone(example: Path, tmp_path: Path, take: str) -> None:
    parent = rows(example, "niches")[2]
    folder = tmp_path / take
    assert launch(folder, 1, "--from", str(example), "--select", "id == 2", "--take", take) == 0
    niche = rows(folder, "niches")[0]
    with Run.open(folder, write=False) as new, Run.open(example, write=False) as old:
        same = np.array_equal(
            new.agent(niche["birth_agent"])["theta"], old.agent(parent["agent"])["theta"]
        )
    assert (niche["task"] == parent["task"], same) == (take == "tasks", take == "agents")


def test_more_seeds_than_the_capacity_are_an_error_and_create_no_files(
    example: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "crowded"
    assert (
        launch(folder, 1, "--from", str(example), "--select", "id >= 0", "--set", "poet.capacity=2")
        == 2
    )
    assert not folder.exists()


CEM = {"es__searcher": "cem", "es__population": "20"}


def test_agents_of_another_searcher_are_adopted_by_their_parameters(
    example: Path, tmp_path: Path
) -> None:
    assert launch(tmp_path / "cem", 2, "--from", str(example), "--select", "id == 2", **CEM) == 0


def test_the_original_poets_files_seed_a_run(tmp_path: Path) -> None:
    theta = np.random.default_rng(0).normal(size=2804).tolist()
    config = {
        "name": "r0.6",
        "ground_roughness": 0.6,
        "pit_gap": [0.0, 0.8],
        "stump_height": [],
        "stump_width": [],
    }
    (tmp_path / "exp.r0.6.env.json").write_text(json.dumps({"config": config, "seed": 77}))
    (tmp_path / "exp.r0.6.best.json").write_text(json.dumps([theta, 12.5]))
    folder = tmp_path / "run"
    assert launch(folder, 1, "--from", str(tmp_path)) == 0
    niche = rows(folder, "niches")[0]
    assert niche["source"].endswith("/exp.r0.6")
    assert niche["task"]["seed"] == 77
    assert niche["task"]["genome"]["gap"] == [0.0, 0.8]
    with Run.open(folder, write=False) as run:
        np.testing.assert_array_equal(run.agent(niche["birth_agent"])["theta"], np.float32(theta))


def test_a_damaged_file_of_the_original_poet_is_an_error_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "e.a.best.json").write_text("[[1, 2], 3]")
    assert "theta must be 2804 numbers" in refused(
        ["launch", "--from", str(tmp_path), "--out", str(tmp_path / "r"), *ES, *tiny()], capsys
    )
    assert not (tmp_path / "r").exists()


def test_a_learner_that_does_not_report_all_steps_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cheat.py").write_text(
        "from openpoet.agents.search.es import ES\n"
        "from openpoet.agents.search.es_config import ESConfig\n\n"
        "class Cheat(ES):\n"
        "    def __init__(self, family):\n        super().__init__(family, "
        "ESConfig(population=4))\n"
        "    def improve(self, *pairs):\n"
        "        agents, steps = super().improve(*pairs)\n        return agents, steps * 0\n\n"
        "learner = Cheat\n"
    )
    arguments = ["launch", "--out", str(tmp_path / "run"), "--learner", str(tmp_path / "cheat.py")]
    assert "must return every step" in refused(
        [*arguments, "--set", "walker.horizon=20"], capsys, code=1
    )


def test_help_has_the_line_breaks_of_the_terminal_and_not_those_of_the_source() -> None:
    text = "First line,\n    continued.\n\n    Second paragraph,\n    continued.\n    "
    assert command.help_text(text) == "First line, continued.\n\nSecond paragraph, continued."
    for one in command.app.registered_commands:
        assert one.help, one.name
        assert all("\n" not in paragraph for paragraph in one.help.split("\n\n"))


def test_help_does_not_import_torch_or_numba() -> None:
    code = (
        "import sys; from openpoet.cli import main as run\n"
        "try: run.main(['launch', '--help'])\n"
        "finally: heavy = {'torch', 'numba', 'pygame', 'evotorch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--preset" in done.stdout


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (
            "memory",
            1000,
            r"niche 0 .* its tensor 'adam.m' is float32 \[\d+\], expected float32 "
            r"\[\d{7}\]",
        ),
        (
            "hidden",
            [3],
            r"niche 0 .* its tensor 'adam.m' is float32 \[\d+\], expected float32 "
            r"\[91\]",
        ),
        (
            "searcher",
            "snes",
            r"niche 0 .* its tensor 'adam.m' is float32 \[\d+\], expected "
            r"nothing",
        ),
    ],
)
def test_settings_that_do_not_fit_the_agents_of_a_run_are_an_error(
    key: str,
    value: object,
    line: str,
    example: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first setting made compiled code read beyond the weights; with the second, training
    continued with another network.
    """
    folder = Path(shutil.copytree(example, tmp_path / "run"))
    message = refused(
        ["resume", str(folder), "--iterations", "10", "--set", f"es.{key}={json.dumps(value)}"],
        capsys,
    )
    assert re.search(line, message), message
    config = folder / "config.toml"
    kept = [row for row in config.read_text().splitlines() if not row.startswith(f"{key} =")]
    config.write_text(
        "\n".join([*kept, ""]).replace("[es]\n", f"[es]\n{key} = {json.dumps(value)}\n")
    )
    with sqlite3.connect(folder / "archive.db") as database:
        rows = (0, "es", key, json.dumps(value))
        database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?, ?, ?)", rows)
    for arguments in (["resume", str(folder), "--iterations", "10"], ["replay", str(folder)]):
        message = refused(arguments, capsys)
        assert re.search(line, message), message
        assert "restore" in message


def test_show_says_where_annecs_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    launched = ["launch", "--preset", "quick-navigation", "--iterations", "1", "--out", run]
    assert command.main([*launched, "--set", "poet.measure_annecs=false", "--workers", "1"]) == 0
    assert command.main(["show", run]) == 0
    assert "ANNECS is not measured" in capsys.readouterr().out

"""What a run prints, logs and plots while it runs and after a resume, through the command line."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from openpoet.cli import terminal
from openpoet.cli.output import printable
from openpoet.cli.run_settings import settings_of
from openpoet.cli.settings.tables import to_toml
from openpoet.cli.versions import versions

ROOT = Path(__file__).resolve().parents[2]

# Navigation in episodes of four steps: within a few iterations niches are born, solved and
# retired.
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
    return command.main(
        ["launch", "--out", str(folder), "--iterations", str(iterations), *parts, *words, *more]
    )


def table(folder: Path, name: str) -> list[dict]:
    with Run.open(folder, write=False) as run:
        return run.rows(name)


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert command.main(["show", *words]) == 0
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 6 iterations, resumed until iteration 12."""
    folder = tmp_path_factory.mktemp("runs") / "resumed"
    assert launch(folder, 6) == 0
    assert command.main(["resume", str(folder), "--iterations", "12", "--workers", "1"]) == 0
    return folder


def test_min_gain_with_a_learner_that_does_not_adapt_prints_one_warning(
    resumed: Path, tmp_path: Path
) -> None:
    """ES gives no score before adaptation; RL^2 does."""
    warning = "warning: poet.min_gain = -200 has no effect"
    assert (resumed / "run.log").read_text().count(warning) == 1
    settings = {"rl2.trials": 8, "rl2.hidden": 4, "rl2.test_trials": 2, "poet.min_gain": -200}
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    parts = ["--family", "bandits", "--learner", "rl2", "--iterations", "1", "--workers", "1"]
    assert command.main(["launch", "--out", str(tmp_path / "rl2"), *parts, *words]) == 0
    assert "has no effect" not in (tmp_path / "rl2" / "run.log").read_text()


def test_a_niche_has_one_score_per_iteration_from_birth_to_retirement(
    resumed: Path,
) -> None:
    """`born` and `died` are iteration numbers: 0 is the initial population."""
    last = table(resumed, "iterations")[-1]["iteration"]
    niches = table(resumed, "niches")
    assert any(niche["parent"] is not None and niche["died"] is not None for niche in niches)
    for niche in niches:
        scored = [
            row["iteration"] for row in table(resumed, "scores") if row["niche"] == niche["id"]
        ]
        end = last + 1 if niche["died"] is None else niche["died"]
        assert scored == list(range(max(niche["born"], 1), end))


def test_events_are_recorded_with_the_number_of_their_iteration(resumed: Path) -> None:
    steps = {row["iteration"]: row["steps"] for row in table(resumed, "iterations")}
    assert list(steps) == list(range(13))
    for before, at in pairwise(steps):
        spent = sum(row["steps"] for row in table(resumed, "ledger") if row["iteration"] == at)
        assert steps[at] - steps[before] == spent
    children, transfers = table(resumed, "children"), table(resumed, "transfers")
    # mutate_every and transfer_every are 2: mutation and transfer occur in iterations 3, 5, ...
    assert {row["iteration"] for row in children} == {3, 5, 7, 9, 11}
    assert {row["iteration"] for row in transfers if not row["at_birth"]} == {3, 5, 7, 9, 11}
    spent = {
        row["iteration"]
        for row in table(resumed, "ledger")
        if row["purpose"] == "iteration/transfer/direct"
    }
    assert spent == {
        row["iteration"] for row in transfers if not row["at_birth"] and row["kind"] == "direct"
    }
    born = {niche["id"]: niche["born"] for niche in table(resumed, "niches")}
    assert {row["niche"]: row["iteration"] for row in children if row["niche"] is not None} == {
        id: at for id, at in born.items() if at > 0
    }


def test_the_log_and_show_give_the_same_iterations(
    resumed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = (resumed / "run.log").read_text()
    found = {
        what: {
            int(niche): int(at)
            for at, niche in re.findall(
                r"iteration (\d+): niche (\d+) "
                rf"{words}",
                log,
            )
        }
        for what, words in {"born": "is born", "died": "is retired", "solved": "is solved"}.items()
    }
    assert all(found.values()), log
    niches = {niche["id"]: niche for niche in table(resumed, "niches")}
    for what, of in found.items():
        assert of == {
            id: niche[what] for id, niche in niches.items() if niche[what] not in (None, 0)
        }, what
    id = max(found["died"].keys() & found["born"].keys())
    text = shown(capsys, str(resumed), str(id))
    assert f"born at iteration {found['born'][id]}, retired at {found['died'][id]}" in text
    logged = re.findall(r"iteration (\d+): niche (\d+) takes over the agent of (\d+)", log)
    assert logged
    at, target, source = logged[0]
    assert f"iteration {at}: took over the agent of {source} " in shown(
        capsys, str(resumed), target
    )


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves that TensorBoard shows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    scalars = EventAccumulator(str(folder))
    scalars.Reload()
    return {
        tag: [(point.step, point.value) for point in scalars.Scalars(tag)]
        for tag in scalars.Tags()["scalars"]
    }


def test_tensorboard_counts_iterations_and_steps_of_the_whole_run(resumed: Path) -> None:
    scalars, rows = curves(resumed / "tb"), table(resumed, "iterations")[1:]
    assert scalars["environment steps"] == [(row["iteration"], row["steps"]) for row in rows]
    assert [at for at, _ in scalars["niches/active"]] == [row["iteration"] for row in rows]
    assert min(value for _, value in scalars["steps per second"]) > 0


def test_steps_printed_after_a_resume_are_those_of_the_whole_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(tmp_path / "run", 3, "--set", "es.population=4000") == 0
    capsys.readouterr()
    assert command.main(["resume", str(tmp_path / "run"), "--iterations", "4"]) == 0
    millions = table(tmp_path / "run", "iterations")[-1]["steps"] / 1e6
    assert f", {millions:.1f} M steps" in capsys.readouterr().out
    assert millions > 0.05  # otherwise the text would always be 0.0


# ---- errors of output do not stop a run ----------------------------------------------------------


@contextmanager
def stdout_on(stream: TextIO) -> Iterator[None]:
    before, sys.stdout = sys.stdout, stream
    try:
        yield
    finally:
        sys.stdout = before
        stream.close()  # raises if the buffer cannot be written


def full_device() -> TextIO:
    return os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")


def unread_pipe() -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


@pytest.mark.parametrize(
    ("make", "reason"),
    [(full_device, "No space left on device"), (unread_pipe, "Broken pipe")],
    ids=["full", "closed"],
)
def test_an_error_of_standard_output_is_reported_once_and_the_run_continues(
    make: Callable[[], TextIO], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stdout_on(make()):
        assert launch(tmp_path / "run", 4) == 0
    printed = capsys.readouterr().err
    assert printed.count("cannot write") == 1
    assert f"cannot write standard output ({reason}); the run continues without it" in printed
    assert "done: " in printed
    assert len(table(tmp_path / "run", "iterations")) == 5
    assert "iteration 3: niche 1 is born" in (tmp_path / "run" / "run.log").read_text()


def test_a_launch_piped_into_head_completes_with_exit_code_0(tmp_path: Path) -> None:
    words = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    arguments = [
        "launch",
        "--out",
        str(tmp_path / "run"),
        "--iterations",
        "4",
        "--family",
        "navigation",
    ]
    process = subprocess.Popen(
        [sys.executable, "run.py", *arguments, "--learner", "es", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().endswith("from iteration 0 to 4\n")
    process.stdout.close()
    printed = process.stderr.read()
    assert process.wait() == 0, printed
    assert printed.count("cannot write standard output (Broken pipe)") == 1
    # Python's message if it cannot flush a stream at exit
    assert "Exception ignored" not in printed
    assert len(table(tmp_path / "run", "iterations")) == 5


def test_a_run_completes_with_all_standard_streams_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unread_pipe() as stderr, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        with stdout_on(unread_pipe()):
            assert launch(tmp_path / "one", 4) == 0
    monkeypatch.setattr(sys, "stdout", None)  # closed before Python started
    monkeypatch.setattr(sys, "stderr", None)
    assert launch(tmp_path / "two", 4) == 0
    assert (
        len(table(tmp_path / "one", "iterations"))
        == len(table(tmp_path / "two", "iterations"))
        == 5
    )


def test_files_are_not_opened_on_descriptors_of_closed_standard_streams(tmp_path: Path) -> None:
    code = (
        "import os, sys; from openpoet.cli import main as run\n"
        "code = run.main(['list'])\n"
        "with open(sys.argv[1], 'w') as file:\n"
        "    print(code, *(os.readlink(f'/proc/self/fd/{n}') for n in range(3)), file.fileno() > "
        "2, file=file)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "found")],
        cwd=ROOT,
        check=True,
        preexec_fn=lambda: os.closerange(0, 3),
    )
    # The output of `list` cannot be written: an error.
    assert (tmp_path / "found").read_text() == "2 /dev/null /dev/null /dev/null True\n"


def test_characters_that_the_output_cannot_encode_are_escaped(tmp_path: Path) -> None:
    written = io.BytesIO()
    with stdout_on(io.TextIOWrapper(written, encoding="ascii")):
        assert launch(tmp_path / "run", 4) == 0
        assert command.main(["show", str(tmp_path / "run")]) == 0
        sys.stdout.flush()
        text = written.getvalue().decode("ascii")
    assert r"iteration 4/4 \xb7 " in text
    assert "`-- 0 " in text  # the tree of show, in ASCII


BREAKING = """
import os
from pathlib import Path

from openpoet.envs.navigation import Navigation, NavigationSettings

class Breaking(Navigation):
    def __init__(self):
        super().__init__(NavigationSettings(horizon=4, episodes=2))

    def title(self, task):
        folder = Path({folder!r})
        if not (folder / "run.log").is_dir():
            (folder / "run.log").unlink()
            (folder / "run.log").mkdir()
        full = os.open("/dev/full", os.O_WRONLY)
        for descriptor in os.listdir("/proc/self/fd"):
            place = f"/proc/self/fd/{{descriptor}}"
            if os.path.exists(place) and "/tb/" in os.readlink(place):
                os.dup2(full, int(descriptor))
        raise KeyError("no such title")

family = Breaking
"""


def test_errors_of_log_events_and_titles_are_each_reported_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text(BREAKING.format(folder=str(tmp_path / "run")))
    settings = {
        name: value for name, value in SETTINGS.items() if not name.startswith("navigation.")
    }
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    parts = ["--family", str(tmp_path / "own.py"), "--learner", "es"]
    assert (
        command.main(
            ["launch", "--out", str(tmp_path / "run"), "--iterations", "6", *parts, *words]
        )
        == 0
    )
    captured = capsys.readouterr()
    assert captured.err.count("cannot write") == 3
    assert f"cannot write {tmp_path / 'run' / 'run.log'} (Is a directory)" in captured.err
    assert f"cannot write {tmp_path / 'run' / 'tb'} (No space left on device)" in captured.err
    assert "cannot write titles of tasks (KeyError: 'no such title')" in captured.err
    assert "iteration 5: niche 4 is born of " in captured.out
    (tmp_path / "run" / "run.log").rmdir()
    assert len(table(tmp_path / "run", "iterations")) == 7


def test_a_command_whose_result_cannot_be_written_fails(
    resumed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["digest", str(resumed)],
        ["show", str(resumed)],
        ["list"],
        ["show", str(resumed), "--json"],
    ):
        with stdout_on(full_device()):
            assert command.main(words) == 2, words
        assert capsys.readouterr().err == (
            "openpoet: cannot write standard output: No space left on device\n"
        )
        with stdout_on(unread_pipe()):  # as after `| head` has closed the pipe
            assert command.main(words) == 1, words
        assert capsys.readouterr().err == ""


# ---- messages ------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int = 2) -> str:
    """The error message of the command: its only line that begins with its name."""
    capsys.readouterr()
    assert command.main(arguments) == code
    (text,) = [
        text for text in capsys.readouterr().err.splitlines() if text.startswith("openpoet:")
    ]
    return text


def test_suggested_commands_quote_the_folder_name_for_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my own 'run' [red]$HOME"
    assert launch(folder, 2) == 0
    done = re.search(r"look at it with `(.*)` and `(.*)`$", capsys.readouterr().err.strip())
    assert done is not None
    assert [shlex.split(words) for words in done.groups()] == [
        ["openpoet", what, str(folder)] for what in ("watch", "show")
    ]
    reached = refused(capsys, ["resume", str(folder)]).partition("to continue: ")[2]
    assert shlex.split(reached) == ["openpoet", "resume", str(folder), "--iterations", "4"]
    there = refused(capsys, ["launch", "--out", str(folder)])
    assert "is already a run: resume it, or choose another folder" in there
    again = there.partition("to continue it: ")[2]
    assert shlex.split(again) == ["openpoet", "resume", str(folder)]


FAILING = """
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig

class Failing(ES):
    def __init__(self, family):
        super().__init__(family, ESConfig(population=4, hidden=(4,)))
        self.calls = 0

    def {method}(self, *arguments):
        self.calls += 1
        if self.calls == {call}:
            raise {error}
        return super().{method}(*arguments)

learner = Failing
"""


@pytest.mark.parametrize(
    ("method", "call", "error", "expected"),
    [
        (
            "improve",
            2,
            "KeyError('x')",
            "iteration 2 failed: KeyError: 'x' (own.py, line 13); the 1 before it are kept: ",
        ),
        (
            "improve",
            1,
            "AssertionError",
            "iteration 1 failed: AssertionError (own.py, line 13); the 0 before it are kept: ",
        ),
        (
            "init",
            1,
            "IndexError('list index out of range')",
            "could not begin: IndexError: list index out of range (own.py, line 13)",
        ),
        (
            "improve",
            2,
            "ValueError('\\x1b[31mtoo\\nlarge')",
            r"iteration 2 failed: \x1b[31mtoo large (own.py, line 13); the 1 before",
        ),
    ],
)
def test_unexpected_errors_are_reported_with_their_type(
    method: str,
    call: int,
    error: str,
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "own.py").write_text(FAILING.format(method=method, call=call, error=error))
    arguments = [
        "launch",
        "--out",
        str(tmp_path / "a b"),
        "--family",
        "navigation",
        "--iterations",
        "3",
    ]
    arguments += ["--learner", str(tmp_path / "own.py"), "--set", "navigation.horizon=4"]
    text = refused(capsys, arguments, code=1)
    assert expected in text
    assert ("--debug" in text) == ("ValueError" not in error)
    if call == 2:
        assert shlex.quote(str(tmp_path / "a b")) in text


def test_debug_prints_the_traceback_and_keeps_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "a\x1b[31m")
    assert (
        command.main(["show", missing, "--debug"])
        == command.main(["--debug", "show", missing])
        == 2
    )
    printed = capsys.readouterr().err
    assert printed.count("Traceback (most recent call last):") == 2
    assert r"\x1b[31m" in printed
    assert "\x1b" not in printed


def test_help_lists_debug_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert "--debug" in printed
    assert "--version" in printed
    assert command.main(["--version"]) == 0
    printed = capsys.readouterr().out
    assert re.match(r"openpoet (\d+\.\d+|not installed)", printed)
    assert all(name in printed for name in ("python 3", "torch", "numba", "numpy"))


def test_a_run_without_a_committed_iteration_is_reported_as_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """This is the state while the first population is scored, or after a kill at that time."""
    (tmp_path / "own.py").write_text(FAILING.format(method="init", call=1, error="KeyError"))
    arguments = ["launch", "--out", str(tmp_path / "run"), "--family", "navigation"]
    assert command.main([*arguments, "--learner", str(tmp_path / "own.py")]) == 1
    for words in (["show", str(tmp_path / "run")], ["show", str(tmp_path / "run"), "0"]):
        assert refused(capsys, words).startswith(
            f"openpoet: {tmp_path / 'run'} holds no iteration yet"
        )
    assert command.main(["show", str(tmp_path / "run"), "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["niches"] == []
    assert whole["config"]["run"]["family"] == "navigation"


def test_folder_names_with_escape_sequences_and_markup_are_printed_escaped(
    resumed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminal.out, "_width", 400)  # no line is wrapped
    name = "a\x1b[31m\u202e[red]b\x9b"
    shutil.copytree(resumed, tmp_path / name)
    capsys.readouterr()
    for words in (
        ["show", str(tmp_path / name)],
        ["show", str(tmp_path / name), "1"],
        ["resume", str(tmp_path / name)],
    ):
        command.main(words)
    assert (
        launch(tmp_path / f"{name}2", 2, "--from", str(tmp_path / name), "--select", "id in (1, 2)")
        == 0
    )
    assert command.main(["show", str(tmp_path / f"{name}2")]) == 0
    assert command.main(["show", str(tmp_path / f"{name}2"), "0"]) == 0
    captured = capsys.readouterr()
    printed = captured.out + captured.err
    escaped = r"a\x1b[31m\u202e[red]b\x9b"
    assert f"[from {escaped}#1]" in captured.out
    assert f"seeded from {escaped}#1" in captured.out
    assert f"{escaped}2" in captured.err
    assert all(character.isprintable() or character == "\n" for character in printed)
    log = (tmp_path / f"{name}2" / "run.log").read_text()
    assert f"niche 0 from {escaped}#1: " in log
    assert all(character.isprintable() or character == "\n" for character in log)


def test_an_empty_selection_reports_the_range_of_the_fields(
    resumed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = [niche["best"] for niche in table(resumed, "niches")]
    expected = (
        f"keeps none of the {len(best)} niches of {resumed}: best is {min(best):.6g} to "
        f"{max(best):.6g}"
    )
    for words in (
        ["show", str(resumed)],
        ["launch", "--from", str(resumed), "--out", str(tmp_path / "run")],
    ):
        assert expected in refused(capsys, [*words, "--select", "best > 60"])
    assert not (tmp_path / "run").exists()


# Texts that an archive may contain: its reader rejects the control characters C0 and C1.
NAMES = st.lists(
    st.one_of(
        st.sampled_from(
            ["\u202e", "\u2066", "[red]", "[/]", "[/", ":warning:", "\u2028", "\u200b", "\\[a]"]
        ),
        st.characters(exclude_categories=("Cs", "Cc")),
    ),
    min_size=1,
    max_size=8,
).map("".join)


@given(NAMES)
@settings(max_examples=10)
def test_text_of_an_archive_is_shown_escaped_and_without_markup(resumed: Path, text: str) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "400")
        copy = Path(folder) / "run"
        shutil.copytree(resumed, copy)
        with closing(sqlite3.connect(copy / "archive.db")) as database, database:
            database.execute("UPDATE niches SET source = ?", [text])
            database.execute("UPDATE children SET outcome = ?", [text])
            database.execute("UPDATE transfers SET kind = ?", [text])
            database.execute("UPDATE ledger SET purpose = ? || purpose", [text])
        for words, times in (([str(copy)], 4), ([str(copy), "4"], 2)):
            with redirect_stdout(io.StringIO()) as out:
                assert command.main(["show", *words]) == 0
            assert all(character.isprintable() or character == "\n" for character in out.getvalue())
            assert out.getvalue().count(printable(text)) >= times


# ---- a run that was made on a GPU ----------------------------------------------------------------


@pytest.fixture
def made_on_a_gpu(resumed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run with the setting `device = "cuda"`, on a machine without a GPU."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    folder = tmp_path / "gpu"
    with Run.open(resumed, write=False) as run:
        tables = settings_of(run)
        tables["es"]["device"] = "cuda"
        with Run.create(folder, to_toml(tables), ["run.py"], versions()) as copy:
            copy.commit(*run.checkpoint(), ledger={"seed": 7}, clock_seconds=0.0)
    return folder


def test_show_and_digest_of_a_gpu_run_construct_no_learner_or_simulator(
    made_on_a_gpu: Path,
    resumed: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError("no simulator is needed to look at a run")

    monkeypatch.setattr("openpoet.envs.navigation.Navigation.simulator", never)
    title = re.findall(r"(shape \S+.*)", shown(capsys, str(resumed)))
    assert title
    assert re.findall(r"(shape \S+.*)", shown(capsys, str(made_on_a_gpu))) == title
    assert title[1].strip() in shown(capsys, str(made_on_a_gpu), "1")
    assert command.main(["digest", str(made_on_a_gpu)]) == 0


def test_a_gpu_run_resumes_and_replays_on_the_cpu_only_with_device_cpu(
    made_on_a_gpu: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (made_on_a_gpu / "config.toml").read_bytes()
    film = tmp_path / "a.gif"
    on = ["resume", str(made_on_a_gpu), "--iterations"]
    watched = ["replay", str(made_on_a_gpu), "--record", str(film)]
    expected = "[es] device = 'cuda': torch finds no GPU here; use the device cpu"
    assert expected in refused(capsys, [*on, "13"])
    assert expected in refused(capsys, watched)
    assert expected in refused(capsys, [*on, "13", "--device", "cuda"])
    assert "must be auto, cpu or cuda" in refused(capsys, [*on, "13", "--device", "tpu"])
    assert command.main([*on, "13", "--device", "cpu"]) == 0
    assert (
        "the run's device is 'cuda', this process uses 'cpu': scores can differ"
        in capsys.readouterr().err
    )
    assert command.main([*watched, "--device", "cpu"]) == 0
    assert film.read_bytes()[:6] == b"GIF89a"
    assert (made_on_a_gpu / "config.toml").read_bytes() == settings
    assert expected in refused(capsys, [*on, "14"])
    assert expected in refused(
        capsys,
        ["launch", "--learner", "es", "--set", "es.device=cuda", "--out", str(tmp_path / "new")],
    )
    assert expected in refused(
        capsys, ["launch", "--learner", "es", "--device", "cuda", "--out", str(tmp_path / "new")]
    )
    assert not (tmp_path / "new").exists()


def test_show_prints_titles_without_the_learner_and_json_without_the_family(
    resumed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, titled in (("learner", True), ("family", False)):
        with Run.open(resumed, write=False) as run:
            tables = settings_of(run)
            tables["run"][kind] = "elsewhere"
            with Run.create(tmp_path / kind, to_toml(tables), ["run.py"], versions()) as copy:
                copy.commit(*run.checkpoint(), ledger={}, clock_seconds=0.0)
        assert ("shape arc" in shown(capsys, str(tmp_path / kind))) == titled

"""The command line of openpoet: its commands, errors in one line, and exit codes.

Nothing heavy is imported before a command needs it, so that --help answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import Annotated

import typer

from .commands import archives, launching, parts, viewing
from .output import Failures, described, line, occupy_standard_descriptors, reason, tolerant
from .program import program
from .terminal import complain, out
from .versions import versions

# Gymnasium's walker and the viewer import pygame
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Open-ended learning with POET: tasks evolve while agents learn to solve them.\n\n"
    "`launch` starts a run and keeps everything that happens in a folder. `show` prints it, "
    "`replay` plays an agent in its task, `resume` continues it, and `launch --from RUN` seeds "
    "another run from it. `list` names the families, learners and presets.",
)
for command_of in (
    launching.launch,
    launching.resume,
    viewing.show,
    viewing.replay,
    archives.digest,
    archives.verify,
    parts.check,
):
    app.command()(command_of)
app.command(name="list")(parts.list_parts)


def print_version(wanted: bool) -> None:
    if wanted:
        ours, *others = versions().items()
        out.print(line(f"{' '.join(ours)} ({', '.join(map(' '.join, others))})"), soft_wrap=True)
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Print where an error came from; before or after a command."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print versions and exit."
        ),
    ] = False,
) -> None:
    """Options of every command. `main` removes --debug before, so that it may stand anywhere."""


def main(arguments: list[str]) -> int:
    """The exit code: 0 done, 1 a run failed, 2 bad input, 128 + signal stopped.

    --debug prints tracebacks. Standard output may fail without stopping a run; where the output is
    the result, that is an error.
    """
    running = next((a for a in arguments if not a.startswith("-")), "") in ("launch", "resume")
    failures = Failures(complain)
    occupy_standard_descriptors()
    with tolerant("stderr"):
        note = (lambda error: failures.note("standard output", error)) if running else None
        with tolerant("stdout", note) as stdout:
            code = exit_code(arguments)
        if stdout.error is None or running:
            return code
        if not isinstance(stdout.error, BrokenPipeError):  # `show RUN | head` has what it wants
            complain(f"openpoet: cannot write standard output: {reason(stdout.error)}")
        return code or (1 if isinstance(stdout.error, BrokenPipeError) else 2)


def exit_code(arguments: list[str]) -> int:
    """The command run, its errors printed."""
    debug = "--debug" in arguments
    try:
        app([a for a in arguments if a != "--debug"], standalone_mode=True, prog_name=program())
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        if isinstance(code := getattr(error, "code", None), int):  # RunStopped
            return code
        for text in traceback.format_exception(error) if debug else ():
            for one in text.splitlines():
                complain(one)
        complain(f"openpoet: {one_line(error)}")
        return 2 if isinstance(error, ValueError | OSError) else 1
    return 0


def one_line(error: Exception) -> str:
    """What to tell a person. An error nobody planned says its kind, and how to see where it came
    from.
    """
    from .plugins import place
    from .run_loop import RunFailedError

    failed = isinstance(error, RunFailedError)
    planned = isinstance(error.__cause__ if failed else error, ValueError | OSError)
    text = str(error) if failed else described(error)
    if where := place(error):
        cause = described(error.__cause__ or error)  # raised in the user's file
        text = (
            text.replace(cause, f"{cause} ({where})", 1) if cause in text else f"{text} ({where})"
        )
    return text if planned else f"{text} (run again with --debug to see where)"


def command() -> None:
    """The console script `openpoet`."""
    sys.exit(main(sys.argv[1:]))

"""The command line of openpoet: its commands, errors in one line, and exit codes.

Modules that take long to import are imported by the commands that use them, so that --help is fast.
"""

from __future__ import annotations

import inspect
import os
import signal
import traceback
from typing import Annotated

import typer

from .commands import (
    archives,
    comparing,
    evaluating,
    exporting,
    launching,
    packs,
    parts,
    playing,
    reproducing,
    viewing,
    watching,
)
from .output import Failures, described, line, occupy_standard_descriptors, reason, tolerant
from .program import program
from .stopping import Interrupts
from .terminal import out, print_error
from .versions import versions

# Gymnasium's walker and the viewer import pygame
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

RUNNING = ("launch", "resume", "fork")  # the commands that run POET

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Open-ended learning with POET: tasks evolve while agents learn to solve them.\n\n"
    "`launch` starts a run and keeps everything that happens in a folder. `show` prints it, "
    "`replay` plays an agent in its task, `resume` continues it, and `launch --from RUN` seeds "
    "another run from it. `export` writes a run to one file, which every command takes like a run. "
    "`evaluate` scores agents on suites of worlds. `list` names families, learners, presets and "
    "suites.",
)


def help_text(docstring: str) -> str:
    """A docstring without the line breaks inside its paragraphs; the terminal's width sets them."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for command_of in (
    launching.launch,
    launching.resume,
    launching.fork,
    viewing.show,
    viewing.replay,
    playing.play,
    playing.inject,
    exporting.onnx,
    watching.watch,
    watching.report,
    archives.digest,
    archives.verify,
    archives.diff,
    comparing.compare,
    reproducing.reproduce,
    packs.export,
    evaluating.evaluate,
    parts.check,
):
    app.command(help=help_text(command_of.__doc__ or ""))(command_of)
app.command(name="import", help=help_text(packs.import_packs.__doc__ or ""))(packs.import_packs)
app.command(name="list", help=help_text(parts.list_parts.__doc__ or ""))(parts.list_parts)


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
    """Options of every command. `main` removes --debug first, so that it is accepted anywhere."""


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code: 0 success, 1 a run failed, 2 bad input, 128 + signal.

    --debug prints tracebacks. An error of standard output does not stop a run; for commands whose
    output is their result it is an error.
    """
    running = next((a for a in arguments if not a.startswith("-")), "") in RUNNING
    failures = Failures(print_error)
    occupy_standard_descriptors()
    with tolerant("stderr"):
        note = (lambda error: failures.note("standard output", error)) if running else None
        with tolerant("stdout", note) as stdout, Interrupts() as interrupts:
            code = exit_code(arguments, interrupts)
        if stdout.error is None or running:
            return code
        if not isinstance(
            stdout.error, BrokenPipeError
        ):  # the reader closed the pipe, as in `show RUN | head`
            print_error(f"openpoet: cannot write standard output: {reason(stdout.error)}")
        return code or (1 if isinstance(stdout.error, BrokenPipeError) else 2)


def exit_code(arguments: list[str], interrupts: Interrupts) -> int:
    """The command run, its errors printed, except those that come from an interrupt."""
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
        if interrupts.came:
            return 128 + signal.SIGINT
        for text in traceback.format_exception(error) if debug else ():
            for one in text.splitlines():
                print_error(one)
        print_error(f"openpoet: {one_line(error)}")
        return 2 if isinstance(error, ValueError | OSError) else 1
    return 0


def one_line(error: Exception) -> str:
    """The error in one line for the user. An unexpected error, other than ValueError and OSError,
    includes its type and how to print its traceback.
    """
    from .plugins import place
    from .run_loop import RunFailedError

    failed = isinstance(error, RunFailedError)
    planned = isinstance(error.__cause__ if failed else error, ValueError | OSError)
    text = str(error) if failed else described(error)
    if (where := place(error)) and f"({where})" not in text:
        cause = described(error.__cause__ or error)  # raised in the user's file
        text = (
            text.replace(cause, f"{cause} ({where})", 1) if cause in text else f"{text} ({where})"
        )
    return text if planned else f"{text} (run again with --debug to see where)"

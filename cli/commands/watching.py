"""The commands that show runs in a browser: watch and report."""

from __future__ import annotations

import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ..terminal import print_error, print_line
from . import options as o

RunOrAll = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="A run folder or a pack, its name under runs/, or `museum`; default: all under runs/.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port of the page; default: 8317, or one that is free."),
]
Host = Annotated[
    str,
    typer.Option(
        help="Address to listen on. With another than the default, everyone with access to this "
        "machine can look."
    ),
]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address and open no browser.")
]

Edit = Annotated[
    bool,
    typer.Option(
        "--edit",
        help="Edit tasks in the page, and inject them into the run. The printed address contains a "
        "token, without which nothing can be written.",
    ),
]

OutFile = Annotated[
    Path | None,
    typer.Option(
        "--out", help="File to write; default: the name of the run or pack with .html added."
    ),
]
Poses = Annotated[
    str | None,
    typer.Option(
        metavar="EXPR",
        help='Niches whose agents walk in the report, such as "solved", up to the limit of 5 MB; '
        "default: those alive, and if there are none all that have agents.",
    ),
]

Film = Annotated[
    Path | None,
    typer.Option(help="Write an .mp4 file of the family tree as it grew, instead of the report."),
]


def watch(
    name: RunOrAll = None,
    port: Port = None,
    host: Host = "127.0.0.1",
    no_browser: NoBrowser = False,
    edit: Edit = False,
) -> None:
    """Show a run in the browser, live.

    The family tree of its tasks with every transfer, the agents walking, curves, and how each task
    was solved. Works while the run goes on, and changes nothing in it, except that `--edit` can
    inject tasks (see `inject`). Ctrl-C ends it.

    Examples: `watch`, `watch museum`, `watch runs/a --port 9000`, `watch runs/a --edit`.
    """
    from openpoet.archive.page.requests import LOCAL
    from openpoet.archive.store.run_folder import find_run

    from ..page_edits import editing_of
    from ..watching import address_of, listen, serve, site_of

    if edit and host not in LOCAL:
        raise ValueError(
            f"--edit is for this machine only, got --host {host}: its token would be sent "
            "unencrypted. Reach the page through a tunnel (docs/watch.md)"
        )
    site = site_of(None if name is None else find_run(name))
    if name is not None:
        for id in site.ids():  # errors of the archive appear here
            site.view(id).view()  # read once before the browser asks
            site.replayer(id).warm()
    listening = listen(host, port)
    address, ended = address_of(listening), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    editing = editing_of(site) if edit else None
    if editing is not None:
        address += f"#/?edit={editing.token}"
    print_line(f"the page is at {address} (Ctrl-C ends it)")
    if not no_browser and _has_display():
        webbrowser.open(address)
    serve(site, listening, ended, editing)


def report(
    name: o.RunName, out_file: OutFile = None, poses: Poses = None, film: Film = None
) -> None:
    """Write the page of a run with its data as one HTML file.

    It opens from disk, in any browser and without a network, and can be mailed or put beside a
    paper. At most 5 MB: first the run and the agents of the chosen niches, then what else fits.

    Examples: `report runs/a`, `report runs/a --poses solved --out a.html`, `report runs/a --film
    tree.mp4`.
    """
    from openpoet.archive.store.run_folder import find_run

    from ..report import write_film, write_report

    folder = find_run(name)
    if film is not None:
        if out_file is not None:
            raise ValueError("--film writes a film and --out a report: give one of them")
        print_line(f"{film}: {write_film(folder, film)} pictures")
        return
    path = out_file or Path(f"{folder.resolve().name}.html")
    done = write_report(folder, path, poses, print_error)
    words = f"{done.path}: {done.size / 1e6:.1f} MB, with {done.poses} recorded evaluations"
    more = f"; {done.left_out} parts did not fit" if done.left_out else ""
    print_line(words + more)


def _has_display() -> bool:
    """Whether a browser can open a window; otherwise one in the terminal might start."""
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))

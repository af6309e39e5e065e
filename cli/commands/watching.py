"""The commands that show runs in a browser: watch and report."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from ..terminal import print_line

RunOrAll = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]", help="A run folder, or its name under runs/; default: all runs there."
    ),
]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes one that is free.")
]
Host = Annotated[
    str,
    typer.Option(
        help="Address to listen on. With another than the default, everyone who reaches this "
        "machine can look."
    ),
]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address and open no browser.")
]
PORT = 8317


def watch(
    name: RunOrAll = None, port: Port = PORT, host: Host = "127.0.0.1", no_browser: NoBrowser = False
) -> None:
    """Show a run in the browser, live.

    The family tree of its tasks with every transfer, the agents walking, curves, and how each task
    was solved. Works while the run goes on, and changes nothing in it. Ctrl-C ends it.

    Examples: `watch`, `watch runs/a --port 9000 --no-browser`.
    """
    from openpoet.archive.page.server import listen
    from openpoet.archive.store.run_folder import find_run

    from ..watching import serve, site_of

    site = site_of(None if name is None else find_run(name))
    if name is not None:
        (id,) = site.ids()
        site.replayer(id).warm()
    listening = listen(host, port)
    address = f"http://{_shown(host)}:{listening.getsockname()[1]}/"
    print_line(f"the page is at {address} (Ctrl-C ends it)")
    if not no_browser:
        import webbrowser

        webbrowser.open(address)
    serve(site, listening, threading.Event())


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""Serving the page: of one run, of all runs under runs/, and beside a run that goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .page_data import open_page

if TYPE_CHECKING:
    from openpoet.archive.page.editing import Editing
    from openpoet.archive.page.site import Site
    from openpoet.poet.niche import Population

    from .frontend import Display

RUNS = Path("runs")
PORT = 8317  # of the page, unless it is taken
NICENESS = 5  # of the page's process: the run has precedence
SECONDS_TO_END = 5.0  # for that process
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    f"from {__name__} import serve_beside; serve_beside(sys.argv[1], int(sys.argv[2]))"
)


def runs_under(folder: Path) -> list[Path]:
    """The run folders and packs directly in a folder; none if it is not there."""
    if not folder.is_dir():
        return []
    runs = [path.parent for path in folder.glob("*/archive.db")]
    return [path for path in (*runs, *folder.glob("*.poet")) if not path.is_symlink()]


def site_of(path: Path | None) -> Site:
    """The site of one run, or of all runs under runs/."""
    from openpoet.archive.page.site import Site

    folders: Callable[[], Sequence[Path]]
    folders = (lambda: runs_under(RUNS)) if path is None else (lambda: [path])
    return Site(folders, open_page)


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens; port None: PORT, or a free one if that is taken."""
    from openpoet.archive.page.server import listen

    try:
        return listen(host, PORT if port is None else port)
    except OSError:
        if port is not None:
            raise
        return listen(host, 0)


def address_of(listening: socket.socket) -> str:
    """The address of the page; with the machine's name, if all its addresses are listened on."""
    host, port = listening.getsockname()[:2]
    host = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(
    site: Site,
    listening: socket.socket,
    ended: threading.Event,
    editing: Editing | None = None,
) -> None:
    """Serve until `ended` is set; editing: of the site's tasks, where the page may write."""
    from openpoet.archive.page.server import served

    with served(site, listening, editing):
        ended.wait()


class Watched:
    """The display of a run (frontend.Display) with the run's page, which another process serves.

    It can neither stop nor slow down the run: it has its own interpreter and a lower priority, and
    ends with this process, however that ends.
    """

    def __init__(self, inner: Display, path: Path, listening: socket.socket) -> None:
        self.inner, self.path, self.listening = inner, path, listening
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        number = self.listening.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CODE, os.fspath(self.path.resolve()), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[number],
        )
        assert self.process.stdin is not None, "it is a pipe"
        with suppress(BrokenPipeError):  # it has ended: the run goes on without its page
            paths = [os.path.abspath(entry) for entry in sys.path]
            self.process.stdin.write(f"{json.dumps(paths)}\n".encode())
            self.process.stdin.flush()
        self.listening.close()
        self.inner.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.inner.__exit__(*_)
        if self.process is None or self.process.stdin is None:
            return
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def begin(self, population: Population) -> None:
        self.inner.begin(population)

    def say(self, text: str) -> None:
        self.inner.say(text)

    def update(self, population: Population, *, last: bool) -> None:
        self.inner.update(population, last=last)


def serve_beside(path: str, listening: int) -> None:
    """In the other process: serve one run until the input ends.

    listening: a descriptor of the socket.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run
    os.nice(NICENESS)
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    serve(site_of(Path(path)), socket.socket(fileno=listening), ended)
    os._exit(0)  # without waiting for a replay that is being computed

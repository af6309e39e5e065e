"""A real browser for tests of the page: Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.made_runs import Made, grow
from openpoet.archive.page.server import listen, served
from openpoet.archive.page.site import Site
from openpoet.cli.page_data import open_page
from openpoet.cli.page_edits import editing_of
from openpoet.cli.watching import address_of, runs_under

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Nothing outside of this machine is asked for anything.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OWN = Path(__file__).parents[3] / ".venv" / "browsers"  # where `make test` puts a copy
PICTURES = Path(__file__).parents[3] / "build" / "page"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own copy, without a window."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(OWN))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(OPTIONS))
        yield browser
        browser.close()


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """The address of a page that shows the runs in a folder; port 0: a free one."""
    listening = listen("127.0.0.1", port)
    address = address_of(listening)
    with served(Site(lambda: runs_under(folder), open_page), listening):
        yield address


@contextmanager
def serving_edits(run: Path) -> Iterator[str]:
    """The address of a page in which the tasks of one run can be edited, as `watch --edit` prints
    it.
    """
    site, listening = Site(lambda: [run], open_page), listen("127.0.0.1", 0)
    editing, address = editing_of(site), address_of(listening)
    with served(site, listening, editing):
        yield f"{address}#/?edit={editing.token}"


@contextmanager
def opened(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    """A page in a context of its own; the test fails if a script of it fails or it asks elsewhere.

    options: of the context, for example its colour scheme.
    """
    faults: list[str] = []
    defaults = {"viewport": {"width": 1440, "height": 900}, "device_scale_factor": 1}
    context = browser.new_context(**{**defaults, **options})  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    page.on("request", lambda asked: faults.append(asked.url) if _foreign(asked.url) else None)
    page.goto(address)
    yield page
    context.close()
    assert not faults, faults


def _foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:"))


class Growing:
    """A run that a test lets go on, iteration by iteration (benchmarks.made_runs)."""

    def __init__(self, folder: Path, made: Made) -> None:
        self.folder, self.iteration = folder, -1
        self.populations = grow(folder, made)

    def go_on(self, iterations: int) -> int:
        """Commit so many iterations, as far as there are; returns the last one."""
        for population in islice(self.populations, iterations):
            self.iteration = population.iteration
        return self.iteration

    def close(self) -> None:
        """End the run."""
        self.populations.close()

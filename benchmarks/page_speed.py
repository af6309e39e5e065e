"""What a browser needs to show a run: times and bytes of `openpoet watch`, in headless Chromium.

    python -m benchmarks.page_speed

Two archives are made for it (benchmarks/made_runs.py), of 300 niches and of 3,000 niches with
200,000 accepted transfers. A time is that from the request of the page until its tree is drawn, the
worst of VISITS by new browser contexts; the first one is also the server's first look at the
archive. Needs Chromium and Playwright (extra `test`). Exits 1 if a limit is missed.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.heading import heading
from benchmarks.made_runs import Made, make_run
from openpoet.archive.page.files import assets
from tests.archive.page.browser import Growing, chromium, opened, serving

VISITS = 4
SIZES = {
    "300": (Made(300, 6_000, 600), 1.0),
    "3,000": (Made(3_000, 200_000, 1_500, accepted=1.0), 3.0),
}
DRAWN = "performance.getEntriesByName('tree drawn')[0]?.startTime"
SETTLING, WATCHED = 20, 60  # seconds of a run that is watched: before, and while its cost is taken
COMPILING = 120_000.0  # [ms] the first replay of a machine compiles the physics

Row = tuple[str, float, float, str]  # what, found, limit, unit


def first_paint(browser: Browser, address: str) -> Iterator[float]:
    """Seconds until the tree is drawn, for each visit."""
    for _ in range(VISITS):
        with opened(browser, f"{address}#/run/tree") as page:
            while (drawn := page.evaluate(DRAWN)) is None:
                page.wait_for_timeout(20)
            yield drawn / 1000


def view_bytes(page: Page) -> int:
    """Bytes of the first view as they are sent, compressed."""
    text = page.evaluate("fetch('api/run/run/view').then((answer) => answer.text())")
    return len(gzip.compress(text.encode(), compresslevel=5))


def painting(browser: Browser, folder: Path) -> Iterator[Row]:
    for size, (made, limit) in SIZES.items():
        make_run(folder / size / "run", made)
        with serving(folder / size) as address:
            first, *later = first_paint(browser, address)
            what = f"first paint, {size} niches"
            yield f"{what}, first visit", first, limit, "s"
            yield f"{what}, later visits", max(later), limit, "s"
            with opened(browser, f"{address}#/run/tree") as page:
                yield f"first view, {size} niches", view_bytes(page) / 1000, 1_000, "kB"


def living(browser: Browser, folder: Path) -> Iterator[Row]:
    """Of a run that goes on: when a commit is seen, and when a replay begins."""
    run = Growing(folder / "live" / "run", Made(20, 60, 40))
    run.go_on(20)
    with serving(folder / "live") as address, opened(browser, f"{address}#/run/tree") as page:
        summary = page.get_by_test_id("summary")
        expect(summary).to_contain_text("iteration 19 ")
        seen = []
        for _ in range(10):
            end, start = run.go_on(1), time.monotonic()
            expect(summary).to_contain_text(f"iteration {end} ")
            seen.append(time.monotonic() - start)
        yield "a commit is seen, worst of 10", max(seen), 2.0, "s"
        begun = []
        for niche in (0, 3, 5):
            start = time.monotonic()
            page.locator(f'.lane[data-niche="{niche}"]').click()
            caption = page.get_by_test_id("replay-caption")
            expect(caption).to_contain_text("score", timeout=COMPILING)
            begun.append(time.monotonic() - start)
        yield "a replay begins after the click, worst of 2", max(begun[1:]), 1.5, "s"
    run.close()


def cost(browser: Browser, folder: Path) -> Iterator[Row]:
    """Of a run with `--watch`: the CPU time of the process that serves its page, while one is open,
    as a share of the run's own.
    """
    words = ["launch", "--preset", "quick-es", "--seed", "1", "--out", str(folder / "watched")]
    run = subprocess.Popen(
        [sys.executable, "-m", "openpoet", *words, "--iterations", "100000", "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout is not None, "it is a pipe"
    try:
        printed = iter(run.stdout.readline, "")
        address = next(filter(None, (re.search(r"http://\S+", line) for line in printed)))[0]
        threading.Thread(target=run.stdout.read, daemon=True).start()
        while not (started := children(run.pid)):
            time.sleep(0.1)
        (server,) = started
        with opened(browser, address) as page:
            facts = page.get_by_test_id("summary")
            expect(facts).to_contain_text("iteration 3 ", timeout=COMPILING)
            page.wait_for_timeout(1000 * SETTLING)  # it has loaded what replays need
            before = seconds(server), seconds(run.pid)
            page.wait_for_timeout(1000 * WATCHED)
            spent, own = seconds(server) - before[0], seconds(run.pid) - before[1]
        yield f"CPU for the page, {own:.0f} s of the run", 100 * spent / own, 1.0, "%"
    finally:
        run.kill()
        run.wait()


def children(process: int) -> list[int]:
    """The processes that a process has started (Linux)."""
    tasks = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in tasks.read_text().split()]


def seconds(process: int) -> float:
    """CPU time of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows() -> Iterator[Row]:
    files = [gzip.compress(content, compresslevel=5) for _, content in assets().values()]
    yield "page and assets", sum(map(len, files)) / 1000, 200, "kB"
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        yield from painting(browser, Path(folder))
        yield from living(browser, Path(folder))
        yield from cost(browser, Path(folder))


def main() -> None:
    print(heading())
    missed = 0
    for what, found, limit, unit in rows():
        missed += found > limit
        print(f"{what:45} {found:8.2f} {unit:3} (limit {limit:g} {unit})", flush=True)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()

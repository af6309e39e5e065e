"""What a browser needs to show a run: times and bytes of `openpoet watch`, in headless Chromium.

    python -m benchmarks.page_speed

Two archives are made for it (benchmarks/made_runs.py), of 300 niches and of 3,000 niches with
200,000 accepted transfers. A time is that from the request of the page until its tree is drawn, the
worst of VISITS by new browser contexts; the first one is also the server's first look at the
archive. Needs Chromium and Playwright (extra `test`). Exits 1 if a limit is missed.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.heading import heading
from benchmarks.made_runs import Made, make_run
from openpoet.archive.page.routes import assets
from tests.archive.page.browser import Growing, chromium, opened, serving

VISITS = 4
SIZES = {
    "300": (Made(300, 6_000, 600), 1.0),
    "3,000": (Made(3_000, 200_000, 1_500, accepted=1.0), 3.0),
}
DRAWN = "performance.getEntriesByName('tree drawn')[0]?.startTime"
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


def rows() -> Iterator[Row]:
    files = [gzip.compress(content, compresslevel=5) for _, content in assets().values()]
    yield "page and assets", sum(map(len, files)) / 1000, 200, "kB"
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        yield from painting(browser, Path(folder))
        yield from living(browser, Path(folder))


def main() -> None:
    print(heading())
    missed = 0
    for what, found, limit, unit in rows():
        missed += found > limit
        print(f"{what:45} {found:8.2f} {unit:3} (limit {limit:g} {unit})", flush=True)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()

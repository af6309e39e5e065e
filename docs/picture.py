"""The picture of the page in the README: `python docs/picture.py RUN docs/page.png`.

Needs Chromium and Playwright (extra `test`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parent.parent
SIZE = {"width": 1280, "height": 800}


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from openpoet.archive.page.server import listen, served
    from openpoet.cli.watching import address_of, site_of
    from tests.archive.page.browser import chromium

    parser = argparse.ArgumentParser(description="Write a picture of the page of a run.")
    parser.add_argument("run", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--niche", type=int, help="selected; default: the page's own choice")
    options = parser.parse_args()
    site, listening = site_of(options.run), listen("127.0.0.1", 0)
    (id,) = site.ids()
    chosen = "" if options.niche is None else f"?niche={options.niche}"
    with served(site, listening), chromium() as browser:
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)
        page.goto(f"{address_of(listening)}#/{id}/tree{chosen}")
        expect(page.get_by_test_id("clip").first).to_be_visible(timeout=60_000)
        page.get_by_test_id("scene").first.click()
        expect(page.get_by_test_id("replay-caption")).to_contain_text("score", timeout=120_000)
        page.wait_for_timeout(5000)
        page.screenshot(path=options.picture)


if __name__ == "__main__":
    main()

"""The page in a real browser while the run goes on, ends, or vanishes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.made_runs import Made
from openpoet.archive.page import curves
from tests.archive.page.browser import Growing, chromium, opened, serving

SOON = 5_000.0  # [ms] until a commit is seen; 2 s on a machine with nothing else to do


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Growing]:
    run = Growing(tmp_path / "runs" / "live", Made(niches=20, transfers=60, iterations=40))
    run.go_on(20)
    yield run
    run.close()


def shows(page: Page, iteration: int) -> None:
    expect(page.get_by_test_id("summary")).to_contain_text(f"iteration {iteration} ", timeout=SOON)


def test_a_commit_is_seen_and_changes_no_choice(browser: Browser, run: Growing) -> None:
    with serving(run.folder.parent) as address, opened(browser, address) as page:
        shows(page, 19)
        page.locator('.lane[data-niche="4"]').click()
        lanes = page.get_by_test_id("lane").count()
        shows(page, run.go_on(1))
        expect(page.get_by_test_id("scrubber")).to_have_value("20")  # at the end, it follows
        page.get_by_test_id("scrubber").fill("7")
        shows(page, run.go_on(8))
        expect(page.get_by_test_id("scrubber")).to_have_value("7")
        expect(page.get_by_test_id("panel").locator("h2")).to_have_text("Niche 4")
        assert page.get_by_test_id("lane").count() > lanes
        expect(page).to_have_url(re.compile(r"niche=4&at=7"))
        page.reload()
        shows(page, 28)
        expect(page.get_by_test_id("scrubber")).to_have_value("7")
        expect(page.get_by_test_id("panel").locator("h2")).to_have_text("Niche 4")


def test_a_run_that_has_just_begun_is_followed_from_its_first_commit(
    browser: Browser, tmp_path: Path
) -> None:
    run = Growing(tmp_path / "runs" / "live", Made(niches=5, transfers=4, iterations=10))
    (tmp_path / "runs").mkdir()
    with serving(run.folder.parent) as address, opened(browser, f"{address}#/live/tree") as page:
        expect(page.get_by_test_id("failed")).to_be_visible()
        run.go_on(1)
        shows(page, 0)
        expect(page.get_by_test_id("lane")).to_have_count(1)
        shows(page, run.go_on(6))
    run.close()


@pytest.mark.parametrize("most", [curves.MOST_MOVES, 5])
def test_an_increment_gives_the_page_of_a_new_one(
    browser: Browser, run: Growing, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """What was merged equals what a page opened later gets; also where transfers are a density."""
    monkeypatch.setattr(curves, "MOST_MOVES", most)
    model = """async () => {
      const { app } = await import("./assets/state.js");
      const { niches, scores, transfers, density, curves, iteration } = app.model;
      return JSON.stringify([[...niches], [...scores], transfers, density, curves, iteration]);
    }"""
    with serving(run.folder.parent) as address, opened(browser, f"{address}#/live/tree") as page:
        shows(page, 19)
        for iterations in (1, 5, 9):
            shows(page, run.go_on(iterations))
        merged = page.evaluate(model)
        page.reload()
        shows(page, 34)
        assert page.evaluate(model) == merged


def test_two_pages_follow_with_a_choice_each(browser: Browser, run: Growing) -> None:
    with (
        serving(run.folder.parent) as address,
        opened(browser, f"{address}#/live/tree?niche=1") as one,
        opened(browser, f"{address}#/live/table?niche=2") as other,
    ):
        end = run.go_on(3)
        for page, niche in ((one, 1), (other, 2)):
            shows(page, end)
            expect(page.get_by_test_id("panel").locator("h2")).to_have_text(f"Niche {niche}")


def test_a_run_that_ends_or_vanishes_stays_on_the_page(browser: Browser, run: Growing) -> None:
    with serving(run.folder.parent) as address, opened(browser, f"{address}#/live/tree") as page:
        expect(page.get_by_test_id("state")).to_have_text("running")
        lanes = page.get_by_test_id("lane").count()
        run.close()
        expect(page.get_by_test_id("state")).to_have_text("stopped", timeout=2 * SOON)
        shutil.rmtree(run.folder)
        expect(page.get_by_test_id("line")).to_contain_text("is gone", timeout=2 * SOON)
        assert page.get_by_test_id("lane").count() == lanes
        expect(page.get_by_test_id("state")).to_have_text("gone")


def test_a_lost_server_is_said_and_found_again(browser: Browser, run: Growing) -> None:
    with opened(browser, "about:blank") as page:
        with serving(run.folder.parent) as address:
            page.goto(f"{address}#/live/tree?niche=3")
            shows(page, 19)
        expect(page.get_by_test_id("line")).to_contain_text("server is away", timeout=SOON)
        end = run.go_on(2)
        with serving(run.folder.parent, int(address.rstrip("/").rsplit(":", 1)[1])):
            shows(page, end)
            expect(page.get_by_test_id("line")).to_be_hidden()
            expect(page.get_by_test_id("panel").locator("h2")).to_have_text("Niche 3")

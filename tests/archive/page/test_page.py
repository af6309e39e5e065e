"""The page in a real browser, of a finished run: every view, the panel, replays, hostile text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.made_runs import Made
from openpoet.archive.page import curves
from openpoet.cli.report import write_report
from tests.archive.page.browser import PICTURES, Growing, chromium, opened, serving

MADE = Made(niches=32, transfers=300, iterations=60)
NAME = "<img src=x onerror=alert(1)>"  # of another run's folder
COMPILING = 120_000.0  # [ms] the first replay of a machine may compile the physics
EXPRESSIONS = [
    "score > 45 and alive",
    "not alive and born < 20 or id in (3, 7, 12)",
    "solved",
    "10 < born <= 30",
    "parent == 0 or parent in [1, 2]",
    "died > 30",  # null: false
    "not died > 30",
    "alive == true and not (best < 50 or born >= 40)",
    "novelty != 0.5",
    "id >= -1 and .5 < best",
    "alive == 1",
    "not not solved and (id)",
    # refused, from here on
    "score >",
    "score + 1 > 3",
    "nonsense > 3",
    "score > 'a'",
    "id in 3",
    "(1, 2",
    "alert(1)",
    "",
]
REFUSED = 8
MARKUP = "<script>alert(1)</script><b data-hostile>&amp;"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name, made in (("long", MADE), (NAME, Made(niches=3, transfers=4, iterations=8))):
        run = Growing(folder / name, made)
        run.go_on(made.iterations + 1)
        run.close()
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, f"{address}#/long/tree") as page:
        expect(at(page, "facts")).to_be_visible()
        yield page


def picture(page: Page, name: str) -> None:
    """Keep a screenshot to be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def at(page: Page, name: str) -> Any:
    return page.get_by_test_id(name)


def test_a_click_on_any_lane_opens_that_niche(page: Page) -> None:
    lanes = at(page, "lane")
    expect(lanes).to_have_count(MADE.niches)
    page.locator('[data-niche="7"]').first.click()
    expect(at(page, "panel").locator("h2")).to_have_text("Niche 7")
    assert "niche=7" in page.url
    # on the canvas beside its button: the same lane
    box = page.locator('.lane[data-niche="9"]').bounding_box()
    plot = at(page, "tree-canvas").bounding_box()
    assert box
    assert plot
    page.mouse.click(plot["x"] + plot["width"] - 20, box["y"] + box["height"] / 2)
    expect(at(page, "panel").locator("h2")).to_have_text("Niche 9")
    picture(page, "tree")
    at(page, "panel-close").click()
    expect(at(page, "panel")).to_be_hidden()
    assert "niche=" not in page.url


def test_marks_explain_themselves(page: Page) -> None:
    page.locator('.lane[data-niche="3"]').hover()
    expect(at(page, "tooltip")).to_contain_text("Niche 3")
    expect(at(page, "tooltip")).to_contain_text("born at")
    at(page, "timeline").hover()
    expect(at(page, "tooltip")).to_contain_text("ANNECS")


def test_the_scrubber_shows_the_population_of_that_time(page: Page) -> None:
    at(page, "scrubber").fill("10")
    expect(page).to_have_url(re.compile(r"at=10"))
    born = page.locator(".lane:not(.unborn)")
    assert 1 < born.count() < MADE.niches
    page.keyboard.press("ArrowLeft")
    expect(at(page, "scrubber")).to_have_value("9")
    picture(page, "scrubbed")
    at(page, "scrubber").blur()
    page.keyboard.press("End")
    expect(page.locator(".lane.unborn")).to_have_count(0)
    expect(page).not_to_have_url(re.compile(r"at="))


def test_the_wheel_zooms_into_a_part_of_the_run(page: Page) -> None:
    """Only niches that were active then keep a lane; a double click shows all again."""
    at(page, "tree-canvas").hover(position={"x": 600, "y": 300})
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(page.locator('.lane[data-niche="0"]')).to_be_hidden()
    first, last = (int(at(page, "scrubber").get_attribute(end) or 0) for end in ("min", "max"))
    assert 0 < first < last < MADE.iterations
    assert 1 < at(page, "lane").count() < MADE.niches
    at(page, "timeline").dblclick(position={"x": 20, "y": 50})
    expect(at(page, "lane")).to_have_count(MADE.niches)


def test_the_film_plays_from_the_start_and_pauses(page: Page) -> None:
    page.keyboard.press("Space")
    expect(at(page, "play")).to_have_text("Pause")
    expect(at(page, "scrubber")).to_have_value(re.compile(r"^([2-9]|1\d)$"))
    page.keyboard.press("Space")
    expect(at(page, "play")).to_have_text("Play")
    shown = at(page, "scrubber").input_value()
    page.wait_for_timeout(300)
    assert at(page, "scrubber").input_value() == shown


def test_an_agent_walks_with_the_score_of_the_archive(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#/long/tree?niche=0")
    at(page, "replay-play").click()
    caption = at(page, "replay-caption")
    expect(caption).to_contain_text("score", timeout=COMPILING)
    shown_score = re.search(r"score (\S+)", caption.inner_text())
    replay = page.evaluate("fetch('api/run/long/replay?niche=0&agent=0').then((a) => a.json())")
    assert shown_score
    assert float(shown_score[1].replace("−", "-")) == pytest.approx(replay["score"], abs=0.06)
    last = len(replay["takes"][0]["frames"]) - 1
    frames = {}
    for frame in (0, last // 2, last):
        at(page, "replay-seek").fill(str(frame))
        frames[frame] = at(page, "scene").first.evaluate("(canvas) => canvas.toDataURL()")
    assert len(set(frames.values())) == 3
    at(page, "beside").select_option(index=1)
    expect(page.locator(".screens .screen")).to_have_count(2)
    expect(at(page, "replay-caption").nth(1)).to_contain_text("score", timeout=COMPILING)
    picture(page, "replay")


def test_the_chain_ends_at_the_first_agent_and_its_steps_play(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#/long/tree?niche=20")
    more = page.locator(".more.quiet")
    steps = at(page, "chain").locator("li")
    expect(steps.first).to_contain_text("20")
    if more.count():
        more.click()
    expect(steps.last).to_contain_text("here the first agent began to learn")
    clip = at(page, "clip").last
    clip.locator("canvas").click()
    expect(clip).not_to_have_class(re.compile("waiting"), timeout=COMPILING)
    for part in ("part-transfers-in", "part-task"):
        at(page, part).locator("summary").first.click()
    expect(at(page, "part-task").locator("pre")).to_contain_text("{")


def test_the_table_sorts_and_filters_like_select(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("born < 20 and id != 0")
    expect(at(page, "filter-note")).to_contain_text(f"of {MADE.niches} niches")
    rows = at(page, "row")
    assert all(0 < int(row.get_attribute("data-niche") or 0) < 20 for row in rows.all())
    at(page, "sort-best").click()
    best = [float(text.replace("−", "-")) for text in rows.locator(".c-best").all_inner_texts()]
    assert best == sorted(best, reverse=True)
    assert len(best) > 3
    at(page, "filter").fill("nonsense > 3")
    expect(at(page, "filter-note")).to_contain_text("unknown field 'nonsense'")
    assert rows.count() == len(best)
    rows.first.click()
    expect(at(page, "panel")).to_be_visible()
    picture(page, "table")


def test_curves_show_values_at_the_pointer(page: Page) -> None:
    page.keyboard.press("3")
    charts = at(page, "chart")
    expect(charts.filter(has_text="steps/s")).to_be_visible()
    expect(charts.nth(5)).to_be_visible()  # charts are drawn anew when data arrive
    before = charts.first.locator(".names").inner_text()
    canvas = charts.first.locator("canvas")
    canvas.hover(position={"x": 70, "y": 60})
    assert charts.first.locator(".names").inner_text() != before
    canvas.click(position={"x": 70, "y": 60})
    expect(page).to_have_url(re.compile(r"at=\d"))
    picture(page, "curves")


def test_agents_are_compared_in_each_others_worlds(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#/long/compare?worlds=0+5&agents=5")
    expect(at(page, "cell-0-5")).to_be_visible()
    at(page, "add-agents").fill("0")
    at(page, "add-agents").press("Enter")
    expect(at(page, "cell-5-0")).to_be_visible()
    at(page, "compare-run").click()
    for cell in ("cell-0-5", "cell-0-0", "cell-5-5", "cell-5-0"):
        expect(at(page, cell)).to_have_attribute("data-score", re.compile(r"."), timeout=COMPILING)
    picture(page, "compare")


def test_refused_candidates_and_lines_of_agents_are_shown_on_request(page: Page) -> None:
    at(page, "toggle-refused").click()
    expect(at(page, "reasons")).to_contain_text("too hard")
    at(page, "colour-agents").click()
    expect(at(page, "colour-agents")).to_have_attribute("aria-pressed", "true")
    picture(page, "agents")


def test_lines_of_agents_are_the_same_where_transfers_are_a_density(
    browser: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's changes of line give each niche at each iteration the page's own line."""
    lines = """async () => {
      const { app } = await import("./assets/state.js");
      const { agentLines } = await import("./assets/lines.js");
      const { roundNumber } = await import("./assets/model.js");
      const { lineBefore } = agentLines(app.model);
      const times = Array.from({ length: app.model.iteration + 2 }, (_, at) => at);
      const rows = app.model.ids.map((id) => times.map((at) => lineBefore(id, roundNumber(at, 0))));
      return { single: Boolean(app.model.transfers), rows };
    }"""
    found = []
    for most in (curves.MOST_MOVES, 5):
        monkeypatch.setattr(curves, "MOST_MOVES", most)
        with opened(browser, f"{address}#/long/tree?niche=9") as page:
            expect(at(page, "facts")).to_be_visible()
            found.append(page.evaluate(lines))
            score = at(page, "tree-canvas").evaluate("(canvas) => canvas.toDataURL()")
            at(page, "colour-agents").click()
            expect(at(page, "colour-agents")).to_have_attribute("aria-pressed", "true")
            page.wait_for_timeout(100)
            agents = at(page, "tree-canvas").evaluate("(canvas) => canvas.toDataURL()")
            assert agents != score
            picture(page, f"lines-{most}")
    assert [one["single"] for one in found] == [True, False]
    assert found[0]["rows"] == found[1]["rows"]
    assert len({line for row in found[0]["rows"] for line in row}) > 3


def test_keys_choose_views_and_niches(page: Page) -> None:
    page.keyboard.press("?")
    expect(at(page, "help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(at(page, "help")).to_be_hidden()
    page.locator('.lane[data-niche="0"]').click()
    page.locator(".summary").click()
    page.keyboard.press("ArrowDown")
    below = page.locator(".lane.selected").get_attribute("data-niche")
    assert below not in (None, "0")
    page.keyboard.press("Escape")
    expect(at(page, "panel")).to_be_hidden()
    for key, view in zip("234", ("table", "curves", "compare"), strict=True):
        page.keyboard.press(key)
        expect(at(page, f"view-{view}")).to_be_visible()


def test_all_runs_are_listed_and_compared(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        expect(at(page, "run")).to_have_count(2)
        expect(at(page, "chart").locator(".names")).to_contain_text(NAME)
        at(page, "measure-annecs").click()
        picture(page, "runs")
        at(page, "run").filter(has_text="long").locator("a").click()
        expect(at(page, "run-name")).to_contain_text("long")
        at(page, "all-runs").click()
        at(page, "run").filter(has_text=NAME).locator("a").click()
        expect(at(page, "run-name")).to_contain_text(NAME)
        assert page.locator("img").count() == 0


def test_texts_of_an_archive_are_never_markup(browser: Browser, address: str) -> None:
    """Every text of the real answers is replaced by markup."""

    def hostile(data: Any) -> Any:
        if isinstance(data, dict):
            kept = ("kind", "how", "at", "state")
            return {name: value if name in kept else hostile(value) for name, value in data.items()}
        if isinstance(data, list):
            return [hostile(value) for value in data]
        return MARKUP if isinstance(data, str) else data

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=hostile(response.json()))

    with opened(browser, "about:blank") as page:
        page.route(re.compile(r"/api/run/"), answer)
        page.goto(f"{address}#/long/tree?niche=9")
        expect(at(page, "niche-title")).to_have_text(MARKUP)
        at(page, "toggle-refused").click()
        expect(at(page, "reasons")).to_contain_text(MARKUP)
        at(page, "part-task").locator("summary").click()
        for key in "234":
            page.keyboard.press(key)
            page.wait_for_timeout(100)
        assert page.locator("[data-hostile]").count() == 0
        page.goto(f"{address}#/{MARKUP}/tree")
        expect(at(page, "failed")).to_be_visible()
        assert page.locator("[data-hostile]").count() == 0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("phone", {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}),
        ("dark", {"color_scheme": "dark"}),
    ],
)
def test_the_page_fits_small_and_dark_screens(
    browser: Browser, address: str, name: str, options: dict[str, Any]
) -> None:
    with opened(browser, f"{address}#/long/tree?niche=9", **options) as page:
        expect(at(page, "facts")).to_be_visible()
        picture(page, name)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= page.viewport_size["width"]  # type: ignore[index]
        panel, tree = (at(page, view).bounding_box() for view in ("panel", "view-tree"))
        assert panel
        assert tree
        below = panel["y"] >= tree["y"] + tree["height"]
        assert below == (name == "phone")
        ink = page.evaluate("getComputedStyle(document.body).color")
        assert (sum(map(int, re.findall(r"\d+", ink))) > 380) == (name == "dark")


def test_a_report_opens_from_disk_with_its_recordings(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_report(folder / "long", path, "id == 0", print)
    with opened(browser, path.as_uri()) as page:
        expect(at(page, "lane")).to_have_count(MADE.niches)
        page.locator('.lane[data-niche="0"]').click()
        expect(at(page, "replay-caption")).to_contain_text("score")
        expect(at(page, "part-transfers-in")).to_be_visible()
        # of a large run not everything fits
        page.evaluate("document.getElementById('data-niche-9').remove()")
        page.locator('.lane[data-niche="9"]').click()
        expect(at(page, "replay-note").first).to_contain_text("not in this file")
        expect(at(page, "details")).to_contain_text("not in this file")
        expect(at(page, "chain").locator("li").first).to_contain_text("9")
        page.keyboard.press("/")
        page.keyboard.type("id in (3, 5) or born == 0")
        expect(at(page, "row")).to_have_count(3)
        picture(page, "report")


def test_no_branch_crosses_another(page: Page) -> None:
    """A branch goes down from its parent at the child's birth; no lane in between may be there."""
    crossed = page.evaluate(
        """async () => {
          const { orderLanes } = await import("./assets/genealogy.js");
          const { createModel } = await import("./assets/model.js");
          const view = await (await fetch("api/run/long/view")).json();
          const model = createModel("long", view);
          const { rows, place } = orderLanes(model, { fold: false });
          const found = [];
          for (const id of model.ids) {
            const { parent, born } = model.niches.get(id);
            for (let row = place.get(parent) + 1; row < place.get(id); row += 1) {
              if (model.niches.get(rows[row]).born < born) found.push([id, rows[row]]);
            }
          }
          return { found, rows: rows.length };
        }"""
    )
    assert crossed == {"found": [], "rows": MADE.niches}


def test_an_address_survives_reading_and_writing(page: Page) -> None:
    same = page.evaluate(
        """async () => {
          const { formatRoute, parseRoute } = await import("./assets/route.js");
          const hashes = ["#/", "#/a%2Fb%3F/tree?niche=3&at=12", "#/x/compare?worlds=1+2&agents=3",
                          "#/x/table?filter=score+%3E+3"];
          return hashes.map((hash) => formatRoute(parseRoute(hash)) === hash);
        }"""
    )
    assert all(same)


def test_a_report_selects_what_the_server_selects(page: Page) -> None:
    """The page's own reading of expressions, where there is no server, is that of `--select`."""
    answers = page.evaluate(
        """async (expressions) => {
          const { chooserOf } = await import("./assets/expression.js");
          const { niches } = await (await fetch("api/run/long/view")).json();
          const answers = [];
          for (const expression of expressions) {
            let own = "refused";
            try {
              own = niches.filter(chooserOf(expression)).map((niche) => niche.id);
            } catch {}
            const query = new URLSearchParams({ expr: expression });
            const { ids } = await (await fetch(`api/run/long/select?${query}`)).json();
            answers.push([expression, own, ids ?? "refused"]);
          }
          return answers;
        }""",
        EXPRESSIONS,
    )
    for expression, own, server in answers:
        assert own == server, expression
    assert sum(own == "refused" for _, own, _ in answers) == REFUSED

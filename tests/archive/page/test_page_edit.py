"""The editor of the page in a real browser: sliders, strokes, undo, saving, injecting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import openpoet.cli.main as command
from benchmarks.made_runs import Made
from openpoet.archive.store.run_folder import Run
from openpoet.cli.task_files import read_task
from openpoet.envs.walker.family import Walker
from tests.archive.page.browser import PICTURES, Growing, chromium, opened, serving, serving_edits
from tests.cli.test_run_loop import launch

NICHE = 9  # that is edited
PICTURE = "document.querySelector('[data-testid=edit-scene]').toDataURL()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Growing(tmp_path_factory.mktemp("runs") / "walkers", Made(12, 40, 20))
    run.go_on(21)
    run.close()
    return run.folder


def edit(page: Page, niche: int) -> None:
    """Open the editor of a niche."""
    page.locator(f'.lane[data-niche="{niche}"]').click()
    page.get_by_test_id("edit").click()
    expect(page.get_by_test_id("edit-save")).to_be_enabled()


def drawn(page: Page) -> str:
    """What the picture of the world shows."""
    url: str = page.get_by_test_id("edit-scene").evaluate("(canvas) => canvas.toDataURL()")
    return url


def redrawn(page: Page, before: str) -> str:
    """What the picture shows when it has changed: it is drawn after the sliders and the title."""
    page.wait_for_function(f"(before) => {PICTURE} !== before", arg=before)
    return drawn(page)


def wait_for_picture(page: Page, wanted: str) -> None:
    page.wait_for_function(f"(wanted) => {PICTURE} === wanted", arg=wanted)


def wait_until(page: Page, condition: str) -> None:
    """Wait for a condition in JavaScript.

    It is passed as a function: the page's content security policy forbids evaluating strings, so
    that waiting for a string is an error unless it holds at once.
    """
    page.wait_for_function(f"() => {condition}")


def turn(page: Page, knob: str, value: float) -> None:
    page.locator(f'[data-knob="{knob}"]').fill(str(value))


def value(page: Page, knob: str) -> float:
    return float(page.locator(f'[data-knob="{knob}"]').input_value())


def hold(page: Page, knob: str) -> Callable[[float], None]:
    """Press the mouse in the middle of a slider; moves it to a share of the slider's width."""
    box = page.locator(f'[data-knob="{knob}"]').bounding_box()
    assert box

    def move(share: float) -> None:
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)

    move(0.5)
    page.mouse.down()
    return move


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def test_a_slider_a_stroke_and_a_mutation_change_the_world_and_undo_restores_it(
    browser: Browser, walkers: Path, tmp_path: Path
) -> None:
    with serving_edits(walkers) as address, opened(browser, address) as page:
        edit(page, NICHE)
        assert "edit=" not in page.url, "the token is in no bookmark"
        title = page.get_by_test_id("edit-title")
        before, words = drawn(page), title.inner_text()
        expect(page.get_by_test_id("edit-undo")).to_be_disabled()
        turn(page, "roughness", 7.5)
        expect(title).to_contain_text("roughness 7.5")
        rough = redrawn(page, before)
        box = page.get_by_test_id("edit-scene").bounding_box()
        assert box
        page.mouse.move(box["x"] + 200, box["y"] + 150)
        page.mouse.down()
        page.mouse.move(box["x"] + 205, box["y"] + 50)
        page.mouse.up()
        expect(page.get_by_test_id("edit-undo")).to_be_enabled()
        wait_until(page, "document.querySelector('[data-knob=\"stump to\"]').value > 0")
        stroked = redrawn(page, rough)
        picture(page, "editor")
        page.get_by_test_id("edit-mutate").click()
        redrawn(page, stroked)  # any parameter may mutate; the seed always does
        for _ in range(2):
            page.get_by_test_id("edit-undo").click()
        expect(title).to_contain_text("roughness 7.5")
        wait_for_picture(page, rough)
        with page.expect_download() as saved:
            page.get_by_test_id("edit-save").click()
        saved.value.save_as(tmp_path / "task.json")
        assert saved.value.suggested_filename == f"task_{NICHE}.json"
        task = read_task(tmp_path / "task.json", Walker())
        assert task.genome.roughness == 7.5  # type: ignore[union-attr]  # of obstacles
        page.get_by_test_id("edit-undo").click()
        expect(title).to_have_text(words)
        expect(page.get_by_test_id("edit-undo")).to_be_disabled()
        wait_for_picture(page, before)


def test_one_drag_is_one_edit_and_ends_at_its_last_value(browser: Browser, walkers: Path) -> None:
    with serving_edits(walkers) as address, opened(browser, address) as page:
        edit(page, NICHE)
        before = value(page, "gap to")
        move = hold(page, "gap to")
        for share in (0.55, 0.6, 0.3, 0.85, 0.7):
            move(share)
        page.mouse.up()
        page.wait_for_function(
            """() => {
              const slider = document.querySelector('[data-knob="gap to"]');
              return Math.abs(slider.value / slider.max - 0.7) < 0.05
                && slider.value === slider.parentNode.querySelector("output").textContent;
            }"""
        )
        page.get_by_test_id("edit-undo").click()
        expect(page.get_by_test_id("edit-undo")).to_be_disabled()
        assert value(page, "gap to") == before


def test_a_slider_that_is_held_until_the_answer_comes_ends_at_a_whole_step(
    browser: Browser, walkers: Path
) -> None:
    with serving_edits(walkers) as address, opened(browser, address) as page:
        edit(page, NICHE)
        hold(page, "gap to")(0.7)
        shown = page.locator('[data-knob="gap to"]').locator("xpath=../output")
        expect(shown).to_have_text("5.7")
        assert value(page, "gap to") != 5.7  # where the pointer is
        page.mouse.up()
        wait_until(page, "document.querySelector('[data-knob=\"gap to\"]').value === '5.7'")


def test_a_dragged_stump_follows_the_mouse_and_all_stumps_with_it(
    browser: Browser, walkers: Path
) -> None:
    highest = """(canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const at = Array.from({ length: width * height }, (_, pixel) => pixel).find(
        (pixel) => [93, 85, 79].every((value, channel) => data[4 * pixel + channel] === value),
      );
      return [at % width, Math.floor(at / width)];
    }"""
    with serving_edits(walkers) as address, opened(browser, address) as page:
        edit(page, NICHE)
        before = [value(page, f"stump {end}") for end in ("from", "to")]
        scene = page.get_by_test_id("edit-scene")
        box = scene.bounding_box()
        assert box
        x, y = scene.evaluate(highest)
        page.mouse.move(box["x"] + x + 3, box["y"] + y + 2)
        page.mouse.down()
        for up in (10, 20, 30):
            page.mouse.move(box["x"] + x + 3, box["y"] + y + 2 - up)
        wait_until(
            page, f"document.querySelector('[data-knob=\"stump from\"]').value > {before[0]}"
        )
        page.wait_for_timeout(500)
        assert abs(scene.evaluate(highest)[1] - (y - 30)) <= 3, "while the view stays"
        page.mouse.up()
        after = [value(page, f"stump {end}") for end in ("from", "to")]
        assert after[0] - before[0] == pytest.approx(after[1] - before[1])
        page.get_by_test_id("edit-undo").click()
        expect(page.get_by_test_id("edit-undo")).to_be_disabled()
        assert [value(page, f"stump {end}") for end in ("from", "to")] == before


def test_keys_move_sliders_and_no_view_behind_them(browser: Browser, walkers: Path) -> None:
    with serving_edits(walkers) as address, opened(browser, address) as page:
        edit(page, NICHE)
        url = page.url
        page.get_by_test_id("edit-mutate").focus()
        for key in ("3", "ArrowDown", "/"):
            page.keyboard.press(key)
        assert page.url == url
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("editor")).to_have_count(0)
        expect(page.get_by_test_id("panel")).to_be_visible()


def test_without_token_there_is_no_editor_and_a_wrong_one_is_an_error(
    browser: Browser, walkers: Path
) -> None:
    with serving(walkers.parent) as address, opened(browser, address) as page:
        page.locator(f'.lane[data-niche="{NICHE}"]').click()
        expect(page.get_by_test_id("facts")).to_be_visible()
        expect(page.get_by_test_id("edit")).to_have_count(0)
    with serving_edits(walkers) as address:
        wrong = re.sub(r"edit=.*", "edit=wrong", address)
        with opened(browser, wrong) as page:
            page.locator(f'.lane[data-niche="{NICHE}"]').click()
            page.get_by_test_id("edit").click()
            expect(page.get_by_test_id("edit-note")).to_contain_text("the token is wrong")
            expect(page.get_by_test_id("edit-inject")).to_be_disabled()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("editor-phone", {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}),
        ("editor-dark", {"color_scheme": "dark"}),
    ],
)
def test_the_editor_fits_small_and_dark_screens(
    browser: Browser, walkers: Path, name: str, options: dict[str, Any]
) -> None:
    with serving_edits(walkers) as address, opened(browser, address, **options) as page:
        edit(page, NICHE)
        turn(page, "stump to", 2.2)
        expect(page.get_by_test_id("edit-title")).to_contain_text("2.2")
        picture(page, name)
        editor = page.get_by_test_id("editor")
        assert editor.evaluate("(node) => node.scrollWidth <= node.clientWidth")
        box = editor.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]


def test_an_injected_task_appears_in_the_run_with_its_origin(
    browser: Browser, tmp_path: Path
) -> None:
    """Navigation, a run of three iterations, which is then resumed while the page is open."""
    run = tmp_path / "points"
    assert launch(run, 3) == 0
    source = "injected task edited from niche 0"
    with serving_edits(run) as address, opened(browser, address) as page:
        edit(page, 0)
        turn(page, "distance", 0.85)
        expect(page.get_by_test_id("edit-title")).to_contain_text("distance 0.85")
        page.get_by_test_id("edit-inject").click()
        expect(page.get_by_test_id("edit-note")).to_contain_text("waits for the next reproduction")
        page.keyboard.press("Escape")
        (waiting,) = (run / "inject").iterdir()
        record = json.loads(waiting.read_text())
        assert record["source"] == source
        assert record["task"]["distance"] == 0.85
        assert command.main(["resume", str(run), "--iterations", "6", "--workers", "1"]) == 0
        with Run.open(run, write=False) as opened_run:
            opened_run.verify()
            (child,) = [row for row in opened_run.rows("children") if row["task"] == record["task"]]
        assert child["iteration"] == 5
        assert child["niche"] is not None, child["outcome"]
        page.locator(f'.lane[data-niche="{child["niche"]}"]').click(timeout=30_000)
        expect(page.get_by_test_id("niche-source")).to_have_text(source)
        picture(page, "injected")

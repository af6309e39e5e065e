"""Reports: one file that opens from disk without a network, within its limit."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import openpoet.cli.main as command
from benchmarks.made_runs import Made, make_run
from openpoet.archive.page import bundle, report
from openpoet.archive.page.bundle import joined
from openpoet.archive.page.report import Report, block
from openpoet.archive.store.run_folder import Run
from tests.archive.page.browser import PICTURES, chromium

MADE = Made(niches=12, transfers=200, iterations=60)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "<i>made & run", MADE)


@pytest.fixture(scope="module")
def file(run: Path) -> Path:
    path = run.with_name("run.html")
    assert command.main(["report", str(run), "--out", str(path)]) == 0
    return path


def blocks(file: Path) -> dict[str, Any]:
    """The data in a report, as the page reads it."""
    pattern = r'<script type="application/json" id="([a-z0-9-]+)"( data-encoding="gzip")?>([^<]*)<'
    found = re.findall(pattern, file.read_text())
    return {
        id: json.loads(gzip.decompress(base64.b64decode(text)) if packed else text)
        for id, packed, text in found
    }


def test_a_report_has_every_niche_and_the_archives_scores(file: Path, run: Path) -> None:
    found = blocks(file)
    with Run.open(run, write=False) as opened:
        niches = opened.niche_rows()
    assert len(found["data-view"]["niches"]) == len(niches) == MADE.niches
    assert all(niche["outline"] for niche in found["data-view"]["niches"])
    for niche in niches:
        assert found[f"data-niche-{niche['id']}"]["task"] == niche["task"]
        assert (f"data-replay-{niche['id']}-{niche['id']}-last" in found) or niche["died"]
    shown = {name for name in found if name.startswith("data-replay")}
    alive = [niche["id"] for niche in niches if niche["died"] is None]
    parents = {niche["id"]: niche["parent"] for niche in niches}
    assert len(alive) > 2
    for niche in alive:
        if parents[niche] is not None:
            assert f"data-replay-{niche}-{parents[niche]}-last" in shown
        for step in found[f"data-niche-{niche}"]["solution"]:
            clip = step["clip"]
            assert f"data-replay-{clip['niche']}-{clip['agent']}-{clip['at']}" in shown


@pytest.fixture
def page(file: Path) -> Iterator[Page]:
    faults: list[str] = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
        page.on("request", lambda one: faults.append(one.url) if "file:" not in one.url else None)
        page.goto(file.as_uri())
        yield page
    faults = [fault for fault in faults if not fault.startswith(("data:", "blob:"))]
    assert not faults, faults


def test_a_report_opens_from_disk_and_its_agents_walk(page: Page) -> None:
    expect(page.get_by_test_id("run-name")).to_contain_text("<i>made & run")
    expect(page.get_by_test_id("lane")).to_have_count(MADE.niches)
    expect(page.get_by_test_id("panel").locator("h2")).to_contain_text("Niche")
    expect(page.get_by_test_id("clip").first).to_be_visible()
    expect(page.get_by_test_id("panel")).to_contain_text("score")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "report.png")
    page.get_by_test_id("tab-table").click()
    expect(page.get_by_test_id("view-table")).to_be_visible()
    page.get_by_test_id("tab-curves").click()
    expect(page.get_by_test_id("view-curves")).to_be_visible()


def test_what_does_not_fit_is_left_out_and_the_file_stays_below_the_limit(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    most = len(bundle.page_with([]).encode()) + 60_000
    monkeypatch.setattr(report.Report.__init__, "__defaults__", (most,))
    path = tmp_path / "small.html"
    assert command.main(["report", str(run), "--out", str(path), "--poses", "id < 3"]) == 0
    assert path.stat().st_size <= most
    assert "did not fit" in capsys.readouterr().out
    assert "data-view" in blocks(path)
    monkeypatch.setattr(report.Report.__init__, "__defaults__", (most - 59_900,))
    assert command.main(["report", str(run), "--out", str(path.with_name("no.html"))]) == 2
    assert "too large for a report" in capsys.readouterr().err
    assert not path.with_name("no.html").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--poses", "nonsense > 1"], "unknown field"),
        (["--out", "{folder}"], "it is a folder"),
        (["--out", "{folder}/none/a.html"], "cannot write"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Path, words: list[str], text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [word.format(folder=tmp_path) for word in words]
    assert command.main(["report", str(run), *words]) == 2
    assert text in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_an_error_before_the_run_is_read(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("openpoet.cli.report.open_page", lambda _: pytest.fail("it was read"))
    path = tmp_path / "none" / "a.html"
    assert command.main(["report", str(run), "--out", str(path)]) == 2
    assert f"cannot write {path}" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "&lt;" * 300])
def test_no_text_ends_its_block(text: str) -> None:
    one = block("data-x", {"text": text})
    inner = one.partition(">")[2].removesuffix("</script>")
    assert "<" not in inner
    packed = "gzip" in one.partition(">")[0]
    content = gzip.decompress(base64.b64decode(inner)) if packed else inner
    assert json.loads(content) == {"text": text}


def test_modules_are_joined_after_those_they_import() -> None:
    found = joined(
        {
            "main.js": 'import { a } from "./a.js";\nimport { b } from "./b.js";\na(b);\n',
            "a.js": 'import { b } from "./b.js";\nexport function a() {}\n',
            "b.js": "export const b = 1;\n",
            "unused.js": "export const c = 1;\n",
        }
    )
    assert found.split("\n\n") == ["const b = 1;", "function a() {}", "a(b);\n"]


@pytest.mark.parametrize(
    "main",
    [
        'import x from "./b.js";\n',
        "export default 1;\n",
        'const a = "</script>";\n',
        'import { b } from "./main.js";\n',
    ],
)
def test_modules_that_cannot_be_joined_are_an_error(main: str) -> None:
    with pytest.raises(ValueError, match=r"joined|import each other"):
        joined({"main.js": main})


def test_the_page_itself_can_be_joined() -> None:
    assert Report().free > 4_500_000


@pytest.mark.parametrize("measured", [True, False])
def test_annecs_is_shown_where_it_is_counted(run: Path, tmp_path: Path, measured: bool) -> None:
    shutil.copytree(run, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "archive.db") as database:
        database.execute("UPDATE iterations SET annecs = ?", (3 * measured,))
    database.close()
    file = tmp_path / "run.html"
    words = ["report", str(tmp_path / "run"), "--poses", "id == 0", "--out", str(file)]
    assert command.main(words) == 0
    with chromium() as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        expect(page.get_by_test_id("lane")).to_have_count(MADE.niches)
        page.get_by_test_id("timeline").hover()
        expect(page.get_by_test_id("tooltip")).to_contain_text("niches active")
        assert ("ANNECS" in page.get_by_test_id("tooltip").inner_text()) == measured
        text = page.locator("body").inner_text()
        assert ("ANNECS 3" in text, "ANNECS 0" in text) == (measured, False)

"""The documents: no dead links, no references to missing code, no stale tables or numbers."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from markdown_pages import DOCS, ROOT, anchors, dead, missing_code, named

from openpoet.agents.learners import LEARNERS
from openpoet.envs.families import FAMILIES

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
MADE = DOCS / "reference"
WRITTEN = [page for page in PAGES if page.parent != MADE and page.name != "CHANGELOG.md"]
ALGORITHMS = sorted((DOCS / "algorithms").glob("*.md"))
LONG = 60  # characters
NUMBER = re.compile(r"(?<![\w.])-?\d*\.?\d+(?![\w])")

each_page = pytest.mark.parametrize("page", PAGES, ids=named)


# ---- the pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_no_page_repeats_a_long_sentence(page: Path) -> None:
    sentences = re.split(r"(?<=[.:])\s", " ".join(page.read_text().split()))
    counts = Counter(sentence for sentence in sentences if len(sentence) > LONG)
    assert [sentence for sentence, count in counts.items() if count > 1] == []


@each_page
def test_every_link_and_anchor_exists(page: Path) -> None:
    assert list(dead(page)) == []


@each_page
def test_every_referenced_function_exists(page: Path) -> None:
    assert list(missing_code(page)) == []


def test_dead_links_anchors_and_names_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n\n[ok](#a-title) [gone](gone.md) [none](#none) "
        "`poet/engine.py:evolve` `poet/engine.py:devolve` `poet/gone.py:x`\n"
    )
    assert list(dead(page)) == [
        "gone.md: no such file",
        "#none: no such heading in page.md",
    ]
    assert anchors(page) == {"a-title"}
    assert list(missing_code(page)) == [
        "poet/engine.py:devolve: no such name",
        "poet/gone.py: no such file",
    ]


# ---- made from the code --------------------------------------------------------------------------


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["commands.md", "parts.md", "interfaces.md", "settings.md"])
def test_reference_pages_equal_the_generated_ones(page: str) -> None:
    assert (MADE / page).read_text(encoding="utf-8") == generator().GENERATED[page](), (
        "stale: run `python docs/generate.py`"
    )


def test_every_optional_method_is_in_the_table() -> None:
    looked = re.compile(
        r'(?:getattr|hasattr)\(\s*(?:[\w.]*\.)?(?:family|learner|spec|simulator), "([a-z]\w+)"'
    )
    rooms = ("poet", "agents", "envs", "archive", "arena", "cli")
    sources = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    wanted = {name for path in sources for name in looked.findall(path.read_text("utf-8"))}
    assert len(wanted) > 5
    assert sorted(wanted - generator().optional_names() - {"spec"}) == []


# ---- algorithms ----------------------------------------------------------------------------------


def test_the_readme_has_the_numbers_of_learners_and_families() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    assert f"All {len(LEARNERS)} [learners]" in text
    assert f"all {len(FAMILIES)} [task families]" in text


def test_every_learner_has_a_page() -> None:
    assert sorted(set(LEARNERS) - {page.stem for page in ALGORITHMS}) == []


@pytest.mark.parametrize("page", [p for p in ALGORITHMS if p.stem != "index"], ids=named)
def test_pages_of_algorithms_have_all_sections(page: Path) -> None:
    titles = {"the-paper-and-the-code", "equations", "numbers", "differences"}
    assert titles <= anchors(page)
    assert re.search(r"arxiv\.org/abs/|doi\.org/", page.read_text())
    assert named(page.parent / "index.md")
    assert f"({page.name})" in (page.parent / "index.md").read_text()


def rows(page: Path) -> Iterator[tuple[str, Path]]:
    """The cells in the column `ours` of the table of numbers, each with the result file
    of its row.
    """
    section = page.read_text(encoding="utf-8").split("## Numbers", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        file = re.search(r"\]\((\S+/results/\S+\.txt)\)", cells[-1])
        if file is not None:
            yield cells[-2], (page.parent / file.group(1)).resolve()


@pytest.mark.parametrize("page", [p for p in ALGORITHMS if p.stem != "index"], ids=named)
def test_our_numbers_equal_those_of_the_result_files(page: Path) -> None:
    """Each number in the column `ours` is in its result file, up to rounding."""
    checked = 0
    for ours, file in rows(page):
        printed = [float(found) for found in NUMBER.findall(file.read_text().replace(",", ""))]
        for text in NUMBER.findall(ours.replace(",", "")):
            digits = len(text.partition(".")[2])
            near = 0.500001 * 10**-digits
            assert any(abs(value - float(text)) <= near for value in printed), (
                f"{text} is not in {named(file)}"
            )
            checked += 1
    assert checked > 0

"""The documents: nothing is said twice on one page."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONG = 60  # characters


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_holds_a_long_sentence_twice(page: Path) -> None:
    sentences = re.split(r"(?<=[.:])\s", " ".join(page.read_text().split()))
    counts = Counter(sentence for sentence in sentences if len(sentence) > LONG)
    assert [sentence for sentence, count in counts.items() if count > 1] == []

"""Lines of agents in the page, which the browser computes: equal to store/descent.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.archive.page.browser import chromium, opened, serving
from tests.archive.page.line_histories import LineHistory, busy_history

LINES = """async (view) => {
  const { agentLine, createModel, roundNumber } = await import("./assets/model.js");
  const { agentLines } = await import("./assets/lines.js");
  const model = createModel("run", view);
  const { lineBefore } = agentLines(model);
  const times = Array.from({ length: view.iteration + 1 }, (_, at) => at);
  return model.ids.map((id) => times.map((at) => ({
    line: lineBefore(id, roundNumber(at + 1, 0)),
    steps: agentLine(model, id, at).map(({ niche, from, how }) => [niche, from, how]),
  })));
}"""
ARCS = """async (view) => {
  const { createModel, roundOf } = await import("./assets/model.js");
  const { agentLines } = await import("./assets/lines.js");
  const model = createModel("run", view);
  const { lineBefore } = agentLines(model);
  return model.transfers.source.map((id, row) => lineBefore(id, roundOf(model.transfers, row)));
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("runs")
    with chromium() as browser, serving(folder) as address, opened(browser, address) as page:
        yield page


def view_of(history: LineHistory) -> dict[str, Any]:
    """What a page gets of a run, as far as lines of agents need it."""
    names = ("iteration", "source", "target", "kind", "at_birth")
    parents = {move.target: move.source for move in history.moves if move.at_birth}
    return {
        "iteration": history.iterations,
        "niches": [
            {"id": id, "parent": parents.get(id), "born": born, "died": None}
            for id, born in history.born.items()
        ],
        "scores": {},
        "curves": {},
        "transfers": {name: [getattr(move, name) for move in history.moves] for name in names},
    }


@pytest.mark.parametrize("seed", range(3))
def test_lines_and_ways_of_agents_are_those_of_their_descent(page: Page, seed: int) -> None:
    history = busy_history(seed)
    found = page.evaluate(LINES, view_of(history))
    for niche, born in history.born.items():
        for at in range(born, history.iterations + 1):
            came = history.descent(niche, at)[::-1]
            steps = [[step.niche, step.iteration_from, step.how] for step in came]
            assert found[niche][at] == {"line": history.line(niche, at), "steps": steps}


def test_an_arc_has_the_line_that_it_brings(page: Page) -> None:
    """In population-based training that of the agent which the iteration's transfers brought."""
    history = busy_history(0)
    found = page.evaluate(ARCS, view_of(history))
    last = {(move.iteration, move.target): row for row, move in enumerate(history.moves)}
    brought = {key: row for key, row in last.items() if not history.moves[row].at_birth}
    assert {history.moves[row].kind for row in brought.values()} == {"direct", "exploit"}
    for (at, target), row in brought.items():
        assert found[row] == history.line(target, at)

"""The server over real connections: what it answers, and that no client can block it."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openpoet.archive.page import opened as opened_module
from openpoet.archive.page import server as server_module
from openpoet.archive.page.routes import answer
from openpoet.archive.page.server import PageServer, listen, served
from openpoet.archive.page.site import Site
from tests.archive.example_runs import create, finished, live
from tests.archive.page.views import opened


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path, 30)
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


@contextmanager
def serving(*paths: Path) -> Iterator[PageServer]:
    with served(Site(lambda: paths, opened), listen("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def server(path: Path) -> Iterator[PageServer]:
    with serving(path) as server:
        yield server


def get(server: PageServer, target: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """Status and JSON, or bytes, of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.request(method, target, headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    json_there = response.headers["Content-Type"] == "application/json"
    return response.status, json.loads(body) if json_there else body


def test_the_list_names_the_runs_and_leads_to_their_views(server: PageServer) -> None:
    status, found = get(server, "/api/runs")
    (run,) = found["runs"]
    assert (status, run["id"], run["state"], run["iteration"]) == (200, "run", "stopped", 30)
    assert run["niches"] == len(get(server, "/api/run/run/view")[1]["niches"])
    assert get(server, "/api/run/run/curves")[1]["curves"]["iteration"][-1] == 30


def test_the_page_and_its_files_are_sent_with_a_strict_policy(server: PageServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    for target in ("/", "/assets/index.html", "/api/runs"):
        connection.request("GET", target)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "target",
    [
        "/assets/../server.py",
        "/assets/%2e%2e%2fserver.py",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/__init__.py",
        "/assets/",
        "/etc/passwd",
        "//etc/passwd",
        "/api/run/../view",
        "/api/run/%2e%2e/view",
        "/api/run/run/../../view",
        "/api/run/unknown/view",
        "/api/run/%00/view",
        "/api",
    ],
)
def test_no_path_leads_to_a_file(server: PageServer, target: str) -> None:
    status, found = get(server, target)
    assert status == 404
    assert set(found) == {"error"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_get_is_answered(server: PageServer, method: str) -> None:
    assert get(server, "/api/runs", method)[0] == 405


def test_a_request_for_another_host_or_from_another_site_is_refused(server: PageServer) -> None:
    assert get(server, "/api/runs", Host="evil.example")[0] == 403
    assert get(server, "/", Host="evil.example")[0] == 403
    assert get(server, "/api/events", Host="evil.example")[0] == 403
    assert get(server, "/api/runs", Origin="http://evil.example")[0] == 403


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/api/run/run/niche/99999", "no niche 99999"),
        ("/api/run/run/niche/x", "expected a whole number"),
        ("/api/run/run/niche/" + "9" * 5000, "expected a whole number"),
        ("/api/run/run/view?since=1e9", "expected a whole number"),
        ("/api/run/run/view?since=" + "&since=" * 50, "fields exceeded"),
        ("/api/run/run/select?expr=__import__('os')", "expression"),
        ("/api/run/run/select?expr=" + "(" * 90, "expression"),
        ("/api/run/run/select?expr=" + "1" * 5000, "at most 1000 characters"),
        ("/api/run/run/replay?niche=1&at=noon", '"last", "birth" or "solver"'),
    ],
)
def test_a_bad_question_has_one_line_as_its_answer(
    server: PageServer, target: str, text: str
) -> None:
    status, found = get(server, target)
    assert 400 <= status < 500
    assert text in found["error"]
    assert "\n" not in found["error"]


def test_a_selection_is_that_of_the_command_line(server: PageServer) -> None:
    chosen = get(server, "/api/run/run/select?expr=alive%20and%20born%20%3E%203")[1]["ids"]
    niches = get(server, "/api/run/run/view")[1]["niches"]
    assert chosen == [n["id"] for n in niches if n["died"] is None and n["born"] > 3]


def test_outlines_and_candidates_come_on_request(server: PageServer) -> None:
    found = get(server, "/api/run/run/outlines?ids=1,0,1,99999")[1]["outlines"]
    assert set(found) == {"0", "1"}
    candidates = get(server, "/api/run/run/candidates?since=10")[1]
    assert candidates["iteration"]
    assert min(candidates["iteration"]) > 10
    assert "admitted" not in candidates["outcome"]


def test_answers_are_compressed_for_those_that_can_read_it(server: PageServer) -> None:
    plain = get(server, "/api/run/run/view")[1]
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.request("GET", "/api/run/run/view", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    assert response.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.read())) == plain


# ---- runs that change ----------------------------------------------------------------------------


def events(server: PageServer, target: str, seconds: float) -> Iterator[tuple[float, Any]]:
    """Events of a run with the time at which each came."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=seconds)
    connection.request("GET", target)
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/event-stream"
    try:
        while line := response.readline():
            if line.startswith(b'data: {"'):
                yield time.monotonic(), json.loads(line[6:])
    except TimeoutError:
        return
    finally:
        connection.close()


def test_a_commit_is_news_within_two_seconds(tmp_path: Path) -> None:
    with create(tmp_path / "run") as run, serving(tmp_path / "run") as server:
        populations = live(run, 6)
        next(populations)
        news = events(server, "/api/events?run=run", 10)
        assert next(news)[1] == {"id": "run", "iteration": 0, "state": "running"}
        for iteration in (1, 2):
            next(populations)
            committed = time.monotonic()
            came, found = next(news)
            assert found == {"id": "run", "iteration": iteration, "state": "running"}
            assert came - committed < 2
        *_, _ = populations
        run.close()  # the end of the process, however it ends, releases the same lock
        states = [next(news)[1]]
        while states[-1]["state"] != "stopped":
            states.append(next(news)[1])
        assert states[-1] == {"id": "run", "iteration": 6, "state": "stopped"}


def test_a_new_run_is_news_of_the_list(path: Path, tmp_path: Path) -> None:
    there = [path]
    with served(Site(lambda: there, opened), listen("127.0.0.1", 0)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        connection.request("GET", "/api/events")
        response = connection.getresponse()
        while response.readline() != b"event: run\n":
            pass
        there.append(Path(shutil.copytree(path, tmp_path / "more" / "run")))
        while b"event: runs" not in response.readline():
            pass
        connection.close()
        assert sorted(run["id"] for run in get(server, "/api/runs")[1]["runs"]) == ["run", "run-2"]


def test_a_folder_that_vanishes_is_gone_and_another_in_its_place_is_shown(
    server: PageServer, path: Path, whole: Path
) -> None:
    assert get(server, "/api/run/run/view")[0] == 200
    shutil.rmtree(path)
    assert get(server, "/api/run/run/view")[0] == 410
    assert get(server, "/api/runs")[1]["runs"] == []
    finished(path, 3)
    assert get(server, "/api/run/run/view")[1]["iteration"] == 3


def test_reading_leaves_the_archive_as_it_is(server: PageServer, path: Path, whole: Path) -> None:
    for target in ("view", "niche/1", "candidates", "select?expr=alive", "outlines?ids=1"):
        assert get(server, f"/api/run/run/{target}")[0] == 200
    assert (path / "archive.db").read_bytes() == (whole / "archive.db").read_bytes()


# ---- hostile archives and hostile clients --------------------------------------------------------


def test_markup_and_huge_texts_of_an_archive_are_short_and_harmless(path: Path) -> None:
    evil = "<script>alert(1)</script>\u202e" + "A" * 10**6
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("UPDATE niches SET source = ?", (evil,))
    database.execute("UPDATE transfers SET kind = ? WHERE id = 3", (evil[:99],))
    database.execute("UPDATE children SET outcome = ? WHERE niche IS NULL", (evil[:99],))
    database.close()
    named = path.with_name("<img src=x onerror=alert(1)>")
    path.rename(named)
    with serving(named) as server:
        (run,) = get(server, "/api/runs")[1]["runs"]
        assert run["id"] == "img-src-x-onerror-alert-1"
        status, found = get(server, f"/api/run/{run['id']}/view")
        assert status == 200
        assert found["niches"][0]["source"] == evil[:25] + "\\u202e" + "A" * (200 - 26)
        assert len(json.dumps(found)) < 10**5
        body = answer(server.site, f"/api/run/{run['id']}/view")
        assert body.type == "application/json"


def test_many_rows_are_refused_or_shown_in_bounded_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO transfers (iteration, kind, source, target, at_birth, score, bar, accepted, "
        "steps) VALUES (5, 'direct', ?, 0, 0, 1.5, 0.5, 1, 100)",
        ((i % 1000,) for i in range(300_000)),
    )
    database.execute("COMMIT")
    database.close()
    with serving(path) as server:
        began = time.monotonic()
        status, found = get(server, "/api/run/run/view")
        assert time.monotonic() - began < 10
        assert status == 200
        assert len(json.dumps(found)) < 10**6
        monkeypatch.setattr(opened_module, "MOST_SECONDS", 0.01)
        monkeypatch.setattr(opened_module, "INSTRUCTIONS", 1000)
    with serving(path) as server:
        status, found = get(server, "/api/run/run/view")
        assert status == 400
        assert "interrupted" in found["error"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE iterations SET iteration = 1000000000000 WHERE iteration = 30",
        "DELETE FROM iterations WHERE iteration = 7",
        "UPDATE scores SET score = 9e999 WHERE iteration = 7",
        "UPDATE niches SET parent = 0 WHERE id = 0",
        "UPDATE niches SET parent = 99 WHERE id = 3",
        "UPDATE transfers SET source = 99 WHERE accepted",
        "UPDATE niches SET born = 1000000000000 WHERE id = 3",
    ],
)
def test_an_archive_that_makes_no_sense_is_an_error_or_harmless(path: Path, statement: str) -> None:
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute(statement)
    database.close()
    with serving(path) as server:
        for target in ("runs", "run/run/view", "run/run/niche/3", "run/run/niche/0"):
            status, found = get(server, f"/api/{target}")
            assert status in (200, 400)
            assert status == 200 or "\n" not in found["error"]


def test_a_damaged_run_is_listed_with_its_error(path: Path, whole: Path) -> None:
    (path / "archive.db").write_bytes(b"SQLite format 3\0" + b"?" * 5000)
    with serving(path, whole) as server:
        runs = {run["id"]: run for run in get(server, "/api/runs")[1]["runs"]}
    damaged = next(run for run in runs.values() if run["state"] == "damaged")
    assert "archive.db" in damaged["error"]
    assert sorted(run["state"] for run in runs.values()) == ["damaged", "stopped"]


def test_idle_connections_are_bounded_and_given_back(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openpoet.archive.page import requests

    monkeypatch.setattr(requests, "MOST_SECONDS", 1.0)
    address = ("127.0.0.1", server.server_address[1])
    idle = [socket.create_connection(address) for _ in range(server_module.MOST_CONNECTIONS)]
    time.sleep(0.3)
    with socket.create_connection(address, timeout=5) as one_more:
        assert one_more.recv(100).startswith(b"HTTP/1.1 503")
    time.sleep(1.2)
    assert get(server, "/api/runs")[0] == 200
    for connection in idle:
        connection.close()


def test_pages_that_wait_for_news_are_bounded(server: PageServer) -> None:
    address = ("127.0.0.1", server.server_address[1])
    request = b"GET /api/events?run=run HTTP/1.1\r\nHost: localhost\r\n\r\n"
    pages = []
    for _ in range(server_module.MOST_STREAMS):
        page = socket.create_connection(address, timeout=5)
        page.sendall(request)
        assert page.recv(15) == b"HTTP/1.1 200 OK"
        pages.append(page)
    assert get(server, "/api/events?run=run")[0] == 503
    for page in pages:
        page.close()
    until = time.monotonic() + 5
    while server.monitor._listeners and time.monotonic() < until:
        time.sleep(0.1)
    assert not server.monitor._listeners
    page = socket.create_connection(address, timeout=5)
    page.sendall(request)
    assert page.recv(15) == b"HTTP/1.1 200 OK"
    page.close()


def test_a_reader_that_does_not_read_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpoet.archive.page import requests, routes

    monkeypatch.setattr(requests, "MOST_SECONDS", 0.5)
    large = routes.Answer(200, "text/plain", b"x" * 50_000_000)
    monkeypatch.setattr(server_module, "answer", lambda site, target: large)
    with serving(path) as server:
        slow = socket.create_connection(("127.0.0.1", server.server_address[1]))
        slow.sendall(b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.2)
        assert server.free._value == server_module.MOST_CONNECTIONS - 1
        time.sleep(1.0)
        assert server.free._value == server_module.MOST_CONNECTIONS
        slow.close()

"""`watch --edit` on a real run, over real connections: what may write, and what is written."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import openpoet
import openpoet.cli.main as command
from openpoet.archive.page.requests import LONGEST_BODY
from openpoet.archive.page.server import PageServer, listen, served
from openpoet.archive.store.run_folder import Run
from openpoet.cli import injections
from openpoet.cli.injections import put
from openpoet.cli.page_edits import editing_of, open_editor
from openpoet.cli.watching import site_of
from openpoet.envs.navigation import Navigation, NavigationSettings
from tests.cli.test_run_loop import launch
from tests.cli.test_watching import started

FAMILY = Navigation(NavigationSettings(reward="sparse", horizon=4, episodes=2, solved_score=-3.0))
TASK = FAMILY.encode(FAMILY.turned(FAMILY.origin(), "distance", 0.85))
INJECT = "/api/run/run/inject"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 3 iterations."""
    folder = tmp_path_factory.mktemp("runs") / "begun"
    assert launch(folder, 3) == 0
    return folder


@pytest.fixture
def path(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "run"))


@contextmanager
def serving(path: Path) -> Iterator[PageServer]:
    site = site_of(path)
    with served(site, listen("127.0.0.1", 0), editing_of(site)) as server:
        yield server


@pytest.fixture
def server(path: Path) -> Iterator[PageServer]:
    with serving(path) as server:
        yield server


def ask(
    server: PageServer, target: str, asked: Any, method: str = "POST", **changes: str | None
) -> tuple[int, Any]:
    """Status and JSON of the answer to the page's own request, with some headers changed."""
    assert server.editing is not None
    port = server.server_address[1]
    headers: dict[str, str | None] = {
        "Origin": f"http://127.0.0.1:{port}",
        "Authorization": f"Bearer {server.editing.token}",
        "Content-Type": "application/json",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    given = {name: value for name, value in headers.items() if value is not None}
    return answered(port, method, target, json.dumps(asked).encode(), given)


def answered(
    port: int, method: str, target: str, body: bytes, headers: dict[str, str]
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    found = json.loads(response.read())
    connection.close()
    return response.status, found


def waiting(path: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in (path / "inject").glob("*.json")]


def test_an_injected_task_waits_with_its_origin_as_that_of_inject(
    server: PageServer, path: Path
) -> None:
    status, edit = ask(
        server, "/api/run/run/edit", {"task": FAMILY.encode(FAMILY.origin()), "mutate": 5}
    )
    assert status == 200
    assert set(edit["knobs"]) == set(FAMILY.knobs(FAMILY.origin()))
    status, found = ask(server, INJECT, {"task": edit["task"], "niche": 1})
    assert (status, found) == (200, {"line": "the task waits for the next reproduction of the run"})
    (record,) = waiting(path)
    assert record == {"task": edit["task"], "source": "injected task edited from niche 1"}
    assert ask(server, INJECT, {"task": edit["task"], "niche": 1})[0] == 200
    assert len(waiting(path)) == 1, "twice the same one waits once"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": None}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Length": str(LONGEST_BODY + 1)}, 413),
        ({"Content_Length": "-1"}, 411),
    ],
)
def test_a_request_without_the_right_to_write_writes_nothing(
    server: PageServer, path: Path, changes: dict[str, str | None], expected: int
) -> None:
    status, found = ask(server, INJECT, {"task": TASK, "niche": 0}, **changes)
    assert status == expected
    assert set(found) == {"error"}
    assert not (path / "inject").exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_writes(server: PageServer, path: Path, method: str) -> None:
    asked = {"task": TASK, "niche": 0}
    status, _ = ask(server, INJECT, asked, method)
    assert status == (404 if method == "GET" else 405)
    assert not (path / "inject").exists()


def test_without_edit_nothing_can_be_written(path: Path) -> None:
    with served(site_of(path), listen("127.0.0.1", 0)) as server:
        port = server.server_address[1]
        headers = {"Authorization": "Bearer None", "Content-Type": "application/json"}
        headers["Origin"] = f"http://127.0.0.1:{port}"
        body = json.dumps({"task": TASK, "niche": 0}).encode()
        assert answered(port, "POST", INJECT, body, headers)[0] == 405
    assert not (path / "inject").exists()


def test_a_body_may_come_in_pieces(server: PageServer, path: Path) -> None:
    assert server.editing is not None
    port = server.server_address[1]
    body = json.dumps({"task": TASK, "niche": 0}).encode()
    head = (
        f"POST {INJECT} HTTP/1.1\r\nhost: localhost:{port}\r\norigin: http://localhost:{port}\r\n"
        f"authorization: Bearer {server.editing.token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + body[:20])
        for piece in (body[20:50], body[50:]):
            connection.sendall(piece)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert len(waiting(path)) == 1


def test_a_task_outside_the_bounds_is_refused(server: PageServer, path: Path) -> None:
    task = TASK | {"distance": 99.0}
    status, found = ask(server, INJECT, {"task": task, "niche": 0})
    assert status == 400
    assert "distance must be a number from" in found["error"]
    assert not (path / "inject").exists()


def test_a_pack_can_be_edited_and_not_injected_into(path: Path, tmp_path: Path) -> None:
    with openpoet.open(path) as run:
        pack = run.export(tmp_path / "points.poet").path
    with serving(pack) as server:
        (id,) = server.site.ids()
        assert ask(server, f"/api/run/{id}/edit", {"task": TASK})[0] == 200
        status, found = ask(server, f"/api/run/{id}/inject", {"task": TASK, "niche": 0})
    assert status == 400
    assert "is a pack" in found["error"]


def test_another_run_in_the_same_place_gets_its_own_editor(server: PageServer, path: Path) -> None:
    assert ask(server, "/api/run/run/edit", {"task": TASK})[0] == 200
    shutil.rmtree(path)
    assert ask(server, "/api/run/run/edit", {"task": TASK})[0] == 410
    assert launch(path, 1, "--set", "navigation.reward=dense") == 0
    status, found = ask(server, "/api/run/run/edit", {"task": TASK})
    assert status == 400
    assert "reward" in found["error"]


def test_a_strangers_family_is_not_executed(path: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\n")
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    values = (json.dumps(str(evil)), "family")
    database.execute("UPDATE settings SET value = ? WHERE key = ?", values)
    database.close()
    config = path / "config.toml"
    config.write_text(config.read_text().replace('"navigation"', json.dumps(str(evil)), 1))
    with pytest.raises(ValueError, match="recorded without a hash"):
        open_editor(path)
    assert not (tmp_path / "executed").exists()


def test_a_bounded_number_of_tasks_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injections, "MOST", 2)
    with Run.open(path, write=False) as run:
        for source in ("a", "b", "b"):
            put(run, FAMILY.origin(), source, FAMILY)
        with pytest.raises(ValueError, match="2 tasks wait"):
            put(run, FAMILY.origin(), "c", FAMILY)
    assert len(waiting(path)) == 2


def test_watch_edit_prints_an_address_with_a_token(path: Path) -> None:
    with started("watch", str(path), "--edit", "--no-browser", "--port", "0") as (_, address):
        base, _, token = address.partition("#/?edit=")
        port = urlsplit(base).port
        assert port
        headers = {"Origin": base.rstrip("/"), "Content-Type": "application/json"}
        body = json.dumps({"task": TASK, "niche": 0}).encode()
        assert answered(port, "POST", INJECT, body, headers)[0] == 401
        headers["Authorization"] = f"Bearer {token}"
        assert answered(port, "POST", INJECT, body, headers)[0] == 200
    assert len(waiting(path)) == 1


def test_the_token_is_not_sent_over_a_network(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["watch", str(path), "--edit", "--host", "0.0.0.0"]) == 2
    assert "--edit is for this machine only" in capsys.readouterr().err

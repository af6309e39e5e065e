"""Only requests of the page itself are answered."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from openpoet.archive.page import requests
from openpoet.archive.page.requests import (
    LOCAL,
    RefusedError,
    body_length,
    check,
    hosts_of,
    read_body,
    read_head,
)

SELF = {"Host": "127.0.0.1:8317"}


@pytest.mark.parametrize(
    "headers",
    [
        SELF,
        {"Host": "localhost:9000"},  # through a tunnel
        {"Host": "[::1]:8317"},
        SELF | {"Origin": "http://127.0.0.1:8317"},
        SELF | {"Sec-Fetch-Site": "same-origin"},
        SELF | {"Sec-Fetch-Site": "none"},
    ],
)
def test_the_page_itself_is_answered(headers: dict[str, str]) -> None:
    check("GET", headers, LOCAL, page=False)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": ""},
        {"Host": "evil.example"},  # a name that its owner points to 127.0.0.1
        {"Host": "127.0.0.1.evil.example:8317"},
        {"Host": "localhost.evil.example"},
        {"Host": "192.168.0.7:8317"},
        {"Host": "[::1"},
        {"Host": "user@evil.example:8317"},
        SELF | {"Origin": "http://evil.example"},
        SELF | {"Origin": "null"},
        SELF | {"Origin": "http://127.0.0.1:3000"},  # another server of this machine
        SELF | {"Origin": "https://127.0.0.1:8317"},
        SELF | {"Sec-Fetch-Site": "cross-site"},
        SELF | {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        SELF | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_other_sites_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as error:
        check("GET", headers, LOCAL, page=False)
    assert error.value.status == 403


def test_others_may_link_to_the_page_and_to_nothing_else() -> None:
    linked = SELF | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    check("GET", linked, LOCAL, page=True)
    with pytest.raises(RefusedError):
        check("GET", linked | {"Sec-Fetch-Mode": "no-cors"}, LOCAL, page=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_only_get_is_answered(method: str) -> None:
    with pytest.raises(RefusedError) as error:
        check(method, SELF, LOCAL, page=True)
    assert error.value.status == 405


def test_a_server_for_others_takes_addresses_but_no_foreign_names() -> None:
    hosts = hosts_of("0.0.0.0")
    check("GET", {"Host": "192.168.0.7:8317"}, hosts, page=False)
    check("GET", {"Host": f"{socket.gethostname()}:8317"}, hosts, page=False)
    with pytest.raises(RefusedError):
        check("GET", {"Host": "evil.example"}, hosts, page=False)


def test_a_request_that_never_ends_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte at a time, each of them soon enough."""
    monkeypatch.setattr(requests, "MOST_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(0.02):
            theirs.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(RefusedError) as error:
            read_head(ours)
    finally:
        ended.set()
        thread.join()
    assert error.value.status == 408
    assert time.monotonic() - began < 2


def test_a_request_that_is_too_long_is_refused() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 4000)
    with pytest.raises(RefusedError) as error:
        read_head(ours)
    assert error.value.status == 431


WRITER = SELF | {
    "Origin": "http://127.0.0.1:8317",
    "Authorization": "Bearer secret",
    "Content-Type": "application/json",
}


def test_the_page_may_write_with_the_token() -> None:
    check("POST", WRITER, LOCAL, page=False, token="secret")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer secre\u00e9"}, 401),
        ({"Authorization": "secret"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        # what a form of another page can send without asking first
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_nothing_is_written_without_token_and_origin(changes: dict[str, str], status: int) -> None:
    with pytest.raises(RefusedError) as error:
        check("POST", WRITER | changes, LOCAL, page=False, token="secret")
    assert error.value.status == status


def test_a_writer_gives_its_origin() -> None:
    headers = {name: value for name, value in WRITER.items() if name != "Origin"}
    with pytest.raises(RefusedError, match="origin"):
        check("POST", headers, LOCAL, page=False, token="secret")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_no_other_method_writes(method: str) -> None:
    with pytest.raises(RefusedError) as error:
        check(method, WRITER, LOCAL, page=False, token="secret")
    assert error.value.status == 405


@pytest.mark.parametrize(
    ("length", "status"),
    [("", 411), ("-1", 411), ("1e3", 411), ("\u0663", 411), ("9" * 400, 413), ("262145", 413)],
)
def test_the_length_of_a_body_is_given_and_bounded(length: str, status: int) -> None:
    with pytest.raises(RefusedError) as error:
        body_length({"Content-Length": length})
    assert error.value.status == status
    assert body_length({"Content-Length": "262144"}) == 262144


def test_a_body_is_read_to_its_length_and_no_further() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"cdefgh")
    assert read_body(ours, b"ab", 5) == b"abcde"
    theirs.close()
    with pytest.raises(RefusedError, match="too early"):
        read_body(ours, b"ab", 100)

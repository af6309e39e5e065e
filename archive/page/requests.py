"""Which requests a server of pages answers: GET, for this host, from its own page, in good time;
POST as well where tasks are edited, with a token.

A page of another site can reach a server on this machine through the browser. It may neither read
(checked: Origin, Sec-Fetch-Site) nor pretend to be it by a name that it points here (DNS
rebinding; checked: Host). Another program of this machine can send any header, but has no token.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

LONGEST_HEAD = 16_384  # bytes of a request's line and headers
LONGEST_BODY = 1 << 18  # bytes of what a request sends: a task
MOST_SECONDS = 10.0  # for a request to arrive, and for an answer to be taken
LOCAL = ("localhost", "127.0.0.1", "::1")


class RefusedError(ValueError):
    """A request that is not answered. status: of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_head(connection: socket.socket) -> bytes:
    """The line and headers of a request, and what came with them. RefusedError if it is too long
    or comes too slowly.
    """
    until, found = time.monotonic() + MOST_SECONDS, b""
    while b"\r\n\r\n" not in found and b"\n\n" not in found:
        piece = _receive(connection, until)
        if not piece:
            break
        found += piece
        if len(found) > LONGEST_HEAD:
            raise RefusedError(431, "the request is too long")
    return found


def read_body(connection: socket.socket, begun: bytes, length: int) -> bytes:
    """The `length` bytes after the head of a request, of which `begun` has come with the head.
    RefusedError if they come too slowly or not at all.
    """
    until, found = time.monotonic() + MOST_SECONDS, begun
    while len(found) < length:
        piece = _receive(connection, until)
        if not piece:
            raise RefusedError(400, "the request ended too early")
        found += piece
    return found[:length]


def _receive(connection: socket.socket, until: float) -> bytes:
    """What comes next, at the latest at the time `until`; empty at the end."""
    try:
        connection.settimeout(max(until - time.monotonic(), 1e-3))
        return connection.recv(4096)
    except TimeoutError:
        raise RefusedError(408, "the request took too long") from None
    finally:
        connection.settimeout(MOST_SECONDS)


def body_length(headers: Mapping[str, str]) -> int:
    """The bytes that a request sends. RefusedError if it does not say so, or they are too many."""
    length = headers.get("Content-Length", "")
    if not (length.isascii() and length.isdecimal()):
        raise RefusedError(411, "the request does not give its length")
    if len(length) > 9 or int(length) > LONGEST_BODY:
        raise RefusedError(413, f"a request sends at most {LONGEST_BODY} bytes")
    return int(length)


def hosts_of(address: str) -> frozenset[str]:
    """The host names under which a server bound to this address may be reached."""
    if address in LOCAL:
        return frozenset(LOCAL)
    return frozenset((*LOCAL, address.lower(), socket.gethostname().lower()))


def check(
    method: str,
    headers: Mapping[str, str],
    hosts: Iterable[str],
    *,
    page: bool,
    token: str | None = None,
) -> None:
    """RefusedError unless the request may be answered.

    hosts: from `hosts_of`. page: whether it is for the page itself, to which others may link.
    token: what a POST must send; without one only GET is answered.
    """
    writes = method == "POST" and token is not None
    if method != "GET" and not writes:
        raise RefusedError(405, "only GET is answered")
    host = headers.get("Host", "")
    name = _host_name(host)
    outward = not set(hosts) <= set(LOCAL)
    if name not in hosts and not (outward and _is_address(name)):
        raise RefusedError(403, "the request is for another host")
    origin = headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        raise RefusedError(403, "the request comes from another site")
    site = headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin") and not (
        page and headers.get("Sec-Fetch-Mode") == "navigate"
    ):
        raise RefusedError(403, "the request comes from another site")
    if writes:
        _check_writer(headers, f"Bearer {token}")


def _check_writer(headers: Mapping[str, str], expected: str) -> None:
    """RefusedError unless a page of this server sends JSON with the token."""
    if "Origin" not in headers:
        raise RefusedError(403, "the request does not give its origin")
    given = headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise RefusedError(401, "the token is wrong: open the address that --edit printed")
    if headers.get("Content-Type") != "application/json":
        raise RefusedError(415, "the request must send application/json")


def _host_name(host: str) -> str:
    """The name in a Host header, without its port; empty if it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Whether it is an IP address: no other site can point one here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

"""Which requests a server of pages answers: GET, for this host, from its own page, in good time.

A page of another site can reach a server on this machine through the browser. It may neither read
(checked: Origin, Sec-Fetch-Site) nor pretend to be it by a name that it points here (DNS
rebinding; checked: Host).
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

LONGEST_HEAD = 16_384  # bytes of a request's line and headers
MOST_SECONDS = 10.0  # for a request to arrive, and for an answer to be taken
LOCAL = ("localhost", "127.0.0.1", "::1")


class RefusedError(ValueError):
    """A request that is not answered. status: of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_head(connection: socket.socket) -> bytes:
    """The line and headers of a request. RefusedError if it is too long or comes too slowly."""
    until, found = time.monotonic() + MOST_SECONDS, b""
    while b"\r\n\r\n" not in found and b"\n\n" not in found:
        left = until - time.monotonic()
        if left <= 0:
            raise RefusedError(408, "the request took too long")
        connection.settimeout(left)
        try:
            piece = connection.recv(4096)
        except TimeoutError:
            raise RefusedError(408, "the request took too long") from None
        if not piece:
            break
        found += piece
        if len(found) > LONGEST_HEAD:
            raise RefusedError(431, "the request is too long")
    connection.settimeout(MOST_SECONDS)
    return found


def hosts_of(address: str) -> frozenset[str]:
    """The host names under which a server bound to this address may be reached."""
    if address in LOCAL:
        return frozenset(LOCAL)
    return frozenset((*LOCAL, address.lower(), socket.gethostname().lower()))


def check(method: str, headers: Mapping[str, str], hosts: Iterable[str], *, page: bool) -> None:
    """RefusedError unless the request may be answered.

    hosts: from `hosts_of`. page: whether it is for the page itself, to which others may link.
    """
    if method != "GET":
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

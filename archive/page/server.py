"""The server of pages: the standard library's, bounded in connections, time and size.

One thread a connection and one request a connection: a page has few, and none can wait for long.
"""

from __future__ import annotations

import io
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .editing import Editing
from .events import Monitor
from .requests import (
    MOST_SECONDS,
    RefusedError,
    body_length,
    check,
    hosts_of,
    read_body,
    read_head,
)
from .routes import Answer, answer, change
from .site import Site

MOST_CONNECTIONS = 64
MOST_STREAMS = 32  # of them, pages that wait for news
HEARTBEAT = 15.0  # seconds
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class PageServer(ThreadingHTTPServer):
    """Serves a site on a bound socket that listens, until `stop`.

    editing: of its tasks; without it nothing can be written.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self, site: Site, listening: socket.socket, editing: Editing | None = None
    ) -> None:
        address = listening.getsockname()
        super().__init__(address[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.site, self.monitor, self.editing = site, Monitor(site), editing
        self.hosts = hosts_of(str(address[0]))
        self.free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.free.acquire(blocking=False):
            request.setblocking(False)
            with suppress(OSError):
                request.send(BUSY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is done for a connection that broke; errors of answers are answers themselves."""

    def stop(self) -> None:
        """End `serve_forever`, which runs in another thread, and close everything."""
        self.monitor.end()
        self.shutdown()
        self.server_close()
        self.site.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0: a free one. OSError, one line, if it cannot."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=MOST_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise OSError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; choose "
            "another with --port"
        ) from error
    return listening


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "openpoet", ""
    timeout = MOST_SECONDS

    def setup(self) -> None:
        super().setup()
        try:
            self.rfile = io.BufferedReader(io.BytesIO(read_head(self.connection)))
        except RefusedError as error:
            self.rfile = io.BytesIO()
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", "GET"
            self._refuse(error)

    def handle(self) -> None:
        self.close_connection = True
        self.handle_one_request()

    def _any(self) -> None:
        self.close_connection = True
        page = urlsplit(self.path).path == "/"
        editing = self.server.editing
        token = None if editing is None else editing.token
        headers = {name.title(): value for name, value in self.headers.items()}
        try:
            check(self.command, headers, self.server.hosts, page=page, token=token)
            body = self._body(body_length(headers)) if self.command == "POST" else b""
        except RefusedError as error:
            self._refuse(error)
            return
        if self.command == "POST":
            assert editing is not None, "a POST without a token is refused"
            self._send(change(editing, self.path, body))
        elif urlsplit(self.path).path == "/api/events":
            self._stream(parse_qs(urlsplit(self.path).query).get("run", [None])[-1])
        else:
            self._send(answer(self.server.site, self.path))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _any

    def _body(self, length: int) -> bytes:
        """The body of the request, part of which may have come with its head."""
        return read_body(self.connection, self.rfile.read(length), length)

    def _refuse(self, error: RefusedError) -> None:
        text = json.dumps({"error": str(error)}).encode()
        self._send(Answer(error.status, "application/json", text))

    def _send(self, found: Answer) -> None:
        body = found.body
        accepted = getattr(self, "headers", None)
        short = None
        if accepted is not None and "gzip" in accepted.get("Accept-Encoding", ""):
            short = found.compressed()
        self.send_response(found.status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", found.type)
        self.send_header("Content-Length", str(len(short or body)))
        if short is not None:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(short or body)

    def _stream(self, run: str | None) -> None:
        """Server-sent events about one run, or about all, until the page goes."""
        if not self.server.streams.acquire(blocking=False):
            self._refuse(RefusedError(503, "too many pages are open"))
            return
        monitor = self.server.monitor
        monitor.listen(run)
        try:
            self.send_response(200)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for event in _events(monitor, run):
                if _left(self.connection):
                    return
                self.wfile.write(event)
        finally:
            monitor.listen(run, -1)
            self.server.streams.release()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


def _events(monitor: Monitor, run: str | None) -> Iterator[bytes]:
    """Events as they come; an empty one every second, and a comment as HEARTBEAT."""
    yield b": ready\n\n"
    sent: dict[str, Any] = {}
    listed, spoke = monitor.listed, time.monotonic()
    while not monitor.ended:
        with monitor.changed:
            if monitor.news == sent and monitor.listed == listed:
                monitor.changed.wait(1.0)
            news, now_listed = monitor.news, monitor.listed
        found = b"event: runs\ndata: {}\n\n" if now_listed != listed and run is None else b""
        for id, one in news.items():
            if sent.get(id) != one and run in (None, id):
                data = {"id": id, "iteration": one.iteration, "state": one.state}
                found += f"event: run\ndata: {json.dumps(data)}\n\n".encode()
        sent, listed = dict(news), now_listed
        if not found and time.monotonic() - spoke > HEARTBEAT:
            found = b": still here\n\n"
        spoke = time.monotonic() if found else spoke
        yield found


def _left(connection: socket.socket) -> bool:
    """Whether the page has closed its end."""
    looked = select.poll()
    looked.register(connection, select.POLLIN)
    return bool(looked.poll(0)) and connection.recv(1, socket.MSG_PEEK) == b""


@contextmanager
def served(
    site: Site, listening: socket.socket, editing: Editing | None = None
) -> Iterator[PageServer]:
    """Context in which a thread serves the site; editing: of its tasks, if that is possible."""
    server = PageServer(site, listening, editing)
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()

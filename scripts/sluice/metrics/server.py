"""`/metrics` over HTTP: a few requests at a time, each measured at most every few seconds. Nothing is written."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Any

from sluice.core.errors import SluiceError
from sluice.metrics.text import CONTENT_TYPE

LOOPBACK = "127.0.0.1"
PATH = "/metrics"
# Requests at a time; further ones are turned away at once.
REQUESTS = 8
# A connection that says nothing for so long is closed.
SECONDS_TO_SAY = 10
# What was measured so many seconds ago answers further requests, too.
SECONDS_TO_KEEP = 5


def address(text: str) -> tuple[str, int]:
    """Host and port of `[HOST:]PORT`; the host is loopback by default. Raises SluiceError for anything else."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        hint = "write a port, such as 9469, or host and port, such as 127.0.0.1:9469"
        raise SluiceError(f"{text!r} is not a port to listen at", where="--serve", hint=hint)
    return host.strip("[]") or LOOPBACK, int(port)


class _Kept:
    """A text that is made again when it is older than SECONDS_TO_KEEP, by one thread at a time."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make, self._lock = make, Lock()
        self._text, self._made_at = "", float("-inf")

    def text(self) -> str:
        with self._lock:
            if time.monotonic() - self._made_at > SECONDS_TO_KEEP:
                self._text, self._made_at = self._make(), time.monotonic()
            return self._text


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, where: tuple[str, int], kept: _Kept) -> None:
        self.kept, self._free = kept, BoundedSemaphore(REQUESTS)
        super().__init__(where, _Answer)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            _turn_away(request)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is to be done about a client that went away."""


def _turn_away(request: socket) -> None:
    request.sendall(b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


class _Answer(BaseHTTPRequestHandler):
    timeout = SECONDS_TO_SAY
    server: _Server

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, f"see {PATH}")
            return
        body = self.server.kept.text().encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged: who reads metrics reads them all day."""


def serve(where: tuple[str, int], make: Callable[[], str], ready: Callable[[str], None]) -> None:
    """Answer requests until SIGTERM. `ready` is given the address. Raises SluiceError where it cannot listen there."""
    try:
        server = _Server(where, _Kept(make))
    except OSError as error:
        what = f"cannot listen at {where[0]}:{where[1]}: {error.strerror or error}"
        raise SluiceError(what, where="--serve", hint="choose another port") from error
    ended = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            ready(f"http://{server.server_address[0]!s}:{server.server_port}{PATH}")
            ended.wait()
        finally:
            server.shutdown()
            signal.signal(signal.SIGTERM, before)

"""A receiver of alerts on loopback: an HTTP server that keeps what it was sent."""

from __future__ import annotations

import json
import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Receiver:
    """What came, in order; `statuses` are the answers to the first requests, all others get 200. `delay` is before an answer."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0


class _Quiet(ThreadingHTTPServer):
    """A sender that was killed takes no answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving(**said: Any) -> Iterator[Receiver]:
    """A receiver on a free port. What it refuses, it does not keep."""
    receiver = Receiver(**said)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(length := int(self.headers["Content-Length"]))
            if len(text) < length:  # the sender was killed
                return
            body = json.loads(text)
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            if status == 200:
                receiver.bodies.append(body)
                receiver.headers.append(dict(self.headers))
            time.sleep(receiver.delay)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"ok" if status == 200 else f"not now: {self.path}".encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002  # http.server's name; it keeps quiet
            return

    with _Quiet(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        with served(server):
            yield receiver


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    """Serve until the block ends."""
    thread = Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()

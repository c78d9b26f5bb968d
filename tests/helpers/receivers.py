"""Receivers of alerts on loopback: an HTTP server that keeps what it was sent, and a mail server."""

from __future__ import annotations

import json
import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
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


@contextmanager
def receiving(**said: Any) -> Iterator[Receiver]:
    """A receiver on a free port. What it refuses, it does not keep."""
    receiver = Receiver(**said)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
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

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        with _served(server):
            yield receiver


@dataclass
class MailServer:
    """The mails that were taken, and who had logged in; `code` is its answer to a recipient."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    code: int = 250


@contextmanager
def mailing(code: int = 250) -> Iterator[MailServer]:
    """A mail server on a free port, as far as a client needs it (RFC 5321, AUTH PLAIN of RFC 4954)."""
    known = MailServer(code=code)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 loopback")
            answers = {"EHLO": "250-loopback\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "QUIT": "221 bye"}
            answers["RCPT"] = f"{known.code} so it is"
            while line := self.rfile.readline().decode().strip():
                verb, _, rest = line.partition(" ")
                if verb.upper() == "AUTH":
                    known.logins.append(rest)
                if verb.upper() == "DATA":
                    self.say("354 go on")
                    known.mails.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
                self.say(answers.get(verb.upper(), "250 ok"))

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        known.port = server.server_address[1]
        with _served(server):
            yield known


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()

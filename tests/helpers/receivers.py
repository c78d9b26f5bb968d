"""A mail server on loopback."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

from lab.sender.receiver import served


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
        with served(server):
            yield known

"""A mail server on loopback, and a certificate for it."""

from __future__ import annotations

import datetime
import ipaddress
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.sender.receiver import served


@dataclass
class MailServer:
    """The mails that were taken, and who had logged in; `code` is its answer to a recipient.

    `plain` are the commands that came before the connection was encrypted.
    """

    port: int = 0
    mails: list[Message] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    code: int = 250


class _Dialogue(socketserver.StreamRequestHandler):
    """One connection, as far as a client needs it (RFC 5321, AUTH PLAIN of RFC 4954, STARTTLS of RFC 3207)."""

    known: MailServer
    tls: ssl.SSLContext | None

    def handle(self) -> None:
        self.say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            if not isinstance(self.request, ssl.SSLSocket):
                self.known.plain.append(verb.upper())
            if not self.answered(verb.upper(), rest):
                return

    def answered(self, verb: str, rest: str) -> bool:
        """Answer a command; whether another one may follow."""
        if verb == "STARTTLS":
            return self.secured()
        if verb == "AUTH":
            self.known.logins.append(rest)
        if verb == "DATA":
            self.say("354 go on")
            self.known.mails.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
        offers = "250-loopback\r\n" + "250-STARTTLS\r\n" * bool(self.tls) + "250 AUTH PLAIN"
        answers = {"EHLO": offers, "AUTH": "235 welcome", "QUIT": "221 bye", "RCPT": f"{self.known.code} so it is"}
        self.say(answers.get(verb, "250 ok"))
        return True

    def secured(self) -> bool:
        """Encrypt the connection; a client that does not trust the certificate leaves."""
        assert self.tls
        self.say("220 go on")
        with suppress(OSError):
            self.request = self.tls.wrap_socket(self.request, server_side=True)
            self.setup()
            return True
        return False

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mailing(code: int = 250, certificate: Path | None = None) -> Iterator[MailServer]:
    """A mail server on a free port. With a certificate it offers STARTTLS."""
    known, tls = MailServer(code=code), None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    handler = type("Handler", (_Dialogue,), {"known": known, "tls": tls})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        known.port = server.server_address[1]
        with served(server):
            yield known


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "loopback.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file

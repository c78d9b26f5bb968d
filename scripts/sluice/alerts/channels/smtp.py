"""E-mail by SMTP: plain text, in one thread for each incident."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal

from sluice.alerts.channels.protocol import Secret, Strict, UnsentError
from sluice.alerts.message import Action, Message, as_text

_TEMPORARY = 500  # codes below it are temporary: RFC 5321, 4.2.1
SUBJECT = 200


@dataclass(frozen=True)
class MailChannel(Strict):
    """`security` is starttls, tls or none. With `user` and `password` it logs in."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Secret | None = None
    password: Secret | None = None

    def __post_init__(self) -> None:
        if self.password and self.security == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("a password is sent only with security: starttls or tls")

    def send(self, message: Message, timeout: float) -> None:
        """Send one mail to all of them."""
        try:
            server = self._connected(timeout)
            try:
                if self.user and self.password:
                    server.login(self.user.value, self.password.value)
                server.send_message(mail(message, self.sender, self.to))
            finally:  # what was taken is sent, however the farewell ends
                with suppress(OSError, smtplib.SMTPException):
                    server.quit()
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            raise UnsentError(f"{error.smtp_code} {said}", is_final=error.smtp_code >= _TEMPORARY) from None
        except (OSError, smtplib.SMTPException) as error:
            raise UnsentError(f"no answer: {type(error).__name__}: {error}") from None

    def _connected(self, timeout: float) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=timeout, context=ssl.create_default_context())
        server = smtplib.SMTP(self.host, self.port, timeout=timeout)
        if self.security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except (OSError, smtplib.SMTPException):
                server.close()
                raise
        return server


def mail(message: Message, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """The mail. Its id is that of the alert, so that a mail that is sent twice is shown once; all refer to their incident."""
    made = EmailMessage()
    domain = parseaddr(sender)[1].rpartition("@")[2] or "sluice"
    made["From"], made["To"] = sender, ", ".join(to)
    made["Subject"] = " ".join(message.head.split())[:SUBJECT]
    made["Message-ID"] = f"<{message.alert_id}@{domain}>"
    if message.action is not Action.trigger:
        made["In-Reply-To"] = made["References"] = f"<{message.dedup_key}@{domain}>"
    else:
        made["References"] = f"<{message.dedup_key}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    made.set_content(as_text(message))
    return made

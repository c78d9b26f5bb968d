"""Requests to receivers: JSON over HTTP, with errors that repeat no address and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sluice.alerts.channels.protocol import UnsentError

# Answers after which the same request may succeed later.
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_READ = 2_000_000  # bytes of an answer


class _NoRedirect(HTTPRedirectHandler):
    """A message is sent where alerts.yml says and nowhere else; urllib would make a GET of it."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        del req, fp, code, msg, headers, newurl
        return None  # it is an answer, and mypy wants to see it


_OPENER = build_opener(_NoRedirect)


def call(
    method: str, url: str, body: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None, timeout: float
) -> Any:
    """Send JSON, and give the JSON of the answer; its text where it is not JSON. Raises UnsentError for anything but success."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise UnsentError("the address does not begin with https:// or http://", is_final=True)
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "User-Agent": "sluice", **(headers or {})}
    try:
        request = Request(url, data=data, headers=sent, method=method)  # noqa: S310  # the scheme is checked above
        with _OPENER.open(request, timeout=timeout) as answer:
            return _read(answer.read(_READ))
    except HTTPError as error:
        with error:
            said = error.read(300).decode(errors="replace")
        raise UnsentError(
            f"{error.code} {error.reason}: {' '.join(said.split())}".rstrip(": "),
            is_final=error.code not in _LATER,
            after=_seconds(error.headers.get("Retry-After")),
        ) from None
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UnsentError(f"no answer: {type(reason).__name__}: {reason}") from None


def _read(data: bytes) -> Any:
    text = data.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; its other form, a date, is left aside."""
    return float(text) if text and text.isdecimal() else None

"""A GitHub on loopback, as far as the workflows speak to it: comments and issues, page by page, with their authors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"login": "github-actions[bot]", "type": "Bot"}
TOKEN = "ghs_loopback"  # noqa: S105  # it opens nothing
NAME = "shop/sluice"


@dataclass
class GitHub:
    """One repository's issues and comments; `forbids` makes every write a 403, as for a fork's token."""

    url: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    forbids: bool = False
    made: int = 0

    def add_comment(self, number: int, body: str, user: dict[str, str] = BOT) -> dict[str, Any]:
        """A comment on an issue or pull request."""
        entry = {"id": self._next(), "body": body, "user": user, "html_url": f"{self.url}/c/{self.made}"}
        self.comments.setdefault(number, []).append(entry)
        return entry

    def add_issue(self, title: str, body: str, user: dict[str, str] = BOT, **more: Any) -> dict[str, Any]:
        """An open issue."""
        number = self._next()
        self.issues.append(
            {
                "number": number,
                "title": title,
                "body": body,
                "user": user,
                "html_url": f"{self.url}/i/{number}",
                "state": "open",
                "labels": [],
                **more,
            }
        )
        return self.issues[-1]

    def _next(self) -> int:
        self.made += 1
        return self.made

    def answer(self, method: str, address: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON for a request."""
        parts = urlsplit(address)
        path, query = parts.path.removeprefix(f"/repos/{NAME}/"), parse_qs(parts.query)
        self.log.append(f"{method} {path}")
        if self.forbids and method != "GET":
            return 403, {"message": "Resource not accessible by integration"}
        match method, path.split("/"):
            case "GET", ["issues", number, "comments"]:
                return 200, page(self.comments.get(int(number), []), query)
            case "POST", ["issues", number, "comments"]:
                return 201, self.add_comment(int(number), body["body"])
            case "PATCH", ["issues", "comments", number]:
                entry = next(one for every in self.comments.values() for one in every if one["id"] == int(number))
                entry["body"] = body["body"]
                return 200, entry
            case "GET", ["issues"]:
                wanted = set(query.get("labels", []))
                listed = [one for one in self.issues if one["state"] == "open" and wanted <= set(one["labels"])]
                return 200, page(listed, query)
            case "POST", ["issues"]:
                return 201, self.add_issue(body["title"], body["body"], labels=body.get("labels", []))
            case "PATCH", ["issues", number]:
                entry = next(one for one in self.issues if one["number"] == int(number))
                entry["state"] = body["state"]
                return 200, entry
        return 404, {"message": "Not Found"}


def page(entries: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
    """As GitHub pages: 30 entries unless asked for more, at most 100."""
    size = min(int(query.get("per_page", ["30"])[0]), 100)
    start = (int(query.get("page", ["1"])[0]) - 1) * size
    return entries[start : start + size]


@contextmanager
def serving() -> Iterator[GitHub]:
    """Serve it, to those who have the token, on a free port."""
    hub = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            if not re.fullmatch(rf"(Bearer|token) {TOKEN}", self.headers.get("Authorization", "")):
                status, told = 401, {"message": "Bad credentials"}
            else:
                status, told = hub.answer(self.command, self.path, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        do_GET = do_POST = do_PATCH = answer  # noqa: N815  # http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002  # http.server's name; it keeps quiet
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

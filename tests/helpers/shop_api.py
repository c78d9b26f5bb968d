"""A server on loopback whose addresses answer as four public APIs and an offset-paged one do, and which can be made to fail.

The shapes follow the public documentation: Shopify's Admin REST API (Link header, page_info, updated_at_min), Stripe's lists
(has_more, starting_after, created[gte], newest first), WooCommerce's REST API v3 (page, per_page, X-WP-TotalPages,
modified_after) and GitHub's issues (Link header with page numbers, since). `/goods` pages by skip and limit.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Query = dict[str, str]
Record = dict[str, Any]


def digits(text: str) -> str:
    """A number in a record that is sent as it is written here."""
    return f"«{text}»"


@dataclass(frozen=True)
class Answer:
    """What the server sends. `cut` bytes are missing; it `drops` the connection before it, or `waits` for the client to go."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    announced: bool = True
    drops: bool = False
    waits: bool = False


@dataclass
class ShopApi:
    """The records of the server, what it was asked for, and what goes wrong with the next requests, in turn.

    `at_page` is done before the request of that number (1 is the first), `cap` is the largest page of `/goods`.
    """

    records: list[Record] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    troubles: list[Answer | None] = field(default_factory=list)
    token: str = "tok-1234567890"  # noqa: S105
    tokens_given: int = 0
    at_page: dict[int, Callable[[], None]] = field(default_factory=dict)
    answer: Callable[[Query], Answer] | None = None
    cap: int = 1000
    port: int = 0
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}"

    def path(self, number: int) -> str:
        """Path and parameters of a request, the first is 0."""
        return self.asked[number]

    def respond(self, path: str, query: Query, headers: Any) -> Answer:
        """The answer to a request; first what is to happen at that page, or is to go wrong."""
        if action := self.at_page.pop(len(self.asked), None):
            action()
        if self.troubles and (trouble := self.troubles.pop(0)):
            return trouble
        if self.answer:
            return self.answer(query)
        return _ROUTES[path](self, query, headers)


def _sent(records: Any) -> str:
    return re.sub(r'"«(.*?)»"', r"\1", json.dumps(records, ensure_ascii=False))


def _shopify(api: ShopApi, query: Query, headers: Any) -> Answer:
    if headers.get("X-Shopify-Access-Token") != api.token:
        return Answer(401, '{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}')
    if "page_info" in query and set(query) - {"page_info", "limit", "fields"}:
        return Answer(400, '{"errors": {"updated_at_min": "cannot be passed when page_info is present"}}')
    limit, place = int(query.get("limit", "50")), query.get("page_info", "")
    after, since = place.split("~") if place else ("", query.get("updated_at_min", ""))
    found = sorted((one for one in api.records if one["updated_at"] >= since), key=lambda one: one["updated_at"])
    found = [one for one in found if f"{one['updated_at']}|{one['id']}" > after]
    page, links = found[:limit], {}
    if found[limit:]:
        info = urlencode({"page_info": f"{page[-1]['updated_at']}|{page[-1]['id']}~{since}", "limit": limit})
        links = {"Link": f'<{api.url}/admin/api/2025-10/orders.json?{info}>; rel="next"'}
    return Answer(body=_sent({"orders": page}), headers=links)


def _stripe(api: ShopApi, query: Query, headers: Any) -> Answer:
    if headers.get("Authorization") != f"Bearer {api.token}":
        return Answer(401, f'{{"error": {{"message": "Invalid API Key provided: {headers.get("Authorization", "")}"}}}}')
    limit, since = int(query.get("limit", "10")), int(query.get("created[gte]", "0"))
    found = [one for one in reversed(api.records) if one["created"] >= since]
    after = query.get("starting_after")
    if after:
        places = [number for number, one in enumerate(found) if one["id"] == after]
        if not places:
            return Answer(400, f'{{"error": {{"message": "No such charge: {after}"}}}}')
        found = found[places[0] + 1 :]
    return Answer(body=_sent({"object": "list", "data": found[:limit], "has_more": bool(found[limit:]), "url": "/v1/charges"}))


def _woocommerce(api: ShopApi, query: Query, headers: Any) -> Answer:
    if headers.get("Authorization") != f"Basic {b64encode(f'ck_user:{api.token}'.encode()).decode()}":
        return Answer(401, '{"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."}')
    size, number = int(query.get("per_page", "10")), int(query.get("page", "1"))
    found = [one for one in api.records if one["date_modified_gmt"] > query.get("modified_after", "")]
    found.sort(key=lambda one: one["date_modified_gmt"])
    total = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
    return Answer(body=_sent(found[(number - 1) * size : number * size]), headers=total)


def _github(api: ShopApi, query: Query, headers: Any) -> Answer:
    if headers.get("Authorization") != f"Bearer {api.token}":
        return Answer(401, '{"message": "Bad credentials"}')
    size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
    found = sorted((one for one in api.records if one["updated_at"] >= query.get("since", "")), key=lambda one: one["updated_at"])
    links = {}
    if found[number * size :]:
        place = f"{api.url}/repos/octo/shop/issues?{urlencode({**query, 'page': number + 1})}"
        links = {"Link": f'<{place}>; rel="next", <{place}>; rel="last"'}
    return Answer(body=_sent(found[(number - 1) * size : number * size]), headers=links)


def _goods(api: ShopApi, query: Query, headers: Any) -> Answer:
    if headers.get("X-Api-Key", api.token) != api.token:
        return Answer(403, '{"message": "unknown key"}')
    limit, skip = min(api.cap, int(query.get("limit", "30"))), int(query.get("skip", "0"))
    found = [one for one in api.records if str(one.get("updated_at", "")) >= query.get("from", "")]
    return Answer(body=_sent({"goods": found[skip : skip + limit], "total": len(found), "skip": skip, "limit": limit}))


def _oauth(api: ShopApi, query: Query, _: Any) -> Answer:
    if query.get("client_secret") != "s3cr3t-of-client" or query.get("grant_type") != "client_credentials":
        return Answer(400, '{"error": "invalid_client"}')
    api.tokens_given += 1
    return Answer(body=f'{{"access_token": "{api.token}", "token_type": "bearer", "expires_in": 3600}}')


_ROUTES: dict[str, Callable[[ShopApi, Query, Any], Answer]] = {
    "/admin/api/2025-10/orders.json": _shopify,
    "/v1/charges": _stripe,
    "/wp-json/wc/v3/orders": _woocommerce,
    "/repos/octo/shop/issues": _github,
    "/goods": _goods,
    "/oauth/token": _oauth,
}


class _Handler(BaseHTTPRequestHandler):
    api: ShopApi
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.api.asked.append(self.path)
        self._send(self.api.respond(parts.path, _flat(parts.query), self.headers))

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.api.asked.append(self.path)
        self._send(self.api.respond(self.path, _flat(sent), self.headers))

    def _send(self, answer: Answer) -> None:
        if answer.waits:
            self.api.gone.wait(10)
        if answer.waits or answer.drops:
            self.close_connection = True
            return
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.announced:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body[: len(body) - answer.cut])
        self.wfile.flush()
        self.close_connection = bool(answer.cut) or not answer.announced

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def _flat(query: str) -> Query:
    return {name: values[0] for name, values in parse_qs(query).items()}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def shop_api(tls: ssl.SSLContext | None = None, **known: Any) -> Iterator[ShopApi]:
    """A server that runs while the block does."""
    api = ShopApi(**known)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()

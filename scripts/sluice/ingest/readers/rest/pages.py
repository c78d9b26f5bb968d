"""The pages of a REST address, one after another: asked for again where the server has to be given time, never without end.

dlt has the paginators, the ways to sign a request, and the session that repeats it. What a page is for, and how far reading
has come, is not dlt's: no pipeline of dlt runs, so it keeps no state and sends no telemetry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.ingest.readers.rest.access import Access, secrets_of
from sluice.ingest.readers.rest.paging import Cursor, Next, Offset, Paging
from sluice.ingest.readers.rest.secrets import shown_address, without
from sluice.ingest.readers.rest.words import NotGivenError, failure, refusal

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client.paginators import BasePaginator
    from requests import Request, Response, Session

CONNECT_SECONDS = 10
# What is waited before a request is repeated doubles from here on, unless the server says how long.
BACKOFF_SECONDS = 1.0
# How many pages may have the same records.
_REPEATS = 2
_REPEATED = (408, 425, 429, *range(500, 600))


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What is asked for, and how patiently. `only_pages`: pages behind these are left out, without a word."""

    url: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    access: Access | None
    paging: Paging | None
    timeout: float
    attempts: int
    longest_wait: float
    max_pages: int
    only_pages: int | None = None

    def shown(self, text: str) -> str:
        """A text without anything secret of this endpoint."""
        return without(text, secrets_of(self.url, self.params, self.headers, self.access))


@dataclass(frozen=True)
class Page:
    """One answer. `address` may be shown; `sent` is the server's time; `is_void` of one that says that nothing is there."""

    number: int
    address: str
    body: bytes
    sent: datetime
    is_void: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """How many records a page has, and a digest of them."""

    records: int
    digest: str


@dataclass
class Reading:
    """Passes over the pages. `number` is that of the last page, counted over all passes; `doubt` is why there may be more."""

    endpoint: Endpoint
    number: int = 0
    doubt: str = ""
    _session: Session | None = None
    _auth: Any = None
    _asked: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, list[int]] = field(default_factory=dict)

    def read(self, take: Callable[[Page], Taken]) -> None:
        """Hand each page to `take`. Raises SluiceError for what cannot be read, repeats itself or does not end."""
        need("dlt", "rest", "a feed of format rest")
        from requests import Request

        endpoint, first = self.endpoint, self.number
        self._asked, self._seen = {}, {}
        session = self._opened()
        paginator = endpoint.paging.paginator() if endpoint.paging else None
        request = Request(
            "GET", endpoint.url, headers=dict(endpoint.headers), params=dict(endpoint.params), auth=self._auth or _unsigned
        )
        if paginator:
            paginator.init_request(request)
        while True:
            if self.number - first == endpoint.max_pages:
                raise self._error(f"does not end after {endpoint.max_pages} pages; raise `max_pages` if there are more", request)
            self.number += 1
            response = self._answer(session, request)
            taken = take(self._page(response, request))
            self._refuse_repeated(taken, request)
            is_enough = self.number - first == endpoint.only_pages
            if is_enough or not paginator or not self._has_next(paginator, response, taken, request):
                return

    def _page(self, response: Response, request: Request) -> Page:
        is_void = response.status_code != HTTPStatus.OK
        return Page(self.number, self._label(request), response.content, _server_time(response), is_void, response.headers)

    @property
    def _way(self) -> object:
        """How pages follow each other; None for a single one."""
        return self.endpoint.paging.ways[0] if self.endpoint.paging else None

    def _opened(self) -> Session:
        if self._session is None:
            # dlt reads it when it is first asked for a setting, and would start its telemetry.
            os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
            from dlt.sources.helpers.requests import Client

            endpoint = self.endpoint
            client = Client(
                request_timeout=(min(CONNECT_SECONDS, endpoint.timeout), endpoint.timeout),
                raise_for_status=False,
                status_codes=_REPEATED,
                exceptions=(),
                retry_condition=_will_pass,
                request_max_attempts=endpoint.attempts,
                request_backoff_factor=BACKOFF_SECONDS,
                request_max_retry_delay=endpoint.longest_wait,
            )
            self._session = client.session
            self._session.headers["User-Agent"] = "sluice"
            self._auth = endpoint.access.ways[0].auth(self._session) if endpoint.access else None
        return self._session

    def _answer(self, session: Session, request: Request) -> Response:
        response = self._sent(session, request)
        if response.status_code == HTTPStatus.UNAUTHORIZED and hasattr(self._auth, "obtain_token"):
            # The token may have been withdrawn before its time.
            self._auth.access_token = None
            response = self._sent(session, request)
        if response.status_code not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT) and not self._is_end(response):
            raise self._error(refusal(response), request)
        return response

    def _is_end(self, response: Response) -> bool:
        return len(self._asked) > 1 and response.status_code == getattr(self._way, "end", None)

    def _sent(self, session: Session, request: Request) -> Response:
        from requests import RequestException

        try:
            prepared = session.prepare_request(request)
            place = str(prepared.url)
            if place in self._asked and self._asked[place] != self.number:
                raise self._error(f"page {self.number} asks for page {self._asked[place]} again; check `paging`", request)
            self._asked[place] = self.number
            settings = session.merge_environment_settings(place, {}, None, None, None)
            return session.send(prepared, allow_redirects=False, **settings)
        except NotGivenError as error:
            raise self._error(f"the token of `auth` was not given: {error}", request) from None
        except RequestException as error:
            raise self._error(failure(error, self.endpoint.timeout, self.endpoint.attempts), request) from None

    def _has_next(self, paginator: BasePaginator, response: Response, taken: Taken, request: Request) -> bool:
        """Whether there is a next page; the request then asks for it."""
        if isinstance(self._way, Offset):
            # A server may give fewer records than it was asked for, also before the last page.
            paginator.value_step = taken.records  # type: ignore[attr-defined]
        if response.status_code != HTTPStatus.OK:
            return False
        try:
            paginator.update_state(response, [None] * taken.records)
            if not paginator.has_next_page:
                self._doubt_end(response, request)
                return False
            paginator.update_request(request)
        except (ValueError, TypeError, AttributeError):
            raise self._error("does not say how to go on in the way that `paging` declares; check its keys", request) from None
        if not request.url:
            return False
        self._refuse_other_server(request)
        return True

    def _doubt_end(self, response: Response, request: Request) -> None:
        """Raise SluiceError where the page says that there are more; note where it does not have the key that would."""
        from dlt.common import jsonpath

        way = self._way
        if isinstance(way, Cursor) and way.more and jsonpath.find_values(way.more, response.json())[:1] == [True]:
            raise self._error(f"says by {way.more} that there are more pages, but has nothing at {way.path}", request)
        if isinstance(way, Cursor | Next) and len(self._asked) == 1 and not getattr(way, "more", ""):
            absent = not jsonpath.find_values(way.path, response.json())
            self.doubt = (
                f"the first page has nothing at {way.path}, so it was the last one; if not, correct `paging`" if absent else ""
            )

    def _refuse_other_server(self, request: Request) -> None:
        """What signs a request must not go to another server, whatever a page says."""
        own, other = (urlsplit(str(url)) for url in (self.endpoint.url, request.url))
        if (own.scheme, own.netloc.lower()) != (other.scheme, other.netloc.lower()):
            place = f"{other.scheme}://{other.netloc}"
            raise self._error(f"sends to another server for the next page, {place}; if it is right, write it in `url`", request)

    def _refuse_repeated(self, taken: Taken, request: Request) -> None:
        """Once may be a record that moved by one page; a server that does not know a parameter repeats the page forever."""
        if not taken.records:
            return
        pages = self._seen.setdefault(taken.digest, [])
        if len(pages) == _REPEATS:
            places = " and ".join(map(str, pages))
            raise self._error(f"page {self.number} has the records of pages {places} again; check the keys of `paging`", request)
        pages.append(self.number)

    def _label(self, request: Request) -> str:
        """The address of the page, with its number, as a record of it may be shown."""
        prepared = self._session.prepare_request(_unsigned_copy(request)) if self._session else request
        return self.endpoint.shown(f"{shown_address(str(prepared.url))}#{self.number}")

    def _error(self, what: str, request: Request) -> SluiceError:
        secrets = {str(self._auth.access_token)} if getattr(self._auth, "access_token", None) else set()
        shown = without(self.endpoint.shown(what), secrets)
        where = self.endpoint.shown(shown_address(str(request.url)))
        return SluiceError(shown, where=f"page {self.number} of {where}")


def _unsigned(prepared: Any) -> Any:
    """Nothing is added: without it, requests would send a password that it finds in ~/.netrc."""
    return prepared


def _unsigned_copy(request: Request) -> Request:
    from requests import Request

    return Request("GET", request.url, params=request.params, auth=_unsigned)


def _will_pass(response: Response | None, error: BaseException | None) -> bool:
    """Whether a failure may be of the moment: a server that names a time, a connection that broke, half a page.

    An unknown certificate is not. GitHub answers 403 with a time to those who ask too often.
    """
    from requests.exceptions import ChunkedEncodingError, ConnectionError, ContentDecodingError, SSLError, Timeout

    if error is not None:
        passing = (ConnectionError, Timeout, ChunkedEncodingError, ContentDecodingError)
        return isinstance(error, passing) and not isinstance(error, SSLError)
    if response is not None and response.status_code >= HTTPStatus.BAD_REQUEST:
        return "Retry-After" in response.headers
    body = response.content.strip() if response is not None and response.status_code == HTTPStatus.OK else b""
    return body[:1] in (b"{", b"[") and body[-1:] not in (b"}", b"]")


def _server_time(response: Response) -> datetime:
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)

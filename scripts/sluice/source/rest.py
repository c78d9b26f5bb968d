"""Look at REST addresses: where their records are and how their pages follow each other, values from the first pages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import duckdb

from sluice.core.errors import SluiceError
from sluice.ingest.feeds import expand
from sluice.ingest.readers.rest.access import SHOWN_HEADERS
from sluice.ingest.readers.rest.feed import RestFeed, first_pages
from sluice.ingest.readers.rest.lines import Lines
from sluice.ingest.readers.rest.pages import Page, Reading, Taken
from sluice.ingest.readers.rest.paging import Cursor, Link, Next, Number, Offset, Paging
from sluice.ingest.readers.rest.secrets import SECRET_PARAMS
from sluice.source.facts import ColumnFacts, TableFacts
from sluice.source.look import Columns, facts, of_lines
from sluice.source.vocabulary import snake, vocabulary, words

_SCHEMES = ("http://", "https://")
_TOTALS = ("x-total-pages", "x-wp-totalpages")
_OFFSETS, _LIMITS = ("offset", "skip", "start"), ("limit", "per_page", "page_size", "count")


@dataclass(frozen=True)
class Asked:
    """Addresses that were given, and headers as `Name: value`."""

    source: str
    addresses: tuple[str, ...]
    headers: tuple[str, ...] = ()


def is_address(text: str) -> bool:
    """Whether it is the address of a server, and not a path."""
    return text.startswith(_SCHEMES)


def look_at_addresses(connection: duckdb.DuckDBPyConnection, asked: Asked) -> tuple[list[TableFacts], dict[str, str]]:
    """The facts of each address, and the environment variables that its feed reads secrets from.

    Raises SluiceError, without a secret in it, where an address cannot be read.
    """
    given = dict(_header(text) for text in asked.headers)
    settings: dict[str, str] = {}
    shown = {name: _reference(asked.source, name, value, settings) for name, value in given.items()}
    headers = {name: expand(value, os.environ, lambda: "--header") for name, value in given.items()}
    return [_look(connection, asked.source, url, headers, shown, settings) for url in asked.addresses], settings


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not value.strip():
        raise SluiceError("a header is a name, a colon and a value", where="--header", hint="e.g. --header 'X-Api-Key: …'")
    return name.strip(), value.strip()


def _reference(source: str, name: str, value: str, settings: dict[str, str]) -> str:
    """What the feed has of a header: its value only where it is not a secret, or is a reference already."""
    return value if name.lower() in SHOWN_HEADERS or "${" in value else _variable(source, name, settings)


def _variable(source: str, name: str, settings: dict[str, str]) -> str:
    """The reference to a variable of the environment that holds a secret."""
    variable = f"{source}_{snake(name)}".upper()
    settings[variable] = f"<{name}>"
    return f"${{{variable}}}"


def _look(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    url: str,
    headers: Mapping[str, str],
    shown: Mapping[str, str],
    settings: dict[str, str],
) -> TableFacts:
    parts = urlsplit(url)
    params = {name: int(value) if value.isdecimal() else value for name, value in parse_qsl(parts.query)}
    place, table = urlunsplit(parts._replace(query="")), snake(PurePosixPath(parts.path).stem) or source
    feed = first_pages(RestFeed(source=source, table=table, url=place, params=params, headers=headers))
    page = _first(feed)
    records, paging = _records(page), _paging(page, params)
    feed = replace(feed, records=records, paging=paging)
    columns, is_sample = _rows(connection, feed)
    found = replace(facts(connection, table, {}, columns), is_sample=is_sample)
    secret = {name: _variable(source, name, settings) for name in params if name.lower() in SECRET_PARAMS}
    keys: dict[str, Any] = {"url": place, "params": {**params, **secret}, "headers": dict(shown), "records": records}
    keys |= {"paging": _written(paging)} if paging else {}
    cursor = _cursor(found.columns)
    notes = tuple(_notes(found.table, paging, cursor))
    return replace(found, feed={"format": "rest", **{key: value for key, value in keys.items() if value}}, notes=notes)


def _first(feed: RestFeed) -> Page:
    pages: list[Page] = []

    def take(page: Page) -> Taken:
        pages.append(page)
        return Taken(0, "")

    Reading(feed.endpoint({})).read(take)
    return pages[0]


def _rows(connection: duckdb.DuckDBPyConnection, feed: RestFeed) -> tuple[Columns, bool]:
    """Make `looked` of the records of the first pages; its columns, and whether there may be more pages."""
    lines, reading = Lines(connection, feed.records), Reading(feed.endpoint({}))
    reading.read(lines.take)
    connection.execute("create or replace temp table looked as select line, __file::integer as __file from lines")
    return of_lines(connection, feed.origin), reading.number == feed.only_pages


def _content(page: Page) -> Any:
    try:
        return json.loads(page.body)
    except ValueError:
        raise SluiceError(
            "is not JSON", where=page.address, hint="give the address of an API, not of a page for people"
        ) from None


def _records(page: Page) -> str:
    """Where the list of records is; dlt knows what it is usually called."""
    from dlt.sources.helpers.rest_client.detector import find_response_page_data

    path, records = find_response_page_data(_content(page))
    if not isinstance(records, list):
        raise SluiceError("has no list of records", where=page.address, hint="give the address of a list, e.g. …/orders")
    return "" if path == ("$",) else ".".join(path)


def _paging(page: Page, params: Mapping[str, Any]) -> Paging | None:
    """What the first page says of the next one; None where it says nothing."""
    from dlt.sources.helpers.rest_client.detector import find_next_page_path, find_total_pages_path

    content, headers = _content(page), {name.lower(): value for name, value in page.headers.items()}
    path, value = find_next_page_path(content)
    if 'rel="next"' in headers.get("link", "") or "rel=next" in headers.get("link", ""):
        return Paging(link=Link())
    if path and str(value).startswith((*_SCHEMES, "/", "?")):
        return Paging(next=Next(path=".".join(path)))
    if isinstance(content, dict) and "has_more" in content and content.get("data"):
        return Paging(cursor=Cursor(param="starting_after", path="data[-1].id", more="has_more"))
    if path:
        return Paging(cursor=Cursor(param=path[-1], path=".".join(path)))
    if any(name in headers for name in _TOTALS) or find_total_pages_path(content)[0]:
        return Paging(page=Number())
    return _offset(content, params)


def _offset(content: Any, params: Mapping[str, Any]) -> Paging | None:
    known = {**(content if isinstance(content, dict) else {}), **params}
    offset, limit = (next((name for name in names if isinstance(known.get(name), int)), "") for names in (_OFFSETS, _LIMITS))
    return Paging(offset=Offset(limit=known[limit] or 1, param=offset, limit_param=limit)) if offset and limit else None


def _written(paging: Paging) -> dict[str, Any]:
    """As the feeds file has it, without the keys that are not set."""
    (name,) = [name for name in ("link", "next", "cursor", "page", "offset") if getattr(paging, name)]
    way = paging.ways[0]
    default = {key: kind.default for key, kind in type(way).__dataclass_fields__.items()}
    return {name: {key: value for key, value in vars(way).items() if value != default[key]}}


def _cursor(columns: Sequence[ColumnFacts]) -> str:
    """A column of the times of the last change, by its name and its values."""
    times = [one for one in columns if one.formats or {"day", "time"} & {shape.name for shape in one.shapes}]
    changed = [one for one in times if set(words(one.name)) & vocabulary().change_words]
    return changed[0].name if changed else ""


def _notes(table: str, paging: Paging | None, cursor: str) -> Iterator[str]:
    """What a person has to decide."""
    if not paging:
        yield f"paging: the first page of {table} does not say how the next one is asked for; if there is one, add `paging`"
    elif paging.cursor and not paging.cursor.more:
        yield f"paging: the parameter of {table} that takes the value at {paging.cursor.path} is a guess, {paging.cursor.param}"
    elif paging.page or paging.offset:
        yield f"paging: the parameters of {table} are guesses; see the documentation of the API"
    reads = f"every run reads all of {table}; to read on from the last value, add"
    name = cursor or "a column that grows with every change"
    yield f"since: {reads} `cursor: {name}` and `since`, the parameter that asks for records from a value of it on"

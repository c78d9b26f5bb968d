"""From the pages of a REST address to one JSON text a record, with every digit that the server wrote."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.ingest.documents import marked, pointer, unmarked
from sluice.ingest.readers.json import keys_read, read_lines
from sluice.ingest.readers.rest.pages import Page, Taken
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.rows import REFUSED_ROWS, StagedRows, raise_faults
from sluice.lake.contracts import Contract

# Of what a server sent instead of a page.
_MOST_WORDS = 100


@dataclass
class Lines:
    """The records of the pages of a batch, in DuckDB; `before` counts those of the batches before it."""

    connection: duckdb.DuckDBPyConnection
    path: str
    labels: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    bytes: int = 0
    before: int = 0
    _starts: list[int] = field(default_factory=list)
    _records: int = 0

    def take(self, page: Page) -> Taken:
        """Add the records of a page. Raises SluiceError for one that is not a list of records where it should be."""
        if not self.labels:
            self.connection.execute("create or replace temp table lines (line varchar, __file bigint)")
        records, digest = (0, "") if page.is_void else self._added(page)
        self.labels.append(page.address)
        self.digests.append(digest)
        self.bytes += len(page.body)
        self._starts.append(self.before + self._records)
        self._records += records
        return Taken(records, digest)

    def _added(self, page: Page) -> tuple[int, str]:
        """Add the records; how many there are, and their digest."""
        text = _text(page)
        self._check(text, page)
        self.connection.execute(_split(self._pointer), [text])
        self.connection.execute("insert into lines select line, $1 from page", [len(self.labels)])
        found = "select count(*), coalesce(md5(string_agg(line, ',' order by rowid)), '') from page"
        ((records, digest),) = self.connection.execute(found).fetchall()
        return records, digest

    def staged(self, contract: Contract, feed: Spelled, *, sparse: bool) -> StagedRows:
        """The records by their contract; their positions count over all pages of a run, so that later ones have larger ones."""
        rows = read_lines(self.connection, contract, feed)
        keys = keys_read(self.connection)
        faults = feed.strangers(contract, keys)
        missing = [name for name in feed.delivered_names(contract.names).values() if name not in keys]
        if missing and not sparse and self._records >= REFUSED_ROWS:
            faults.append(
                f"no record has {', '.join(missing)}, which the contract promises; found {', '.join(keys)};"
                " set `sparse: true` if that may be so"
            )
        raise_faults(faults)
        self.connection.execute("create or replace temp table starts as select unnest($1) as start", [self._starts])
        start = "(select start from starts where starts.rowid = __file)"
        good, refused = (
            f"select * replace (__position + {start} as __position) from ({query})" for query in (rows.good, rows.refused)
        )
        return StagedRows(good, refused, rows.new_columns)

    def cleared(self) -> Lines:
        """Those of the next batch."""
        return Lines(self.connection, self.path, before=self.before + self._records)

    @property
    def _pointer(self) -> str:
        return literal(pointer(tuple(self.path.split("."))) if self.path else "$")

    def _check(self, text: str, page: Page) -> None:
        ((is_valid, kind, keys),) = self.connection.execute(
            f"""
            select json_valid($1), case when json_valid($1) then json_type($1, {self._pointer}) end,
                case when json_valid($1) and json_type($1) = 'OBJECT' then array_to_string(json_keys($1), ', ') end
            """,
            [text],
        ).fetchall()
        if not is_valid:
            raise SluiceError(f"is not JSON, or only a part of it: {_begin(text)}", where=f"page {page.number} of {page.address}")
        if kind not in ("ARRAY", "NULL"):
            place = f"at {self.path}" if self.path else "in the page itself"
            what = (
                f"has no list of records {place}{f'; its keys are {keys}' if keys else ''}; correct `records` in the feeds file"
            )
            raise SluiceError(what, where=f"page {page.number} of {page.address}")


def _split(place: str) -> str:
    """SQL that makes the temporary table `page` of the records at a place in a document, which is its parameter."""
    return f"""
        create or replace temp table page as
        with records as (
            select unnest(json_transform(json_extract({marked("$1")}, {place}), '["JSON"]')) as record
        ),
        texts as (
            select coalesce(record::varchar, 'null') as record from records
        )
        select {unmarked("record")} as line from texts
    """


def _text(page: Page) -> str:
    try:
        return page.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SluiceError("is not text in UTF-8, as JSON has to be", where=f"page {page.number} of {page.address}") from None


def _begin(text: str) -> str:
    words = " ".join(text.split())
    return f"{words[:_MOST_WORDS]}…" if len(words) > _MOST_WORDS else words or "it is empty"

"""Records of a REST address (JSON over HTTP), read page by page, onwards from the last value of a cursor if there is one.

How far the cursor was read is a whole number: microseconds since 1970 for times. It moves when all pages have been read, and
not beyond the moment when reading began, as what changes meanwhile may have moved to a page that was read before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool, StrictInt

from sluice.core.duck import identifier
from sluice.core.errors import SluiceError
from sluice.core.text import plural
from sluice.ingest.casts import INTEGERS
from sluice.ingest.known import leave_out_known
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers.postgres.feed import LOOKBACK_SECONDS, LOOKBACK_UNITS
from sluice.ingest.readers.protocol import Feed, Mistake
from sluice.ingest.readers.rest.access import Access, Address
from sluice.ingest.readers.rest.lines import Lines
from sluice.ingest.readers.rest.pages import Endpoint, Page, Reading, Taken
from sluice.ingest.readers.rest.paging import Paging
from sluice.ingest.readers.rest.secrets import shown_address
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.rows import StagedRows, Tally, tally
from sluice.lake import raw
from sluice.lake.contracts import Contract

# A batch ends when its records have this size, or after so many pages.
BATCH_BYTES = 1 << 28
BATCH_PAGES = 500
# How many pages show what an address has.
FIRST_PAGES = 5
# How often pages that shift are read until nothing new shows.
PASSES = 3
_UNSETTLED = "the pages were read {} times and still shifted; what is new has landed, the next run begins as this one did"
_TIMES = {"date", "timestamp"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_Parameter = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class RestFeed(Spelled, Feed):
    """A feed of the records of a REST address."""

    extensions = ("delta",)
    # How many pages are read at most; the others are left out.
    only_pages: ClassVar[int | None] = None

    url: Annotated[Address, Field(description="address of the first page")] = field(repr=False)
    params: Annotated[Mapping[str, _Parameter], Field(description="parameters of the address")] = field(
        default_factory=dict, repr=False
    )
    headers: Annotated[Mapping[str, str], Field(description="headers of each request; not shown in messages")] = field(
        default_factory=dict, repr=False
    )
    auth: Annotated[Access | None, Field(description="how the server knows who asks: bearer, basic, key or oauth")] = None
    records: Annotated[str, Field(description="where the list of records is, e.g. data.items; empty: the page is the list")] = ""
    paging: Annotated[Paging | None, Field(description="link, next, cursor, page or offset; one page if not given")] = None
    cursor: Annotated[str, Field(description="column that grows with every change: a whole number or a time")] = ""
    since: Annotated[str, Field(description="parameter that asks for records from a value of the cursor on")] = ""
    since_format: Annotated[str, Field(min_length=1, description="unix, unix_ms, or a strftime pattern (UTC)")] = (
        "%Y-%m-%dT%H:%M:%SZ"
    )
    lookback: Annotated[
        StrictInt | None,
        Field(ge=0, description="seconds (numbers: units) before the last value to read again; 3600 (1000) if not given"),
    ] = None
    passes: Annotated[
        StrictInt | None,
        Field(ge=1, description="how often pages are read until nothing new shows; 3 for page and offset, else 1"),
    ] = None
    sparse: Annotated[StrictBool, Field(description="whether no record may have a promised key; if not, they are refused")] = (
        False
    )
    max_pages: Annotated[StrictInt, Field(ge=1, description="more pages than this are an error")] = 10_000
    attempts: Annotated[StrictInt, Field(ge=1, description="how often a request is tried")] = 5
    longest_wait: Annotated[float, Field(ge=0, description="seconds to wait at most before the next try")] = 300.0
    timeout: Annotated[float, Field(gt=0, description="seconds to wait for an answer")] = 60.0

    @property
    def origin(self) -> str:
        return self.shown(shown_address(self.url))

    def shown(self, text: str) -> str:
        return self.endpoint({}).shown(text)

    def mistakes(self, contract: Contract) -> Iterator[Mistake]:
        yield from super().mistakes(contract)
        for key, chosen in (("paging", self.paging), ("auth", self.auth)):
            if chosen is not None and len(chosen.ways) != 1:
                yield Mistake((key,), f"`{key}` needs one of its keys", "e.g. paging: {link: {}}, auth: {bearer: {token: …}}")
        if bool(self.cursor) != bool(self.since):
            hint = "`since` is the parameter that asks for records from a value of `cursor` on"
            yield Mistake(("cursor",) if self.cursor else ("since",), "`cursor` and `since` need each other", hint)
        kind = contract.types[self.cursor].id if self.cursor in contract.names else None
        if self.cursor and kind not in _TIMES | INTEGERS:
            what = f"the cursor {self.cursor} is {kind or 'not a column'} in {contract.name}"
            yield Mistake(("cursor",), what, "it must be a whole number, a date or a timestamp")

    def ingest(self, work: Work) -> FeedReport:
        reached = raw.reached(work.table.open(), self.cursor) if self.cursor else None
        reading = Reading(self.endpoint(self.asked_since(work.contract, reached)))
        return _Run(self, work, reached, reading, Lines(work.connection, self.records), FeedReport(self.name)).report()

    def endpoint(self, since: Mapping[str, _Parameter]) -> Endpoint:
        """What to ask for; `since` is the parameter that asks for what is new."""
        params = {name: str(value).lower() if isinstance(value, bool) else value for name, value in self.params.items()}
        return Endpoint(
            url=self.url,
            params={**params, **since},
            headers=self.headers,
            access=self.auth,
            paging=self.paging,
            timeout=self.timeout,
            attempts=self.attempts,
            longest_wait=self.longest_wait,
            max_pages=self.max_pages,
            only_pages=self.only_pages,
        )

    def asked_since(self, contract: Contract, reached: int | None) -> dict[str, _Parameter]:
        """The parameter that asks for what is new, from before the last value on; none in the first run."""
        if reached is None:
            return {}
        if not self.is_time(contract):
            return {self.since: reached - (LOOKBACK_UNITS if self.lookback is None else self.lookback)}
        back = LOOKBACK_SECONDS if self.lookback is None else self.lookback
        seconds = reached // 1_000_000 - back
        numbers = {"unix": seconds, "unix_ms": seconds * 1000}
        if self.since_format in numbers:
            return {self.since: numbers[self.since_format]}
        return {self.since: (_EPOCH + timedelta(seconds=seconds)).strftime(self.since_format)}

    def is_time(self, contract: Contract) -> bool:
        """Whether the cursor is a day or a time, not a number."""
        return contract.types[self.cursor].id in _TIMES


@dataclass(frozen=True, kw_only=True)
class _FirstPages(RestFeed):
    only_pages = FIRST_PAGES


def first_pages(feed: RestFeed) -> RestFeed:
    """The feed, which reads only its first pages: to see what it has, or as a trial."""
    return _FirstPages(**{key.name: getattr(feed, key.name) for key in fields(feed)})


@dataclass
class _Run:
    """One run of a feed: pages are gathered until they are a batch, which lands."""

    feed: RestFeed
    work: Work
    reached: int | None
    reading: Reading
    lines: Lines
    landed: FeedReport
    began: int | None = None
    furthest: int | None = None
    fresh: int = 0
    warnings: tuple[str, ...] = ()

    def report(self) -> FeedReport:
        """Land what is new. What speaks against a page ends the run; batches that have landed before it stay."""
        try:
            self._read()
        except SluiceError as error:
            if not self.landed.batches:
                raise
            return replace(self.landed, refused=((self.feed.origin, f"{error.what} ({error.where})"),))
        return replace(self.landed, files_known=0 if self.landed.batches else self.reading.number)

    def _read(self) -> None:
        """Read all pages, again where they may have shifted; then the cursor moves."""
        passes = self._passes()
        for number in range(1, passes + 1):
            self.fresh = 0
            self.reading.read(self._take)
            rows = self._staged()
            is_settled = passes == 1 or (not self.fresh and (number > 1 or not self._marks()))
            if number == passes and not is_settled:
                self.warnings = (_UNSETTLED.format(passes),)
            elif self.reading.doubt and self.reached is None:
                self.warnings = (self.reading.doubt,)
            self._land(rows, is_end=is_settled)
            if is_settled:
                return

    def _passes(self) -> int:
        """Without a cursor, the next run reads everything anyway."""
        shifts = self.feed.paging is not None and self.feed.paging.shifts
        return (self.feed.passes or (PASSES if shifts else 1)) if self.feed.cursor else 1

    def _take(self, page: Page) -> Taken:
        if self.began is None:
            self.began = (page.sent - _EPOCH) // timedelta(microseconds=1)
        self.work.tell(f"page {page.number}", 0.3)
        if self.lines.bytes > BATCH_BYTES or len(self.lines.labels) >= BATCH_PAGES:
            self._land(self._staged(), is_end=False)
        return self.lines.take(page)

    def _staged(self) -> StagedRows:
        """What is new of the lines; notes how far the cursor was read, and how much of what was there from the start is new."""
        rows = self.lines.staged(self.work.contract, self.feed, sparse=self.feed.sparse)
        if self.feed.cursor:
            furthest = f"select max({self._cursor}) from ({rows.good}) where {self._cursor} <= {self._end}"
            self.furthest = max((value for value in (self.furthest, self._number(furthest)) if value is not None), default=None)
        fresh = leave_out_known(self.work, rows, self.feed.cursor)
        if self.feed.cursor:
            old = f"select count(*) from fresh where {self._cursor} is null or {self._cursor} <= {self._end}"
            self.fresh += (self._number(old) or 0) + (self._number("select count(*) from fresh_refused") or 0)
        return fresh

    def _land(self, rows: StagedRows, *, is_end: bool) -> None:
        """Land a batch; without a row, only move the cursor."""
        tallies, marks, warnings = tally(self.work.connection, rows), self._marks() if is_end else {}, self._warnings()
        self._refuse_misshapen(tallies)
        version = self.work.table.open().version()
        identity = "\n".join([self.feed.name, str(version), *self.lines.labels, *self.lines.digests])
        batch_id = hashlib.sha256(identity.encode()).hexdigest()[:20]
        if tallies:
            labels, digests = tuple(self.lines.labels), tuple(self.lines.digests)
            batch = Batch(batch_id, labels, digests, self.lines.bytes, marks, warnings=warnings)
            self.landed += land(self.work, batch, rows, tallies)
        else:
            self.landed = replace(self.landed, warnings=(*self.landed.warnings, *warnings))
            if marks:
                raw.land(self.work.table, batch_id, None, marks, None)
        self.lines = self.lines.cleared()

    def _refuse_misshapen(self, tallies: list[Tally]) -> None:
        for entry in tallies:
            if entry.misshapen:
                raise SluiceError(entry.misshapen, where=self.lines.labels[entry.file_index])

    def _marks(self) -> dict[str, int]:
        moved = self.furthest is not None and (self.reached is None or self.furthest > self.reached)
        return {f"cursor:{self.feed.cursor}": int(self.furthest)} if moved and self.furthest is not None else {}

    def _warnings(self) -> tuple[str, ...]:
        if not self.feed.cursor or not self.feed.is_time(self.work.contract):
            return self.warnings
        ahead = self._number(f"select count(*) from fresh where {self._cursor} > {self._end} + {_DAY}")
        what = f"whose {self.feed.cursor} is in the future, to which the cursor does not move; correct the source"
        return (*self.warnings, f"{plural(ahead, 'record')} {what}") if ahead else self.warnings

    @property
    def _cursor(self) -> str:
        """SQL of the cursor as a whole number."""
        column = identifier(self.feed.cursor)
        return f"epoch_us({column}::timestamp)" if self.feed.is_time(self.work.contract) else column

    @property
    def _end(self) -> str:
        """SQL of the largest value that the cursor may be moved to."""
        return str(self.began) if self.feed.is_time(self.work.contract) else str(2**63 - 1)

    def _number(self, query: str) -> int | None:
        row = self.work.connection.execute(query).fetchone()
        return int(row[0]) if row and row[0] is not None else None

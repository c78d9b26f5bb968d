"""What is in quarantine: one query over the rows refused at ingestion, the mart of a warehouse and the decisions so far.

A decision is in the lake before the next build acts on it. So the status of a row follows from the decisions; the mart
says only which rows its rules refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.environments.resolve import Located
from sluice.quarantine import mart, views

_BATCH = 1000
# Beyond this DuckDB spills to disk when it sorts a list of millions of rows.
_MEMORY_LIMIT = "1GB"


@dataclass(frozen=True)
class Places:
    """Where refused rows are read from: the lake, and the mart of a warehouse; `notes` say what is left out."""

    lake: Path
    mart: mart.QuarantineMart | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filter:
    """Which rows; an empty filter means all. `feed` is source.table or source, `older_than` an age at `now`."""

    feed: str | None = None
    rule: str | None = None
    place: str | None = None
    status: str | None = None
    older_than: timedelta | None = None

    def values(self, now: datetime) -> dict[str, Any]:
        """The parameters of `_MATCHES`."""
        before = None if self.older_than is None else now - self.older_than
        return {"feed": self.feed, "rule": self.rule, "place": self.place, "status": self.status, "before": before}


_MATCHES = """
    ($feed is null or feed = $feed or starts_with(feed, $feed || '.')) and ($rule is null or rule = $rule)
    and ($place is null or place = $place) and ($status is null or status = $status)
    and ($before is null or refused_at <= $before)
"""


@dataclass(frozen=True)
class Group:
    """Rows of one feed refused by one rule and treated alike; `amounts` are sums (`currency_code`, `amount`)."""

    place: str
    feed: str
    rule: str
    status: str
    rows: int
    oldest: datetime
    amounts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Refused:
    """One refused row, and the decision that counts for it.

    `status` is open, released (corrected or waived), dropped, or expired: its waiver has ended, and the last build did
    not refuse it. A waiver counts for its rule alone: a row that then breaks another rule is open again. `decisions`
    counts all decisions so far, whatever their rule.
    """

    quarantine_id: str
    place: str
    feed: str
    entity: str | None
    row_key: str | None
    rule: str
    reason: str | None
    column_name: str | None
    may_be_waived: bool | None
    amount: Decimal | None
    currency_code: str | None
    batch_id: str
    source_file: str
    source_position: int
    refused_at: datetime
    original_text: str | None
    status: str
    decision: str | None
    until_at: datetime | None
    correction_batch_id: str | None
    decisions: int

    @property
    def short(self) -> str:
        """The prefix of the id that people see and type."""
        return self.quarantine_id[:12]


def places(lake: Path, locate: Callable[[], Located], *, place: str | None = None) -> Places:
    """Where to read refused rows: the lake, and the warehouse that `locate` finds.

    A warehouse, and a table of the lake, that cannot be read is noted; raises SluiceError where `place` asks for the warehouse.
    """
    damaged = views.damaged(lake) if place != "warehouse" else {}
    notes = tuple(f"rows of {feed} refused at ingestion are not shown: {_told(error)}" for feed, error in damaged.items())
    if place == "ingestion":
        return Places(lake, notes=notes)
    try:
        return Places(lake, mart.find(locate()), notes)
    except SluiceError as error:
        if place == "warehouse":
            raise
        return Places(lake, notes=(*notes, f"only rows refused at ingestion are shown: {_told(error)}"))


def _told(error: SluiceError) -> str:
    return f"{error.what} ({error.where})" if error.where else error.what


@contextmanager
def opened(where: Places) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the relations of `sluice.quarantine.views`.

    Raises SluiceError where the warehouse cannot be opened or its mart is not what docs/quarantine.md describes.
    """
    spill = where.lake / ".incoming" / "spill"
    with connect(extensions=["delta"], memory_limit=_MEMORY_LIMIT, temp_directory=spill) as connection:
        # Else DuckDB reads all columns twice for the first few rows: 6.9 GB instead of 0.6 for 5 of 2 million.
        connection.execute("set late_materialization_max_rows = 0")
        views.create(connection, where.lake, mart.attach(connection, where.mart) if where.mart else None)
        yield connection


def groups(connection: duckdb.DuckDBPyConnection, chosen: Filter, now: datetime) -> list[Group]:
    """Counts by place, feed, rule and status, the oldest first."""
    found = connection.execute(
        f"""
        with by_currency as (
            select place, feed, rule, status, currency_code, count(*) as n, min(refused_at) as oldest, sum(amount) as amount
            from refused_rows where {_MATCHES} group by all
        )
        select place, feed, rule, status, sum(n)::bigint, min(oldest) as since,
            coalesce(list(struct_pack(currency_code, amount) order by currency_code) filter (where amount is not null), [])
        from by_currency group by place, feed, rule, status order by since, place, feed, rule, status
        """,
        chosen.values(now),
    ).fetchall()
    return [Group(*row) for row in found]


def rows(connection: duckdb.DuckDBPyConnection, chosen: Filter, now: datetime, *, limit: int | None = None) -> Iterator[Refused]:
    """Single rows, the oldest first, fetched a thousand at a time."""
    order = "refused_at, place, feed, batch_id, source_file, source_position, entity"
    bound = "" if limit is None else f"limit {int(limit)}"
    return _refused(connection, f"from refused_rows where {_MATCHES} order by {order} {bound}", chosen.values(now))


def find(connection: duckdb.DuckDBPyConnection, ids: Sequence[str], where: Places) -> list[Refused]:
    """The rows of these ids or prefixes of ids, in their order.

    Raises SluiceError for an id that does not exist, and for a prefix that several ids share.
    """
    prefixes = "(select unnest($1) as prefix)"
    query = f"from refused_rows where exists (from {prefixes} where starts_with(quarantine_id, prefix)) order by quarantine_id"
    found = list(_refused(connection, query, [list(ids)]))
    return list(dict.fromkeys(_one(prefix, found, where) for prefix in ids))


def _one(prefix: str, found: Sequence[Refused], where: Places) -> Refused:
    matching = [row for row in found if row.quarantine_id.startswith(prefix)]
    if not matching:
        hint = "; ".join(["sluice quarantine list --rows --status all shows every id", *where.notes])
        raise SluiceError(f"{prefix} is not in quarantine", where=str(where.lake), hint=hint)
    if len(matching) > 1:
        names = ", ".join(f"{row.quarantine_id} ({row.feed}, {row.rule})" for row in matching[:5])
        raise SluiceError(f"{prefix} matches {len(matching)} ids: {names}", hint="use a longer prefix")
    return matching[0]


def waivers(connection: duckdb.DuckDBPyConnection, condition: str, *values: Any) -> list[Refused]:
    """Waivers that hold, each as the row that it lets in, under the rule that it is for; a row may have several."""
    return list(_refused(connection, f"from waived_rows where {condition} order by quarantine_id, rule", values))


def _refused(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] | dict[str, Any]) -> Iterator[Refused]:
    connection.execute(query, values or None)  # for any value, DuckDB would import pandas
    while found := connection.fetchmany(_BATCH):
        yield from (Refused(*row) for row in found)


def history(connection: duckdb.DuckDBPyConnection, quarantine_id: str) -> list[dict[str, Any]]:
    """Every decision about a row, the oldest first."""
    columns = "decided_at, decision, decided_by, why, until_at, correction_batch_id"
    query = f"select struct_pack({columns}) from decisions where quarantine_id = ? order by decided_at"
    return [entry for (entry,) in connection.execute(query, [quarantine_id]).fetchall()]

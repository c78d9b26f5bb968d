"""What is in quarantine, by one query over the door's tables, the warehouse's mart and the decisions so far.

A decision stands in the lake before the next build heeds it, so the status of a row is taken from the decisions; the mart
says only which rows its rules refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.environments.resolve import Located
from sluice.quarantine import views
from sluice.quarantine.mart import COLUMNS, QuarantineMart
from sluice.quarantine.mart import find as find_mart

_BATCH = 1000
# Beyond this DuckDB spills to disk: a list of millions of rows is put in order so.
MEMORY_LIMIT = "1GB"


@dataclass(frozen=True)
class Places:
    """Where refused rows are looked for: the lake, and the mart of a warehouse file; `notes` say what is not looked at."""

    lake: Path
    warehouse: Path | None = None
    mart: QuarantineMart | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filter:
    """Which rows; an empty one means all. `feed` is source.table or source, `older_than` an age at `now`."""

    feed: str | None = None
    rule: str | None = None
    place: str | None = None
    status: str | None = None
    older_than: timedelta | None = None

    def sql(self, now: datetime) -> tuple[str, list[Any]]:
        """The condition and its parameters."""
        tests: list[tuple[str, Any]] = [
            ("(feed = ? or starts_with(feed, ? || '.'))", self.feed),
            ("rule = ?", self.rule),
            ("place = ?", self.place),
            ("status = ?", self.status),
            ("refused_at <= ?", None if self.older_than is None else now - self.older_than),
        ]
        kept = [(test, value) for test, value in tests if value is not None]
        values = [value for test, value in kept for _ in range(test.count("?"))]
        return " and ".join(["true", *(test for test, _ in kept)]), values


@dataclass(frozen=True)
class Group:
    """Rows of one feed refused by one rule and treated alike; `amounts` are their sums by currency."""

    place: str
    feed: str
    rule: str
    status: str
    rows: int
    oldest: datetime
    amounts: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Refused:
    """One refused row, and the decision that counts for it.

    `status` is open, released (corrected or waived), dropped, or expired: a waiver that has ended, of a row that the
    last build did not refuse. A waiver counts for its rule alone: a row that then breaks another rule is open again.
    `decisions` counts all decisions so far, whatever their rule.
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
        """The beginning of the id that people see and type."""
        return self.quarantine_id[:12]


def places(lake: Path, find: Callable[[], Located], *, place: str | None = None) -> Places:
    """Where to look: at the door, and in the warehouse that `find` finds.

    What is absent is noted; raises SluiceError where it was asked for by `place`.
    """
    try:
        found = _warehouse(Places(lake), find()) if place != "door" else Places(lake)
    except SluiceError as error:
        if place == "warehouse":
            raise
        note = f"only the door is looked at: {error.what}" + (f" ({error.where})" if error.where else "")
        return Places(lake, notes=(note,))
    return found


def _warehouse(bare: Places, located: Located) -> Places:
    mart = find_mart(located.described_in)
    if mart is None:
        raise SluiceError(
            "no model of the project holds refused rows",
            where=str(located.described_in),
            hint="mark it with `config: meta: quarantine: true`",
        )
    return replace(bare, warehouse=located.file, mart=mart)


@contextmanager
def opened(where: Places) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views of `sluice.quarantine.views`.

    Raises SluiceError where the warehouse cannot be opened or its mart is not what docs/quarantine.md describes.
    """
    with connect(
        extensions=["delta"], memory_limit=MEMORY_LIMIT, temp_directory=where.lake / ".incoming" / "spill"
    ) as connection:
        # Else DuckDB reads all columns twice for the first few rows: 6.9 GB instead of 0.6 for 5 of 2 million.
        connection.execute("set late_materialization_max_rows = 0")
        mart = _attach(connection, where)
        views.create(connection, where.lake, mart)
        yield connection


def _attach(connection: duckdb.DuckDBPyConnection, where: Places) -> str | None:
    """Attach the warehouse under the name that its views know, and give the mart's relation."""
    if where.mart is None:
        return None
    try:
        connection.execute(f"attach {literal(str(where.warehouse))} as {identifier(where.mart.database)} (read_only)")
    except duckdb.Error as error:
        hint = "wait until the build has ended, or --place door" if "lock" in str(error).lower() else "is it a DuckDB file?"
        raise SluiceError(f"cannot be opened: {str(error).splitlines()[0]}", where=str(where.warehouse), hint=hint) from None
    relation = ".".join(identifier(part) for part in (where.mart.database, where.mart.schema, where.mart.name))
    try:
        present = {str(row[0]) for row in connection.execute(f"describe {relation}").fetchall()}
    except duckdb.Error:
        raise SluiceError(
            f"{where.mart.relation} has not been built yet",
            where=str(where.warehouse),
            hint="run: sluice build, or --place door",
        ) from None
    missing = [name for name in COLUMNS if name not in present]
    if missing:
        raise SluiceError(
            f"{where.mart.relation} lacks {', '.join(missing)}", where=str(where.warehouse), hint="see docs/quarantine.md"
        )
    return relation


def groups(connection: duckdb.DuckDBPyConnection, chosen: Filter, now: datetime) -> list[Group]:
    """Counts by place, feed, rule and status, the oldest first."""
    condition, values = chosen.sql(now)
    found = connection.execute(
        f"""
        with by_currency as (
            select place, feed, rule, status, currency_code, count(*) as n, min(refused_at) as oldest, sum(amount) as amount
            from refused_rows where {condition} group by all
        )
        select place, feed, rule, status, sum(n)::bigint, min(oldest) as since,
            list(struct_pack(c := coalesce(currency_code, ''), a := amount) order by currency_code)
                filter (where amount is not null)
        from by_currency group by place, feed, rule, status order by since, place, feed, rule, status
        """,
        values,
    ).fetchall()
    return [
        Group(place, feed, rule, status, count, oldest, tuple((entry["c"], entry["a"]) for entry in sums or []))
        for place, feed, rule, status, count, oldest, sums in found
    ]


def rows(connection: duckdb.DuckDBPyConnection, chosen: Filter, now: datetime, *, limit: int | None = None) -> Iterator[Refused]:
    """Single rows, the oldest first, fetched a thousand at a time."""
    condition, values = chosen.sql(now)
    bound = "" if limit is None else f" limit {int(limit)}"
    connection.execute(
        f"select * from refused_rows where {condition}"
        f" order by refused_at, place, feed, batch_id, source_file, source_position, entity{bound}",
        values,
    )
    while found := connection.fetchmany(_BATCH):
        yield from (Refused(*row) for row in found)


def find(connection: duckdb.DuckDBPyConnection, ids: Sequence[str], where: Places) -> list[Refused]:
    """The rows of these ids or beginnings of ids, in their order.

    Raises SluiceError for an id that is not there, and for a beginning that several ids share.
    """
    connection.execute(
        "select * from refused_rows where exists"
        " (select 1 from (select unnest($1) as prefix) where starts_with(quarantine_id, prefix)) order by quarantine_id",
        [list(ids)],
    )
    found = [Refused(*row) for row in connection.fetchall()]
    chosen = {row.quarantine_id: row for prefix in ids for row in [_one(prefix, found, where)]}
    return list(chosen.values())


def _one(prefix: str, found: Sequence[Refused], where: Places) -> Refused:
    matching = [row for row in found if row.quarantine_id.startswith(prefix)]
    if not matching:
        hint = "; ".join(["sluice quarantine list --rows --status all shows every id", *where.notes])
        raise SluiceError(f"{prefix} is not in quarantine", where=str(where.lake), hint=hint)
    if len(matching) > 1:
        names = ", ".join(f"{row.quarantine_id} ({row.feed}, {row.rule})" for row in matching[:5])
        raise SluiceError(f"{prefix} begins {len(matching)} ids: {names}", hint="type more of it")
    return matching[0]


def history(connection: duckdb.DuckDBPyConnection, quarantine_id: str) -> list[dict[str, Any]]:
    """Every decision about a row, the first first."""
    connection.execute(
        "select decided_at, decision, decided_by, why, until_at, correction_batch_id from decisions"
        " where quarantine_id = ? order by decided_at",
        [quarantine_id],
    )
    names = [column[0] for column in connection.description or []]
    return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]


def waivers(connection: duckdb.DuckDBPyConnection, condition: str, value: Any) -> list[Refused]:
    """Live waivers, each as the row that it lets in, under the rule that it is for; one row may have several."""
    found = connection.execute(f"select * from waived_rows where {condition} order by quarantine_id, rule", [value]).fetchall()
    return [Refused(*row) for row in found]

"""The summary of a build: what the lake took in, what dbt made of it, whether it is published, and how to open it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sluice.core import dbt, public
from sluice.core.dbt import Ending
from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.core.paths import pasted, program
from sluice.core.text import plural, table, wrapped
from sluice.environments import origin
from sluice.environments.acknowledgements import told
from sluice.environments.origin import Built
from sluice.environments.resolve import Located, holding
from sluice.history import ledger
from sluice.history.kinds import BatchEntry
from sluice.quarantine import catalog
from sluice.store.record import Acknowledgement
from sluice.summary import totals


@dataclass(frozen=True)
class FeedTotals:
    """All batches of one feed together; `reasons` counts quarantined rows by reason."""

    feed: str
    batches: int
    rows_read: int
    rows_landed: int
    rows_quarantined: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class MartRows:
    """A public model and the number of its rows; None where it could not be read."""

    relation: str
    rows: int | None


@dataclass(frozen=True)
class Quarantined:
    """Open rows in quarantine: `place` is ingestion or warehouse."""

    place: str
    rows: int


@dataclass(frozen=True)
class Summary:
    """Everything the summary says. `is_published`: an environment of that name points to the release."""

    name: str
    release_id: str | None
    is_published: bool
    quarantined: list[Quarantined]
    feeds: list[FeedTotals]
    models: int
    tests_passed: int
    unit_tests_passed: int
    warnings: int
    failures: int
    dbt_seconds: float
    warehouse: str
    marts: list[MartRows]
    totals: list[totals.Totals]
    acknowledged: list[Acknowledgement]
    built: Built | None


def summarise(lake: Path, built: Located) -> Summary:
    """Read the lake's batch records, the warehouse file that dbt built, and the artifacts that belong to it."""
    target, file = built.described_in, built.file
    done = dbt.outcome(target)
    marts, summed = _marts(file, public.marts(target)), dbt.summed(target)
    if built.selected:
        marts = [one for one in marts if one.rows is not None]
        summed = [one for one in summed if one.relation in {mart.relation for mart in marts}]
    return Summary(
        name=built.name,
        release_id=built.record.release_id if built.record else None,
        is_published=built.link is not None,
        quarantined=_quarantined(lake, built),
        feeds=_feeds(lake),
        models=done.count(Ending.good, "model"),
        tests_passed=done.count(Ending.good, "test"),
        unit_tests_passed=done.count(Ending.good, "unit_test"),
        warnings=done.count(Ending.warned, "test"),
        failures=done.count(Ending.failed, "model", "seed", "test", "unit_test"),
        dbt_seconds=done.seconds,
        warehouse=str(built.opened_as),
        marts=marts,
        totals=_totals(holding(built, [model.relation for model in summed]), summed),
        acknowledged=list(built.record.acknowledged) if built.record else [],
        built=built.built,
    )


def _quarantined(lake: Path, built: Located) -> list[Quarantined]:
    where = catalog.places(lake, lambda: built)
    try:
        with catalog.opened(where) as connection:
            groups = catalog.groups(connection, catalog.Filter(status="open"), datetime.now(UTC).replace(tzinfo=None))
    except SluiceError:  # its mart has not been built: the summary says what there is
        return []
    places = sorted({group.place for group in groups})
    return [Quarantined(place, sum(group.rows for group in groups if group.place == place)) for place in places]


def _feeds(lake: Path) -> list[FeedTotals]:
    with connect(extensions=["delta"]) as connection:
        rows = connection.execute(f"""
            with batches as ({ledger.query(lake, BatchEntry)}),
            reasons as (select feed, unnest(reasons) as r from batches),
            by_reason as (select feed, r.reason as reason, sum(r.rows)::bigint as n from reasons group by all),
            listed as (select feed, map(list(reason order by reason), list(n order by reason)) as m from by_reason group by feed)
            select feed, count(*), sum(rows_read)::bigint, sum(rows_landed)::bigint, sum(rows_quarantined)::bigint, any_value(m)
            from batches left join listed using (feed) group by feed order by feed
        """).fetchall()
    return [
        FeedTotals(feed, batches, read, landed, quarantined, dict(reasons or {}))
        for feed, batches, read, landed, quarantined, reasons in rows
    ]


def _marts(file: Path, marts: Sequence[dbt.Mart]) -> list[MartRows]:
    with connect(str(file), read_only=True) as connection:
        return [MartRows(mart.relation, _count(connection, mart.relation)) for mart in marts]


def _totals(file: Path, models: Sequence[dbt.Mart]) -> list[totals.Totals]:
    if not models:
        return []
    with connect(str(file), read_only=True) as connection:
        return totals.asked_for(models, connection)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int | None:
    try:
        row = connection.execute(f"select count(*) from {relation}").fetchone()
    except duckdb.Error:
        return None
    return None if row is None else int(row[0])


def as_text(summary: Summary, *, everything: bool = False) -> str:
    """For people; models that have to balance in one line each, or with `everything` as a whole."""
    rows = [(one.feed, one.batches, one.rows_read, one.rows_landed, one.rows_quarantined, _reasons(one)) for one in summary.feeds]
    feeds = table(["feed", ">batches", ">read", ">landed", ">refused", "why"], rows) if rows else []
    counts = [(mart.relation, "not built" if mart.rows is None else mart.rows) for mart in summary.marts]
    head = [f"{summary.name}: {origin.as_text(summary.built, datetime.now(UTC))}"] if summary.built else []
    parts = [head, feeds, table(["mart", ">rows"], counts), *totals.as_parts(summary.totals, everything)]
    return "\n\n".join("\n".join(part) for part in [*parts, _ends(summary), _opening(summary)] if part)


def _reasons(feed: FeedTotals) -> str:
    return ", ".join(f"{reason} {rows:,}" for reason, rows in feed.reasons.items())


def _ends(summary: Summary) -> list[str]:
    """What dbt did, what is in quarantine, and who reads it."""
    refused = ", ".join(f"{plural(one.rows, 'row')} at {one.place}" for one in summary.quarantined).replace(
        "at ware", "in the ware"
    )
    lines = wrapped(_dbt(summary))
    lines += wrapped(f"open in quarantine: {refused}; see: sluice quarantine list") if refused else []
    lines += [line for said in told(summary.acknowledged) for line in wrapped(said)]
    if summary.is_published:
        return [*lines, f"published: {summary.name} points to release {summary.release_id}"]
    return [*lines, f"not published: no environment named {summary.name} points to a release; sluice run publishes to prod"]


def _dbt(summary: Summary) -> str:
    ends = [f"{summary.models} models built", f"{summary.tests_passed} data tests passed"]
    # None where the code is that of the release before, which has passed them.
    ends += [f"{summary.unit_tests_passed} unit tests passed"] if summary.unit_tests_passed else []
    ends += [plural(summary.warnings, "warning")] if summary.warnings else []
    ends += [f"{summary.failures} FAILED"] if summary.failures else []
    return ", ".join(ends) + f", {summary.dbt_seconds:.1f} s in dbt"


def _opening(summary: Summary) -> list[str]:
    """Commands that open it as they are pasted, where the user is."""
    full = [mart.relation for mart in summary.marts if mart.rows]
    if not full:
        return []
    # A report is the friendliest first look; any public model will do.
    first = next((relation for relation in full if ".rpt_" in relation), full[0])
    file = pasted(Path(summary.warehouse))
    (plain,) = shlex.split(file)
    python = f"import duckdb; duckdb.connect({plain!r}, read_only=True).sql('from {first} limit 10').show()"
    quoted = f'"{python}"' if file == plain else shlex.quote(python)
    shell = program("duckdb")
    return [
        f"the marts are in {file}; look at one:",
        *([f"  {shell} -readonly {file} -c 'from {first} limit 10'"] if shell else []),
        f"  {program('python') or sys.executable} -c {quoted}",
    ]

"""The closing summary of a build: what the lake took in, what dbt made of it, and how to open it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from sluice.core import dbt
from sluice.core.dbt import Ending
from sluice.core.duck import connect, literal
from sluice.environments.resolve import Located
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
class Summary:
    """Everything the summary says."""

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


def summarise(lake: Path, built: Located) -> Summary:
    """Read the lake's batch records, the warehouse file that dbt built, and the artifacts that belong to it."""
    target, file = built.described_in, built.file
    done = dbt.outcome(target)
    public = dbt.marts(target)
    return Summary(
        feeds=_feeds(lake),
        models=done.count(Ending.good, "model"),
        tests_passed=done.count(Ending.good, "test"),
        unit_tests_passed=done.count(Ending.good, "unit_test"),
        warnings=done.count(Ending.warned, "test"),
        failures=done.count(Ending.failed, "model", "seed", "test", "unit_test"),
        dbt_seconds=done.seconds,
        warehouse=str(built.opened_as),
        marts=_marts(file, public),
        totals=_totals(file, dbt.summed(target)),
    )


def _feeds(lake: Path) -> list[FeedTotals]:
    with connect(extensions=["delta"]) as connection:
        rows = connection.execute(f"""
            with batches as (select * from delta_scan({literal(str(lake / "ops" / "batches"))})),
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


def _marts(file: Path, public: Sequence[dbt.Mart]) -> list[MartRows]:
    with connect(str(file), read_only=True) as connection:
        return [MartRows(mart.relation, _count(connection, mart.relation)) for mart in public]


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


def as_json(summary: Summary) -> str:
    """For machines."""
    return json.dumps(asdict(summary), indent=2, default=str)


def as_text(summary: Summary) -> str:
    """For people, on a terminal of 100 columns."""
    added_up = [line for found in summary.totals for line in [*totals.as_lines(found), ""]]
    feeds, marts = _feed_lines(summary.feeds), _mart_lines(summary.marts)
    return "\n".join([*feeds, "", *marts, "", *added_up, *_dbt_lines(summary), *_open_lines(summary)])


def _feed_lines(feeds: Sequence[FeedTotals]) -> list[str]:
    width = max([len(feed.feed) for feed in feeds] + [4])
    lines = [f"{'feed':{width}} {'batches':>7} {'read':>12} {'landed':>12} {'refused':>9}"]
    for feed in feeds:
        why = ", ".join(f"{reason} {rows:,}" for reason, rows in feed.reasons.items())
        lines.append(
            f"{feed.feed:{width}} {feed.batches:>7,} {feed.rows_read:>12,} {feed.rows_landed:>12,}"
            f" {feed.rows_quarantined:>9,}  {why}".rstrip()
        )
    return lines


def _mart_lines(marts: Sequence[MartRows]) -> list[str]:
    width = max([len(mart.relation) for mart in marts] + [4])
    lines = [f"{'mart':{width}} {'rows':>12}"]
    return lines + [f"{mart.relation:{width}} {'not built' if mart.rows is None else f'{mart.rows:,}':>12}" for mart in marts]


def _dbt_lines(summary: Summary) -> list[str]:
    ends = [
        f"{summary.models} models built",
        f"{summary.tests_passed} data tests passed",
    ]
    # None where the code is that of the release before, which has passed them.
    ends += [f"{summary.unit_tests_passed} unit tests passed"] if summary.unit_tests_passed else []
    ends += [f"{summary.warnings} warning{'s' if summary.warnings > 1 else ''}"] if summary.warnings else []
    ends += [f"{summary.failures} FAILED"] if summary.failures else []
    return [", ".join(ends) + f", {summary.dbt_seconds:.1f} s in dbt"]


def _open_lines(summary: Summary) -> list[str]:
    full = [mart.relation for mart in summary.marts if mart.rows]
    if not full:
        return []
    # A report is the friendliest first look; any public model will do.
    first = next((relation for relation in full if ".rpt_" in relation), full[0])
    python = f"import duckdb; duckdb.connect('{summary.warehouse}', read_only=True).sql('from {first} limit 10').show()"
    return [
        "",
        "open it:",
        f"  duckdb -readonly {summary.warehouse} -c 'from {first} limit 10'",
        f'  .venv/bin/python -c "{python}"',
    ]

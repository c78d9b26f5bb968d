"""Charts from a source: read, judged, and in the form that was asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from sluice.charts import engine, result, series
from sluice.charts.columns import Columns
from sluice.charts.result import Chart
from sluice.charts.series import Phase
from sluice.charts.settings import Settings
from sluice.core.duck import connect, literal, unreadable
from sluice.core.errors import SluiceError


def charts(
    source: str,
    kind: str,
    *,
    database: Path | None = None,
    columns: Columns | None = None,
    phases: Sequence[Phase] = (),
    settings: Settings | None = None,
    textbook: int | None = None,
    memory_limit: str | None = None,
    every_point: bool = True,
) -> tuple[list[Chart], list[str]]:
    """One chart for each series in a file, a folder or a query, and notes. `database` is only read.

    `textbook`: classical charts, whose limits come from so many points at the start of each phase.
    Without `every_point`, charts have their signals only.
    Raises SluiceError where the source cannot be read or does not suit the kind.
    """
    settings = settings or Settings()
    with connect(memory_limit=memory_limit) as connection:
        if database is not None:
            _attach(connection, database)
        notes = series.load(connection, source, kind, columns or Columns(), phases, is_textbook=textbook is not None)
        connection.execute("set threads = 1")  # a step of the recursion is too small to be shared
        if textbook is None:
            engine.judge(connection, settings)
        else:
            engine.by_the_book(connection, settings, textbook)
        return result.charts(connection, settings, every_point=every_point), notes


def _attach(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Make the file's tables the ones that a query names, and keep temporary tables out of it."""
    if not database.is_file():
        raise SluiceError("no such file", where=str(database), hint="name a DuckDB file by --database")
    try:
        connection.execute(f"attach {literal(os.path.realpath(database))} as source (read_only)")
    except duckdb.Error as error:
        raise unreadable(error, database) from error
    connection.execute("use source")


def fields(chart: Chart, *, every_point: bool) -> dict[str, Any]:
    """A chart for a JSON document: its signals, and with `every_point` all points."""
    found = {
        "metric": chart.metric,
        "kind": chart.kind,
        "points": chart.size,
        "judged": chart.judged,
        "has_season": chart.has_season,
        "correlation": round(chart.correlation, 3),
        "is_dispersed": chart.is_dispersed,
        "signals": [asdict(signal) for signal in chart.signals],
    }
    return found | ({"values": [asdict(point) for point in chart.points]} if every_point else {})

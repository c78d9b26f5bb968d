"""Reads a folder of labelled series: labels in a column beside the value, or windows in a JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb

from lab.labelled.score import Window
from sluice.charts import columns, series
from sluice.charts.columns import Columns
from sluice.core.duck import identifier, literal

_LABEL = re.compile(r"(is_?)?(label|anomaly|outlier)s?", re.IGNORECASE)


def load(connection: duckdb.DuckDBPyConnection, folder: Path, windows: Path | None) -> dict[str, list[Window]]:
    """Fill the table `series` as `sluice chart` does; the labelled windows of each series."""
    series.load(connection, str(folder), "value", Columns())
    names = [row[0] for row in connection.execute("select distinct metric from series order by metric").fetchall()]
    if windows is not None:
        return dict(_from_json(windows, names))
    return {name: _from_column(connection, folder / name) for name in names}


def _from_json(path: Path, names: list[str]) -> Iterator[tuple[str, list[Window]]]:
    """{"file": [["from", "to"], ...]}, by the name of the file in the folder."""
    told = json.loads(path.read_text(encoding="utf-8"))
    for name in names:
        yield name, [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in told.get(name, [])]


def _from_column(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Window]:
    """From the first to the last of each run of rows with a label."""
    relation = f"read_csv({literal(str(path))}, sample_size = -1)"
    names = [row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()]
    label = next((name for name in names if _LABEL.fullmatch(name)), None)
    if label is None:
        return []
    _, time = columns.found(connection, relation, "value", Columns(), str(path))
    rows = connection.execute(
        f"select {time} as moment, {identifier(label)}::double > 0 from {relation} order by moment"
    ).fetchall()
    runs = [list(run) for is_labelled, run in groupby(rows, key=lambda row: row[1]) if is_labelled]
    return [(run[0][0], run[-1][0]) for run in runs]

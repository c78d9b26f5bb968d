"""Reads a folder of labelled series: labels in a column beside the value, or windows in a JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from lab.labelled.score import Window
from sluice.charts import columns, series
from sluice.charts.columns import Columns
from sluice.core.duck import identifier, literal

_LABEL = re.compile(r"(is_?)?(label|anomaly|outlier)s?", re.IGNORECASE)


@dataclass(frozen=True)
class Sample:
    """Of the files in the order of their names, each `every`th from `offset` on, and of each its first `points` points."""

    every: int = 1
    offset: int = 0
    points: int | None = None

    def link(self, folder: Path, into: Path) -> None:
        """Make the folder `into` of the chosen files."""
        files = sorted(one.relative_to(folder) for one in folder.rglob("*") if one.suffix == ".csv")
        for one in files[self.offset :: self.every]:
            (into / one).parent.mkdir(parents=True, exist_ok=True)
            (into / one).symlink_to((folder / one).resolve())


def load(
    connection: duckdb.DuckDBPyConnection, folder: Path, windows: Path | None, sample: Sample | None = None
) -> dict[str, list[Window]]:
    """Fill the table `series` as `sluice chart` does; the labelled windows of each series."""
    sample = sample or Sample()
    with TemporaryDirectory() as linked:
        sample.link(folder, Path(linked))
        series.load(connection, linked, "value", Columns())
    if sample.points is not None:
        connection.execute(
            "delete from series where rowid in (select rowid from series qualify row_number() over "
            f"(partition by metric order by measured_at) > {int(sample.points)})"
        )
    last = dict(connection.execute("select metric, max(measured_at) from series group by metric order by metric").fetchall())
    if windows is not None:
        found = dict(_from_json(windows, list(last)))
    else:
        found = {name: _from_column(connection, folder / name) for name in last}
    return {name: [(start, min(end, last[name])) for start, end in found[name] if start <= last[name]] for name in last}


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

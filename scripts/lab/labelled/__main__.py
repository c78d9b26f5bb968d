"""Prints how detectors do on labelled series, as a Markdown table. One fixed setting for all series."""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from lab.labelled import collection, detectors
from lab.labelled.score import Event, Score, best, score
from sluice.charts import engine
from sluice.charts.settings import Settings


def main() -> None:
    """Read the folder, run the detectors, print the table."""
    parser = argparse.ArgumentParser(prog="python -m lab.labelled", description=__doc__)
    parser.add_argument("folder", type=Path, help="CSV files with a label column, or without if --windows is given")
    parser.add_argument("--windows", type=Path, help='JSON: {"file": [["from", "to"], ...]}')
    given = parser.parse_args()
    with duckdb.connect(config={"threads": 1}) as connection:
        windows = collection.load(connection, given.folder, given.windows)
        engine.judge(connection, Settings())
        series, points = connection.execute("select count(distinct metric), count(*) from series").fetchall()[0]
        print(f"{series:,} series, {points:,} points, {sum(map(len, windows.values())):,} labelled windows\n")
        print("| detector | signals | precision | recall | F1 | false for 1,000 points | best F1 | at strength |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for name, events in _detected(connection).items():
            print(_row(name, score(events, windows, points), *best(events, windows, points)))


def _detected(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Event]]:
    return {
        "`sluice chart`, look and block": detectors.ours(connection, 1),
        "`sluice chart`, block": detectors.ours(connection, 2),
        "z-score of the last 14 points, point left out": detectors.z_score(connection, 14),
        "z-score of the last 100 points, point left out": detectors.z_score(connection, 100),
        "Elementary's default rule": detectors.elementary(connection),
    }


def _row(name: str, at: Score, least: float, swept: Score) -> str:
    figures = (f"{at.events:,}", f"{at.precision:.3f}", f"{at.recall:.3f}", f"{at.f1:.3f}", f"{at.false_per_thousand:.2f}")
    return f"| {name} | {' | '.join(figures)} | {swept.f1:.3f} | {least:.1f} |"


if __name__ == "__main__":
    main()

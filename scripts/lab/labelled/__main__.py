"""Prints how detectors do on labelled series, as a Markdown table. One fixed setting for all series."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import duckdb

from lab.labelled import collection, detectors, points
from lab.labelled.points import Ranking
from lab.labelled.score import Event, Score, best, score
from sluice.charts import engine
from sluice.charts.settings import Settings

HEAD = (
    "detector", "signals", "precision", "recall", "F1", "false for 1,000 points", "best F1", "at strength", "best adjusted F1",
    "average precision",
)  # fmt: skip


def main() -> None:
    """Read the folder, run the detectors, print the table."""
    parser = argparse.ArgumentParser(prog="python -m lab.labelled", description=__doc__)
    parser.add_argument("folder", type=Path, help="CSV files with a label column, or without if --windows is given")
    parser.add_argument("--windows", type=Path, help='JSON: {"file": [["from", "to"], ...]}')
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the files, in order, only each Nth")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="with --every: the first file, counted from 0")
    parser.add_argument("--points", type=int, metavar="N", help="of each series, only the first N points")
    given = parser.parse_args()
    with duckdb.connect(config={"threads": 1}) as connection:
        sample = collection.Sample(given.every, given.offset, given.points)
        windows = collection.load(connection, given.folder, given.windows, sample)
        engine.judge(connection, Settings())
        points.mark(connection, windows)
        series, count = connection.execute("select count(distinct metric), count(*) from series").fetchall()[0]
        print(f"{series:,} series, {count:,} points, {sum(map(len, windows.values())):,} labelled windows\n")
        print(f"| {' | '.join(HEAD)} |\n| --- |{' ---: |' * (len(HEAD) - 1)}")
        for name, events, ranking in _detected(connection):
            print(_row(name, score(events, windows, count), *best(events, windows, count), ranking))


def _detected(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, list[Event], Ranking]]:
    ranking = points.rank(connection, detectors.OURS)
    yield "`sluice chart`, look and block", detectors.ours(connection, 1), ranking
    yield "`sluice chart`, block", detectors.ours(connection, 2), ranking
    rules = {
        "z-score of the last 14 points, point left out": detectors.z_score(14),
        "z-score of the last 100 points, point left out": detectors.z_score(100),
        "Elementary's default rule": detectors.elementary(),
    }
    for name, query in rules.items():
        yield name, detectors.beyond(connection, query), points.rank(connection, query)


def _row(name: str, at: Score, least: float, swept: Score, ranking: Ranking) -> str:
    figures = (
        f"{at.events:,}", f"{at.precision:.3f}", f"{at.recall:.3f}", f"{at.f1:.3f}", f"{at.false_per_thousand:.2f}",
        f"{swept.f1:.3f}", f"{least:.1f}", f"{ranking.adjusted_f1:.3f}", f"{ranking.average_precision:.3f}",
    )  # fmt: skip
    return f"| {name} | {' | '.join(figures)} |"


if __name__ == "__main__":
    main()

"""How the trial on labelled series counts: an event is right if it begins inside a window."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from lab.labelled import collection, detectors, points
from lab.labelled.score import best, score


def _day(day: int) -> datetime:
    return datetime.fromisoformat(f"2026-01-{day:02}")


WINDOWS = {"a": [(_day(5), _day(7)), (_day(20), _day(20))], "b": []}
EVENTS = [("a", _day(5), 4.0), ("a", _day(7), 9.0), ("a", _day(8), 3.0), ("b", _day(5), 5.0)]


def test_events_and_windows_are_counted_apart() -> None:
    found = score(EVENTS, WINDOWS, 1000)
    assert (found.events, found.right, found.windows, found.found) == (4, 2, 2, 1)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.false_per_thousand == 2


def test_one_least_strength_for_all_series_is_chosen() -> None:
    least, found = best(EVENTS, WINDOWS, 1000)
    assert least == 9.0
    assert found.precision == 1.0
    assert found.f1 == pytest.approx(2 / 3)


def test_nothing_told_and_nothing_labelled_is_no_division_by_zero() -> None:
    assert score([], {}, 0).f1 == 0


def test_windows_come_from_a_column_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = [f"2026-01-{day:02},{day % 3},{int(day in (5, 6, 20))}" for day in range(1, 29)]
    (tmp_path / "data" / "a.csv").write_text("\n".join(["day,value,label", *rows]), encoding="utf-8")
    with duckdb.connect() as connection:
        from_column = collection.load(connection, tmp_path / "data", None)
    assert from_column == {"a.csv": [(_day(5), _day(6)), (_day(20), _day(20))]}
    (tmp_path / "windows.json").write_text('{"a.csv": [["2026-01-05 00:00:00", "2026-01-06 00:00:00"]]}', encoding="utf-8")
    with duckdb.connect() as connection:
        assert collection.load(connection, tmp_path / "data", tmp_path / "windows.json") == {"a.csv": [(_day(5), _day(6))]}


def test_the_rivals_are_what_they_are_called() -> None:
    """A spike of any size has at most (n - 1) / sqrt(n) deviations if it is in its own baseline: 2.85 of 10 points."""
    with duckdb.connect() as connection:
        connection.execute("""
            create table series as
            select s as metric, timestamp '2026-01-01' + to_days(i::integer) as measured_at, if(i = n, 1e6, i % 3) as value
            from (values ('short', 9), ('long', 29)) as kinds (s, n), range(30) as days (i)
            where i <= n
        """)
        assert [row[0] for row in detectors.beyond(connection, detectors.elementary())] == ["long"]
        assert [row[0] for row in detectors.beyond(connection, detectors.z_score(14))] == ["long"]


def test_points_are_ranked_by_their_strengths() -> None:
    """Of eight points two are labelled apart, and two in one window. By hand: 3 / 4, and (1 / 1 + 2 / 3 + 3 / 6 + 4 / 8) / 4."""
    strengths = [9, 8, 7, 5, 4, 3, 0, 1]
    days = [5, 10, 20, 11, 12, 6, 7, 13]
    windows = {"a": [(_day(5), _day(5)), (_day(20), _day(20)), (_day(6), _day(7))]}
    with duckdb.connect() as connection:
        connection.execute("create table chart (metric varchar, measured_at timestamp, strength double)")
        rows = [("a", _day(day), strength) for day, strength in zip(days, strengths, strict=True)]
        connection.executemany("insert into chart values (?, ?, ?)", rows)
        points.mark(connection, windows)
        found = points.rank(connection, detectors.OURS)
    assert found.average_precision == pytest.approx((1 + 2 / 3 + 3 / 6 + 4 / 8) / 4)
    # beyond 3: all four labelled points, as the window counts as one, and three others
    assert found.adjusted_f1 == pytest.approx(2 * 4 / (4 + 3 + 4))


def test_a_sample_of_files_and_points_is_read(tmp_path: Path) -> None:
    for name in "abc":
        rows = [f"2026-01-{day:02},{day % 3},{int(day in (5, 6, 20))}" for day in range(1, 29)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["day,value,label", *rows]), encoding="utf-8")
    with duckdb.connect() as connection:
        windows = collection.load(connection, tmp_path, None, collection.Sample(2, 1, 5))
        assert connection.execute("select count(*) from series").fetchall() == [(5,)]
    assert windows == {"b.csv": [(_day(5), _day(5))]}

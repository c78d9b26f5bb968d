"""Files that nobody wrote for this program: which column is what, and what is left out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sluice.charts import series
from sluice.charts.columns import Columns
from sluice.core.errors import SluiceError

ROWS = 30


def _load(folder: Path, text: str, name: str = "one.csv") -> tuple[list[tuple[object, ...]], list[str]]:
    (folder / name).write_text(text, encoding="utf-8")
    with duckdb.connect() as connection:
        said = series.load(connection, str(folder), "value", Columns())
        rows = connection.execute("select measured_at::varchar, value, label, season from series order by measured_at").fetchall()
    return rows, said


def _lines(row: str, header: str = "") -> str:
    """`row` with {at}, a number from 0, and {value}."""
    lines = [row.format(at=at, hour=f"{at % 24:02}", day=f"{1 + at // 24:02}", value=100 + at % 7) for at in range(ROWS)]
    return "\n".join([*([header] if header else []), *lines]) + "\n"


@pytest.mark.parametrize(
    ("header", "row", "first"),
    [
        ("timestamp,value,label", "{at}", None),
        ("when,what", "2026-01-{day} {hour}:00:00", "2026-01-01 00:00:00"),
        ("time,y", "2026-01-{day}T{hour}:00:00Z", "2026-01-01 00:00:00"),
        ("Date,Reading", "{day}.01.2026 {hour}:00", "2026-01-01 00:00:00"),
        ("Date,Reading", "01/{day}/2026 {hour}:00:30", "2026-01-01 00:00:30"),
    ],
)
def test_the_time_is_found_by_its_type_its_name_or_its_form(tmp_path: Path, header: str, row: str, first: str | None) -> None:
    is_labelled = header.endswith("label")
    rows, _ = _load(tmp_path, _lines(row + ",{value}" + (",0" if is_labelled else ""), header))
    assert len(rows) == ROWS
    assert rows[0][1] == 100
    assert first is None or rows[0][0] == first


@pytest.mark.parametrize("times", [1, 1000, 1_000_000])
def test_large_numbers_are_seconds_since_1970_or_parts_of_them(tmp_path: Path, times: int) -> None:
    text = "\n".join(["timestamp,value", *(f"{(1469376000 + 300 * at) * times},{at}" for at in range(ROWS))])
    rows, _ = _load(tmp_path, text)
    assert (rows[0][0], rows[1][0]) == ("2016-07-24 16:00:00", "2016-07-24 16:05:00")
    assert rows[0][2] == str(1469376000 * times)
    assert rows[0][3] == 16


def test_a_file_without_a_header_has_the_time_first_or_no_time(tmp_path: Path) -> None:
    rows, _ = _load(tmp_path, _lines("{at},{value}.5"))
    assert [row[1] for row in rows[:3]] == [100.5, 101.5, 102.5]
    rows, _ = _load(tmp_path, _lines("{value}.5,0"))
    assert [row[1] for row in rows[:3]] == [100.5, 101.5, 102.5]


def test_a_label_beside_the_value_is_not_the_value(tmp_path: Path) -> None:
    rows, _ = _load(tmp_path, _lines("{at},2026-01-{day} {hour}:00:00,0,1,{value}", "id,ts,is_anomaly,changepoint,load"))
    assert [row[1] for row in rows[:3]] == [100, 101, 102]


def test_a_word_in_the_last_row_does_not_stop_the_reading(tmp_path: Path) -> None:
    rows, said = _load(tmp_path, _lines("2026-01-{day} {hour}:00:00,{value}", "time,value") + "2026-02-01,NA\n")
    assert len(rows) == ROWS
    assert said == ["1 rows without a value or a time were left out"]


def test_an_hour_that_comes_twice_has_its_first_value(tmp_path: Path) -> None:
    text = _lines("2026-01-{day} {hour}:00:00,{value}", "time,value") + "2026-01-01 02:00:00,5\n"
    rows, said = _load(tmp_path, text)
    assert (len(rows), rows[2][1]) == (ROWS, 102)
    assert said == ["1 rows were left out, because their time has a value already"]


def test_a_file_without_a_series_is_left_out_of_a_folder_and_named(tmp_path: Path) -> None:
    (tmp_path / "about.json").write_text('{"title": "about"}', encoding="utf-8")
    rows, said = _load(tmp_path, _lines("2026-01-{day} {hour}:00:00,{value}", "time,value"))
    assert len(rows) == ROWS
    assert said == ["1 file left out, such as about.json: the source has no column of numbers"]
    with pytest.raises(SluiceError, match="no column of numbers"), duckdb.connect() as connection:
        series.load(connection, str(tmp_path / "about.json"), "value", Columns())

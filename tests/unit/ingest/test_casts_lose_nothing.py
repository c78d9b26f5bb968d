"""A value that a type cannot hold is a misfit; one that it can hold is read as it was written."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sluice.core.duck import literal, parse_type
from sluice.ingest.casts import cast_read, cast_text, csv_reader_type

FITS = [
    ("1", "integer", "1"),
    ("-7", "bigint", "-7"),
    ("17850.0", "bigint", "17850"),
    ("9223372036854775807", "bigint", "9223372036854775807"),
    ("12.3", "decimal(12,2)", "12.30"),
    ("12.340", "decimal(12,2)", "12.34"),
    ("0.00000001", "decimal(18,8)", "0.00000001"),
    ("12345678901234567890.10", "decimal(24,2)", "12345678901234567890.10"),
    ("1.5e3", "decimal(30,2)", "1500.00"),
    ("2025-03-01", "date", "2025-03-01"),
    ("2025-03-01 00:00:00", "date", "2025-03-01"),
    ("2025-03-01 10:11:12", "timestamp", "2025-03-01 10:11:12"),
    ("2025-03-01T10:11:12Z", "timestamp", "2025-03-01 10:11:12"),
    ("2025-03-01T10:11:12.345Z", "timestamp", "2025-03-01 10:11:12.345"),
    ("2025-03-01 10:11:12+02:00", "timestamp", "2025-03-01 08:11:12"),
    ("true", "boolean", "true"),
    ("NA", "varchar", "NA"),
]
MISFITS = [
    ("1.5", "integer"),
    ("1.5", "bigint"),
    ("three", "integer"),
    ("3000000000", "integer"),
    ("9223372036854775808", "bigint"),
    ("12.345", "decimal(12,2)"),
    ("99999999999.00", "decimal(12,2)"),
    ("0.000000001", "decimal(18,8)"),
    ("1e25", "decimal(30,2)"),
    ("1.005e0", "decimal(30,2)"),
    ("2025-03-01 10:00:00", "date"),
    ("2025-02-30", "date"),
    ("2025-02-30 10:00:00", "timestamp"),
    ("last week", "timestamp"),
    ("2025-03-01 05:03+02", "timestamp"),
    ("maybe", "boolean"),
]


@pytest.mark.parametrize(("text", "kind", "expected"), FITS)
def test_a_value_that_fits_keeps_its_meaning(duck: duckdb.DuckDBPyConnection, text: str, kind: str, expected: str) -> None:
    cast = cast_text("t", parse_type(kind))
    row = duck.execute(f"select ({cast.value})::varchar, {cast.misfit} from (select {literal(text)} as t)").fetchone()
    assert row == (expected, False)


@pytest.mark.parametrize(("text", "kind"), MISFITS)
def test_a_value_that_does_not_fit_is_a_misfit(duck: duckdb.DuckDBPyConnection, text: str, kind: str) -> None:
    cast = cast_text("t", parse_type(kind))
    assert duck.execute(f"select {cast.misfit} from (select {literal(text)} as t)").fetchone() == (True,)


@pytest.mark.parametrize("kind", ["integer", "bigint", "decimal(12,2)", "date", "timestamp", "boolean", "varchar"])
def test_null_is_not_a_misfit(duck: duckdb.DuckDBPyConnection, kind: str) -> None:
    cast = cast_text("t", parse_type(kind))
    assert duck.execute(f"select {cast.value}, {cast.misfit} from (select null::varchar as t)").fetchone() == (None, False)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("text", "kind"), [(text, kind) for text, kind in MISFITS if text[0].isdigit()])
def test_the_csv_reader_rejects_or_sql_refuses_it(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, kind: str, exact: bool
) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f"id,value\n1,{text}\n")
    target = parse_type(kind)
    reader = csv_reader_type(target, exact=exact)
    rows = duck.execute(
        f"select {cast_read('value', target, exact=exact).misfit} from read_csv({literal(str(path))}, header = true,"
        f" auto_detect = false, columns = {{'id': 'bigint', 'value': {literal(reader)}}}, store_rejects = true)"
    ).fetchall()
    assert rows in ([], [(True,)])

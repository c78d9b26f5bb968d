"""A value that a type cannot hold is a misfit; one that it can hold is read as it was written."""

from __future__ import annotations

import duckdb
import pytest

from sluice.core.duck import literal, parse_type
from sluice.ingest.casts import Cast, cast_text, cast_typed
from sluice.ingest.documents import cast_csv, cast_document, marked

FITS = [
    ("1", "integer", "1"),
    (" +7 ", "integer", "7"),
    ("-7", "bigint", "-7"),
    ("-0", "bigint", "0"),
    ("00012", "smallint", "12"),
    ("17850.0", "bigint", "17850"),
    ("9223372036854775807", "bigint", "9223372036854775807"),
    ("12.3", "decimal(12,2)", "12.30"),
    ("12.340", "decimal(12,2)", "12.34"),
    (".5", "decimal(12,2)", "0.50"),
    ("-.5", "decimal(4,1)", "-0.5"),
    ("12.", "decimal(4,0)", "12"),
    ("0.00000001", "decimal(18,8)", "0.00000001"),
    ("12345678901234567890.10", "decimal(24,2)", "12345678901234567890.10"),
    ("1.5e3", "decimal(30,2)", "1500.00"),
    ("1.50E-1", "decimal(12,2)", "0.15"),
    ("0e5", "decimal(12,2)", "0.00"),
    ("0.1", "double", "0.1"),
    ("1e-7", "double", "1e-07"),
    ("9007199254740992", "double", "9007199254740992.0"),
    ("16777216", "float", "16777216.0"),
    ("1e23", "double", "1e+23"),
    ("1.124524e25", "float", "1.124524e+25"),
    ("NaN", "double", "nan"),
    ("-Infinity", "double", "-inf"),
    ("2025-03-01", "date", "2025-03-01"),
    ("2025/3/1", "date", "2025-03-01"),
    ("0001-01-01", "date", "0001-01-01"),
    ("9999-12-31", "date", "9999-12-31"),
    ("2025-03-01 00:00:00", "date", "2025-03-01"),
    ("2025-03-01T00:00:00Z", "date", "2025-03-01"),
    ("2025-03-01 10:11:12", "timestamp", "2025-03-01 10:11:12"),
    ("2025-03-01 10:11", "timestamp", "2025-03-01 10:11:00"),
    ("2025-03-01", "timestamp", "2025-03-01 00:00:00"),
    ("2025-03-01T10:11:12Z", "timestamp", "2025-03-01 10:11:12"),
    ("2025-03-01 10:11:12 UTC", "timestamp", "2025-03-01 10:11:12"),
    ("2025-03-01T10:11:12.345Z", "timestamp", "2025-03-01 10:11:12.345"),
    ("2025-03-01 10:11:12.345678000", "timestamp", "2025-03-01 10:11:12.345678"),
    ("2025-03-01 10:11:12+02:00", "timestamp", "2025-03-01 08:11:12"),
    ("2025-3-1 3:04:05-0330", "timestamp", "2025-03-01 06:34:05"),
    ("1890-01-01 00:00:00+00:19:32", "timestamp", "1889-12-31 23:40:28"),
    ("9999-12-31 23:59:59.999999", "timestamp", "9999-12-31 23:59:59.999999"),
    ("true", "boolean", "true"),
    ("N", "boolean", "false"),
    ("\\x00a", "blob", "\\x00a"),
    ("NA", "varchar", "NA"),
]
MISFITS = [
    *[(text, "integer") for text in ("1.5", "three", "3000000000", ".5", "1e-7", "1e3", "1_000", "0x1F", "1,000", "", "true")],
    *[(text, "bigint") for text in ("1.5", "9223372036854775808", "1.2E+05", "1.0000000001", "0b11")],
    *[(text, "decimal(12,2)") for text in ("12.345", "99999999999.00", "1_0.5", "1,50", "1e-3", "1e-400", "NaN", ".", "\t+ ")],
    # DuckDB gives a number that the type cannot hold for these.
    *[(text, kind) for text, kind in (("4.5e10", "decimal(12,2)"), ("210.09e2", "decimal(4,0)"))],
    ("0.000000001", "decimal(18,8)"),
    ("1e25", "decimal(26,2)"),
    ("1.005e0", "decimal(30,2)"),
    *[
        (text, "double")
        for text in (
            "9007199254740993",
            "-9007199254740993.0",
            "9007199254740993.5",
            "1e400",
            "1e-400",
            "1_000",
            "0x1F",
            "1,5",
            "",
        )
    ],
    *[(text, "float") for text in ("16777217", "1e39", "1e-50", "-1.124524471487628e+25")],
    *[(text, "date") for text in ("2025-03-01 10:00:00", "2025-02-30", "01/02/25", "25-01-02", "13/01/25", "1-1-1", "epoch")],
    *[(text, "date") for text in ("infinity", "-infinity", "10000-01-01", "0000-01-01", "0044-03-15 (BC)", "0044-03-15 BC")],
    *[(text, "date") for text in ("2025 01 02", "20250102", "2025-01-02x", "2025-01-02 24:00:00", "2025-01-02 00:00:00+02")],
    *[(text, "timestamp") for text in ("2025-02-30 10:00:00", "last week", "now", "today", "epoch", "infinity", "-infinity")],
    *[(text, "timestamp") for text in ("2025-01-02 24:00:00", "2025-01-02 23:59:60", "2025-01-02 03:04:05.1234567")],
    *[(f"2025-01-02 03:04:05{zone}", "timestamp") for zone in (" America/New_York", " EST", " PST8PDT", "+25", "+99:99", " PM")],
    *[(text, "timestamp") for text in ("10000-01-01 00:00:00", "0001-01-01 00:00:00+02", "25-01-02 03:04:05", "1735787045")],
    ("maybe", "boolean"),
    ("1.0", "boolean"),
    ("caf\u00e9", "blob"),
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


def test_a_value_does_not_depend_on_the_rows_before_it(duck: duckdb.DuckDBPyConnection) -> None:
    """DuckDB applies the name of a zone to the rows after it."""
    texts = ["2025-07-01 10:00:00 America/New_York", "2025-07-01 10:00:00.5", "2025-07-01", "2025-07-01T10:00:00+02:00"]
    cast = cast_text("t", parse_type("timestamp"))
    rows = duck.execute(
        f"select case when not {cast.misfit} then ({cast.value})::varchar end from (select unnest($1) as t)", [texts]
    )
    assert rows.fetchall() == [(None,), ("2025-07-01 10:00:00.5",), ("2025-07-01 00:00:00",), ("2025-07-01 08:00:00",)]


NESTED = [
    # type, text, what lands (None: it does not fit)
    ("integer[]", "[1, 2]", "[1, 2]"),
    ("integer[]", "[1, null]", "[1, NULL]"),
    ("integer[]", "[]", "[]"),
    ("integer[]", "[1.5]", None),
    ("integer[]", "1", None),
    ("integer[]", '"[1]"', None),
    ("decimal(12,2)[]", "[1.10, 12.50]", "[1.10, 12.50]"),
    ("decimal(12,2)[]", "[12.345]", None),
    ("decimal(38,2)[]", "[12345678901234567890.10]", "[12345678901234567890.10]"),
    ("double[]", "[9007199254740993]", None),
    ("varchar[]", '["v1.5", 1.10, 1e2, null]', "[v1.5, 1.10, 1e2, NULL]"),
    ("timestamp[]", '["2025-01-01T00:00:00+02:00"]', "['2024-12-31 22:00:00']"),
    ("timestamp[]", '["2025-01-01 00:00:00.123456789"]', None),
    ("date[][]", '[["2025-01-01"], []]', "[[2025-01-01], []]"),
    ("date[][]", '[["01/02/25"]]', None),
    ("struct(a integer, b varchar)", '{"a": 2, "b": "x"}', "{'a': 2, 'b': x}"),
    ("struct(a integer, b varchar)", '{"b": "x"}', "{'a': NULL, 'b': x}"),
    ("struct(a integer, b varchar)", '{"a": 1.5}', None),
    ("struct(a integer, b varchar)", '{"a": 1, "c": 2}', None),
    ("struct(a integer, b varchar)", '{"a": 1, "a": 2}', None),
    ("struct(a integer, b varchar)", "[1]", None),
    ("struct(a struct(b decimal(4,1))[])", '{"a": [{"b": 1.5}, {"b": null}, null]}', "{'a': [{'b': 1.5}, {'b': NULL}, NULL]}"),
    ("struct(a struct(b decimal(4,1))[])", '{"a": [{"b": 1.55}]}', None),
    ("struct(a struct(b decimal(4,1))[])", '{"a": [{"c": 1.5}]}', None),
    ("struct(doc varchar)", '{"doc": {"p": 1.10, "q": "2.50"}}', '{\'doc\': \'{"p":1.10,"q":"2.50"}\'}'),
]


@pytest.mark.parametrize(("kind", "text", "expected"), NESTED)
def test_what_is_inside_a_list_or_struct_fits_or_all_of_it_does_not(
    duck: duckdb.DuckDBPyConnection, kind: str, text: str, expected: str | None
) -> None:
    """As a document of its own, and as the text of a CSV column."""
    for cast in (cast_document(marked("t"), parse_type(kind)), cast_csv("t", parse_type(kind))):
        assert _landed(duck, cast, text) == (expected if expected is None else (expected,)), cast


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("struct(a integer, b varchar)", "{'a': 2, 'b': x}", "{'a': 2, 'b': x}"),
        ("struct(a integer, b varchar)", "{'a': 1.5, 'b': x}", None),
        ("struct(a integer, b varchar)", "{'a': 1, 'c': x}", None),
        ("struct(a integer, b varchar)", "neither", None),
        ("struct(a integer, b varchar)", "(5)", None),
        ("struct(a integer)[]", "[(5)]", None),
        ("varchar[]", "[a, NULL]", "[a, NULL]"),
        ("timestamp[]", "['2025-01-01 00:00:00+02']", "['2024-12-31 22:00:00']"),
        ("decimal(12,2)[]", "[1.005, NULL]", None),
    ],
)
def test_a_csv_column_may_also_be_as_duckdb_writes_it(
    duck: duckdb.DuckDBPyConnection, kind: str, text: str, expected: str | None
) -> None:
    assert _landed(duck, cast_csv("t", parse_type(kind)), text) == (expected if expected is None else (expected,))


@pytest.mark.parametrize("number", ["1.10", "-0.12345678901234567890", "1E+2", "12345678901234567890123", "-7", "0"])
def test_a_number_in_a_document_keeps_its_digits_and_no_string_is_taken_for_one(
    duck: duckdb.DuckDBPyConnection, number: str
) -> None:
    document = f'{{"a": {number}, "b 1": "x 2.50 \\" 3", "c": [true, {number}], "d": -Infinity, "e": "4"}}'
    row = duck.execute(
        "select json_extract_string(m, ['/a', '/b 1', '/c/1', '/e']) from (select " + marked("$1") + " as m)", [document]
    ).fetchone()
    assert row is not None
    mark = row[0][0].removesuffix(number)
    assert mark
    assert row[0] == [mark + number, 'x 2.50 " 3', mark + number, "4"]


TYPED = [
    # found, target, SQL of the value, whether it fits
    ("double", "integer", "1.0", True),
    ("double", "integer", "1.5", False),
    ("double", "decimal(12,2)", "0.1::double + 0.2::double", False),
    ("bigint", "double", "9007199254740993", False),
    ("ubigint", "bigint", "18446744073709551615", False),
    ("decimal(12,3)", "decimal(12,2)", "1.125", False),
    ("timestamp_ns", "timestamp", "timestamp_ns '2025-01-01 00:00:00.123456789'", False),
    ("timestamp with time zone", "timestamp", "timestamptz '2025-01-01 00:00:00+02'", True),
    ("timestamp", "date", "timestamp '2025-01-01 00:00:01'", False),
    ("date", "date", "date 'infinity'", False),
    ("timestamp", "timestamp", "timestamp '-infinity'", False),
    ("timestamp", "timestamp", "timestamp '10000-01-01'", False),
    ("double", "double", "'nan'::double", True),
    ("double[]", "integer[]", "[1.0, null]", True),
    ("double[]", "integer[]", "[1.0, 1.5]", False),
    ("struct(a double)", "struct(a decimal(4,1), b integer)", "{'a': 1.5}", True),
    ("struct(a double)", "struct(a decimal(4,1), b integer)", "{'a': 1.55}", False),
    ("struct(a timestamp)[]", "struct(a timestamp)[]", "[{'a': timestamp 'infinity'}]", False),
]


@pytest.mark.parametrize(("found", "target", "value", "fits"), TYPED)
def test_a_typed_value_fits_or_does_not_at_any_depth(
    duck: duckdb.DuckDBPyConnection, found: str, target: str, value: str, fits: bool
) -> None:
    cast = cast_typed("t", parse_type(found), parse_type(target))
    assert cast is not None
    rows = duck.execute(f"select {cast.misfit}, ({cast.value})::{target} from (select ({value})::{found} as t)").fetchall()
    assert [misfit for misfit, _ in rows] == [not fits]


@pytest.mark.parametrize(
    ("found", "target"),
    [("varchar", "integer"), ("struct(a integer, b integer)", "struct(a integer)"), ("struct(b varchar)[]", "struct(b date)[]")],
)
def test_types_that_have_nothing_in_common(found: str, target: str) -> None:
    assert cast_typed("t", parse_type(found), parse_type(target)) is None


def _landed(duck: duckdb.DuckDBPyConnection, cast: Cast, text: str) -> tuple[str] | None:
    row = duck.execute(f"select ({cast.value})::varchar, {cast.misfit} from (select {literal(text)} as t)").fetchone()
    assert row is not None
    assert row[1] in (True, False)
    return None if row[1] else (row[0],)

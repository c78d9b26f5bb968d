"""What lands of a PostgreSQL table equals what its owner wrote with psql, as pyarrow reads it; the rest is in quarantine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import inf
from typing import Any

import pytest
from deltalake import DeltaTable

NOON = "2025-03-01 12:00:00"


@dataclass(frozen=True)
class Kind:
    """A column of a PostgreSQL type that the contract promises as another; what is written, and what lands of it.

    `refused` are written too and do not fit. A landed value is compared with its type: 1 is not True, and not Decimal(1).
    """

    type: str
    promised: str
    landed: dict[str, Any]
    refused: tuple[str, ...] = ()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


KINDS = {
    "numeric of any precision": Kind(
        "numeric",
        "decimal(22,3)",
        {
            "9007199254740993.125": Decimal("9007199254740993.125"),
            "-0.001": Decimal("-0.001"),
            "1e18": Decimal("1000000000000000000.000"),
        },
        ("'NaN'", "'Infinity'", "'-Infinity'", "0.0001", "1e40", "12345678901234567890"),
    ),
    "numeric with a precision": Kind(
        "numeric(30,10)", "decimal(12,2)", {"7.25": Decimal("7.25"), "7.2500000000": Decimal("7.25")}, ("7.251", "'NaN'")
    ),
    "numeric as a whole number": Kind(
        "numeric", "bigint", {"9223372036854775807": 9223372036854775807, "5.00": 5}, ("9223372036854775808", "0.5", "'NaN'")
    ),
    "numeric as a double": Kind(
        "numeric",
        "double",
        {"0.1": 0.1, "-12.5": -12.5, "0.00": 0.0, "1200": 1200.0, "1e300": 1e300, "'Infinity'": inf},
        ("12345678901234567.125", "1e400"),
    ),
    "numeric as a float": Kind("numeric", "float", {"0.5": 0.5, "16777216": 16777216.0}, ("16777217",)),
    "numeric as text": Kind(
        "numeric", "varchar", {"123456789012345678901234567890.10": "123456789012345678901234567890.10", "'NaN'": "NaN"}
    ),
    "money": Kind("money", "decimal(14,2)", {"'1,234,567.89'": Decimal("1234567.89"), "-0.05": Decimal("-0.05")}),
    "a big whole number as a double": Kind("bigint", "double", {"9007199254740992": 9007199254740992.0}, ("9007199254740993",)),
    "a whole number as a smaller one": Kind("bigint", "smallint", {"-32768": -32768}, ("32768",)),
    "a whole number as text": Kind("bigint", "varchar", {"9007199254740993": "9007199254740993"}),
    "a double as a decimal": Kind(
        "double precision", "decimal(12,2)", {"0.25": Decimal("0.25")}, ("0.125", "'NaN'", "'Infinity'", "1e30")
    ),
    "a double as text": Kind("double precision", "varchar", {"0.1": "0.1", "'-Infinity'": "-Infinity"}),
    "boolean": Kind("boolean", "boolean", {"true": True, "false": False}),
    "bytes": Kind("bytea", "blob", {r"'\x00ff'": b"\x00\xff", "''": b""}),
    "bytes as text": Kind("bytea", "varchar", {r"'\x00ff'": r"\x00ff"}),
    "text, padded by the server": Kind("char(4)", "varchar", {"'ab'": "ab"}),
    "a moment": Kind(
        "timestamptz",
        "timestamp",
        {
            "'2025-03-01 12:00:00.000001+05:30'": at("2025-03-01 06:30:00.000001"),
            "'0001-01-01 00:00Z'": at("0001-01-01 00:00:00"),
            "'9999-12-31 23:59:59.999999Z'": at("9999-12-31 23:59:59.999999"),
        },
        ("'infinity'", "'-infinity'", "'0044-03-15 12:00Z BC'", "'10000-01-01 00:00Z'", "'294276-12-31 23:59:59Z'"),
    ),
    "a time of day somewhere": Kind(
        "timestamp",
        "timestamp",
        {"'2025-03-01 12:00:00.5'": at("2025-03-01 12:00:00.500000")},
        ("'infinity'", "'4713-01-01 BC'", "'294276-12-31 23:59:59.999999'"),
    ),
    "a day": Kind(
        "date",
        "date",
        {"'2025-03-01'": date(2025, 3, 1), "'9999-12-31'": date(9999, 12, 31)},
        ("'infinity'", "'-infinity'", "'0044-03-15 BC'", "'5874897-12-31'"),
    ),
    "a day as a moment": Kind("date", "timestamp", {"'2025-03-01'": at("2025-03-01 00:00:00")}, ("'infinity'",)),
    "a moment as a day": Kind(
        "timestamptz", "date", {"'2025-03-01 00:00Z'": date(2025, 3, 1)}, ("'2025-03-01 00:00:01Z'", "'infinity'")
    ),
    "a moment as text": Kind(
        "timestamptz", "varchar", {"'2025-03-01 12:00+02'": "2025-03-01 10:00:00+00", "'infinity'": "infinity"}
    ),
    "a clock with a zone": Kind("timetz", "varchar", {"'10:00+02'": "10:00:00+02"}),
    "a span of time": Kind("interval", "varchar", {"'1 month 2 days 03:04:05.6'": "1 mon 2 days 03:04:05.6"}),
    "bits": Kind("bit(3)", "varchar", {"B'101'": "101"}),
    "a range of days": Kind("daterange", "varchar", {"'[2025-01-02,2025-02-01)'": "[2025-01-02,2025-02-01)"}),
    "uuid": Kind("uuid", "varchar", {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}),
    "enum": Kind("mood", "varchar", {"'it''s ok'": "it's ok"}),
    "a domain over a domain": Kind("small_price", "decimal(8,2)", {"1.50": Decimal("1.50")}, ("1.555", "'NaN'")),
    "json as text": Kind("json", "varchar", {"""'{"b": 1.10, "a":null}'""": '{"b": 1.10, "a":null}'}),
    "jsonb as text": Kind("jsonb", "varchar", {"'[12345678901234567890.10]'": "[12345678901234567890.10]"}),
    "a list as text": Kind("numeric[]", "varchar", {"'{1.10,NULL}'": "[1.10,null]"}),
}
SET_UP = """
    create type mood as enum ('it''s ok');
    create domain price as numeric;
    create domain small_price as price check (value < 100 or value = 'NaN');
    create type pair as (name text, n numeric);
    alter database postgres set datestyle to 'SQL, DMY';
    alter database postgres set timezone to 'Asia/Tokyo';
    alter database postgres set intervalstyle to 'sql_standard';
    alter database postgres set bytea_output to 'escape';
    alter database postgres set extra_float_digits to 0;
"""
TEAR_DOWN = "alter database postgres reset all; drop type pair; drop domain small_price; drop domain price; drop type mood"


@pytest.fixture(scope="module")
def unusual(server: Any) -> Any:
    """A server that writes dates, spans and bytes as nobody does: none of it may reach a value."""
    server.psql(SET_UP)
    yield server
    server.psql(f"drop table if exists v; {TEAR_DOWN}")


def lake_with(lake_of: Any, server: Any, kind: str, promised: dict[str, str], values: list[str], **feed: Any) -> Any:
    server.psql(f"drop table if exists v; create table v (id bigint, v {kind}, u timestamptz)")
    rows = ", ".join(f"({number}, {value}, timestamptz '{NOON}Z')" for number, value in enumerate(values))
    server.psql(f"insert into v values {rows}")
    columns = {"id": "bigint!", **promised, "u": "timestamp!"}
    return lake_of(columns, format="postgres", connection=server.get_uri(), relation="public.v", cursor="u", **feed)


def landed(lake: Any) -> dict[int, Any]:
    """The values of v by id, as pyarrow reads the raw table."""
    table = DeltaTable(str(lake.root / "lake" / "raw" / "test" / "rows")).to_pyarrow_table()
    return {row["id"]: row["v"] for row in table.to_pylist()}


def quarantined(lake: Any) -> list[int]:
    """The ids in quarantine."""
    return sorted(json.loads(text)["id"] for (text,) in lake.query("select original_text from {quarantine}"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_value_fits_without_loss_or_not_at_all(lake_of: Any, unusual: Any, kind: Kind) -> None:
    values = [*kind.landed, *kind.refused, "null"]
    lake = lake_with(lake_of, unusual, kind.type, {"v": kind.promised}, values)
    report = lake.ingest()
    assert report.refused == ()
    expected = dict(enumerate(kind.landed.values())) | {len(values) - 1: None}
    assert {number: (type(value), value) for number, value in landed(lake).items()} == {
        number: (type(value), value) for number, value in expected.items()
    }
    assert quarantined(lake) == list(range(len(kind.landed), len(values) - 1))


@pytest.mark.parametrize(
    ("kind", "value", "promised"),
    [
        ("interval", "'1 day'", "bigint"), ("timetz", "'10:00+02'", "timestamp"), ("uuid", "gen_random_uuid()", "blob"),
        ("text", "'1'", "integer"), ("bigint", "1", "timestamp"), ("date", "'2025-01-01'", "decimal(12,2)"),
        ("boolean", "true", "integer"), ("int4range", "'[1,2)'", "integer"), ("bytea", "''", "boolean"),
        ("numeric", "1", "boolean"), ("jsonb", "'1'", "integer"), ("text", "'[1]'", "integer[]"),
    ],
)  # fmt: skip
def test_another_kind_of_type_refuses_the_table_by_name(lake_of: Any, unusual: Any, kind: str, value: str, promised: str) -> None:
    ((_, why),) = lake_with(lake_of, unusual, kind, {"v": promised}, [value]).ingest().refused
    assert "column v is " in why
    assert f"the contract promises {promised}" in why


def test_a_column_that_no_contract_knows_lands_as_postgresql_writes_it(lake_of: Any, unusual: Any) -> None:
    lake = lake_with(lake_of, unusual, "numeric", {}, ["123456789012345678901234.5", "'NaN'", "null"])
    assert lake.ingest().new_columns == ("v",)
    assert landed(lake) == {0: "123456789012345678901234.5", 1: "NaN", 2: None}

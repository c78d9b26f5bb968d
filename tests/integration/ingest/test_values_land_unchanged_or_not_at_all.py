"""Each value of a delivery lands as it was written or its row is in quarantine, whatever the format, depth and neighbours.

What landed is read by pyarrow through deltalake, which know nothing of DuckDB.
"""

from __future__ import annotations

import math
from datetime import UTC, date, timedelta
from datetime import datetime as _datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable


def at(*parts: int) -> _datetime:
    """A time in UTC, as the lake has it: without a zone."""
    year, month, day, hour, minute, second, micros = (*parts, *[0] * (7 - len(parts)))
    return _datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC).replace(tzinfo=None)


STRUCT = "struct(a integer, b varchar)"
# Column of the contract, text, what lands; a text that does not fit has no third part.
CSV: list[tuple[Any, ...]] = [
    ("n", "7", 7),
    ("n", "9223372036854775807", 2**63 - 1),
    ("n", "17850.0", 17850),
    ("n", "1.2E+05"),
    ("n", "17850.00000001"),
    ("n", "1_000"),
    ("n", "0x1F"),
    ("p", "1.5", Decimal("1.50")),
    ("p", "1.2E+05", Decimal("120000.00")),
    ("p", "1.005"),
    ("p", "1.000000001"),
    ("p", "4.5e10"),
    ("d", "0.1", 0.1),
    ("d", "Infinity", math.inf),
    ("d", "9007199254740993"),
    ("d", "1e400"),
    ("f", "16777216", 16777216.0),
    ("f", "16777217"),
    ("day", "2025-01-05", date(2025, 1, 5)),
    ("day", "01/02/25"),
    ("day", "infinity"),
    ("day", "10000-01-01"),
    ("day", "epoch"),
    ("at", "2025-07-01 10:00:00 America/New_York"),
    ("at", "2025-07-01 10:00:00.5", at(2025, 7, 1, 10, 0, 0, 500000)),
    ("at", "2025-07-01", at(2025, 7, 1)),
    ("at", "2025-07-01T10:00:00+02:00", at(2025, 7, 1, 8)),
    ("at", "2025-07-01 24:00:00"),
    ("at", "-infinity"),
    ("s", '"{""a"": 2, ""b"": ""x""}"', {"a": 2, "b": "x"}),
    ("s", "\"{'a': 1.5, 'b': x}\""),
    ("s", '"{""a"": 1, ""c"": 1}"'),
    ("l", '"[1, null]"', [1, None]),
    ("l", "[2.5]"),
]
CSV_TYPES = {
    "id": "integer!", "n": "bigint", "p": "decimal(12,2)", "d": "double", "f": "float", "day": "date", "at": "timestamp",
    "s": STRUCT, "l": "integer[]",
}  # fmt: skip


@pytest.mark.parametrize("together", [True, False], ids=["in one file", "each in a file of its own"])
def test_values_of_csv(lake_of: Any, together: bool) -> None:
    lake = lake_of(CSV_TYPES)
    columns = list(CSV_TYPES)
    lines = [
        ",".join([str(n), *(text if name == column else "" for name in columns[1:])]) for n, (column, text, *_) in enumerate(CSV)
    ]
    for name, part in [("a", lines)] if together else [(str(n), [line]) for n, line in enumerate(lines)]:
        lake.deliver(f"{name}.csv", "\n".join([",".join(columns), *part]) + "\n")
    assert lake.ingest().refused == ()
    wanted = {n: what[0] for n, (_, _, *what) in enumerate(CSV) if what}
    assert {row["id"]: row[CSV[row["id"]][0]] for row in _landed(lake)} == wanted
    faults = dict(lake.query("select original_text, column_name from {quarantine}"))
    assert faults == {lines[n]: column for n, (column, _, *what) in enumerate(CSV) if not what}


ORDER_LINES = "struct(sku varchar, qty integer, price decimal(12,2))[]"
# Type, the value in JSON, what lands; one that does not fit has no third part.
JSON: list[tuple[Any, ...]] = [
    ("varchar", "1.10", "1.10"),
    ("varchar", "0.1234567890123456789", "0.1234567890123456789"),
    ("varchar", "1E5", "1E5"),
    ("varchar", "12345678901234567890123", "12345678901234567890123"),
    ("varchar", '{"p": 1.10, "q": "2.50"}', '{"p":1.10,"q":"2.50"}'),
    ("varchar", '"1.10"', "1.10"),
    ("bigint", "1e3", 1000),
    ("bigint", "9007199254740993", 2**53 + 1),
    ("bigint", "9007199254740993.0", 2**53 + 1),
    ("bigint", "1e-7"),
    ("decimal(12,2)", "12.50", Decimal("12.50")),
    ("decimal(12,2)", "0.10000000000000000001"),
    ("decimal(12,2)", "123456789.000000001"),
    ("decimal(38,2)", "123456789012345678.12", Decimal("123456789012345678.12")),
    ("double", "9007199254740993"),
    ("double", "0.1", 0.1),
    ("date", '"25-01-02"'),
    ("timestamp", '"2025-01-01T00:00:00+02:00"', at(2024, 12, 31, 22)),
    ("timestamp[]", '["2025-01-01T00:00:00+02:00"]', [at(2024, 12, 31, 22)]),
    ("timestamp[]", '["2025-01-01 00:00:00.123456789"]'),
    ("decimal(12,2)[]", "[1.10, null]", [Decimal("1.10"), None]),
    ("decimal(12,2)[]", "[12.345]"),
    (STRUCT, '{"b": "v1.5"}', {"a": None, "b": "v1.5"}),
    (STRUCT, '{"a": 1, "b": 1.10}', {"a": 1, "b": "1.10"}),
    (STRUCT, '{"a": 1.5}'),
    (STRUCT, '{"a": 1, "c": 2}'),
    (STRUCT, '{"a": 1, "a": 2}'),
    (STRUCT, '"text"'),
    (ORDER_LINES, '[{"sku": "A", "qty": 2, "price": 12.50}]', [{"sku": "A", "qty": 2, "price": Decimal("12.50")}]),
    (ORDER_LINES, '[{"sku": "v1.5", "qty": 1}]', [{"sku": "v1.5", "qty": 1, "price": None}]),
    (ORDER_LINES, '[{"sku": 1.10, "qty": 1}]', [{"sku": "1.10", "qty": 1, "price": None}]),
    (ORDER_LINES, '[{"sku": "A", "gift": true}]'),
    (ORDER_LINES, '[{"sku": "A", "price": 12.345}]'),
    (ORDER_LINES, '["A"]'),
]


def test_values_of_json(lake_of: Any) -> None:
    """One record a value; each has a column of its own, and a new one beside it."""
    lake = lake_of({"id": "integer!", **{f"c{n}": kind for n, (kind, *_) in enumerate(JSON)}}, format="json", sparse=True)
    lines = [f'{{"id": {n}, "c{n}": {text}, "new": {text}}}' for n, (_, text, *_) in enumerate(JSON)]
    lake.deliver("a.jsonl", "\n".join(lines) + "\n")
    assert lake.ingest().refused == ()
    rows = {row["id"]: row for row in _landed(lake)}
    assert {n: row[f"c{n}"] for n, row in rows.items()} == {n: what[0] for n, (_, _, *what) in enumerate(JSON) if what}
    assert rows[0]["new"] == "1.10"
    assert rows[4]["new"] == '{"p":1.10,"q":"2.50"}'
    faults = dict(lake.query("select original_text, column_name from {quarantine}"))
    # A key that occurs twice in an object is a fault of its syntax.
    assert faults == {lines[n]: f"c{n}" for n, (_, _, *what) in enumerate(JSON) if not what}


@pytest.mark.parametrize("line", ['{"id": 1, "id": 2}', '{"id": undefined}', '{"id": "\\ud800"}', "[1]", "1", '"x"', "{'id': 1}"])
def test_what_is_not_one_json_object_is_malformed(lake_of: Any, line: str) -> None:
    lake = lake_of({"id": "varchar!"}, format="json")
    lake.deliver("a.jsonl", f'{line}\n{{"id": "good"}}\n')
    report = lake.ingest()
    assert (report.rows_landed, report.reasons) == (1, {"malformed": 1})


def _ns(*times: int, zone: str | None = None) -> pa.Array:
    return pa.array(times, pa.timestamp("ns", zone))


SOME_NS, WHOLE_US = 1735689600_123456789, 1735689600_123456000
AT = at(2025, 1, 1, 0, 0, 0, 123456)
# Type of the contract, the column as pyarrow writes it, what lands.
PARQUET: list[tuple[str, pa.Array, list[Any]]] = [
    ("timestamp", _ns(SOME_NS, WHOLE_US), [AT]),
    ("timestamp", _ns(SOME_NS, WHOLE_US, zone="Europe/Berlin"), [AT]),
    ("timestamp[]", pa.array([[SOME_NS], [WHOLE_US]], pa.list_(pa.timestamp("ns", "UTC"))), [[AT]]),
    (
        "struct(t timestamp)",
        pa.array([{"t": SOME_NS}, {"t": WHOLE_US}], pa.struct({"t": pa.timestamp("ns", "UTC")})),
        [{"t": AT}],
    ),
    ("timestamp", pa.array([1735689600123], pa.timestamp("ms", "Asia/Tokyo")), [at(2025, 1, 1, 0, 0, 0, 123000)]),
    ("timestamp", pa.array([2**62, 0], pa.timestamp("us")), [at(1970, 1, 1)]),
    ("date", pa.array([2**31 - 1, -(2**31), 0], pa.int32()).cast(pa.date32()), [date(1970, 1, 1)]),
    ("bigint", pa.array([2**63, 2**63 - 1], pa.uint64()), [2**63 - 1]),
    ("smallint", pa.array([70_000, 7], pa.uint32()), [7]),
    ("integer", pa.array([1.5, 2.0, math.nan]), [2]),
    ("double", pa.array([2**53 + 1, 2**53]), [2.0**53]),
    ("float", pa.array([0.1, 0.5]), [0.5]),
    ("decimal(12,2)", pa.array([Decimal("1.005"), Decimal("1.500")]), [Decimal("1.50")]),
    ("varchar", pa.array(["a", None]).dictionary_encode(), ["a", None]),
    ("varchar", pa.nulls(2), [None, None]),
    ("struct(a integer)", pa.nulls(1), [None]),
    ("integer[]", pa.array([[1.5], [2.0, None], None]), [[2, None], None]),
    ("struct(p decimal(12,2), q integer)", pa.array([{"p": 12.345}, {"p": 1.5}]), [{"p": Decimal("1.50"), "q": None}]),
    ("struct(d date)[]", pa.array([[{"d": date(2025, 1, 1)}]]), [[{"d": date(2025, 1, 1)}]]),
]


@pytest.mark.parametrize(("kind", "column", "landed"), PARQUET)
def test_values_of_parquet(lake_of: Any, kind: str, column: pa.Array, landed: list[Any]) -> None:
    lake = lake_of({"id": "integer", "v": kind}, format="parquet")
    pq.write_table(pa.table({"id": range(len(column)), "v": column}), lake.deliver("a.parquet", b""))
    report = lake.ingest()
    assert report.refused == ()
    assert [row["v"] for row in sorted(_landed(lake), key=lambda row: row["id"])] == landed
    assert report.rows_quarantined == len(column) - len(landed)


def test_nanoseconds_of_int96(lake_of: Any) -> None:
    """Spark's old times. Those too far for nanoseconds land, too, in a file that has none."""
    lake = lake_of({"id": "integer", "v": "timestamp"}, format="parquet")
    far = at(9999, 12, 31, 23, 59, 59)
    times = {
        "fine": _ns(SOME_NS, WHOLE_US),
        "far": pa.array([int((far - at(1970, 1, 1)).total_seconds() * 1e6), 0], pa.timestamp("us")),
    }
    for name, column in times.items():
        path = lake.deliver(f"{name}.parquet", b"")
        pq.write_table(pa.table({"id": [1, 2], "v": column}), path, use_deprecated_int96_timestamps=True)
    assert lake.ingest().refused == ()
    assert sorted(row["v"] for row in _landed(lake)) == [at(1970, 1, 1), AT, far]
    assert lake.query("select _file, detail from {quarantine}") == [
        ("fine.parquet", "v: 2025-01-01 00:00:00.123456789 does not fit timestamp")
    ]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"v": pa.array([Decimal("1.10")], pa.decimal256(40, 2))}, "column v is a decimal of 40 digits"),
        (
            {"v": pa.array([{"a": [Decimal(1)]}], pa.struct({"a": pa.list_(pa.decimal256(40, 2))}))},
            "v.a.list.element is a decimal",
        ),
        ({"v": pa.array([1]), "V": pa.array([1])}, "columns v, V differ in case only"),
        ({"v": pa.array([{"a": 1, "b": 2}])}, "column v.b is not in the contract"),
        ({"v": pa.array([{"a": "x"}]), "_file": pa.array([1])}, "'_file' clash"),
        ({"v": pa.array([{"a": "x"}]), "_file": pa.array([1])}, "column v.a is VARCHAR, the contract promises INTEGER"),
        ({"w": pa.array([1])}, "missing: v"),
    ],
)
def test_a_parquet_file_of_another_shape_is_rejected_alone(lake_of: Any, columns: dict[str, pa.Array], says: str) -> None:
    lake = lake_of({"id": "integer", "v": "struct(a integer)"}, format="parquet")
    pq.write_table(pa.table({"id": [1], **columns}), lake.deliver("bad.parquet", b""))
    pq.write_table(pa.table({"ID": [2], "v": [{"a": 5}]}), lake.deliver("good.parquet", b""))
    report = lake.ingest()
    assert [(file, says in why) for file, why in report.refused] == [("bad.parquet", True)], report.refused
    assert [row["v"] for row in _landed(lake)] == [{"a": 5}]


def _landed(lake: Any) -> list[dict[str, Any]]:
    """The rows of the raw table; times are in UTC, without a zone."""
    table = DeltaTable(str(Path(lake.root) / "lake" / "raw" / "test" / "rows")).to_pyarrow_table()
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, _datetime) and value.tzinfo is not None:
        assert value.utcoffset() == timedelta(0)
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value

"""Avro and JSON Schema by a registry: values land exactly; what no schema explains is quarantined, with its bytes."""

from __future__ import annotations

import json
import struct
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.error import HTTPError

import pytest
from fastavro import schemaless_writer

from lab.broker.registry import Registry

LOGICAL = {
    "amount": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
    "at": {"type": "long", "logicalType": "timestamp-micros"},
    "day": {"type": "int", "logicalType": "date"},
}
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        *({"name": name, "type": kind} for name, kind in LOGICAL.items()),
        {"name": "ratio", "type": ["null", "double"], "default": None},
        {"name": "raw", "type": "bytes"},
        {"name": "lines", "type": {"type": "array", "items": "string"}},
    ],
}
COLUMNS = {
    "id": "bigint!",
    "amount": "decimal(12,2)",
    "at": "timestamp",
    "day": "date",
    "ratio": "double",
    "raw": "blob",
    "lines": "varchar[]",
}
RECORD = {
    "id": 1,
    "amount": Decimal("12.30"),
    "at": datetime(2025, 1, 31, 10, 0, 0, 123456, tzinfo=UTC),
    "day": date(2025, 1, 31),
    "ratio": 0.1,
    "raw": b"\x00\xffA",
    "lines": ["a", "b"],
}


def avro(number: int, schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    out = BytesIO(struct.pack(">bI", 0, number))
    out.seek(5)
    schemaless_writer(out, schema, record)
    return out.getvalue()


def add_field(schema: dict[str, Any], **field: Any) -> dict[str, Any]:
    return {**schema, "fields": [*schema["fields"], field]}


def test_avro_lands_value_by_value_also_of_a_newer_schema(topic_of: Any, registry: Registry) -> None:
    lake = topic_of(COLUMNS, value="avro", registry=registry.url)
    subject = f"{lake.topic}-value"
    newer = add_field(ORDER, name="channel", type="string", default="web")
    first, second = (registry.register(subject, json.dumps(schema)) for schema in (ORDER, newer))
    lake.send(avro(first, ORDER, RECORD), avro(second, newer, {**RECORD, "id": 2, "ratio": float("nan"), "channel": "app"}))
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.new_columns) == (2, 0, ("channel",))
    at = RECORD["at"].replace(tzinfo=None)  # type: ignore[attr-defined]
    assert lake.query("select * exclude (_file, _batch_id, _loaded_at, ratio) from {raw} order by id") == [
        (1, Decimal("12.30"), at, RECORD["day"], b"\x00\xffA", ["a", "b"], 0, None),
        (2, Decimal("12.30"), at, RECORD["day"], b"\x00\xffA", ["a", "b"], 1, "app"),
    ]
    assert lake.query("select ratio::varchar from {raw} order by id") == [("0.1",), ("nan",)]


def test_the_registry_refuses_a_schema_that_breaks_readers_and_what_comes_all_the_same_is_quarantined(
    topic_of: Any, registry: Registry
) -> None:
    lake = topic_of(COLUMNS, value="avro", registry=registry.url)
    first = registry.register(f"{lake.topic}-value", json.dumps(ORDER))
    changed = {**ORDER, "fields": [{"name": "id", "type": "string"}, *ORDER["fields"][1:]]}
    with pytest.raises(HTTPError, match="409"):
        registry.register(f"{lake.topic}-value", json.dumps(changed))
    elsewhere = registry.register(f"{lake.topic}-other", json.dumps(changed))  # as a producer with another subject would
    odd = avro(elsewhere, changed, {**RECORD, "id": "A-7"})
    good, unknown = avro(first, ORDER, RECORD), struct.pack(">bI", 0, 987654) + b"x"
    lake.send(good, odd, unknown, b"{}", good[:-3], good + b"\x00", None)
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.refused) == (1, 6, ())
    found = lake.query("select detail, original_bytes from {quarantine} order by _position")
    assert [row[1] for row in found] == [odd, unknown, b"{}", good[:-3], good + b"\x00", None]
    assert found[0][0] == "id: A-7 does not fit bigint"
    assert found[1][0] == "schema 987654 is not in the registry"
    assert found[2][0] == "the value does not begin with a zero and the id of a schema"
    assert found[3][0].startswith(f"the value cannot be read by schema {first}: ")
    assert found[4][0] == f"the value is longer than a record of schema {first}"
    assert found[5][0] == "the message has no value"


def test_json_schema_lands_and_another_type_of_schema_is_quarantined(topic_of: Any, registry: Registry) -> None:
    lake = topic_of({"id": "bigint!"}, value="json_schema", registry=registry.url)
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"], "additionalProperties": False}
    number = registry.register(f"{lake.topic}-value", json.dumps(schema), "JSON")
    changed = {**schema, "properties": {"id": {"type": "string"}}}
    with pytest.raises(HTTPError, match="409"):
        registry.register(f"{lake.topic}-value", json.dumps(changed), "JSON")
    other = registry.register(f"{lake.topic}-avro", json.dumps(ORDER))
    head, foreign = struct.pack(">bI", 0, number), struct.pack(">bI", 0, other)
    lake.send(head + b'{"id": 1}', head + b'{"id": "x"}', head + b"\xff", foreign + b'{"id": 2}', head + b'{"id": 3}')
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (2, 3)
    assert lake.query("select detail, original_text, original_bytes from {quarantine} order by _position") == [
        ("id: x does not fit bigint", '{"id": "x"}', head + b'{"id": "x"}'),
        ("the value is not UTF-8 text", None, head + b"\xff"),
        (f"schema {other} is of type AVRO", None, foreign + b'{"id": 2}'),
    ]


def test_a_registry_that_does_not_answer_refuses_the_feed_and_quarantines_nothing(topic_of: Any) -> None:
    lake = topic_of({"id": "bigint!"}, value="json_schema", registry="http://127.0.0.1:1")
    lake.send(struct.pack(">bI", 0, 1) + b'{"id": 1}')
    report = lake.ingest()
    assert (report.rows_read, len(report.refused)) == (0, 1)
    assert "the schema registry does not answer" in report.refused[0][1]

"""Values become lines of JSON without loss, by a registry where they are not JSON themselves; or it is said why not."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference
from confluent_kafka.schema_registry.error import SchemaRegistryError
from fastavro import parse_schema, schemaless_writer

from sluice.core.errors import SluiceError
from sluice.ingest.readers.kafka import values as kafka_values
from sluice.ingest.readers.kafka.values import Decoder

MONEY = {"type": "record", "name": "Money", "fields": [{"name": "cents", "type": "long"}]}
ORDER = {"type": "record", "name": "Order", "fields": [{"name": "total", "type": "Money"}]}


class _Registry:
    """A registry with two schemas, the second of which refers to the first; it counts what it is asked."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.asked, self._fails = 0, fails

    def get_schema(self, number: int) -> Schema:
        self.asked += 1
        if self._fails:
            raise self._fails
        if number == 2:
            return Schema(json.dumps(ORDER), "AVRO", [SchemaReference("Money", "money", 1)])
        raise SchemaRegistryError(404, 40403, "Schema not found")

    def get_version(self, subject: str, version: int) -> Any:
        assert (subject, version) == ("money", 1)
        return type("Version", (), {"schema": Schema(json.dumps(MONEY), "AVRO")})


@pytest.fixture
def decoder_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[_Registry], Decoder]:
    def make(registry: _Registry) -> Decoder:
        monkeypatch.setattr(kafka_values, "_client", lambda _: registry)
        return Decoder("avro", "http://registry")

    return make


def order(cents: int, number: int = 2) -> bytes:
    named: dict[str, Any] = {}
    parse_schema(MONEY, named_schemas=named)
    out = BytesIO()
    schemaless_writer(out, parse_schema(ORDER, named_schemas=named), {"total": {"cents": cents}})
    return struct.pack(">bI", 0, number) + out.getvalue()


def test_json_is_its_own_line_unless_it_is_not_text() -> None:
    decoder = Decoder("json", None)
    lines, why = decoder.lines([b'{"a": 1.10}', None, "{ \u00fc }".encode()])
    assert lines.to_pylist() == ['{"a": 1.10}', None, "{ \u00fc }"]
    assert why.to_pylist() == [None, "the message has no value", None]
    lines, why = decoder.lines([b"\xff", b"{}"])
    assert (lines.to_pylist(), why.to_pylist()) == ([None, "{}"], ["the value is not UTF-8 text", None])


def test_a_schema_that_refers_to_another_is_read_and_asked_for_once(decoder_of: Callable[[_Registry], Decoder]) -> None:
    registry = _Registry()
    decoder = decoder_of(registry)
    for _ in range(2):
        lines, _why = decoder.lines([order(1230), order(5)])
        assert lines.to_pylist() == ['{"total": {"cents": 1230}}', '{"total": {"cents": 5}}']
    assert registry.asked == 1


def test_a_schema_that_is_not_there_says_so_and_the_others_are_read(decoder_of: Callable[[_Registry], Decoder]) -> None:
    lines, why = decoder_of(_Registry()).lines([order(1, 9), order(2)])
    assert lines.to_pylist() == [None, '{"total": {"cents": 2}}']
    assert why.to_pylist() == ["schema 9 is not in the registry", None]


@pytest.mark.parametrize("error", [ConnectionError("refused"), SchemaRegistryError(503, 50301, "busy")], ids=["gone", "busy"])
def test_a_registry_that_fails_condemns_no_message(error: Exception, decoder_of: Callable[[_Registry], Decoder]) -> None:
    with pytest.raises(SluiceError, match="the schema registry does not answer"):
        decoder_of(_Registry(error)).lines([order(1)])

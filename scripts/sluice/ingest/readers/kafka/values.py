"""Values of messages as lines of JSON: as they are, or by the schema that a registry has under the id in front of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from sluice.core.errors import SluiceError

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

# A zero, and the id of the schema in four bytes.
HEAD = 5
_NO_VALUE = "the message has no value"
_NOT_TEXT = "the value is not UTF-8 text"
_TYPES = {"avro": "AVRO", "json_schema": "JSON"}

# The line of a value, or why it has none.
Read = Callable[[bytes], tuple[str | None, str | None]]


class Decoder:
    """Reads values that are written in one way: `json`, `avro` or `json_schema`. Schemas are asked for once."""

    def __init__(self, value: str, registry: str | None) -> None:
        self._value = value
        self._client = _client(registry) if registry else None
        self._avro: dict[int, Read] = {}
        self._known: set[int] = set()

    def lines(self, values: Sequence[bytes | None]) -> tuple[pa.Array, pa.Array]:
        """The line of each value, null where it cannot be read; and why, null where it can.

        Raises SluiceError where the registry does not answer.
        """
        array = pa.array(values, pa.binary())
        if self._value == "json":
            return _as_text(array, array)
        heads = pc.binary_slice(array, 0, HEAD).dictionary_encode()
        why = pc.take(pa.array([self._fault(head) for head in heads.dictionary.to_pylist()], pa.string()), heads.indices)
        if self._value == "json_schema":
            lines, unreadable = _as_text(pc.binary_slice(array, HEAD), array)
            return pc.if_else(pc.is_null(why), lines, None), pc.coalesce(why, unreadable)
        return self._decoded(values, why.to_pylist())

    def _decoded(self, values: Sequence[bytes | None], faults: Sequence[str | None]) -> tuple[pa.Array, pa.Array]:
        """The same for Avro, whose library reads one value after the other."""
        lines: list[str | None] = []
        why: list[str | None] = []
        for value, fault in zip(values, faults, strict=True):
            line = None
            if value is None:
                fault = _NO_VALUE  # noqa: PLW2901
            elif fault is None:
                line, fault = self._avro[int.from_bytes(value[1:HEAD], "big")](value)  # noqa: PLW2901
            lines.append(line)
            why.append(fault)
        return pa.array(lines, pa.string()), pa.array(why, pa.string())

    def _fault(self, head: bytes | None) -> str | None:
        """What is wrong with values that begin so; the schema is known afterwards."""
        if head is None:
            return _NO_VALUE
        if len(head) < HEAD or head[0] != 0:
            return "the value does not begin with a zero and the id of a schema"
        number = int.from_bytes(head[1:], "big")
        if number in self._known:
            return None
        schema = self._asked(number)
        if schema is None:
            return f"schema {number} is not in the registry"
        if schema.schema_type != _TYPES[self._value]:
            return f"schema {number} is of type {schema.schema_type}"
        if self._value == "avro":
            self._avro[number] = partial(_read_avro, self._parsed(schema), number)
        self._known.add(number)
        return None

    def _asked(self, number: int) -> Schema | None:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        assert self._client is not None
        try:
            return self._client.get_schema(number)
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return None
            raise _silent(error) from error
        except Exception as error:  # of whichever HTTP library the client uses
            raise _silent(error) from error

    def _parsed(self, schema: Schema) -> Any:
        """The schema as fastavro reads it, with those that it refers to."""
        from fastavro import parse_schema

        named: dict[str, Any] = {}
        self._add_references(schema, named)
        return parse_schema(json.loads(schema.schema_str or "null"), named_schemas=named)

    def _add_references(self, schema: Schema, named: dict[str, Any]) -> None:
        from fastavro import parse_schema

        for one in schema.references or []:
            assert self._client is not None
            other = self._client.get_version(str(one.subject), int(one.version or 0)).schema
            self._add_references(other, named)
            parse_schema(json.loads(other.schema_str or "null"), named_schemas=named)


def _client(address: str) -> SchemaRegistryClient:
    from confluent_kafka.schema_registry import SchemaRegistryClient

    return SchemaRegistryClient({"url": address})


def _silent(error: Exception) -> SluiceError:
    what = f"the schema registry does not answer: {type(error).__name__}: {error}".strip().splitlines()[0]
    return SluiceError(what, where="registry", hint="check `registry` in the feeds file, and that it runs")


def _as_text(array: pa.Array, delivered: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Bytes as text, and why not. `delivered` is null without a value."""
    why = pc.if_else(pc.is_null(delivered), pa.scalar(_NO_VALUE), pa.scalar(None, pa.string()))
    try:
        return array.cast(pa.string()), why  # checks all of them at once
    except pa.ArrowInvalid:
        texts = [None if value is None else _text(value) for value in array.to_pylist()]
    lines = pa.array(texts, pa.string())
    return lines, pc.coalesce(why, pc.if_else(pc.is_null(lines), pa.scalar(_NOT_TEXT), pa.scalar(None, pa.string())))


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _read_avro(schema: Any, number: int, value: bytes) -> tuple[str | None, str | None]:
    from fastavro import schemaless_reader

    stream = BytesIO(value)
    stream.seek(HEAD)
    try:
        record = schemaless_reader(stream, schema)
        if stream.tell() != len(value):
            return None, f"the value is longer than a record of schema {number}"
        return _line(record), None
    except Exception as error:  # noqa: BLE001  (fastavro raises what its parts raise)
        return None, f"the value cannot be read by schema {number}: {type(error).__name__}: {error}"[:300]


def _line(record: Any) -> str:
    try:
        return json.dumps(record, ensure_ascii=False, allow_nan=False, default=_written)
    except ValueError:  # a number that JSON does not have
        return json.dumps(_spelled(record), ensure_ascii=False, default=_written)


def _written(value: Any) -> Any:
    """A value that JSON does not have, as the casts read it."""
    if isinstance(value, bytes):
        return "".join(f"\\x{byte:02X}" for byte in value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a record")


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _spelled(one) for key, one in value.items()}
    return [_spelled(one) for one in value] if isinstance(value, list) else value

"""BSON documents, as MongoDB sends them, as lines of JSON that the casts read; and as extended JSON, which tells their types.

pymongo's C code reads a batch of documents and the json module's C code writes them. Python is called for the values that
JSON does not have: an ObjectId becomes its 24 digits, a date 2025-01-31T10:00:00.000Z, a decimal its digits, bytes ASCII with
a backslash, x and two digits for others (as blobs are read), a UUID its text, and anything else its extended JSON.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache, lru_cache
from math import isfinite
from typing import Any
from uuid import UUID

Document = Mapping[str, Any]
# What the origin of documents begins with, in reports and in the lake: their original text is extended JSON.
ORIGIN = "mongodb:"
# A byte that a blob's text may have as it is.
_PRINTED = {byte for byte in range(32, 127) if chr(byte) not in "\\'\""}
_BYTES = {byte: chr(byte) if byte in _PRINTED else f"\\x{byte:02X}" for byte in range(256)}
_UUID_SUBTYPE, _UUID_BYTES = 4, 16
# What stands for a document that cannot be read: JSON, but no object.
UNREADABLE = "null"


def read(batch: bytes, field: str) -> tuple[list[str], list[Any]]:
    """The documents of a batch as lines of JSON, and the value of a field in each; `UNREADABLE` and None for one not valid."""
    with _uncollected():
        found = documents(batch)
        return [line(one) for one in found], [None if one is None else one.get(field) for one in found]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for circles of objects, which looks at each object of a batch several times, and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def documents(batch: bytes) -> list[Document | None]:
    """The documents of a batch; None for one that is not valid BSON, such as text that is not UTF-8."""
    import bson

    try:
        return list(bson.decode_all(batch, _options("strict")))
    except bson.InvalidBSON:
        return [_decoded(document) for document in split(batch)]


def _decoded(document: bytes) -> Document | None:
    import bson

    try:
        found: Document = bson.decode(document, _options("strict"))
    except bson.InvalidBSON:
        return None
    return found


def split(batch: bytes) -> Iterator[bytes]:
    """The documents of a batch, each of which begins with its length."""
    start = 0
    while start < len(batch):
        end = start + int.from_bytes(batch[start : start + 4], "little")
        yield batch[start:end]
        start = end


def line(document: Document | None) -> str:
    """A document as a line of JSON."""
    if document is None:
        return UNREADABLE
    encode = _encoder().encode
    try:
        return encode(document)
    except ValueError:  # NaN or infinity, which JSON does not have
        return encode(_with_words(document))


def _with_words(value: Any) -> Any:
    """The value with NaN and infinity as words."""
    if isinstance(value, Mapping):
        return {name: _with_words(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_words(one) for one in value]
    return _word(value) if isinstance(value, float) and not isfinite(value) else value


def _word(number: float) -> str:
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def extended(document: bytes) -> str:
    """A document as extended JSON (relaxed); bytes that are not UTF-8 are shown by their codes."""
    import bson
    from bson import json_util

    try:
        found = bson.decode(document, _options("backslashreplace"))
    except bson.InvalidBSON:
        return document.decode("utf-8", "backslashreplace")
    return json_util.dumps(found, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False)


def plain(text: str) -> str:
    """Extended JSON as the line of JSON that the casts read. Raises ValueError for a text that is none."""
    from bson import json_util
    from bson.codec_options import DatetimeConversion

    options = json_util.JSONOptions(tz_aware=False, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    return line(json_util.loads(text, json_options=options))


@cache
def _options(texts: str) -> Any:
    """How pymongo decodes: dates that Python does not have as milliseconds, texts that are not UTF-8 as said."""
    from bson.codec_options import CodecOptions, DatetimeConversion

    return CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler=texts)


@cache
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, allow_nan=False, default=_plain())


def _plain() -> Callable[[Any], Any]:
    """The function that says what JSON has in place of a value."""
    from bson import Binary, Decimal128, ObjectId
    from bson.json_util import RELAXED_JSON_OPTIONS, default

    def other(value: Any) -> Any:
        return default(value, RELAXED_JSON_OPTIONS)

    known: dict[type, Callable[[Any], Any]] = {
        ObjectId: str,
        datetime: _time,
        Decimal128: lambda value: _decimal(value.bid),
        bytes: _blob,
        Binary: _binary,
    }
    return lambda value: known.get(type(value), other)(value)


def _time(value: datetime) -> str:
    return f"{value.isoformat(timespec='milliseconds')}Z"


@lru_cache(maxsize=1 << 16)
def _decimal(bid: bytes) -> str:
    """The text of a decimal128. Amounts repeat, and pymongo writes them in Python."""
    from bson import Decimal128

    return str(Decimal128.from_bid(bid))


def _blob(value: bytes) -> str:
    return value.decode("latin-1").translate(_BYTES)


def _binary(value: Any) -> str:
    is_uuid = value.subtype == _UUID_SUBTYPE and len(value) == _UUID_BYTES
    return str(UUID(bytes=bytes(value))) if is_uuid else _blob(bytes(value))

"""Documents made at random: each lands or is in quarantine, once, and what lands equals what was written."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from tests.helpers.documents import Documents

COLUMNS = {
    "_id": "bigint!", "u": "bigint!", "whole": "bigint", "amount": "decimal(18,4)", "number": "double", "day": "timestamp",
    "text": "varchar", "bytes": "blob", "flag": "boolean", "object": "struct(a bigint, b varchar)", "list": "double[]",
    "deep": "struct(a struct(b timestamp)[], c varchar[])[]",
}  # fmt: skip
# New fields, of which some cannot be columns beside each other.
NEW = ["z", "zz", "Z", "whole ", "_file", "a.b", "$x", '"', "\u00e4"]
DOUBLES = [float("nan"), float("inf"), -0.0, 1e308, 5e-324, 1e22, 123456789.123456789]
DECIMALS = ["1.10", "NaN", "-Infinity", "1E+6000", "1E-6000", "0E+3", "123456789012345678901234567890.1234"]
LETTERS = 'abc"\\/{}[]:,\n\t\0\ud7ff\U0001f600\uf8ff 0.1e9-'
# The types of which it is easily said what lands of a value.
COMPARED: dict[str, tuple[type, ...]] = {"whole": (int, Int64), "number": (float,), "day": (datetime,), "text": (str,)}
YEAR_1 = datetime(1, 1, 1)  # noqa: DTZ001  (UTC, as pymongo gives it)


# Values of one type each, by the column that promises it.
PLAIN: dict[str, Callable[[random.Random], Any]] = {
    "whole": lambda chance: Int64(chance.randrange(-(2**63), 2**63)),
    "number": lambda chance: chance.choice([chance.uniform(-1e6, 1e6), *DOUBLES]),
    "amount": lambda chance: Decimal128(chance.choice(DECIMALS)),
    "day": lambda chance: YEAR_1 + timedelta(milliseconds=chance.randrange(315_000_000_000_000)),
    "text": lambda chance: "".join(chance.choices(LETTERS, k=chance.randrange(12))),
    "bytes": lambda chance: Binary(chance.randbytes(chance.randrange(20)), chance.choice([0, 2, 4, 5, 128])),
    "flag": lambda chance: chance.random() < 0.5,
    "other": lambda chance: chance.choice([None, ObjectId(), MinKey(), MaxKey(), Code("x"), Regex("a", "i"), Timestamp(1, 1)]),
    "far": lambda chance: DatetimeMS(chance.randrange(-(2**62), 2**62)),
}


def value(chance: random.Random, depth: int = 0) -> Any:
    def inner() -> Any:
        return value(chance, depth + 1)

    nested: list[Callable[[random.Random], Any]] = [
        lambda _: [inner() for _ in range(chance.randrange(4))],
        lambda _: {chance.choice(["a", "b", "c", "a~/b", "", *NEW]): inner() for _ in range(chance.randrange(4))},
        lambda _: {"a": inner(), "b": inner()},
        lambda _: DBRef("c", 1),
    ]
    return chance.choice([*PLAIN.values(), *(nested if depth < 3 else ())])(chance)


def document(chance: random.Random, number: int) -> dict[str, Any]:
    """Two of the fields, of the type that is promised or of any."""
    names = chance.sample([*list(COLUMNS)[2:], *NEW], 2)
    values = {name: PLAIN[name](chance) if name in PLAIN and chance.random() < 0.5 else value(chance) for name in names}
    return {"_id": number, "u": number, **values}


def test_any_document_lands_or_is_refused(lake_of: Any, collection: Documents) -> None:
    chance = random.Random(20)
    feed = {"connection": "mongodb://h/shop", "collection": "goods", "cursor": "u"}
    lake = lake_of(COLUMNS, format="mongodb", key=("_id",), **feed)
    written = {number: document(chance, number) for number in range(300)}
    # Enough good ones, so that no fault is in half of them.
    good = [{"_id": number, "u": number} for number in range(300, 700)]
    collection.documents, collection.at_once = [*written.values(), *good], 50
    report = lake.ingest()
    assert (report.rows_read, report.refused) == (700, ())
    assert report.rows_landed > 450
    assert report.rows_quarantined > 100
    assert lake.ingest(lookback=1000).rows_read == 0
    refused = {json.loads(text)["_id"] for (text,) in lake.query("select original_text from {quarantine}")}
    rows = lake.query("select _id, whole, number, day, text from {raw} order by _id")
    assert refused | {row[0] for row in rows} == set(range(700))
    assert len(rows) + len(refused) == 700
    compared = [
        (written[number][column], landed)
        for number, *values in rows
        for column, landed in zip(COMPARED, values, strict=True)
        if type(written.get(number, {}).get(column)) in COMPARED[column]
    ]
    assert len(compared) > 20
    assert [pair for pair in compared if pair[0] != pair[1] and pair[0] == pair[0]] == []

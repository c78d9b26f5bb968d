"""Values of MongoDB's types land as promised with nothing lost, or their document goes to quarantine with its original text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import bson
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from tests.helpers.documents import Documents
from tests.helpers.refused import ROW

from sluice.ingest.readers.json import read_lines
from sluice.quarantine import correct

DAY = datetime(2025, 1, 1)  # noqa: DTZ001  (UTC, as pymongo gives it)
ID = ObjectId("65a000000000000000000001")
FITS: list[tuple[str, Any, Any]] = [
    ("bigint", Int64(2**63 - 1), 2**63 - 1),
    ("bigint", -(2**53) - 1, -(2**53) - 1),
    ("bigint", 7.0, 7),
    ("bigint", 9007199254740994.0, 9007199254740994),
    ("decimal(38,4)", Decimal128("1234567890123456789012345678901234"), Decimal("1234567890123456789012345678901234.0000")),
    ("decimal(12,2)", Decimal128("1.1"), Decimal("1.10")),
    ("decimal(12,2)", Decimal128("1E+3"), Decimal(1000)),
    ("decimal(12,2)", 19.99, Decimal("19.99")),
    ("double", 0.1 + 0.2, 0.1 + 0.2),
    ("double", float("inf"), float("inf")),
    ("double", 5e-324, 5e-324),
    ("double", Decimal128("-Infinity"), float("-inf")),
    ("timestamp", datetime(1969, 12, 31, 23, 59, 59, 999000), datetime(1969, 12, 31, 23, 59, 59, 999000)),  # noqa: DTZ001
    ("timestamp", datetime(9999, 12, 31, 23, 59, 59, 999000), datetime(9999, 12, 31, 23, 59, 59, 999000)),  # noqa: DTZ001
    ("date", DAY, DAY.date()),
    ("varchar", DAY, "2025-01-01T00:00:00.000Z"),
    ("varchar", ID, "65a000000000000000000001"),
    ("varchar", Decimal128("1.10"), "1.10"),
    ("varchar", Binary(bytes(range(16)), 4), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    ("varchar", UUID(int=5).hex, "00000000000000000000000000000005"),
    ("varchar", Regex("^a", "i"), '{"$regularExpression":{"pattern":"^a","options":"i"}}'),
    ("varchar", Timestamp(7, 1), '{"$timestamp":{"t":7,"i":1}}'),
    ("varchar", MinKey(), '{"$minKey":1}'),
    ("varchar", MaxKey(), '{"$maxKey":1}'),
    ("varchar", Code("f()"), "f()"),
    ("varchar", DBRef("c", ID), f'{{"$ref":"c","$id":{{"$oid":"{ID}"}}}}'),
    ("varchar", {"at": DAY, "of": [ID, Int64(2**60)]},
        f'{{"at":"2025-01-01T00:00:00.000Z","of":["{ID}",1152921504606846976]}}'),
    ("varchar", 'a "quote"\n\u2028\U0001f600', 'a "quote"\n\u2028\U0001f600'),
    ("varchar", float("nan"), "NaN"),
    ("blob", b"", b""),
    ("blob", bytes(range(256)), bytes(range(256))),
    ("blob", Binary(b"\x00\xff\\'", 128), b"\x00\xff\\'"),
    ("boolean", True, True),
    ("struct(a bigint, b struct(c timestamp)[])", {"a": Int64(2**60), "b": [{"c": DAY}, {"c": None}, {}]},
        {"a": 2**60, "b": [{"c": DAY}, {"c": None}, {"c": None}]}),
    ("decimal(9,2)[][]", [[Decimal128("1.5"), 2], [], None], [[Decimal("1.50"), Decimal("2.00")], [], None]),
    ("double[]", [float("-inf"), 1.5], [float("-inf"), 1.5]),
    ("bigint", None, None),
    ("struct(a bigint)", None, None),
]  # fmt: skip
DOES_NOT_FIT: list[tuple[str, Any, Any]] = [
    ("bigint", 7.5, 7.5),
    ("bigint", 1e300, 1e300),
    ("integer", Int64(2**31), 2**31),
    ("bigint", ID, {"$oid": str(ID)}),
    ("decimal(12,2)", Decimal128("1.234"), {"$numberDecimal": "1.234"}),
    ("decimal(12,2)", Decimal128("NaN"), {"$numberDecimal": "NaN"}),
    ("decimal(12,2)", float("nan"), {"$numberDouble": "NaN"}),
    ("decimal(12,2)", 0.1 + 0.2, 0.1 + 0.2),
    ("double", Int64(2**53 + 1), 2**53 + 1),
    ("timestamp", DatetimeMS(253402300800000), {"$date": {"$numberLong": "253402300800000"}}),
    ("timestamp", DatetimeMS(-62135596800001), {"$date": {"$numberLong": "-62135596800001"}}),
    ("timestamp", 1735689600000, 1735689600000),
    ("date", datetime(2025, 1, 1, 0, 0, 0, 1000), {"$date": "2025-01-01T00:00:00.001Z"}),  # noqa: DTZ001
    ("struct(a bigint)", {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ("struct(a bigint)", [1], [1]),
    ("bigint[]", [1, "x"], [1, "x"]),
    ("blob", "\u00e4", "\u00e4"),
]


def lake_on(lake_of: Any, columns: dict[str, str], **feed: Any) -> Any:
    columns = {"_id": "varchar!", "changed": "bigint!", **columns}
    keys = {"connection": "mongodb://h/shop", "collection": "goods", "cursor": "changed", **feed}
    return lake_of(columns, format="mongodb", key=("_id",), **keys)


def document(number: int, **values: Any) -> dict[str, Any]:
    return {"_id": number, "changed": 1, **values}


def test_what_fits_lands_unchanged(lake_of: Any, collection: Documents) -> None:
    """Each value in a column of its own, so that one document without the others has all of them missing."""
    lake = lake_on(lake_of, {f"c{place}": kind for place, (kind, _, _) in enumerate(FITS)})
    collection.documents = [document(0, **{f"c{place}": value for place, (_, value, _) in enumerate(FITS)}), document(1)]
    report = lake.ingest()
    assert (report.rows_landed, report.refused, report.reasons) == (2, (), {})
    names = ", ".join(f"c{place}" for place in range(len(FITS)))
    full, empty = lake.query(f"select {names} from {{raw}} order by _id")
    assert [(FITS[place][0], value) for place, value in enumerate(full)] == [(kind, expected) for kind, _, expected in FITS]
    assert set(empty) == {None}
    assert lake.ingest().rows_read == 0


def test_nan_and_zeros_land_and_are_known_again(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {"a": "double", "b": "double", "c": "double"})
    collection.documents = [document(0, a=float("nan"), b=Decimal128("NaN"), c=-0.0)]
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    assert lake.query("select isnan(a), isnan(b), c from {raw}") == [(True, True, 0)]


def test_what_does_not_fit_goes_to_quarantine_as_it_was(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {f"c{place}": kind for place, (kind, _, _) in enumerate(DOES_NOT_FIT)})
    collection.documents = [document(place, **{f"c{place}": value}) for place, (_, value, _) in enumerate(DOES_NOT_FIT)]
    report = lake.ingest()
    assert report.rows_quarantined == len(DOES_NOT_FIT)
    found = lake.query("select reason, column_name, original_text from {quarantine} order by _position")
    for place, (reason, column, text) in enumerate(found):
        assert (reason, column) == ("wrong_type", f"c{place}")
        assert json.loads(text) == {"_id": place, "changed": 1, f"c{place}": DOES_NOT_FIT[place][2]}
    assert lake.ingest().rows_read == 0


def test_a_refused_document_that_is_corrected_lands_as_it_would_have(lake_of: Any, collection: Documents, duck: Any) -> None:
    some = {f"c{place}": fits for place, fits in enumerate(FITS) if place % 3 == 0}
    lake = lake_on(lake_of, {**{name: kind for name, (kind, _, _) in some.items()}, "size": "bigint"})
    values = {name: value for name, (_, value, _) in some.items()}
    collection.documents = [document(0, **values, size=1), document(0, **values, size="one")]
    assert lake.ingest().rows_quarantined == 1
    ((origin, text),) = lake.query("select _file, original_text from {quarantine}")
    content = correct.as_delivered(replace(ROW, source_file=origin, original_text=text))
    assert content is not None
    duck.execute("create temp table lines as select $1 as line, 0 as __file", [json.dumps({**content, "size": "1"})])
    good = read_lines(duck, lake.contract).good
    names = ", ".join(lake.contract.names)
    (corrected,), (landed,) = duck.execute(f"select {names} from ({good})").fetchall(), lake.query(f"select {names} from {{raw}}")
    assert corrected == landed


def test_unknown_fields_land_as_json_and_are_told(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {})
    collection.documents = [document(0, plain=DAY, nested={"a": [Decimal128("1.10"), ID]}), document(1, other=None)]
    assert lake.ingest().new_columns == ("nested", "other", "plain")
    assert lake.query("select plain, nested, other from {raw} order by _id") == [
        ("2025-01-01T00:00:00.000Z", f'{{"a":["1.10","{ID}"]}}', None),
        (None, None, None),
    ]
    collection.documents.append(document(2, later=1))
    report = lake.ingest()
    assert (report.rows_landed, report.new_columns) == (1, ("later",))


def test_one_document_with_a_field_that_cannot_be_a_column_is_refused_alone(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {"name": "varchar"})
    collection.documents = [document(0, name="a", size=1), document(1, Name="b"), document(2, _file="c"), document(3, Size=2)]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.new_columns) == (1, 3, ("Size",))
    collection.documents = [document(number, Size=2) for number in range(4, 9)] + [document(9, size=2)]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (5, 1)
    assert lake.query("select reason, column_name, detail from {quarantine} where original_text like '%_file%'") == [
        (
            "malformed",
            None,
            "_file: clashes with a column of the contract, of the lake or of ingest itself: rename it in the source",
        )
    ]


def test_a_text_that_is_not_utf8_is_refused_alone(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {"name": "varchar"})
    collection.documents = [document(0, name="a"), document(1, name="b")]
    collection.raw = [bson.encode(document(2, name="cafe")).replace(b"cafe", b"caf\xe9")]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (2, 1)
    assert lake.query("select reason, detail, original_text from {quarantine}") == [
        ("malformed", "not valid BSON, such as a text that is not UTF-8", '{"_id": 2, "changed": 1, "name": "caf\\\\xe9"}')
    ]
    assert lake.ingest().rows_read == 0


def test_a_required_field_that_is_missing_or_null_goes_to_quarantine(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {"name": "varchar!"})
    collection.documents = [document(0, name=None), document(1), document(2, name="")]
    report = lake.ingest()
    assert (report.rows_landed, report.reasons) == (1, {"missing_key": 2})


def test_one_fault_in_most_documents_refuses_the_batch(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {"size": "bigint"})
    collection.documents = [document(number, size="large") for number in range(10)]
    ((_, why),) = lake.ingest().refused
    assert why.startswith("10 of 10 rows: wrong_type size, e.g. size: large does not fit bigint; nothing of this batch is landed")
    assert lake.query("select count(*) from {raw}") == [(0,)]

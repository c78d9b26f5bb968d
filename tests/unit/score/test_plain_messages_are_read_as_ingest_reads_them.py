"""DuckDB's own JSON reader reads what is plain; of anything else it would make something else than ingest does, or nothing."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from sluice.lake.contracts import Column, Contract
from sluice.score.messages import Message, Messages
from sluice.score.plain import PlainMessages

TYPES = {
    "id": "varchar", "n": "bigint", "small": "integer", "amount": "decimal(12,2)", "flag": "boolean", "at": "timestamp",
    "day": "date", "rate": "double", "card": "struct(bin varchar, cents decimal(9,4))", "tags": "varchar[]",
}  # fmt: skip
CONTRACT = Contract("shop", "payments", tuple(Column(name, kind, name == "id") for name, kind in TYPES.items()), ("id",))

PLAIN = [
    '{"id": "a"}',
    '{"id": "a", "n": -9223372036854775808, "small": 2147483647, "amount": 12.5, "flag": true, "unknown": [1]}',
    '{"id": "å", "amount": "9999999999.99", "at": "2026-01-02T03:04:05.123456Z", "day": "2024-02-29"}',
    '{"id": "", "at": "2026-01-02 03:04:05", "card": {"bin": "4", "cents": 0.0001}, "n": null, "card2": null}',
    '{"amount": -0.05, "id": "null", "card": {"bin": null}}',
]
# With the values that a careless reader would make of them, where it makes any.
NOT_PLAIN = [
    '{"id": null}', "{}", "[]", "1", "", "{", '{"id": "a"} {"id": "b"}', '{"id": "a", "id": "b"}',
    '{"id": 1}', '{"id": "a", "n": "1"}', '{"id": "a", "n": 1.5}', '{"id": "a", "n": 1e3}', '{"id": "a", "n": true}',
    '{"id": "a", "n": 9223372036854775808}', '{"id": "a", "small": 2147483648}', '{"id": "a", "amount": 1.005}',
    '{"id": "a", "amount": 1e2}', '{"id": "a", "amount": "1_000"}', '{"id": "a", "amount": " 1"}', '{"id": "a", "amount": false}',
    '{"id": "a", "amount": 99999999999}', '{"id": "a", "flag": 1}', '{"id": "a", "flag": "true"}',
    '{"id": "a", "at": "2026-01-02"}', '{"id": "a", "at": "2026-02-30 00:00:00"}', '{"id": "a", "at": "2026-01-02 03:04:05+02"}',
    '{"id": "a", "at": "0000-01-02 03:04:05"}', '{"id": "a", "at": 1767323045}', '{"id": "a", "day": "02.01.2026"}',
    '{"id": "a", "rate": 0.1}', '{"id": "a", "card": {"bin": "4", "pin": "1"}}', '{"id": "a", "card": "4"}',
    '{"id": "a", "card": {"cents": 0.00001}}', '{"id": "a", "tags": ["b"]}', '{"id": "a\\u0000"}', '{"id": "a", "n": NaN}',
]  # fmt: skip


@pytest.mark.parametrize("line", PLAIN)
def test_what_is_plain_is_read_alike_in_both_ways(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PlainMessages(CONTRACT).is_plain(line)
    quick = _read([line])
    monkeypatch.setattr(PlainMessages, "is_plain", lambda *_: False)
    careful = _read([line])
    assert quick == careful
    assert len(quick[0]) == 1


@pytest.mark.parametrize("line", NOT_PLAIN)
def test_what_is_not_plain_is_read_with_care(line: str) -> None:
    assert not PlainMessages(CONTRACT).is_plain(line)


def test_a_message_that_breaks_the_contract_says_why() -> None:
    rows, refused = _read(['{"id": "a", "n": 1.5}', '{"id": "b", "n": "7"}', None, "no", '{"id": "c"}'])
    assert [(row["id"], row["n"], row["_position"]) for row in rows] == [("b", 7, 1), ("c", None, 4)]
    assert refused == [
        (2, "malformed", None, "empty"),
        (0, "wrong_type", "n", "n: 1.5 does not fit bigint"),
        (3, "malformed", None, "not a JSON object"),
    ]


def test_values_that_fit_are_those_of_the_contract() -> None:
    line = (
        '{"id": "a", "rate": 0.1, "at": "2026-01-02 05:04:05+02", "tags": ["b", null], "amount": 1e2, "card": {"cents": "1.25"}}'
    )
    ((row,), refused) = _read([line])
    assert not refused
    assert (row["rate"], str(row["at"]), row["tags"], str(row["amount"]), str(row["card"]["cents"])) == (
        0.1, "2026-01-02 03:04:05", ["b", None], "100.00", "1.2500",
    )  # fmt: skip


def test_the_view_holds_what_was_put_last() -> None:
    connection = duckdb.connect()
    messages = Messages(connection, CONTRACT)
    connection.execute("prepare q as select id, _position from messages order by 2")
    found = []
    for ids in (["a", "b"], ["c"], []):
        messages.put([Message(json.dumps({"id": name}), None, 0, 0, 0) for name in ids])
        found.append(connection.execute("execute q").fetchall())
    assert found == [[("a", 0), ("b", 1)], [("c", 0)], []]


def _read(lines: list[str | None]) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    connection = duckdb.connect()
    messages = Messages(connection, CONTRACT)
    refused = messages.put([Message(line, None if line else "empty", 0, place, 0) for place, line in enumerate(lines)])
    found = connection.execute("select * exclude (_loaded_at) from messages order by _position")
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return rows, [(one.message.offset, one.reason, one.column, one.detail) for one in refused]

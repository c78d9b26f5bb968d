"""Features of a payment are what was known before it: reckoned again row by row, and with everything later changed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.helpers import risk_sql

START = datetime.fromisoformat("2025-01-01T00:00:00")
MOMENT = timedelta(microseconds=1)
UNITS = {"minutes": "minutes", "hour": "hours", "hours": "hours", "day": "days", "days": "days"}
Event = dict[str, Any]
Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    return risk_sql.declared()


@pytest.fixture(scope="module")
def sql() -> str:
    return risk_sql.query_of("rpt_payment_features").replace("fct_risk_events", "events")


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """A busy fortnight of few cards: pairs in one microsecond, others exactly a window apart or a microsecond more, nulls."""
    dice = random.Random(7)
    gaps = [timedelta(0), MOMENT, timedelta(minutes=10), timedelta(hours=1), timedelta(days=1), timedelta(days=7)]
    times = [START + timedelta(microseconds=dice.randrange(14 * 86_400_000_000)) for _ in range(90)]
    times += [
        time + gap + more for time in times[:30] for gap in gaps for more in dice.sample([timedelta(0), MOMENT, -MOMENT], 2)
    ]
    times += [START + timedelta(days=30), START + timedelta(days=30, microseconds=1), START]
    return [event(number, time, dice) for number, time in enumerate(times)]


def event(number: int, time: datetime, dice: random.Random) -> Event:
    kind = dice.choice(["payment"] * 6 + ["decline"] * 2 + ["refund", "fraud", "legitimate"])
    customer, device = dice.choice(["c1", "c2", None]), dice.choice(["d1", "d2", "d3", None])
    return {
        "event_id": f"e{number}",
        "payment_id": f"e{number}",
        "event_kind": kind,
        "source_system": "bank",
        "known_at": time,
        "card_fingerprint": dice.choice(["k1", "k2", "k3", None]),
        "customer_id": customer,
        "device_id": device,
        "merchant_id": dice.choice(["m1", "m2", None]),
        "ip_country_code": dice.choice(["DE", "FR"]),
        "issuer_country_code": dice.choice(["DE", "FR", None]),
        "customer_device_id": f"{customer}|{device}" if customer and device else None,
        "customer_merchant_id": customer,
        "amount_cents": dice.choice([None, 0, dice.randrange(1, 10**7)]),
        "hour_of_day": time.hour,
        "day_of_week": time.isoweekday(),
        "is_abroad": dice.random() < 0.2,
        "is_payment": kind == "payment",
        "is_decline": kind == "decline",
        "is_attempt": kind in ("payment", "decline"),
        "is_refund": kind == "refund",
        "is_label": kind in ("fraud", "legitimate"),
        "is_fraud": kind == "fraud",
    }


def batch(query: str, events: Iterable[Event]) -> Rows:
    """What the query gives of these events, by payment."""
    rows = list(events)
    kinds = {"timestamp": pa.timestamp("us"), "boolean": pa.bool_(), "bigint": pa.int64(), "integer": pa.int32()}
    schema = pa.schema([(name, kinds.get(column_type(name), pa.string())) for name in rows[0]])
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("given", pa.Table.from_pylist(rows, schema))
        connection.execute("create table events as select * from given")
        result = connection.execute(query)
        names = [column[0] for column in result.description or ()]
        return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


def column_type(name: str) -> str:
    if name == "known_at":
        return "timestamp"
    if name.startswith("is_"):
        return "boolean"
    return {"amount_cents": "bigint", "hour_of_day": "integer", "day_of_week": "integer"}.get(name, "varchar")


def reckoned(declared: dict[str, Any], events: list[Event]) -> Rows:
    """The same without a window function: for each payment, everything else is looked at."""
    found = {}
    for one in events:
        if one["event_kind"] != declared["of"]:
            continue
        row = {column: one[column] for column in declared["columns"]}
        for feature in declared["features"]:
            if "ratio" in feature:
                first, second = (row[name] for name in feature["ratio"])
                row[feature["name"]] = float(first) / float(second) if second and first is not None else None
            else:
                row[feature["name"]] = aggregated(feature, declared["entities"][feature["entity"]], one, events)
        found[one["payment_id"]] = row
    return found


def aggregated(feature: dict[str, Any], entity: str, one: Event, events: list[Event]) -> Any:
    if one[entity] is None:
        return None
    seen = [
        other
        for other in events
        if other[entity] == one[entity]
        and earliest(one["known_at"], feature["window"]) <= other["known_at"] < one["known_at"]
        and other[feature.get("where", entity)]
    ]
    values = [other[feature["value"]] for other in seen if other[feature["value"]] is not None] if "value" in feature else []
    times = [other["known_at"] for other in seen]
    made: dict[str, Callable[[], Any]] = {
        "count": lambda: len(seen),
        "count_distinct": lambda: len(set(values)),
        "sum": lambda: sum(values) if values else None,
        "mean": lambda: float(sum(values)) / float(len(values)) if values else None,
        "min": lambda: min(values, default=None),
        "max": lambda: max(values, default=None),
        "seconds_since_last": lambda: seconds(one["known_at"] - max(times)) if times else None,
        "seconds_since_first": lambda: seconds(one["known_at"] - min(times)) if times else None,
    }
    return made[feature["aggregate"]]()


def earliest(at: datetime, window: str) -> datetime:
    if window == "ever":
        return START - timedelta(days=1000)
    number, unit = window.split()
    return at - timedelta(**{UNITS[unit]: int(number)})


def seconds(span: timedelta) -> float:
    return (span // MOMENT) / 1_000_000


def differing(expected: Rows, found: Rows) -> list[tuple[str, str]]:
    """Payment and feature where two reckonings are not the same value of the same type."""
    assert expected.keys() == found.keys()
    return [
        (payment, name)
        for payment, row in expected.items()
        for name, value in row.items()
        if (value, type(value)) != (found[payment][name], type(found[payment][name]))
    ]


def test_every_feature_equals_a_reckoning_row_by_row(sql: str, declared: dict[str, Any], events: list[Event]) -> None:
    expected = reckoned(declared, events)
    assert differing(expected, batch(sql, events)) == []
    aggregates = {feature["aggregate"] for feature in declared["features"] if "aggregate" in feature}
    assert len(aggregates) == 8
    for feature in declared["features"]:
        values = {row[feature["name"]] for row in expected.values()}
        assert len(values) > 1, f"{feature['name']} is {values} everywhere: nothing is proved"


def test_the_order_of_the_rows_changes_nothing(sql: str, events: list[Event]) -> None:
    shuffled = random.Random(3).sample(events, len(events))
    assert differing(batch(sql, events), batch(sql, shuffled)) == []


def later_changed(events: list[Event], at: datetime) -> list[Event]:
    """Everything at or after a moment has another time, entity, kind and amount; much is gone, much is new."""
    dice = random.Random(11)
    before = [one for one in events if one["known_at"] < at]
    later = [one for one in events if one["known_at"] >= at]
    changed = [event(10_000 + n, at + dice.random() * timedelta(days=9), dice) for n in range(2 * len(later))]
    # Some come at the moment itself, just after what is asked about.
    return before + changed + [{**one, "known_at": at} for one in changed[:20]]


def seen_later(query: str, events: list[Event]) -> Iterator[tuple[str, str]]:
    """Features that change for payments before a moment when everything at and after it is changed."""
    before = batch(query, events)
    times = {one["known_at"] for one in events}
    # Just before each of these moments something happened.
    for at in [time for time in sorted(times) if time - MOMENT in times][5::15]:
        payments = {one["payment_id"] for one in events if one["known_at"] < at and one["is_payment"]}
        after = batch(query, later_changed(events, at))
        yield from differing({name: before[name] for name in payments}, {name: after[name] for name in payments})


def test_whatever_comes_later_changes_nothing(sql: str, events: list[Event]) -> None:
    assert list(seen_later(sql, events)) == []


END = "interval '1 microsecond' preceding"


EARLY = "select * replace (if(is_label, known_at - interval 3 day, known_at) as known_at) from events"


@pytest.mark.parametrize(
    ("text", "instead"),
    [(END, "unbounded following"), (END, "interval '1 second' following"), ("select * from events", EARLY)],
    ids=["everything", "a_second", "labels_before_they_are_known"],
)
def test_a_leak_is_seen(sql: str, events: list[Event], text: str, instead: str) -> None:
    assert text in sql
    assert any(seen_later(sql.replace(text, instead), events))


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        (END, "current row"),
        (END, "interval '2 microseconds' preceding"),
        ("interval '1 hour' preceding", "interval '59 minutes' preceding"),
        ("filter (where is_payment)", ""),
        ("count(distinct ", "count("),
    ],
    ids=["same_moment", "too_early", "shorter", "no_filter", "not_distinct"],
)
def test_another_formula_is_seen(sql: str, declared: dict[str, Any], events: list[Event], text: str, instead: str) -> None:
    assert text in sql
    assert differing(reckoned(declared, events), batch(sql.replace(text, instead), events))

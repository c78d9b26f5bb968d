"""The state that events build up one by one gives what window functions over all events give: every value, every type."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import lab.live
from lab.live import batch_sql, made_up
from sluice.core.yaml_model import checked
from sluice.features.declared import Features
from sluice.features.state import Event, State

DAY = 86_400_000_000
Rows = dict[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def features() -> Features:
    path = Path(lab.live.__file__).parent / "declaration.yml"
    return checked(Features, yaml.safe_load(path.read_text(encoding="utf-8")), path)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    # Few entities, so that windows hold something; the stream is busy, and has two events in one microsecond.
    made_up.create(connection, history=1200, streamed=400, rate=500, entities=40)
    return connection


@pytest.fixture(scope="module")
def batch(connection: duckdb.DuckDBPyConnection, features: Features) -> Rows:
    columns = ", ".join([features.id, *features.names])
    query = f"select {columns} from ({batch_sql.query(features, 'events')})"
    return {row[0]: row[1:] for row in connection.execute(query).fetchall()}


@pytest.fixture(scope="module")
def events(connection: duckdb.DuckDBPyConnection, features: Features) -> list[Event]:
    groups = [features.entities.values(), features.values, features.filters]
    listed = ", ".join(f"[{', '.join(names)}]" for names in groups)
    query = f"select event_id, epoch_us(known_at), {listed} from events order by known_at, event_id"
    return [Event(name, at, *map(tuple, groups)) for name, at, *groups in connection.execute(query).fetchall()]


def test_events_that_come_in_order(features: Features, events: list[Event], batch: Rows) -> None:
    state = State(features)
    found = {}
    for event in events:
        found[event.id] = _row(state, event)
        state.add(event)
    assert _unequal(found, batch) == []


def test_the_made_up_events_have_the_hard_cases(events: list[Event], batch: Rows) -> None:
    times = [event.at for event in events]
    assert len(times) - len(set(times)) > 20, "no two events in one microsecond"
    assert any(None in event.keys for event in events)
    assert any(None in row for row in batch.values())
    assert any(isinstance(value, float) and value % 1 for row in batch.values() for value in row)


def test_two_events_of_one_moment_do_not_see_each_other(features: Features, events: list[Event]) -> None:
    one, other = events[-1], replace(events[-1], id="other")
    state = State(features)
    state.add(one)
    alone = _row(State(features), other)
    assert _row(state, other) == alone
    assert _row(state, replace(other, at=one.at + 1)) != alone


def test_the_order_of_arrival_changes_nothing(features: Features, events: list[Event], batch: Rows) -> None:
    """Events come in any order, are asked about in between, early and late, and all of them at the end, newest first."""
    dice = random.Random(5)
    state = State(features, lateness=40 * DAY)
    for event in dice.sample(events, len(events)):
        state.add(event)
        _row(state, dice.choice(events))
    found = {event.id: _row(state, event) for event in reversed(events)}
    assert _unequal(found, batch) == []


def test_what_is_forgotten_is_what_no_window_reaches(features: Features, connection: duckdb.DuckDBPyConnection) -> None:
    """A year of the same: the state keeps a month of it, and still gives all features, those since ever included."""
    connection.execute("""
        create or replace table year as
        select event_id || '-' || n as event_id, event_kind, known_at + to_days(31 * n::integer) as known_at,
            * exclude (event_id, event_kind, known_at)
        from events, range(12) as r(n)
    """)
    groups = [features.entities.values(), features.values, features.filters]
    listed = ", ".join(f"[{', '.join(names)}]" for names in groups)
    found = connection.execute(f"select event_id, epoch_us(known_at), {listed} from year order by known_at, event_id").fetchall()
    columns = ", ".join([features.id, *features.names])
    batch = {
        row[0]: row[1:] for row in connection.execute(f"select {columns} from ({batch_sql.query(features, 'year')})").fetchall()
    }
    state = State(features)
    live = {}
    for name, at, *rest in found:
        event = Event(name, at, *map(tuple, rest))
        live[name] = _row(state, event)
        state.add(event)
    assert _unequal(live, batch) == []
    assert len(state) < len(found) / 4


def test_what_is_forgotten_before_anybody_asked_is_known_all_the_same(features: Features, events: list[Event]) -> None:
    """Hundreds of events of one card, of which nobody asks until the first are forgotten: since ever, all of them count."""
    state = State(features)
    one = events[0]
    for n in range(300):
        state.add(replace(one, id=f"e{n}", at=one.at + n * DAY))
    asked = dict(zip(features.names, _row(state, replace(one, at=one.at + 299 * DAY)), strict=True))
    assert len(state) < 100
    assert asked["customer_first"] == 299 * 86_400.0
    assert asked["customer_n_30d"] == 30
    assert asked["card_fraud"] == (299 if one.flags[features.filters.index("is_fraud")] else 0)


def test_an_event_that_comes_twice_counts_once(features: Features, events: list[Event], batch: Rows) -> None:
    state = State(features)
    for event in events:
        state.add(replace(event, at=event.at + 5))  # the same id, made later
        state.add(event)
        state.add(replace(event, at=event.at + 7))
    assert _unequal({event.id: _row(state, event) for event in events}, batch) == []


def test_a_change_of_one_event_is_seen(features: Features, events: list[Event], batch: Rows) -> None:
    """The comparison bites: of all events one is a microsecond later."""
    state = State(features)
    moved = next(event for event in events[600:] if events[0].keys != event.keys)
    for event in events:
        state.add(replace(event, at=event.at + 1) if event is moved else event)
    assert _unequal({event.id: _row(state, event) for event in events}, batch) != []


def _row(state: State, event: Event) -> tuple[Any, ...]:
    return state.row(event, [event.values[state.features.values.index("amount_cents")]])


def _unequal(found: Rows, batch: Rows) -> list[str]:
    return [name for name, row in found.items() if not _is_same(row, batch[name])]


def _is_same(row: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return all(type(a) is type(b) and a == b for a, b in zip(row, wanted, strict=True))

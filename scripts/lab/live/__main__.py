"""Measure both ways of computing features live: `PYTHONPATH=scripts .venv/bin/python -m lab.live [--streamed 15000]`.

`state` keeps the events of each entity in Python and aggregates as they come; `sql` runs the window functions of the batch on the
entities at hand, in DuckDB, for a few payments at a time. Both are compared with the batch, value by value and type by type.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml

from lab.live import batch_sql, made_up
from sluice.core.yaml_model import checked
from sluice.features.declared import Features
from sluice.features.state import Event, State

HERE = Path(__file__).parent
Rows = dict[str, tuple[Any, ...]]


def main() -> None:
    """Make the events, compute the batch, replay them both ways, and print what each costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=int, default=100_000, help="events before the stream, over 30 days")
    parser.add_argument("--streamed", type=int, default=15_000, help="payments of the stream")
    parser.add_argument("--rate", type=int, default=500, help="payments a second of the stream's own clock")
    parser.add_argument("--batch", type=int, nargs="*", default=[5, 25], help="payments that `sql` takes at a time")
    parser.add_argument("--sql-batches", type=int, default=40, help="how many such batches are tried")
    given = parser.parse_args()
    path = HERE / "declaration.yml"
    features = checked(Features, yaml.safe_load(path.read_text()), path)
    connection = duckdb.connect(config={"threads": 1})
    made_up.create(connection, given.history, given.streamed, given.rate)
    wanted = _batch(connection, features)
    print(f"{len(features.names)} features, {given.history} + {given.streamed} events, load {os.getloadavg()[0]:.1f}")
    events = list(_events(connection, features))
    found = _state(features, events, given.history)
    _compare("state", found, wanted)
    _compare("state, events out of order", _shuffled(features, events), wanted)
    for size in given.batch:
        _compare(f"sql by {size}", _sql(connection, features, given.history, size, given.sql_batches), wanted)


def _batch(connection: duckdb.DuckDBPyConnection, features: Features) -> Rows:
    started = time.process_time()
    rows = _by_id(
        connection.execute(f"select columns(* exclude (event_kind, known_at)) from ({batch_sql.query(features, 'events')})")
    )
    print(f"batch: {time.process_time() - started:.1f} CPU s for all rows")
    return rows


def _by_id(relation: duckdb.DuckDBPyConnection) -> Rows:
    return {row[0]: row[1:] for row in relation.fetchall()}


def _events(connection: duckdb.DuckDBPyConnection, features: Features) -> Iterator[Event]:
    groups = [features.entities.values(), features.values, features.filters]
    listed = ", ".join(f"[{', '.join(f'{name}' for name in names)}]" for names in groups)
    query = f"select event_id, epoch_us(known_at), {listed} from events order by known_at, event_id"
    for name, at, keys, values, flags in connection.execute(query).fetchall():
        yield Event(name, at, tuple(keys), tuple(values), tuple(flags))


def _state(features: Features, events: Sequence[Event], history: int) -> Rows:
    state, found, spent = State(features), {}, []
    before, started = _memory(), time.process_time()
    for event in events[:history]:
        state.add(event)
    print(f"state: {1e6 * (time.process_time() - started) / history:.1f} us to take in an event of the history")
    amount = features.values.index("amount_cents")
    for event in events[history:]:
        started = time.perf_counter()
        cpu = time.process_time()
        row = state.row(event, [event.values[amount]])
        state.add(event)
        spent.append((time.perf_counter() - started, time.process_time() - cpu))
        found[event.id] = row
    _print("state", [(wall, cpu, 1) for wall, cpu in spent])
    print(f"state: {len(state)} events are kept, {_memory() - before:.0f} MB")
    return found


def _shuffled(features: Features, events: Sequence[Event]) -> Rows:
    """Every event comes up to 200 places too early or late; each is asked about when all have come, newest first."""
    dice = random.Random(3)
    order = sorted(range(len(events)), key=lambda n: n + dice.uniform(-200, 200))
    state = State(features)
    for n in order:
        state.add(events[n])
        if n % 50 == 0:
            state.of(events[n])
    amount = features.values.index("amount_cents")
    asked = list(reversed(events[-3000:]))
    return {event.id: state.row(event, [event.values[amount]]) for event in asked}


def _sql(connection: duckdb.DuckDBPyConnection, features: Features, history: int, size: int, batches: int) -> Rows:
    """The batch's own SQL on the events of the entities at hand, one entity after the other."""
    connection.execute(f"create or replace table live as select * from events order by known_at, event_id limit {history}")
    stream = f"(select * from events order by known_at, event_id limit {size} offset {{offset}})"
    found: Rows = {}
    spent = []
    for number in range(batches):
        connection.execute(f"create or replace temp table arrived as from {stream.format(offset=history + number * size)}")
        started, cpu = time.perf_counter(), time.process_time()
        connection.execute("insert into live from arrived")
        found |= _by_id(connection.execute(batch_sql.of_arrived(features, "live", "arrived")))
        spent.append((time.perf_counter() - started, time.process_time() - cpu, size))
    _print(f"sql by {size}", spent)
    return found


def _compare(way: str, found: Rows, wanted: Rows) -> None:
    unequal = [name for name, row in found.items() if not _same(row, wanted[name])]
    print(f"{way}: {len(found) - len(unequal)} of {len(found)} payments equal the batch in every value and type")
    for name in unequal[:2]:
        print("  ", name, found[name], wanted[name], sep="\n   ")


def _same(row: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """To the bit: equal values of equal types."""
    return all(type(a) is type(b) and a == b for a, b in zip(row, wanted, strict=True))


def _print(way: str, spent: Sequence[tuple[float, float, int]]) -> None:
    walls = sorted(wall for wall, _, _ in spent)
    cpu, rows = sum(cpu for _, cpu, _ in spent), sum(count for _, _, count in spent)
    p50, p99 = (1000 * walls[int(len(walls) * share)] for share in (0.5, 0.99))
    print(f"{way}: {1000 * cpu / rows:.3f} CPU ms a payment; p50 {p50:.3f}, p99 {p99:.3f} ms a call")


def _memory() -> float:
    """Megabytes that are in use now."""
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()

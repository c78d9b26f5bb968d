"""A reader, as a process: `python -m lab.campaign.reader <file> <seconds that a connection lives> <seed>`.

It queries without pause until SIGTERM, keeps every error and every mixture, and prints what it saw as
JSON. A connection that lives 0 seconds is opened for each query. All it knows is the file, as `fill` makes it: two tables that
have to be of the same release, in every row, and a view on one of them.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

KEYS = {"core.orders": "order_id", "core.customers": "customer_id"}
MARK = 1_000_000
ENOUGH = 100  # errors and mixtures to keep: more add no information


@dataclass
class Reading:
    """What one reader saw: first sight of each release number (seconds of the monotonic clock), what was wrong, durations."""

    life: float
    queries: int = 0
    connections: int = 0
    first_seen: dict[int, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    mixtures: list[list[int]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Reading:
        """What a reader printed."""
        seen = {int(number): at for number, at in document.pop("first_seen").items()}
        return cls(first_seen=seen, **document)

    def note(self, numbers: list[int], connection_has: set[int], began: float) -> None:
        """Keep the numbers that one query saw, and compare them with those that its connection has seen."""
        now = time.monotonic()
        self.queries += 1
        self.milliseconds.append(round((now - began) * 1000, 2))
        connection_has.update(numbers)
        for number in numbers:
            self.first_seen.setdefault(number, now)
        if len(connection_has) != 1 and len(self.mixtures) < ENOUGH:
            self.mixtures.append(sorted(connection_has))
        self._tell_first()

    def note_error(self, error: Exception) -> None:
        """Keep an error."""
        if len(self.errors) < ENOUGH:
            self.errors.append(f"{type(error).__name__}: {error}".splitlines()[0])
        self._tell_first()

    def _tell_first(self) -> None:
        if self.queries + len(self.errors) == 1:
            print("reading", flush=True)


def fill(path: Path, number: int, rows: int) -> None:
    """A release's file. Each row carries its number, in bits that compression does not move out of the row's own block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    row = f"{number} as release_number, {number}::bigint * {MARK} + (hash(range) % {MARK})::bigint as mark from range({rows})"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema core;
            create table core.orders as select range as order_id, {row};
            create table core.customers as select range as customer_id, {row};
            create view core.order_count as select count(*) as orders from core.orders;
        """)


def look(connection: duckdb.DuckDBPyConnection, dice: random.Random) -> list[int]:
    """Query both tables, one after the other, for rows at a random position, and the view."""
    found = set()
    for table, key in KEYS.items():
        third = f"{key} % 3 = {dice.randrange(3)}"
        rows = connection.execute(f"select distinct mark // {MARK} from {table} where {third}").fetchall()
        found |= {number for (number,) in rows}
    ((orders,),) = connection.execute("select orders from core.order_count").fetchall()
    if not orders:
        raise ValueError("the view is empty")
    return sorted(found)


def read(file: str, life: float, dice: random.Random, is_over: Any, reading: Reading) -> None:
    """One connection: as many queries as fit into its life, at least one."""
    began = time.monotonic()
    ends, has = began + life * dice.uniform(0.5, 1.5), set[int]()
    with duckdb.connect(file, read_only=True, config={"threads": 1}) as connection:
        reading.connections += 1
        while True:
            reading.note(look(connection, dice), has, began)
            if is_over() or time.monotonic() >= ends:
                return
            began = time.monotonic()


def main(file: str, life: str, seed: str) -> None:
    """Read until SIGTERM."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    reading, dice = Reading(float(life)), random.Random(seed)
    while not told:
        try:
            read(file, float(life), dice, lambda: bool(told), reading)
        except Exception as error:  # noqa: BLE001  # every error that a reader meets is a finding
            reading.note_error(error)
    print(json.dumps(asdict(reading)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

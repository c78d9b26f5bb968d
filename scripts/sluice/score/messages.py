"""Messages as rows of their raw table: the good ones where DuckDB reads them, the others with the reason."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from sluice.core.duck import literal
from sluice.features.live_sql import MESSAGES
from sluice.ingest.readers.json import read_lines
from sluice.lake import raw
from sluice.lake.contracts import Contract
from sluice.score.plain import PlainMessages


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a topic: its line of JSON (or why it has none), where it was, and when it was produced (microseconds)."""

    line: str | None
    why: str | None
    partition: int
    offset: int
    produced_at: int


@dataclass(frozen=True)
class Refused:
    """A message that breaks the contract."""

    message: Message
    reason: str
    column: str | None
    detail: str


class Messages:
    """The view `messages`: those at hand as rows of the raw table. `_position` is the place of each among them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        self._contract, self._plain = contract, PlainMessages(contract)
        self._lines = _Lines()
        connection.register("live_lines", self._lines)
        values = {"_file": "'live'", "_position": "place", "_batch_id": "'live'", "_loaded_at": "loaded_at"}
        own = ", ".join(f"{values[name]}::{kind} as {name}" for name, kind in raw.ORIGIN.items())
        read = f"unnest(from_json(line, {literal(self._plain.structure)}))"
        connection.execute(f"create or replace temp view {MESSAGES} as select {read}, {own} from live_lines")

    def put(self, messages: Sequence[Message]) -> list[Refused]:
        """Put messages into the view, in place of those before; return those that break the contract."""
        lines: list[str | None] = [None] * len(messages)
        doubtful: list[int] = []
        refused: list[Refused] = []
        for place, message in enumerate(messages):
            if message.line is None:
                refused.append(Refused(message, "malformed", None, message.why or ""))
            elif self._plain.is_plain(message.line):
                lines[place] = message.line
            else:
                doubtful.append(place)
        if doubtful:
            refused += self._read_with_care(messages, doubtful, lines)
        self._lines.put(lines)
        return refused

    def _read_with_care(self, messages: Sequence[Message], doubtful: list[int], lines: list[str | None]) -> list[Refused]:
        """Read lines as ingest reads them; those that fit are written again in the plain way."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            texts = pa.table({"line": pa.array([messages[place].line for place in doubtful], pa.string())})
            connection.register("texts", texts)
            connection.execute("create temp table lines as select line, 0::bigint as __file from texts")
            rows = read_lines(connection, self._contract)
            found = connection.execute(f"select * from ({rows.good})")
            names = [column[0] for column in found.description or ()]
            for row in found.fetchall():
                record = dict(zip(names, row, strict=True))
                line = {name: record[name] for name in self._contract.names}
                lines[doubtful[record["__position"] - 1]] = json.dumps(line, default=str)
            query = f"select __position, reason, column_name, detail from ({rows.refused})"
            bad = connection.execute(query).fetchall()
        return [Refused(messages[doubtful[place - 1]], reason, column, detail or "") for place, reason, column, detail in bad]


class _Lines:
    """What DuckDB reads as a table, whichever lines are put into it: a prepared query sees those of now."""

    def __init__(self) -> None:
        self.put([])

    def put(self, lines: Sequence[str | None]) -> None:
        places = [place for place, line in enumerate(lines) if line is not None]
        columns = {
            "line": pa.array([lines[place] for place in places], pa.string()),
            "place": pa.array(places, pa.int64()),
            "loaded_at": pa.array([time.time_ns() // 1000] * len(places), pa.timestamp("us")),
        }
        self._table = pa.table(columns)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)

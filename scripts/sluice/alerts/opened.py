"""The history in the lake, opened once for everything that a command reads of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.kinds import Entry


def query(lake: Path, name: str, kind: type[Entry]) -> str:
    """A query of this room, of sql/, over the table of a kind. Raises SluiceError for a damaged table."""
    return over(name, kind, f"({ledger.query(lake, kind)})")


def over(name: str, kind: type[Entry], relation: str) -> str:
    """A query of this room over a relation that has the columns of a kind."""
    text = files("sluice.alerts").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(**{kind.TABLE: relation})


@dataclass(frozen=True)
class OpenLake:
    """A lake and a connection that reads its tables; to load DuckDB's extension costs more than a query."""

    path: Path
    connection: duckdb.DuckDBPyConnection

    def rows(self, name: str, kind: type[Entry], rest: str = "", values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a query of this room over the table of a kind. Raises SluiceError for a damaged table."""
        return self._rows(f"select * from ({query(self.path, name, kind)}) {rest}", values or {})

    def table(self, kind: type[Entry], rest: str = "", values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of the table of a kind. Raises SluiceError for a damaged table."""
        return self._rows(f"select * from ({ledger.query(self.path, kind)}) {rest}", values or {})

    def _rows(self, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = self.connection.execute(query, dict(values))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def opened(lake: Path) -> Iterator[OpenLake]:
    """Open a lake for reading."""
    with connect(extensions=["delta"]) as connection:
        yield OpenLake(lake, connection)

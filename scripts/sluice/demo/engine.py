"""A DuckDB in memory that runs the package's SQL files: 0x once, 1x for each part, 20 makes text of what is ready.

It spills into a work folder, never into the home directory.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path

import duckdb

from sluice.core.errors import SluiceError
from sluice.demo.options import DemoOptions
from sluice.demo.tables import TABLES


class Engine:
    """One database for one demo. ``settings`` are the variables that every connection to it needs."""

    def __init__(self, options: DemoOptions, work: Path) -> None:
        """Open the database with the memory limit of ``options``. Raises SluiceError when a setting is refused."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": options.memory_limit,
            "temp_directory": str(work / "spill"),
            "extension_directory": str(work / "extensions"),
            "autoinstall_known_extensions": "false",
        }
        if options.threads is not None:
            config["threads"] = options.threads
        try:
            self.connection = duckdb.connect(":memory:", config=config)
        except duckdb.Error as error:
            raise SluiceError(
                f"DuckDB refuses the settings: {error}", where="--memory-limit", hint="write it like 4GB or 500MB"
            ) from error
        self.settings = _settings(options)
        self.threads = options.threads or int(self.scalar("select current_setting('threads')"))
        set_variables(self.connection, self.settings)

    def run(self, numbers: str) -> None:
        """Run the files of the package's `sql` folder whose names begin so, in order."""
        files = sorted((resources.files("sluice.demo") / "sql").iterdir(), key=lambda file: file.name)
        for file in files:
            if file.name.startswith(numbers):
                self.connection.execute(file.read_text(encoding="utf-8"))

    def run_once(self) -> None:
        """Make what every part needs: calendar, rates, catalogue; and the empty tables that parts fill."""
        self.run("0")
        for table in TABLES:
            self.connection.execute(
                f"create table ready_{table.name} as select *, null::varchar as fault from queue_{table.name} limit 0"
            )
        self.run("2")

    def run_part(self, first_day: int, last_day: int) -> None:
        """Put all rows that the orders of these days lead to into the queues, whenever they will be delivered."""
        set_variables(self.connection, {"first_day": first_day, "last_day": last_day})
        self.run("1")

    def rows(self, query: str, parameters: list[object] | None = None) -> list[tuple[object, ...]]:
        """All rows of a query."""
        return self.connection.execute(query, parameters or []).fetchall()

    def scalar(self, query: str) -> int:
        """The one whole number that a query gives."""
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A second connection to the same database, with the same variables, for another thread."""
        cursor = self.connection.cursor()
        set_variables(cursor, self.settings)
        return cursor

    def close(self) -> None:
        """Close the database; its contents are gone."""
        self.connection.close()


def set_variables(connection: duckdb.DuckDBPyConnection, values: dict[str, object]) -> None:
    """Set DuckDB variables. Names are the program's own, values are bound."""
    for name, value in values.items():
        connection.execute(f"set variable {name} = $1", [value])


def _settings(options: DemoOptions) -> dict[str, object]:
    n_products = 60 + int(6 * options.orders**0.5)
    return {
        "seed": options.seed,
        "fraud": float(options.fraud),
        "orders": options.orders,
        "days": options.days,
        "start_on": options.start,
        "last_on": options.start + timedelta(days=options.days - 1),
        "slots": max(8192, 4 * min(20000, n_products)),
    }

"""A small project of another shop: one JSON feed, and a hand-made mart of rows that a business rule refuses.

It shares nothing with the models of this repository, so what passes here works on any dbt-duckdb project.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml
from tests.helpers.schemas import document
from typer.testing import CliRunner, Result

from sluice.core.duck import connect
from sluice.ingest.landing import FeedReport
from sluice.ingest.readers import READERS
from sluice.ingest.run import run
from sluice.lake.contracts import Contract, load_contracts
from sluice.quarantine.catalog import Refused

COLUMNS = {
    "id": "bigint!",
    "amount": "decimal(30,4)!",
    "note": "varchar",
    "sold_at": "timestamp",
    "ratio": "double",
    "money": "struct(value decimal(24,2), currency varchar, place struct(city varchar))",
    "tags": "varchar[]",
    "prices": "decimal(24,2)[]",
}
# The business rule of this shop: an amount is not negative. It may be waived where the note is not 'never'.
MART = """
    create or replace table reports.not_let_in as
    select md5(concat_ws('|', 'sales', _batch_id, _file, _position)) as quarantine_id, 'test.rows' as feed,
        'sales' as entity, 'test' as source_system, id::varchar as row_key, 'negative_amount' as rule,
        'The amount is below zero.' as reason, coalesce(note <> 'never', true) as may_be_waived, 'open' as status,
        try_cast(amount as decimal(18, 4)) as amount, 'EUR' as currency_code, _batch_id as batch_id, _file as source_file,
        _position as source_position, _loaded_at as loaded_at, _loaded_at as first_refused_at
    from delta_scan('{raw}') where amount < 0
"""

# An open row that a rule of the warehouse refuses.
ROW = Refused(
    quarantine_id="0" * 32, place="warehouse", feed="shop.orders", entity="orders", row_key="shop:1", rule="future_time",
    reason="It is in the future.", column_name=None, may_be_waived=True, amount=None, currency_code=None, batch_id="b",
    source_file="a.csv", source_position=1, refused_at=datetime.fromisoformat("2026-03-01"),
    original_text=None, status="open", decision=None, until_at=None, correction_batch_id=None, decisions=0,
)  # fmt: skip


@dataclass
class OneFeedShop:
    """The project in `root`, with its lake and its warehouse; commands run with `root` as the current folder."""

    root: Path

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse" / "dev.duckdb"

    @property
    def contracts(self) -> dict[str, Contract]:
        return load_contracts(self.root)

    def make(self, columns: dict[str, str] | None = None) -> OneFeedShop:
        """Write the project's contract and the manifest that dbt would leave."""
        (self.root / "models").mkdir()
        entries = [
            {
                "name": name,
                "data_type": kind.rstrip("!"),
                **({"constraints": [{"type": "not_null"}]} if kind.endswith("!") else {}),
            }
            for name, kind in (columns or COLUMNS).items()
        ]
        source = {"sources": [{"name": "test", "tables": [{"name": "rows", "columns": entries}]}]}
        (self.root / "models" / "sources.yml").write_text(yaml.safe_dump(source))
        (self.root / "dbt_project.yml").write_text("name: other_shop\n")
        self.manifest({"quarantine": True})
        return self

    def manifest(self, meta: dict[str, Any]) -> None:
        """The artifact of a project with one model of that meta."""
        node = {"resource_type": "model", "name": "not_let_in", "database": "dev", "schema": "reports", "alias": "not_let_in"}
        (self.root / "target").mkdir(exist_ok=True)
        (self.root / "target" / "manifest.json").write_text(
            json.dumps({"nodes": {"model.x": {**node, "config": {"meta": meta}}}})
        )

    def deliver(self, name: str, *lines: str, format: str = "json") -> FeedReport:
        """Deliver a file of these lines and ingest it."""
        (self.root / "in").mkdir(exist_ok=True)
        (self.root / "in" / name).write_text("".join(f"{line}\n" for line in lines))
        return self.ingest(format)

    def ingest(self, format: str = "json") -> FeedReport:
        """Run ingest once."""
        suffix = {"json": "jsonl", "csv": "csv"}[format]
        kind: Any = READERS[format]
        keys = {"sparse": True} if format == "json" else {}  # most tests deliver a record or two
        feed = kind("test", "rows", path=str(self.root / "in" / f"*.{suffix}"), **keys)
        (report,) = run([feed], self.contracts, self.lake, run_id="test")
        return report

    def build(self) -> None:
        """What dbt would do: judge every raw row again (decisions are heeded by the real project's models, not here)."""
        self.warehouse.parent.mkdir(exist_ok=True)
        with connect(str(self.warehouse), extensions=["delta"]) as connection:
            connection.execute("create schema if not exists reports")
            connection.execute(MART.format(raw=self.lake / "raw/test/rows"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL in which {raw}, {quarantine}, {batches} and {decisions} stand for the lake's tables.

        {released} are the rows of the raw table that are corrections.
        """
        tables = {
            "raw": "raw/test/rows",
            "quarantine": "quarantine/test/rows",
            "batches": "ops/batches",
            "decisions": "ops/decisions",
        }
        names = {name: f"delta_scan('{self.lake / path}')" for name, path in tables.items()}
        names["released"] = f"(select * from {names['raw']} where starts_with(_file, 'quarantine/'))"
        with connect(extensions=["delta"]) as connection:
            return connection.execute(sql.format(**names)).fetchall()

    def sluice(self, *arguments: str) -> Result:
        """Run `sluice quarantine` in this process, in the project's folder."""
        from sluice.commands.quarantine import app

        return CliRunner().invoke(app, list(arguments))

    def done(self, *arguments: str, code: int = 0) -> str:
        """The same, which must end with that exit code; gives its output."""
        result = self.sluice(*arguments)
        assert result.exit_code == code, f"{result.exit_code}: {result.stdout}\n{result.stderr}\n{result.exception!r}"
        return result.stdout

    def as_json(self, *arguments: str, code: int = 0) -> Any:
        """The same with --format json, read."""
        return document(["quarantine", *arguments], self.done(*arguments, "--format", "json", code=code))

    def id_at_ingestion(self, file: str, position: int) -> str:
        """The id of a row that ingest refused, computed as docs/quarantine.md says."""
        (batch,) = self.query(f"select _batch_id from {{quarantine}} where _file = '{file}' and _position = {position}")
        return quarantine_id("door", batch[0], file, position)

    def id_in_the_warehouse(self, file: str, position: int) -> str:
        """The id of a row that a business rule refused."""
        (batch,) = self.query(f"select _batch_id from {{raw}} where _file = '{file}' and _position = {position}")
        return quarantine_id("sales", batch[0], file, position)


def quarantine_id(entity: str, batch: str, file: str, position: int) -> str:
    """As docs/quarantine.md defines it."""
    return hashlib.md5(f"{entity}|{batch}|{file}|{position}".encode(), usedforsecurity=False).hexdigest()


def utc_now() -> datetime:
    """Now, as the lake holds times."""
    return datetime.now(UTC).replace(tzinfo=None)


def in_days(days: int) -> str:
    """A day to come, as a person types it."""
    return (utc_now() + timedelta(days=days)).date().isoformat()


def locked(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that writes to a warehouse file, as a build does."""
    return duckdb.connect(str(path))

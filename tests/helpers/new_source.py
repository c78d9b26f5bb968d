"""A source that is being added: files looked at without a command line, and a small project that they are proposed for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.project import REPOSITORY
from typer.testing import CliRunner

from sluice.cli import app
from sluice.core.errors import SluiceError
from sluice.source.contract import raw_table
from sluice.source.facts import TableFacts
from sluice.source.groups import groups
from sluice.source.look import look_at, opened
from sluice.source.project import Allowed, DbtProject
from sluice.source.proposal import RawTable

# A project with fewer columns than ours, under names of its own where no meaning hangs on them.
PROJECT = DbtProject(
    common={
        "customers": {"source_system": "varchar", "customer_id": "varchar", "email": "varchar", "country_code": "varchar"},
        "products": {
            "source_system": "varchar",
            "product_id": "varchar",
            "product_name": "varchar",
            "list_price": "decimal(18,4)",
        },
        "orders": {
            "source_system": "varchar",
            "order_id": "varchar",
            "customer_id": "varchar",
            "order_kind": "varchar",
            "order_status": "varchar",
            "ordered_at": "timestamp",
            "currency_code": "varchar",
            "updated_at": "timestamp",
        },
        "order_items": {
            "source_system": "varchar",
            "order_item_id": "varchar",
            "order_id": "varchar",
            "product_id": "varchar",
            "quantity": "integer",
            "unit_price": "decimal(18,4)",
            "line_amount": "decimal(18,4)",
        },
    },
    lineage={"loaded_at": "timestamp", "source_file": "varchar", "source_position": "bigint", "batch_id": "varchar"},
    sources=("shop",),
    allowed={
        "order_kind": Allowed(("sale", "cancellation"), blocks=True),
        "order_status": Allowed(("placed", "delivered", "cancelled"), blocks=False),
    },
    promised={
        "customers": frozenset({"customer_id"}),
        "products": frozenset({"product_id"}),
        "orders": frozenset({"order_id", "order_kind", "order_status", "ordered_at", "currency_code"}),
        "order_items": frozenset({"order_item_id", "order_id", "quantity", "unit_price"}),
    },
    documented=frozenset({"order_id"}),
    owner="data",
)


def looked_at(*paths: Path) -> list[TableFacts]:
    """What is seen of files and folders."""
    members, _ = groups(paths)
    extensions: Sequence[Sequence[str]] = ()
    with opened(extensions) as (connection, folder):
        return [look_at(group, connection, folder) for group in members]


def table(folder: Path, name: str, *lines: str) -> RawTable:
    """The raw table of a CSV file with these lines."""
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (facts,) = looked_at(path)
    return raw_table(facts)


_MARTS = """
version: 2
models:
  - name: fct_orders
    columns:
      - {name: order_id, constraints: [{type: not_null}]}
      - {name: ordered_at, constraints: [{type: not_null}]}
      - name: order_status
        constraints: [{type: not_null}]
        data_tests:
          - accepted_values: {arguments: {values: [placed, delivered, cancelled]}}
  - name: fct_order_items
    columns:
      - {name: quantity, constraints: [{type: not_null}]}
"""
_DBT_PROJECT = """
name: tiny
profile: sluice
flags: {send_anonymous_usage_stats: false}
models:
  tiny:
    staging: {+materialized: view}
"""
_VARS = """# Settings.
vars:
  sources:
    - other: [orders]
  common_columns:
    orders: {source_system: varchar, order_id: varchar, order_status: varchar, ordered_at: timestamp, updated_at: timestamp}
    order_items: {source_system: varchar, order_item_id: varchar, order_id: varchar, product_id: varchar, quantity: integer}
  lineage_columns: {loaded_at: timestamp, source_file: varchar, source_position: bigint, batch_id: varchar}
"""


def small_project(folder: Path) -> Path:
    """A dbt project that is not ours, with two entities and a mart of each; gives its folder."""
    files = {
        "dbt_project.yml": _DBT_PROJECT,
        "environments.yml": "environments: {}\n",
        "profiles.yml": (REPOSITORY / "profiles.yml").read_text(encoding="utf-8"),
        "vars.yml": _VARS,
        "models/marts/_marts.yml": _MARTS,
        "models/marts/fct_orders.sql": "select 'other:1' as order_id, now()::timestamp as ordered_at, 'placed' as order_status\n",
        "models/marts/fct_order_items.sql": "select 1 as quantity\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what it printed, and the error that it would print."""

    code: int
    text: str
    error: SluiceError | None


def sluice(*arguments: str, answer: str = "") -> Ended:
    """Run a command in this process and the current folder."""
    done = CliRunner().invoke(app, list(arguments), input=answer)
    error = done.exception if isinstance(done.exception, SluiceError) else None
    assert error or isinstance(done.exception, SystemExit | None), done.exception
    return Ended(error.code if error else done.exit_code, done.stdout, error)

"""A warehouse of one model with expectations, and the artifacts that dbt would have left: what tests of the audit need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.quality.expectations.audit import audit
from sluice.quality.expectations.result import AuditReport, CheckResult

COLUMNS = ("id", "channel", "amount", "cost", "email", "sold_on", "sold_at", "note")
# Ten sales, written out so that every figure in a test can be counted by hand.
ROWS = """
    (1,  'web',   10.00, 4.00, 'a1@shop.example',  date '2025-01-01', timestamp '2025-01-01 08:00:00', null),
    (2,  'web',   20.00, 4.00, 'a2@shop.example',  date '2025-01-01', timestamp '2025-01-01 09:00:00', null),
    (3,  'web',   30.00, 4.00, 'a3@shop.example',  date '2025-01-02', timestamp '2025-01-02 08:00:00', 'x'),
    (4,  'store', 40.00, 4.00, 'a4@shop.example',  date '2025-01-02', timestamp '2025-01-02 09:00:00', null),
    (5,  'store', 50.00, 4.00, 'a5@shop.example',  date '2025-01-03', timestamp '2025-01-03 08:00:00', null),
    (6,  'store', 60.00, 4.00, 'a6@shop.example',  date '2025-01-03', timestamp '2025-01-03 09:00:00', 'y'),
    (7,  'app',   70.00, 4.00, 'a7@shop.example',  date '2025-01-04', timestamp '2025-01-04 08:00:00', null),
    (8,  'app',   80.00, 4.00, 'a8@shop.example',  date '2025-01-04', timestamp '2025-01-04 09:00:00', null),
    (9,  'app',   90.00, 4.00, 'a9@shop.example',  date '2025-01-05', timestamp '2025-01-05 08:00:00', null),
    (10, 'app',  100.00, 4.00, 'nobody',           date '2025-01-05', timestamp '2025-01-05 09:00:00', null)
"""


def check(expectation: str, name: str = "a_claim", severity: str = "error", **arguments: Any) -> dict[str, Any]:
    """A declared check, as it is in a model's YAML."""
    return {"name": name, "expectation": expectation, "severity": severity, "arguments": arguments}


def manifest(checks: Any, columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """dbt's manifest of a project whose only model is core.sales."""
    node = {
        "unique_id": "model.shop.sales",
        "resource_type": "model",
        "name": "sales",
        "schema": "core",
        "alias": "sales",
        "tags": ["money"],
        "columns": {name: {} for name in columns},
        "primary_key": ["id"],
        "config": {"meta": {"expectations": checks}},
    }
    return {"metadata": {"generated_at": "2025-02-01T00:00:00Z"}, "nodes": {"model.shop.sales": node}, "unit_tests": {}}


@dataclass
class Audited:
    """A warehouse file and a target folder below `root`."""

    root: Path

    @property
    def file(self) -> Path:
        """The warehouse."""
        return self.root / "shop.duckdb"

    @property
    def target(self) -> Path:
        """dbt's target folder."""
        return self.root / "target"

    def build(self, sql: str = f"select * from (values {ROWS}) as sales ({', '.join(COLUMNS)})") -> None:
        """Make core.sales from a query; by default the ten sales."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(f"create schema if not exists core; create or replace table core.sales as {sql}")

    def declare(self, *checks: Mapping[str, Any], **more: Any) -> None:
        """Write the manifest."""
        self.target.mkdir(exist_ok=True)
        (self.root / "dbt_project.yml").write_text("name: audited\n")
        (self.target / "manifest.json").write_text(json.dumps(manifest(list(checks), **more), default=str))

    def results(self, *results: Mapping[str, Any], command: str = "build", at: str = "2025-02-02T00:00:00Z") -> None:
        """Write dbt's run_results.json."""
        document = {"metadata": {"generated_at": at}, "args": {"which": command}, "results": list(results)}
        (self.target / "run_results.json").write_text(json.dumps(document))

    def audit(self, **options: Any) -> AuditReport:
        """Audit it."""
        return audit(self.file, self.target, **options)

    def judge(self, expectation: str, **arguments: Any) -> CheckResult:
        """Declare one check, audit, and give its result."""
        self.declare(check(expectation, **arguments))
        ((result,),) = (model.checks for model in self.audit().models)
        return result

    def declare_id_is_unique(self) -> None:
        """One check, on a table that has only the columns id and channel."""
        self.declare(check("expect_column_values_to_be_unique", column="id"), columns=("id", "channel"))

"""Two warehouses and the manifests that dbt would have left: what tests of the diff need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from tests.helpers.records import record

from sluice.diff.result import Diff, RelationDiff
from sluice.diff.run import diff
from sluice.diff.side import side
from sluice.store.record import Code, Relation, dump


def node(
    name: str,
    schema: str = "core",
    *,
    key: Sequence[str] = (),
    sql: str | None = None,
    reads: Sequence[str] = (),
    kind: str = "model",
    **more: Any,
) -> dict[str, Any]:
    """A node of a manifest; `reads` are unique ids."""
    constraints = [{"type": "primary_key", "columns": list(key)}] if key else []
    return {
        "unique_id": f"{kind}.shop.{name}", "resource_type": kind, "name": name, "schema": schema, "alias": name,
        "database": "dev", "access": "public", "tags": [], "columns": {}, "constraints": constraints,
        "primary_key": list(key), "config": {"materialized": "table", "meta": {}}, "language": "sql",
        "raw_code": sql or "", "compiled_code": sql, "depends_on": {"nodes": list(reads), "macros": []}, "group": None,
        **more,
    }  # fmt: skip


def manifest(*nodes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A manifest of these nodes; exposures and sources go where dbt puts them."""
    placed: dict[str, Any] = {"nodes": {}, "exposures": {}, "sources": {}, "groups": {}, "macros": {}, "unit_tests": {}, **more}
    for one in nodes:
        place = {"exposure": "exposures", "source": "sources"}.get(one["resource_type"], "nodes")
        placed[place][one["unique_id"]] = dict(one)
    return placed


def unique_test(of: str, *columns: str, **config: Any) -> dict[str, Any]:
    """A test that says so many columns of a model are unique together."""
    single = len(columns) == 1
    arguments = {"column_name": columns[0]} if single else {"columns": list(columns)}
    return {
        "unique_id": f"test.shop.{of}_{'_'.join(columns)}", "resource_type": "test", "name": f"{of}_is_unique",
        "attached_node": f"model.shop.{of}", "config": config, "depends_on": {"nodes": [f"model.shop.{of}"], "macros": []},
        "test_metadata": {"name": "unique" if single else "unique_together", "kwargs": arguments},
    }  # fmt: skip


@dataclass
class Sides:
    """Two warehouses, `a` and `b`, each in a folder with its manifest."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)

    def build(self, name: str, *statements: str) -> None:
        """Run SQL in one of the warehouses, which has the schemas core and finance."""
        (self.root / name).mkdir(exist_ok=True)
        with duckdb.connect(str(self.root / name / "warehouse.duckdb")) as connection:
            connection.execute("create schema if not exists core; create schema if not exists finance")
            for statement in statements:
                connection.execute(statement)

    def tables(self, a: str, b: str, relation: str = "core.orders") -> None:
        """Make a relation from a query, on each side."""
        for name, query in (("a", a), ("b", b)):
            self.build(name, f"create or replace table {relation} as {query}")

    def declare(self, *nodes: Mapping[str, Any], only: str = "ab", **more: Any) -> None:
        """Write the manifest of one side or both."""
        for name in only:
            (self.root / name).mkdir(exist_ok=True)
            (self.root / name / "manifest.json").write_text(json.dumps(manifest(*nodes, **more)))

    def record(self, name: str, digests: Mapping[str, str], duckdb_version: str = "1.5.5") -> None:
        """Write a release record with the digests of relations."""
        words = {relation: hashlib.sha256(digest.encode()).hexdigest() for relation, digest in digests.items()}
        written = record(
            release_id=f"20250101T000000Z-{name * 6}",
            code=Code(name * 40, False),
            built_at="2025-01-01T00:00:01Z",
            duckdb=duckdb_version,
            relations={relation: Relation(1, (), digest) for relation, digest in words.items()},
        )
        dump(written, self.root / name)

    def diff(self, **options: Any) -> Diff:
        """Compare them."""
        one, two = (side(str(self.root / name / "warehouse.duckdb"), None, self.root / "target") for name in "ab")
        return diff(one, two, **{"memory_limit": "512MB", **self.options, **options})

    def relation(self, **options: Any) -> RelationDiff:
        """The only relation of the diff."""
        (found,) = self.diff(**options).relations
        return found

"""Comparing marts of two warehouses: which rows does one have that the other has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.dbt import artifact
from sluice.core.duck import connect, literal
from sluice.core.errors import SluiceError


@dataclass(frozen=True)
class Layout:
    """What the manifest says: the marts that readers see as schema.name, and where refused rows are listed.

    `readers`: public models but those that say `config: meta: describes: pipeline`. `quarantine`: the relation of the
    model with `config: meta: quarantine: true`, None where the project has none.
    """

    database: str
    readers: tuple[str, ...]
    quarantine: str | None
    severities: Mapping[str, str]
    names: Mapping[str, str]


def layout(target: Path) -> Layout:
    """Read manifest.json. Raises SluiceError where the project makes no model public."""
    nodes = artifact(target, "manifest.json")["nodes"]
    models = [node for node in nodes.values() if node["resource_type"] == "model"]
    public = [node for node in models if node.get("access") == "public"]
    if not public:
        raise SluiceError("no model is public: there are no marts", where=str(target), hint="set +access: public on the marts")
    quarantine = [_relation(node) for node in models if _meta(node).get("quarantine")]
    return Layout(
        public[0]["database"],
        tuple(sorted(_relation(node) for node in public if _meta(node).get("describes") != "pipeline")),
        quarantine[0] if quarantine else None,
        {name: str(node["config"].get("severity", "ERROR")).lower() for name, node in nodes.items()},
        {name: node["name"] for name, node in nodes.items()},
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node["config"].get("meta") or {}


def _relation(node: Mapping[str, Any]) -> str:
    return f'"{node["schema"]}"."{node["alias"]}"'


def unlike(one: Path, other: Path, relations: Sequence[str]) -> dict[str, int]:
    """By relation, how many rows of warehouse `one` are not in `other`, or the reverse, whichever is more.

    Equal ones are left out. A relation that one of them lacks counts as one row.
    """
    with connect(":memory:") as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach {literal(str(path))} as {name} (read_only)")
        found = {relation: _count_unlike(connection, relation) for relation in relations}
    return {relation.replace('"', ""): rows for relation, rows in found.items() if rows}


def _count_unlike(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    counts = []
    for a, b in (("one", "other"), ("other", "one")):
        try:
            row = connection.execute(f"select count(*) from (from {a}.{relation} except all from {b}.{relation})").fetchone()
        except duckdb.CatalogException:
            return 1
        counts.append(int(row[0]) if row else 0)
    return max(counts)


def refused(warehouse: Path, relation: str | None) -> Counter[tuple[str, str]]:
    """Open rows of the quarantine by (feed, rule); empty where the project has no quarantine in the warehouse."""
    if relation is None:
        return Counter()
    with connect(str(warehouse), read_only=True) as connection:
        query = f"select coalesce(feed, ''), rule, count(*) from {relation} where status = 'open' group by all"
        return Counter({(str(feed), str(rule)): int(rows) for feed, rule, rows in connection.execute(query).fetchall()})

"""dbt's data tests as rules of ODCS: library metrics where one says the same, else SQL.

What readers cannot run themselves, because it reads what a release does not have, is kept as text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice.core.manifest import folded, relation_of
from sluice.odcs.promised import Found, kept
from sluice.odcs.relations import for_readers

# A test on several columns, and the argument that names them.
_TOGETHER = {"unique_together": "columns", "unique_combination_of_columns": "combination_of_columns"}
_LIMIT = re.compile(r"\s*(!=|<>|>=|>|<=|<|=|==)\s*(\d+)\s*")
# What dbt fails on -> what must hold.
_MUST = {
    "!=": "mustBe", "<>": "mustBe", ">": "mustBeLessOrEqualTo", ">=": "mustBeLessThan", "<": "mustBeGreaterOrEqualTo",
    "<=": "mustBeGreaterThan", "=": "mustNotBe", "==": "mustNotBe",
}  # fmt: skip
_DIMENSIONS = {
    "unique": "uniqueness", "not_null": "completeness", "relationships": "consistency", "accepted_values": "conformity",
    **dict.fromkeys(_TOGETHER, "uniqueness"),
}  # fmt: skip


@dataclass
class Rules:
    """The rules of a table, and of its columns by their folded names; `text` counts those that nobody can run."""

    of_table: list[Found] = field(default_factory=list)
    of_columns: dict[str, list[Found]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rule: Found, column: str | None = None) -> None:
        """Add a rule of a column, or of the table."""
        (self.of_columns[folded(column)] if column else self.of_table).append(rule)

    def count(self, *kinds: str) -> int:
        """How many rules are of these types."""
        return sum(one["type"] in kinds for rules in (self.of_table, *self.of_columns.values()) for one in rules)


def of_tests(unique_id: str, manifest: Mapping[str, Any], known: Collection[str]) -> Rules:
    """The data tests of a node. One that is attached to none is that of the first that it reads and readers have."""
    found = Rules()
    tests = [one for one in manifest["nodes"].values() if one["resource_type"] == "test"]
    mine = [one for one in tests if _owner(one, manifest, known) == unique_id]
    for test in sorted(mine, key=lambda one: (str(one.get("column_name")), one["name"])):
        _add(test, found, known)
    return found


def _owner(test: Mapping[str, Any], manifest: Mapping[str, Any], known: Collection[str]) -> str | None:
    if attached := test.get("attached_node"):
        return str(attached)
    reads = (test.get("depends_on") or {}).get("nodes") or []
    built = (name for name in reads if (node := manifest["nodes"].get(name)) and folded(relation_of(node)) in known)
    return next(built, reads[0] if reads else None)


def _add(test: Mapping[str, Any], found: Rules, known: Collection[str]) -> None:
    config, metadata = test.get("config") or {}, test.get("test_metadata") or {}
    kind = metadata.get("name") or ""
    severity = "warning" if str(config.get("severity") or "error").lower() == "warn" else "error"
    must = _must(config.get("warn_if" if severity == "warning" else "error_if") or "!= 0")
    head = kept(
        name=test["name"],
        description=" ".join(str(test.get("description") or test["name"].replace("_", " ")).split()),
        dimension=_DIMENSIONS.get(kind, "accuracy"),
        severity=severity,
    )
    is_plain = not config.get("where") and not config.get("limit") and config.get("fail_calc", "count(*)") == "count(*)"
    if must == {"mustBe": 0} and is_plain and not metadata.get("namespace"):
        said = _library(kind, test, metadata.get("kwargs") or {})
        if said is not None:
            found.add({**head, "type": "library", **said, **must}, test.get("column_name"))
            return
    query = _counted(test, config, known)
    found.add({**head, "type": "sql", "query": query, **must} if query and must else {**head, "type": "text"})


def _library(kind: str, test: Mapping[str, Any], arguments: Mapping[str, Any]) -> Found | None:
    """The metric of the library that says the same as a test of dbt's own; None where there is none."""
    if kind in _TOGETHER and isinstance(arguments.get(_TOGETHER[kind]), list):
        return {"metric": "duplicateValues", "arguments": {"properties": arguments[_TOGETHER[kind]]}}
    if not test.get("column_name"):
        return None
    if kind == "accepted_values" and isinstance(arguments.get("values"), list):
        return {"metric": "invalidValues", "arguments": {"validValues": arguments["values"]}}
    metric = {"not_null": "nullValues", "unique": "duplicateValues"}.get(kind)
    return {"metric": metric} if metric else None


def _must(condition: Any) -> Found:
    found = _LIMIT.fullmatch(str(condition))
    return {_MUST[found[1]]: int(found[2])} if found else {}


def _counted(test: Mapping[str, Any], config: Mapping[str, Any], known: Collection[str]) -> str | None:
    """A query that gives the number by which dbt judges a test."""
    rows = for_readers(str(test.get("compiled_code") or ""), known)
    return f"select {config.get('fail_calc') or 'count(*)'} from ({rows}) as failures" if rows else None

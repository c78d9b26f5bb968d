"""The checks of each node, from the manifest and the history, with their last results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.catalog.facts import Check
from sluice.core.manifest import folded

# What dbt calls a check -> what lake/ops/checks calls it.
_KINDS = {"test": "data_test", "unit_test": "unit_test"}
Results = Mapping[tuple[str, str, str], Mapping[str, Any]]


def checks_of(manifest: Mapping[str, Any], results: Results, hidden: Mapping[tuple[str, str], str]) -> dict[str, list[Check]]:
    """The checks of each node by its unique id: data tests and unit tests of the manifest, and what else the history has of it.

    A test of several nodes is one of each. `results` are the last ones by kind, claim and model. What was expected and seen is
    left out for a node with a column that is `hidden`, unless the check is of another column.
    """
    personal = {one for one, _ in hidden}
    found: dict[str, list[Check]] = defaultdict(list)
    known: set[tuple[str, str, str]] = set()
    for test in [*(manifest.get("nodes") or {}).values(), *(manifest.get("unit_tests") or {}).values()]:
        if test.get("resource_type") not in _KINDS:
            continue
        for one in _tested(test):
            key = (_KINDS[test["resource_type"]], test["name"], _alias(manifest, one))
            known.add(key)
            found[one].append(_check(test, results.get(key, {}), is_open=_is_open(one, test.get("column_name"), personal, hidden)))
    for one, others in _others(manifest, results, known):
        found[one] += [_of_history(row, is_open=_is_open(one, row.get("column_name"), personal, hidden)) for row in others]
    return {one: sorted(checks, key=lambda check: (check.kind, check.name)) for one, checks in found.items()}


def _tested(test: Mapping[str, Any]) -> list[str]:
    attached = test.get("attached_node") or test.get("tested_node_unique_id")
    read = (test.get("depends_on") or {}).get("nodes") or []
    return [attached] if attached else list(dict.fromkeys(read))


def _alias(manifest: Mapping[str, Any], one: str) -> str:
    node = (manifest.get("nodes") or {}).get(one) or (manifest.get("sources") or {}).get(one) or {}
    return str(node.get("alias") or node.get("name") or "")


def _is_open(one: str, column: str | None, personal: set[str], hidden: Mapping[tuple[str, str], str]) -> bool:
    """Whether figures of a check may be shown."""
    return one not in personal or (column is not None and (one, folded(column)) not in hidden)


def _check(test: Mapping[str, Any], result: Mapping[str, Any], *, is_open: bool) -> Check:
    severity = str((test.get("config") or {}).get("severity") or "error").lower()
    return Check(
        name=test["name"],
        kind=_KINDS[test["resource_type"]],
        column=test.get("column_name"),
        severity=severity,
        **_ended(result, is_open=is_open),
    )


def _of_history(row: Mapping[str, Any], *, is_open: bool) -> Check:
    told = {"name": row["check_name"], "kind": row["kind"], "column": row.get("column_name")}
    return Check(**told, severity=row.get("severity") or "error", **_ended(row, is_open=is_open))


def _ended(row: Mapping[str, Any], *, is_open: bool) -> dict[str, Any]:
    figures = {name: row.get(name) if is_open else None for name in ("observed", "expected")}
    return {**{name: row.get(name) for name in ("status", "failures", "checked_at")}, **figures}


def _others(
    manifest: Mapping[str, Any], results: Results, known: set[tuple[str, str, str]]
) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Results of expectations and charts by node: the manifest has no node of their own for them."""
    by_model: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for key, row in results.items():
        if key not in known and key[0] not in _KINDS.values():
            by_model[key[2]].append(row)
    for one, node in (manifest.get("nodes") or {}).items():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            version = [f"{node['name']}.v{node['version']}"] if node.get("version") is not None else []
            names = dict.fromkeys([str(node.get("alias") or node["name"]), str(node["name"]), *version])
            rows = [row for name in names for row in by_model.get(name, ())]
            if rows:
                yield one, rows

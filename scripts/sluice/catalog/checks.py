"""The checks of each node, from the manifest and the history, with their last results."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sluice.catalog.facts import Check
from sluice.core.manifest import folded

# What dbt calls a check -> what lake/ops/checks calls it.
_KINDS = {"test": "data_test", "unit_test": "unit_test"}
Key = tuple[str, str, str]


class Checks:
    """The checks of a manifest's nodes. `results` are the last ones by kind, claim and model, `names` the columns of each node.

    What was expected and seen is left out for a node with a column that is `hidden`, unless the check is of another column.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        results: Mapping[Key, Mapping[str, Any]],
        names: Mapping[str, Sequence[str]],
        hidden: Mapping[tuple[str, str], str],
    ) -> None:
        self._manifest, self._results, self._names, self._hidden = manifest, results, names, hidden
        self._personal = {one for one, _ in hidden}

    def by_node(self) -> dict[str, list[Check]]:
        """By unique id: the manifest's tests, and what else the history has. A test of several nodes is one of each."""
        found: dict[str, list[Check]] = defaultdict(list)
        for test in [*(self._manifest.get("nodes") or {}).values(), *(self._manifest.get("unit_tests") or {}).values()]:
            if test.get("resource_type") in _KINDS:
                for one in _tested(test):
                    found[one].append(self._of_manifest(one, test))
        for one, row in self._others():
            found[one].append(self._check(one, row, f"{row.get('column_name')} {row.get('expected')}"))
        return {one: sorted(checks, key=lambda check: (check.kind, check.name)) for one, checks in found.items()}

    def _of_manifest(self, one: str, test: Mapping[str, Any]) -> Check:
        kind = _KINDS[test["resource_type"]]
        said = {
            "check_name": test["name"],
            "kind": kind,
            "column_name": test.get("column_name"),
            "severity": str((test.get("config") or {}).get("severity") or "error").lower(),
        }
        return self._check(one, {**self._results.get((kind, test["name"], self._alias(one)), {}), **said}, _text(test))

    def _check(self, one: str, row: Mapping[str, Any], text: str) -> Check:
        column = row.get("column_name")
        is_open = one not in self._personal or (column is not None and (one, folded(column)) not in self._hidden)
        named = set(map(folded, re.findall(r"\w+", text)))
        return Check(
            name=row["check_name"],
            kind=row["kind"],
            column=column,
            reads=tuple(name for name in self._names.get(one, ()) if name in named),
            severity=row.get("severity") or "error",
            status=row.get("status"),
            failures=row.get("failures"),
            checked_at=row.get("checked_at"),
            observed=row.get("observed") if is_open else None,
            expected=row.get("expected") if is_open else None,
        )

    def _alias(self, one: str) -> str:
        node = (self._manifest.get("nodes") or {}).get(one) or (self._manifest.get("sources") or {}).get(one) or {}
        return str(node.get("alias") or node.get("name") or "")

    def _others(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Results of expectations and charts with their nodes: the manifest has no node of their own for them."""
        by_model: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for key, row in self._results.items():
            if key[0] not in _KINDS.values():
                by_model[key[2]].append(row)
        for one, node in (self._manifest.get("nodes") or {}).items():
            if node["resource_type"] in ("model", "seed", "snapshot"):
                version = [f"{node['name']}.v{node['version']}"] if node.get("version") is not None else []
                for name in dict.fromkeys([str(node.get("alias") or node["name"]), str(node["name"]), *version]):
                    yield from ((one, row) for row in by_model.get(name, ()))


def _tested(test: Mapping[str, Any]) -> list[str]:
    attached = test.get("attached_node") or test.get("tested_node_unique_id")
    read = (test.get("depends_on") or {}).get("nodes") or []
    return [attached] if attached else list(dict.fromkeys(read))


def _text(test: Mapping[str, Any]) -> str:
    """Everything in which a test can name columns: its arguments, its SQL, the rows of a unit test."""
    arguments = (test.get("test_metadata") or {}).get("kwargs")
    sql = "" if arguments else test.get("raw_code") or ""
    return json.dumps([test.get("column_name"), arguments, sql, test.get("given"), test.get("expect")], default=str)

"""Sets of columns in which the rows of a relation differ, as tests and constraints promise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.lineage.relation import Key

_LISTS = ("combination_of_columns", "columns", "column_names")


def promised_keys(manifest: Mapping[str, Any]) -> dict[str, list[Key]]:
    """By unique id: keys from tests that would fail a build (`unique`, and tests of several columns), and from constraints."""
    found: dict[str, list[Key]] = defaultdict(list)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            key = _of_test(node)
            if key and node.get("attached_node"):
                found[node["attached_node"]].append(key)
        elif node["resource_type"] in ("model", "snapshot"):
            found[node["unique_id"]] += [key for key in _of_constraints(node) if key]
    return found


def _of_test(test: Mapping[str, Any]) -> Key | None:
    config, metadata = test.get("config") or {}, test.get("test_metadata") or {}
    name = str(metadata.get("name") or "")
    is_sure = str(config.get("severity", "error")).lower() == "error" and not config.get("where") and not config.get("limit")
    if not name.startswith("unique") or not is_sure or config.get("enabled") is False:
        return None
    given = {key: value for key, value in (metadata.get("kwargs") or {}).items() if key != "model"}
    if name == "unique" and isinstance(given.get("column_name"), str):
        return _key([given["column_name"]])
    lists = [value for key, value in given.items() if key in _LISTS and isinstance(value, list)]
    return _key(lists[0]) if len(given) == 1 and lists else None


def _of_constraints(node: Mapping[str, Any]) -> Iterator[Key | None]:
    contract = (node.get("config") or {}).get("contract") or {}
    if not contract.get("enforced"):
        return
    for constraint in node.get("constraints") or ():
        if constraint.get("type") in ("primary_key", "unique"):
            yield _key(constraint.get("columns") or [])
    for column in (node.get("columns") or {}).values():
        if any(constraint.get("type") in ("primary_key", "unique") for constraint in column.get("constraints") or ()):
            yield _key([column["name"]])


def _key(columns: list[Any]) -> Key | None:
    names = [str(name).strip('"').lower() for name in columns]
    # An expression is not a column.
    return frozenset(names) if names and all(name.replace("_", "").isalnum() for name in names) else None

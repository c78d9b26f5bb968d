"""Snapshots: the columns that dbt adds to what their query selects, and what decides when a version begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluice.lineage.columns import Query
from sluice.lineage.influence import CONDITIONAL, GROUP_BY, TRANSFORMATION, Traced, united

_ADDED = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


def kept_versions(query: Query, node: Mapping[str, Any]) -> Query:
    """The lineage of a snapshot, given that of its query."""
    config = node.get("config") or {}
    key = Traced()
    for name in _listed(config.get("unique_key")):
        key.add(query.columns.get(name.lower(), Traced()), GROUP_BY)
    checked = _checked(query, config)
    versions = Traced()
    for name in checked:
        versions.add(query.columns[name], CONDITIONAL)
    times = Traced()
    times.add(query.columns.get(str(config.get("updated_at") or "").lower(), Traced()), TRANSFORMATION)
    names = config.get("snapshot_meta_column_names") or {}
    added = {str(names.get(name) or name).lower(): united(key, versions, times) for name in _ADDED}
    return Query({**query.columns, **added}, united(query.rows, key, versions))


def _checked(query: Query, config: Mapping[str, Any]) -> list[str]:
    """The columns of which another value begins a version."""
    if config.get("strategy") == "timestamp":
        wanted = _listed(config.get("updated_at"))
    else:
        columns = config.get("check_cols")
        wanted = list(query.columns) if columns in (None, "all") else _listed(columns)
    return [name.lower() for name in wanted if name.lower() in query.columns]


def _listed(names: Any) -> list[str]:
    return [str(name) for name in names] if isinstance(names, list) else [str(names)] if names else []

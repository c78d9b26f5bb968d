"""The models of dbt's manifest: their relations, their owners, and the words that select them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sluice.core.dbt import owner_of

BUILT = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class ManifestModel:
    """A model, seed or snapshot; `columns` are those that its YAML names."""

    unique_id: str
    name: str
    schema: str
    alias: str
    tags: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def relation(self) -> str:
        """`schema.table` in the warehouse."""
        return f"{self.schema}.{self.alias}"

    def is_selected_by(self, word: str) -> bool:
        """Whether `tag:finance`, or a pattern (`fct_*`) for the name, the schema or the relation, selects this model."""
        kind, _, value = word.partition(":")
        if kind == "tag" and value:
            return value in self.tags
        names = (self.name, self.name.split(".v", maxsplit=1)[0], self.schema, self.relation, self.unique_id)
        return any(fnmatchcase(name, word) for name in names)


_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


def folded(name: str) -> str:
    """A name as DuckDB compares it: A to Z as a to z, and no other letter."""
    return name.translate(_SMALL)


def fields_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ManifestModel for a node of the manifest."""
    return {
        "unique_id": node["unique_id"],
        "name": node["name"],
        "schema": node["schema"],
        "alias": node.get("alias") or node["name"],
        "tags": tuple(node.get("tags") or ()),
        "columns": tuple(node.get("columns") or ()),
    }


def relation_of(node: Mapping[str, Any]) -> str:
    """`schema.table` of a node."""
    return f"{node['schema']}.{node.get('alias') or node['name']}"


def is_relation(node: Mapping[str, Any]) -> bool:
    """Whether a node is built as a relation of the warehouse: ephemeral models are not."""
    return node["resource_type"] in BUILT and (node.get("config") or {}).get("materialized") != "ephemeral"


def owners_of_groups(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    """The owner of each group."""
    return {group["name"]: owner_of(group) for group in (manifest.get("groups") or {}).values()}


def personal_columns(node: Mapping[str, Any]) -> frozenset[str]:
    """Names, folded, of the columns that `meta: {pii: ...}` marks as personal data."""
    return frozenset(folded(name) for name, column in (node.get("columns") or {}).items() if _is_personal(column))


def _is_personal(column: Mapping[str, Any]) -> bool:
    meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
    return bool(meta.get("pii"))

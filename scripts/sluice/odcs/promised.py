"""What is promised of a table: its columns, its keys, who answers for it. Read from a node of dbt's manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.core.manifest import folded, personal_columns
from sluice.odcs.types import logical

Found = dict[str, Any]
# Kinds of personal data are the project's own words; ODCS has one word for the class.
PERSONAL = "personal"


def meta_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """What a node says under `meta`, in either of its places."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def kept(**content: Any) -> Found:
    """A mapping without what is not known."""
    return {name: value for name, value in content.items() if value not in (None, "", [], {})}


@dataclass(frozen=True)
class Column:
    """A column: its name and type as it was built, else as it is declared, and what the YAML says of it."""

    name: str
    kind: str | None
    described: Mapping[str, Any]


def columns_of(node: Mapping[str, Any], built: Sequence[tuple[str, str]] = ()) -> list[Column]:
    """The columns that a table has, in their order, else those that are declared."""
    declared = {folded(name): column for name, column in (node.get("columns") or {}).items()}
    own = [(one["name"], one.get("data_type")) for one in declared.values()]
    return [Column(name, kind, declared.get(folded(name), {})) for name, kind in (built or own)]


def key_of(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that identify a row: of a constraint, else dbt's primary key."""
    columns = (node.get("columns") or {}).values()
    stated = [one["columns"] for one in node.get("constraints") or [] if one.get("type") == "primary_key"]
    stated += [[one["name"]] for one in columns if _has(one, "primary_key")]
    given = stated[0] if stated else node.get("primary_key") or ()
    return tuple(str(name) for name in given)


def properties(
    node: Mapping[str, Any], columns: Sequence[Column], rules: Mapping[str, list[Found]], relations: Found
) -> list[Found]:
    """The columns of a table as ODCS has them, with the rules and relationships of each by its folded name."""
    key, marked = [folded(name) for name in key_of(node)], personal_columns(node)
    return [
        _property(column, key, is_personal=folded(column.name) in marked)
        | kept(quality=rules.get(folded(column.name)), relationships=relations.get(folded(column.name)))
        for column in columns
    ]


def _property(column: Column, key: Sequence[str], *, is_personal: bool) -> Found:
    name, described = folded(column.name), column.described
    position = key.index(name) + 1 if name in key else None
    kind = meta_of(described).get("pii")
    tags = [*(described.get("tags") or []), *(["pii"] if is_personal else [])]
    return kept(
        name=column.name,
        description=described.get("description"),
        logicalType=logical(column.kind),
        physicalType=column.kind,
        primaryKey=True if position else None,
        primaryKeyPosition=position,
        required=True if position or _has(described, "not_null") else None,
        unique=True if _has(described, "unique") else None,
        classification=PERSONAL if is_personal else None,
        tags=tags,
        customProperties=[{"property": "pii", "value": kind}] if isinstance(kind, str) else None,
    )


def _has(column: Mapping[str, Any], kind: str) -> bool:
    return any(one.get("type") == kind for one in column.get("constraints") or [])


def grain(description: str | None) -> str | None:
    """The first sentence of a description: what one row is."""
    first, dot, _ = " ".join((description or "").split()).partition(". ")
    return first + dot.strip() if first else None

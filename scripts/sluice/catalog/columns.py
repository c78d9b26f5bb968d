"""The columns of a node: as its YAML describes them, as the warehouse has them, and what the newest profile saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Column
from sluice.core.manifest import folded, relation_of

EXAMPLES = 5
LONGEST = 40  # characters of an example


def names_of(node: Mapping[str, Any], evidence: Evidence, traced: Sequence[str] = ()) -> list[str]:
    """The folded names of a node's columns: those of the warehouse in its order, then those that only YAML or SQL have."""
    there = [folded(name) for name, _ in _in_warehouse(node, evidence) or ()]
    return list(dict.fromkeys([*there, *map(folded, traced), *map(folded, node.get("columns") or {})]))


def columns_of(
    node: Mapping[str, Any], names: Sequence[str], evidence: Evidence, hidden: Mapping[tuple[str, str], str]
) -> tuple[Column, ...]:
    """The columns of a node by their folded `names`, with examples of those that are not `hidden` (by unique id and name)."""
    there = _in_warehouse(node, evidence)
    types = {folded(name): (name, kind) for name, kind in there or ()}
    said = {folded(name): column for name, column in (node.get("columns") or {}).items()}
    keys = {folded(name) for name in node.get("primary_key") or ()}
    relation = folded(relation_of(node)) if "schema" in node else ""
    found = []
    for name in names:
        own, why = said.get(name, {}), hidden.get((node["unique_id"], name), "")
        profile = evidence.profiles.get((relation, name), {})
        found.append(
            Column(
                name=types[name][0] if name in types else own.get("name") or name,
                data_type=types[name][1] if name in types else own.get("data_type") or profile.get("data_type") or "",
                description=(own.get("description") or "").strip(),
                constraints=_constraints(own, is_key=name in keys),
                hidden=why,
                in_warehouse=None if there is None else name in types,
                **_seen(profile, is_hidden=bool(why)),
            )
        )
    return tuple(found)


def _in_warehouse(node: Mapping[str, Any], evidence: Evidence) -> tuple[tuple[str, str], ...] | None:
    """None where the relation is not in the file that was looked at."""
    return evidence.columns.get(folded(relation_of(node))) if "schema" in node else None


def _constraints(column: Mapping[str, Any], *, is_key: bool) -> tuple[str, ...]:
    said = [str(one.get("type") or "").replace("_", " ") for one in column.get("constraints") or ()]
    return tuple(dict.fromkeys([*(["key"] if is_key else []), *filter(None, said)]))


def _seen(profile: Mapping[str, Any], *, is_hidden: bool) -> dict[str, Any]:
    """Counts, and examples: the most frequent values where there are few, else the least and the greatest."""
    rows, nulls = profile.get("row_count"), profile.get("null_count")
    counts = {"null_share": nulls / rows if rows and nulls is not None else None, "distinct": profile.get("distinct_count")}
    if is_hidden:
        return counts
    frequent = [one["value"] for one in profile.get("frequent") or ()][:EXAMPLES]
    ends = [one for one in (profile.get("least"), profile.get("greatest")) if one is not None]
    values = frequent or list(dict.fromkeys(ends))
    return {**counts, "examples": tuple(map(_short, values)), "is_range": not frequent and len(values) == 2}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

"""What the project says, by dbt's manifest: its marts and what they are made of, deadlines, and what is checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluice.alerts.of_dbt import attached_to, columns, reads
from sluice.core import public
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded, relation_of

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_HINT = 'write it as meta: {by: "06:00", zone: Europe/Berlin}; without a zone it is UTC'
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Facts:
    """Rows of `marts` (unique_id, label), `edges` (parent, child), `deadlines` (exposure, minutes, zone), and `covered`.

    The last is (id, subject, aspect, checks): the checks of each aspect of each mart.
    """

    marts: tuple[Row, ...] = ()
    edges: tuple[Row, ...] = ()
    deadlines: tuple[Row, ...] = ()
    covered: tuple[Row, ...] = ()


def facts(manifest: Mapping[str, Any]) -> Facts:
    """The facts of a manifest. Raises SluiceError for a deadline that is not a time."""
    built = manifest.get("nodes") or {}
    marts = {name: built[name] for name in sorted(public.nodes(manifest)) if name.startswith("model.")} if built else {}
    edges = ((parent, child) for child, parents in (manifest.get("parent_map") or {}).items() for parent in parents)
    return Facts(
        tuple((name, relation_of(node)) for name, node in marts.items()),
        tuple(edges),
        tuple(_deadlines(manifest)),
        tuple(_covered(manifest, marts)),
    )


def _deadlines(manifest: Mapping[str, Any]) -> Iterator[Row]:
    for unique_id, exposure in (manifest.get("exposures") or {}).items():
        meta = {**(exposure.get("meta") or {}), **((exposure.get("config") or {}).get("meta") or {})}
        if "by" in meta:
            yield (exposure.get("label") or exposure["name"], _minutes(meta["by"], unique_id), _zone(meta.get("zone"), unique_id))


def _minutes(given: Any, where: str) -> int:
    found = _TIME.fullmatch(str(given))
    if found is None:
        raise SluiceError(f"by: {given} is not a time of the day", where=where, hint=_HINT)
    return int(found[1]) * 60 + int(found[2])


def _zone(given: Any, where: str) -> str:
    try:
        return ZoneInfo(str(given or "UTC")).key
    except (ZoneInfoNotFoundError, ValueError):
        raise SluiceError(f"zone: {given} is not a time zone", where=where, hint=_HINT) from None


def _covered(manifest: Mapping[str, Any], marts: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    tests, units, of_columns = _checks(manifest)
    for name, node in marts.items():
        label, expected = relation_of(node), _expectations(node)
        contract = ((node.get("config") or {}).get("contract") or node.get("contract") or {}).get("enforced")
        yield (name, label, "a contract", int(bool(contract)))
        yield (name, label, "data tests or expectations", tests[name] + len(expected))
        yield (name, label, "unit tests", units[name])
        named = Counter(folded(str(one["column"])) for one in expected if isinstance(one, Mapping) and one.get("column"))
        for column in node.get("columns") or {}:
            checks = of_columns[name, folded(column)] + named[folded(column)]
            yield (f"{name}.{column}", f"{label}.{column}", "a check of the column", checks)


def _checks(manifest: Mapping[str, Any]) -> tuple[Counter[str], Counter[str], Counter[tuple[str, str]]]:
    """The number of data tests and unit tests by what they test, and of data tests by the column that they name."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    units = (attached_to(unit) for unit in (manifest.get("unit_tests") or {}).values())
    return (
        Counter(name for test in tests for name in set(reads(test))),
        Counter(name for name in units if name),
        Counter((name, folded(column)) for test in tests for name, column in set(columns(test))),
    )


def _expectations(node: Mapping[str, Any]) -> list[Any]:
    declared = ((node.get("config") or {}).get("meta") or {}).get("expectations")
    return declared if isinstance(declared, list) else []

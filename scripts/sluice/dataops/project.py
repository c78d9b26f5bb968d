"""What the project says, by dbt's manifest: its marts and what they are made of, deadlines, and what is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.alerts.of_dbt import columns, reads
from sluice.core import public
from sluice.core.due import due_marts
from sluice.core.manifest import folded, relation_of

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Facts:
    """Rows of `marts` (unique_id, label), `edges` (parent, child), `deadlines` (mart, minutes, zone), and `covered`.

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
        tuple(_deadlines(manifest)) if built else (),
        tuple(_covered(manifest, marts)) if built else (),
    )


def _deadlines(manifest: Mapping[str, Any]) -> Iterator[Row]:
    for one in due_marts(manifest):
        yield (one.relation, one.due.at.hour * 60 + one.due.at.minute, one.due.zone)


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
    units = (next(iter(reads(unit)), None) for unit in (manifest.get("unit_tests") or {}).values())
    return (
        Counter(name for test in tests for name in set(reads(test))),
        Counter(name for name in units if name),
        Counter((name, folded(column)) for test in tests for name, column in set(columns(test))),
    )


def _expectations(node: Mapping[str, Any]) -> list[Any]:
    declared = ((node.get("config") or {}).get("meta") or {}).get("expectations")
    return declared if isinstance(declared, list) else []

"""What dbt found wrong in a build: models that could not be built, data tests and unit tests that do not hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sluice.alerts.finding import ERROR, WARN, Evidence, Finding
from sluice.core.dbt import Ending, ending, is_failed_test, test_name
from sluice.core.manifest import relation_of
from sluice.core.text import plural

_KINDS = {"test": "data_test", "unit_test": "unit_test"}
STEP = "build"


def evidence(results: Mapping[str, Any], manifest: Mapping[str, Any], acknowledged: Collection[str] = ()) -> Evidence:
    """The findings of run_results.json; a failed data test that somebody has acknowledged is not one."""
    nodes = {**manifest["nodes"], **(manifest.get("unit_tests") or {})}
    found, unjudged = [], set()
    for entry in results["results"]:
        how, node = ending(entry["status"]), nodes.get(entry["unique_id"], {})
        if how is Ending.skipped:
            unjudged.add(f"{place(entry['unique_id'], node, manifest)} {check_of(entry)}")
        elif how is not Ending.good and not (is_failed_test(entry) and test_name(entry) in acknowledged):
            found.append(_finding(entry, node, manifest, _moment(entry, results)))
    return Evidence(tuple(found), frozenset({STEP}), frozenset(unjudged))


def check_of(entry: Mapping[str, Any]) -> str:
    """What is checked: a test by its name, that a model can be built by `build`."""
    kind, _, rest = str(entry["unique_id"]).partition(".")
    return (test_name(entry) if kind == "test" else rest.rsplit(".", 1)[-1]) if kind in _KINDS else "build"


def place(unique_id: str, node: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """The node that a result is about: of a test the one that it tests, of one that reads several the last in dbt's order."""
    if unique_id.partition(".")[0] not in _KINDS:
        return unique_id
    return attached_to(node) or _last(reads(node), manifest) or unique_id


def reads(node: Mapping[str, Any]) -> tuple[str, ...]:
    """What a test reads: the node that it is attached to, and others that it compares with."""
    attached = attached_to(node)
    others = [one for one in (node.get("depends_on") or {}).get("nodes") or [] if one != attached]
    return (attached, *others) if attached else tuple(others)


def attached_to(node: Mapping[str, Any]) -> str | None:
    """The node that a generic or unit test is declared with."""
    return node.get("attached_node") or node.get("tested_node_unique_id")


def _last(names: tuple[str, ...], manifest: Mapping[str, Any]) -> str | None:
    """The one that no other of them reads, directly or not."""
    parents = manifest.get("parent_map") or {}
    above = set().union(*(_ancestors(name, parents) for name in names)) if len(names) > 1 else set()
    return next((name for name in reversed(names) if name not in above), None)


def _ancestors(name: str, parents: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for parent in parents.get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _finding(entry: Mapping[str, Any], node: Mapping[str, Any], manifest: Mapping[str, Any], when: datetime) -> Finding:
    prefix = str(entry["unique_id"]).partition(".")[0]
    kind, about = _KINDS.get(prefix, "model"), place(entry["unique_id"], node, manifest)
    return Finding(
        node=about,
        check=check_of(entry),
        kind=kind,
        severity=WARN if entry["status"] == "warn" else ERROR,
        step=STEP,
        sentence=_sentence(entry, kind, _name(about, manifest)),
        since=when,
        reads=reads(node) if kind == "data_test" else (about,),
        columns=tuple(dict.fromkeys(columns(node))) if kind == "data_test" else (),
    )


def _name(unique_id: str, manifest: Mapping[str, Any]) -> str:
    node = manifest["nodes"].get(unique_id) or (manifest.get("sources") or {}).get(unique_id)
    if node is None:
        return unique_id
    return f"{node['source_name']}.{node['name']}" if node["resource_type"] == "source" else relation_of(node)


def _sentence(entry: Mapping[str, Any], kind: str, name: str) -> str:
    check = check_of(entry)
    if kind == "unit_test":
        return (
            f"the unit test {check} of {name} fails"
            if entry["status"] == "fail"
            else f"the unit test {check} of {name} cannot run"
        )
    if kind == "model":
        return f"{name} cannot be built: {_class_of(entry)}"
    if entry["status"] in ("fail", "warn"):
        return f"{check}: {plural(int(entry.get('failures') or 0), 'row')} of {name}"
    return f"the test {check} of {name} cannot run: {_class_of(entry)}"


def _class_of(entry: Mapping[str, Any]) -> str:
    """The kind of an error, DuckDB's rather than dbt's, without what follows, which may quote a value of a row."""
    found = re.findall(r"^\s*((?:[A-Z][A-Za-z]+ ){1,3}Error)\b", str(entry.get("message") or ""), re.MULTILINE)
    return str(found[:2][-1]) if found else "an error of dbt"


def columns(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The columns that a generic test names: of the node that it is declared with, and of the one that it compares with."""
    attached, given = attached_to(node), dict((node.get("test_metadata") or {}).get("kwargs") or {})
    field, others = given.pop("field", None), [one for one in reads(node) if one != attached]
    for name, value in given.items():
        if attached and name not in ("model", "to"):
            yield from ((attached, word.lower()) for word in re.findall(r"[A-Za-z_]\w*", str(value)))
    if field:
        yield from ((other, str(field).lower()) for other in others)


def _moment(entry: Mapping[str, Any], results: Mapping[str, Any]) -> datetime:
    told = entry["timing"][-1]["completed_at"] if entry.get("timing") else results["metadata"]["generated_at"]
    return datetime.fromisoformat(told).astimezone(UTC).replace(tzinfo=None)

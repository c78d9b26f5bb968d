"""What an audit found wrong: expectations that do not hold or could not be judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sluice.alerts.finding import ERROR, WARN, Evidence, Finding
from sluice.core.manifest import relation_of
from sluice.core.text import plural

STEP = "audit"


def evidence(audit: Mapping[str, Any], manifest: Mapping[str, Any], acknowledged: Collection[str] = ()) -> Evidence:
    """The findings of audit.json; a failed check that somebody has acknowledged, as `model.check`, is not one."""
    nodes = {relation_of(node): name for name, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    when = datetime.fromisoformat(str(audit["checked_at"]))
    when = when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
    found, unjudged = [], set()
    for model in audit["models"]:
        node = nodes.get(model["relation"], f"relation.{model['relation']}")
        for check in model["checks"]:
            if check["status"] == "not_run":
                unjudged.add(f"{node} {check['name']}")
            elif check["status"] != "pass" and f"{model['model']}.{check['name']}" not in acknowledged:
                found.append(_finding(check, node, model["relation"], when))
    return Evidence(tuple(found), frozenset({STEP}), frozenset(unjudged))


def _finding(check: Mapping[str, Any], node: str, relation: str, when: datetime) -> Finding:
    return Finding(
        node=node,
        check=check["name"],
        kind="expectation",
        severity=WARN if check["status"] == "warn" else ERROR,
        step=STEP,
        sentence=_sentence(check, relation),
        since=when,
        reads=(node,),
        columns=tuple((node, column) for column in dict.fromkeys(_columns(check))),
    )


def _sentence(check: Mapping[str, Any], relation: str) -> str:
    if check["status"] == "error":
        return f"{check['name']} of {relation} cannot be judged"
    rows = f": {plural(int(check['failures']), 'row')}" if check.get("failures") else ""
    return f"{check['name']} does not hold in {relation}{rows}"


def _columns(check: Mapping[str, Any]) -> Iterator[str]:
    if check.get("column"):
        yield str(check["column"]).lower()
    for name, given in (check.get("expected") or {}).items():
        if name.startswith("column") and isinstance(given, str):
            yield given.lower()

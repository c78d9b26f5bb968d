"""What an audit found wrong: expectations that do not hold or could not be judged, and control charts that signal."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sluice.alerts.finding import ERROR, WARN, Evidence, Finding
from sluice.core.manifest import relation_of
from sluice.core.text import plural
from sluice.quality.charts.result import SeriesResult, Signal
from sluice.quality.charts.words import sentence

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
    for one in (audit.get("charts") or {}).get("series", ()):
        node = nodes.get(one["relation"], f"relation.{one['relation']}")
        if one["status"] == "not_run":
            unjudged.add(f"{node} {one['metric']}")
        elif one["status"] != "pass" and one["metric"] not in acknowledged:
            found.append(_signal(one, node, manifest, when))
    return Evidence(tuple(found), frozenset({STEP}), frozenset(unjudged))


def _signal(one: Mapping[str, Any], node: str, manifest: Mapping[str, Any], when: datetime) -> Finding:
    at = datetime.fromisoformat(one["since"] or one["worst"]["at"]) if one["since"] or one["worst"] else when
    return Finding(
        node=node,
        check=one["metric"],
        kind="control_chart",
        severity=WARN if one["status"] == "warn" else ERROR,
        step=STEP,
        sentence=_seen(one),
        since=min(at, when),
        reads=(node,),
        columns=tuple((node, column) for column in _measured(one, manifest["nodes"].get(node, {}))),
    )


def _seen(one: Mapping[str, Any]) -> str:
    """What the chart saw, in words."""
    worst = one["worst"] and Signal(**{**one["worst"], "at": datetime.fromisoformat(one["worst"]["at"])})
    known = {field.name: one[field.name] for field in fields(SeriesResult)}
    return sentence(SeriesResult(**{**known, "worst": worst, "since": None})) or f"{one['metric']} signals"


def _measured(one: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """The columns that a measure is made of; none where it counts rows, so that anything upstream may be the cause."""
    known = {name.lower() for name in node.get("columns") or {}}
    given = ((node.get("config") or {}).get("meta") or {}).get("follow")
    for follow in given if isinstance(given, list) else [given]:
        measure = ((follow or {}).get("measures") or {}).get(one["measure"]) if isinstance(follow, dict) else None
        texts = measure.values() if isinstance(measure, dict) else [measure]
        words = [word.lower() for text in texts if isinstance(text, str) for word in re.findall(r"[A-Za-z_]\w*", text)]
        if found := [word for word in dict.fromkeys(words) if word in known]:
            return found
    return []


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

"""How each node of a dbt run ended, and the tests among them as rows of lake/ops/checks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.duck import without_backtrace
from sluice.core.manifest import BUILT, relation_of
from sluice.core.run_id import run_id
from sluice.history import ledger, recording
from sluice.history.kinds import CheckEntry, NodeEntry
from sluice.quality.personal import NOTHING_PERSONAL, Personal, of_nodes

# What dbt calls a node in its artifacts -> what lake/ops/checks calls it.
KINDS = {"test": "data_test", "unit_test": "unit_test"}


@dataclass(frozen=True)
class Ended:
    """One node of a run: `status` in dbt's word, `message` what dbt said of it.

    Of tests also: what they test (`model`, relations' names; several for a singular test), `stored` the
    relation that keeps the failing rows, `telling` the columns by which people know a row: its key, then those tested;
    `personal` what of the rows is not shown, `made_by` the query that gives them, and `tested` the relations with their schemas.
    Of models, `materialized` is dbt's word for what was made. `relation` is `schema.table` of what the node makes.
    A node that was skipped has no `started_at`.
    """

    kind: str
    name: str
    model: str
    file: str
    severity: str
    status: str
    failures: int | None
    message: str
    seconds: float
    ended_at: datetime
    column: str | None = None
    stored: str | None = None
    arguments: Mapping[str, Any] | None = None
    telling: tuple[str, ...] = ()
    materialized: str | None = None
    personal: Personal = NOTHING_PERSONAL
    made_by: str = ""
    tested: tuple[str, ...] = ()
    unique_id: str = ""
    started_at: datetime | None = None
    relation: str | None = None


@dataclass(frozen=True)
class Run:
    """One invocation of dbt: the warehouse file it wrote to (its name) and how every node ended."""

    id: str
    warehouse: str
    seconds: float
    nodes: tuple[Ended, ...]

    def ended(self, ending: dbt.Ending) -> list[Ended]:
        """The nodes that ended so."""
        return [node for node in self.nodes if dbt.ending(node.status) is ending]


def read(target: Path) -> Run:
    """The last run that wrote to dbt's target folder. Raises SluiceError where there is none."""
    results, manifest = dbt.artifact(target, "run_results.json"), dbt.artifact(target, "manifest.json")
    databases = [node["database"] for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    name = f"{databases[0] if databases else 'dev'}.duckdb"
    return Run(results["metadata"]["invocation_id"], name, float(results["elapsed_time"]), tuple(ended(results, manifest)))


def ended(results: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[Ended]:
    """How every node in run_results.json ended."""
    found = {**manifest["nodes"], **(manifest.get("unit_tests") or {})}
    when = results["metadata"]["generated_at"]
    return [_ended(entry, found.get(entry["unique_id"], {}), manifest["nodes"], when) for entry in results["results"]]


def _ended(entry: Mapping[str, Any], node: Mapping[str, Any], nodes: Mapping[str, Any], run_at: str) -> Ended:
    kind = entry["unique_id"].split(".")[0]
    tested = [nodes[name] for name in _tested(node) if name in nodes] if kind in KINDS else [node]
    timing = entry.get("timing") or []
    arguments = {key: value for key, value in _arguments(node).items() if key not in ("model", "column_name")}
    personal = of_nodes(nodes[name] for name in {*_tested(node), *_read(node)} if name in nodes)
    message = without_backtrace(entry.get("message") or "").strip()
    is_error = kind in KINDS and entry["status"] not in ("pass", "warn", "fail", "skipped")
    return Ended(
        kind=KINDS.get(kind, kind),
        name=node.get("name") or entry["unique_id"].split(".", 2)[-1],
        model=", ".join(sorted(str(model.get("alias") or model.get("name") or "") for model in tested)),
        file=node.get("original_file_path", ""),
        severity=str(node.get("config", {}).get("severity") or "error").lower(),
        status=entry["status"],
        failures=entry.get("failures"),
        message=personal.message(message) if is_error else message,
        seconds=float(entry.get("execution_time") or 0),
        ended_at=_moment(timing[-1]["completed_at"] if timing else run_at),
        column=node.get("column_name"),
        stored=entry.get("relation_name") if kind == "test" else None,
        arguments=arguments or None,
        telling=_telling(node, tested),
        materialized=node.get("config", {}).get("materialized") if kind == "model" else None,
        personal=personal,
        made_by=f"{json.dumps(_arguments(node), default=str)} {node.get('compiled_code') or node.get('raw_code') or ''}",
        tested=tuple(relation_of(model) for model in tested if "schema" in model),
        unique_id=entry["unique_id"],
        started_at=_moment(timing[0]["started_at"]) if timing else None,
        relation=relation_of(node) if node.get("resource_type") in BUILT else None,
    )


def _moment(text: str) -> datetime:
    """UTC without a zone, as in the lake."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _tested(node: Mapping[str, Any]) -> list[str]:
    """The node that a generic or unit test is attached to; of a singular test, the nodes that it reads."""
    attached = node.get("attached_node") or node.get("tested_node_unique_id")
    return [attached] if attached else _read(node)


def _read(node: Mapping[str, Any]) -> list[str]:
    return list(node.get("depends_on", {}).get("nodes", []))


def _arguments(node: Mapping[str, Any]) -> dict[str, Any]:
    return dict((node.get("test_metadata") or {}).get("kwargs") or {})


def _telling(node: Mapping[str, Any], tested: list[Any]) -> tuple[str, ...]:
    """The key of the model that a test is attached to, and the columns that the test names."""
    if len(tested) != 1:
        return ()
    words = set(re.findall(r"\w+", json.dumps(_arguments(node))))
    named = [column for column in tested[0].get("columns", {}) if column in words]
    return tuple(dict.fromkeys([*(tested[0].get("primary_key") or []), *named]))


def append(run: Run, lake: Path) -> None:
    """Append how every data test and unit test ended to lake/ops/checks; for the same run twice, once."""
    rows = [_row(run, node) for node in run.nodes if node.kind in KINDS.values()]
    ledger.append(lake, rows, transaction=f"dbt {run.id}")


def append_nodes(run: Run, lake: Path, environment: str, release_id: str | None = None) -> None:
    """Append how every node ended to lake/ops/nodes; where that is not possible, a note says so."""
    recording.learn(invocation_id=run.id)
    rows = [
        NodeEntry(
            run_id=run_id(),
            invocation_id=run.id,
            environment=environment,
            release_id=release_id,
            unique_id=node.unique_id,
            kind=node.kind,
            name=node.name,
            relation=node.relation,
            status=node.status,
            started_at=node.started_at,
            seconds=node.seconds,
            failures=node.failures,
        )
        for node in run.nodes
    ]
    recording.write(lake, rows, transaction=f"nodes {run.id}")


def _row(run: Run, node: Ended) -> CheckEntry:
    is_remarkable = dbt.ending(node.status) in (dbt.Ending.failed, dbt.Ending.warned)
    return CheckEntry(
        run_id=run.id,
        checked_at=node.ended_at,
        warehouse=run.warehouse,
        kind=node.kind,
        model=node.model,
        column_name=node.column,
        check_name=node.name,
        severity=node.severity,
        status=node.status,
        failures=node.failures,
        observed=json.dumps({"message": node.message}) if is_remarkable else None,
        expected=json.dumps(node.arguments) if node.arguments else None,
        seconds=node.seconds,
    )

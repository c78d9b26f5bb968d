"""What dbt did, read from the artifacts that it leaves: run_results.json and manifest.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.errors import SluiceError


@dataclass(frozen=True)
class Outcome:
    """One dbt invocation: `counts` holds the number of nodes by (resource type, status)."""

    command: str
    seconds: float
    counts: Mapping[tuple[str, str], int]

    def count(self, resource: str, *statuses: str) -> int:
        """Nodes of a resource type ('model', 'test' ...) that ended in one of the statuses."""
        return sum(self.counts.get((resource, status), 0) for status in statuses)


@dataclass(frozen=True)
class Mart:
    """A model that the project makes public: its relation, and where to find it."""

    name: str
    database: str
    relation: str


def outcome(target: Path) -> Outcome:
    """The last invocation that wrote to the target folder. Raises SluiceError where there is none."""
    results = _artifact(target, "run_results.json")
    counts = Counter((entry["unique_id"].split(".")[0], entry["status"]) for entry in results["results"])
    return Outcome(results["args"].get("which", "dbt"), float(results["elapsed_time"]), counts)


def marts(target: Path) -> list[Mart]:
    """The public models of the project, by name."""
    nodes = _artifact(target, "manifest.json")["nodes"].values()
    public = [node for node in nodes if node["resource_type"] == "model" and node.get("access") == "public"]
    return sorted(
        (Mart(node["name"], node["database"], f"{node['schema']}.{node['alias']}") for node in public),
        key=lambda mart: mart.relation,
    )


def _artifact(target: Path, name: str) -> dict[str, Any]:
    path = target / name
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SluiceError(f"{name} is not there", where=str(target), hint="run: dbt build") from None
    return document

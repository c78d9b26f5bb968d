"""The dashboard in monitoring/ asks for metrics and labels that exist, in PromQL, and is what Grafana's own model reads."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.helpers.debian import program
from tests.helpers.project import REPOSITORY

from sluice.metrics.families import MEASURED_AT, PARTS, PREFIX, SUCCESS

DASHBOARD = json.loads((REPOSITORY / "monitoring" / "grafana" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# The labels of each metric.
KNOWN = {
    **{PREFIX + metric.name: set(part.labels) for part in PARTS for metric in part.metrics},
    PREFIX + MEASURED_AT.name: set(),
    PREFIX + SUCCESS.name: {"part"},
}


def expressions() -> list[str]:
    asked = [target["expr"] for panel in PANELS for target in panel["targets"]]
    return [*asked, *(one["expr"] for one in DASHBOARD["annotations"]["list"])]


def lost(given: Any, read: Any, place: str = "") -> Iterator[str]:
    """What a document has that another one lacks, or has otherwise."""
    if isinstance(given, dict) and isinstance(read, dict):
        for key, value in given.items():
            yield from lost(value, read[key], f"{place}/{key}") if key in read else [f"{place}/{key}"]
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for number, (one, other) in enumerate(zip(given, read, strict=True)):
            yield from lost(one, other, f"{place}/{number}")
    elif given != read:
        yield place


def as_read(dashboard: dict[str, Any]) -> Any:
    """The dashboard after a way through Grafana's model: it keeps what its schema has."""
    register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_metrics_and_labels_that_exist(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for target in panel["targets"]:
        named = set(re.findall(r"\bsluice_\w+", target["expr"]))
        assert named
        assert named <= set(KNOWN)
        possible = set.union(*(KNOWN[name] for name in named))
        used = re.findall(r"(\w+)=~?\"", target["expr"]) + re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
        assert set(used) <= possible


def test_every_expression_is_promql(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": expr.replace("$environment", "prod")} for n, expr in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    command = [program("promtool", "prometheus"), "check", "rules", str(tmp_path / "rules.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, f"{len(rules)} rules found" in done.stdout) == (0, True), done.stdout + done.stderr


def test_grafana_reads_every_key_and_a_wrong_one_is_noticed() -> None:
    assert list(lost(DASHBOARD, as_read(DASHBOARD))) == []
    wrong = json.loads(json.dumps(DASHBOARD))
    wrong["panels"][1]["heigth"] = 4
    assert list(lost(wrong, as_read(wrong))) == ["/panels/1/heigth"]


def test_no_panel_covers_another() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for one, other in combinations([panel["gridPos"] for panel in DASHBOARD["panels"]], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
        assert one["x"] + one["w"] <= 24

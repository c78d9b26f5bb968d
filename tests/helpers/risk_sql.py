"""Marts of the risk domain as queries: compiled once by dbt, in a project that has nothing else, and run on small tables."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml
from tests.helpers.project import REPOSITORY, Project
from tests.helpers.shared import made_once

RISK = REPOSITORY / "models" / "marts" / "risk"
MARTS = ("rpt_payment_features", "rpt_score_ranking", "rpt_score_calibration")
READ = ("fct_risk_events", "rpt_score_curves")
# What the mart does not declare today: with these, every aggregate is there.
MORE = [
    {"name": "x_min", "entity": "card", "window": "1 hour", "aggregate": "min", "value": "amount_cents"},
    {"name": "x_cents", "entity": "device", "window": "7 days", "aggregate": "sum", "value": "amount_cents"},
    {"name": "x_any", "entity": "customer", "window": "10 minutes", "aggregate": "count"},
    {"name": "x_last", "entity": "device", "window": "1 day", "aggregate": "seconds_since_last", "where": "is_decline"},
]
PROJECT = """
name: sluice
profile: sluice
model-paths: [models]
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false}
models: {sluice: {+schema: risk}}
"""


def declared() -> dict[str, Any]:
    """What rpt_payment_features declares, and some more."""
    (model,) = yaml.safe_load((RISK / "_risk__features.yml").read_text())["models"]
    features: dict[str, Any] = model["config"]["meta"]["features"]
    return {**features, "features": MORE + features["features"]}


def query_of(mart: str) -> str:
    """The query of a mart, over tables named as the models that it reads."""
    compiled = made_once("risk_sql", _compile) / "project" / "target" / "compiled" / "sluice" / "models" / f"{mart}.sql"
    text = compiled.read_text()
    for model in READ:
        text = text.replace(f'"dev"."risk"."{model}"', model)
    return text


def _compile(state: Path) -> None:
    root = state / "project"
    shutil.copytree(REPOSITORY / "macros", root / "macros")
    (root / "models").mkdir()
    for name in ("vars.yml", "profiles.yml"):
        shutil.copy(REPOSITORY / name, root / name)
    (root / ".duckdb").symlink_to(REPOSITORY / ".duckdb")
    (root / "dbt_project.yml").write_text(PROJECT)
    for model in READ:
        (root / "models" / f"{model}.sql").write_text("select 1 as event_id")
    for mart in MARTS:
        shutil.copy(RISK / f"{mart}.sql", root / "models" / f"{mart}.sql")
    models = {"models": [{"name": "rpt_payment_features", "config": {"meta": {"features": declared()}}}]}
    (root / "models" / "models.yml").write_text(yaml.safe_dump(models))
    Project(root, root).dbt("compile", "--select", *MARTS)

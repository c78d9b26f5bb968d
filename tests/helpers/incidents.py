"""Findings of a small project: two sources, a staging model of each, two marts, a report, and who reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sluice.alerts.finding import Evidence, Finding
from sluice.alerts.incident import Incident, State
from sluice.alerts.settle import Run
from sluice.history.kinds import IncidentEntry

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC).replace(tzinfo=None)
ORDERS, PAYMENTS = "source.shop.raw.orders", "source.shop.raw.payments"
FCT_ORDERS, FCT_PAYMENTS, REVENUE = "model.shop.fct_orders", "model.shop.fct_payments", "model.shop.rpt_revenue"
STEPS = frozenset({"feeds", "ingest", "build", "audit", "publish"})


def _model(name: str, schema: str, reads: list[str], sql: str, **more: Any) -> dict[str, Any]:
    return {
        "unique_id": f"model.shop.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": schema,
        "depends_on": {"nodes": reads},
        "compiled_code": sql,
        "columns": {},
        "config": {},
        **more,
    }


def _source(name: str, **more: Any) -> dict[str, Any]:
    columns = {"orders": ("id", "country", "amount"), "payments": ("id", "order_id", "paid")}[name]
    return {
        "unique_id": f"source.shop.raw.{name}",
        "resource_type": "source",
        "source_name": "raw",
        "name": name,
        "schema": "raw",
        "columns": {column: {} for column in columns},
        "config": {"meta": {"owner": "shop_team"}},
        **more,
    }


def manifest() -> dict[str, Any]:
    """dbt's manifest of it."""
    models = [
        _model("stg_orders", "staging", [ORDERS], "select id, country, amount from raw.orders"),
        _model("stg_payments", "staging", [PAYMENTS], "select id, order_id, paid from raw.payments"),
        _model(
            "fct_orders",
            "core",
            ["model.shop.stg_orders", "model.shop.stg_payments"],
            "select o.id, o.country, o.amount, p.paid from staging.stg_orders o "
            "left join staging.stg_payments p on p.order_id = o.id",
            access="public",
            group="sales",
        ),
        _model("fct_payments", "core", ["model.shop.stg_payments"], "select id, paid from staging.stg_payments", access="public"),
        _model("rpt_revenue", "finance", [FCT_ORDERS], "select country, sum(paid) as paid from core.fct_orders group by country"),
    ]
    dashboard = {
        "unique_id": "exposure.shop.board",
        "resource_type": "exposure",
        "name": "board",
        "label": "Revenue board",
        "owner": {"name": "Finance", "email": "finance@shop.example"},
        "depends_on": {"nodes": [REVENUE]},
    }
    sources = [_source("orders"), _source("payments")]
    return {
        "metadata": {"generated_at": "2026-03-02T00:00:00Z"},
        "nodes": {node["unique_id"]: node for node in models},
        "sources": {source["unique_id"]: source for source in sources},
        "exposures": {dashboard["unique_id"]: dashboard},
        "groups": {"group.shop.sales": {"name": "sales", "owner": {"name": "Sales"}}},
        "parent_map": {node["unique_id"]: node["depends_on"]["nodes"] for node in models},
    }


def finding(
    node: str, check: str, *columns: str, kind: str = "data_test", severity: str = "error", step: str = "build"
) -> Finding:
    """A check of a node that does not hold; it looks at these columns of it, or at anything."""
    return Finding(
        node=node,
        check=check,
        kind=kind,
        severity=severity,
        step=step,
        sentence=f"{check} of {node} does not hold",
        since=NOW,
        reads=(node,),
        columns=tuple((node, column) for column in columns),
    )


def refused(node: str = ORDERS) -> Finding:
    """A file of a source that ingest refused."""
    return finding(node, "refused", kind="refused", step="ingest")


def seen(*findings: Finding, ended: frozenset[str] = STEPS, unjudged: tuple[str, ...] = ()) -> Evidence:
    """What a run that went through these steps has found."""
    return Evidence(findings, ended, frozenset(unjudged))


def run(number: int = 1, release_id: str | None = "20260302T030000Z-aaaaaa") -> Run:
    """A nightly run."""
    return Run(f"run-{number}", "prod", NOW.replace(day=number), release_id, "https://ci.example/1", ("feeds/shop.yml",))


def incident_of(entry: IncidentEntry, state: State = State.open) -> Incident:
    """The incident that an event leaves."""
    names = ("incident_id", "environment", "node", "family", "title", "severity", "owner", "since_at", "findings", "touches")
    return Incident(
        **{name: getattr(entry, name) for name in names},
        state=state,
        opened_at=entry.happened_at,
        last_seen_at=entry.happened_at,
        ended_at=None,
        seen=1,
        number=1,
        next_step=entry.next_step,
        link=entry.link,
        release_id=entry.release_id,
        run_id=entry.run_id,
        name=entry.name,
    )

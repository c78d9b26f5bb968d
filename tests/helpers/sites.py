"""A site over a shop of which tests know every figure: two nights, the second of which was refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.watched import SECOND, project_in, run, step, write

from lab.tiny_releases import ReleaseShop
from sluice.history.kinds import CommitEntry, FindingRow, IncidentEntry, NodeEntry, RefusalEntry
from sluice.quality.charts import report as charts
from sluice.quality.charts.declared import declared
from sluice.quality.charts.judged import Wish, judge
from sluice.quality.charts.result import POINTS
from sluice.site.context import Site
from sluice.site.opened import opened
from sluice.site.pages import PAGES
from sluice.site.write import MakePage, Written
from sluice.site.write import write as written
from sluice.store.record import FILE, Audit

FIRST_DAY, DAYS = date(2026, 1, 20), 41  # of the sales in the first release; the second has a day more
NOW = SECOND + timedelta(hours=6)
OWNER = "Money <money@shop.example>"
SENTENCE = "core.orders.returned was 95 % on 2026-03-02; usual is 10 % <script>"


def node(name: str, *parents: str, **more: Any) -> dict[str, Any]:
    """A model of a manifest."""
    return {
        "unique_id": f"model.shop.{name}", "resource_type": "model", "name": name, "schema": "core", "alias": name,
        "access": "public", "group": "money", "columns": {}, "original_file_path": f"models/{name}.sql",
        "config": {"materialized": "table"}, "depends_on": {"nodes": [f"model.shop.{parent}" for parent in parents]}, **more,
    }  # fmt: skip


SHOWS = [
    {"title": "Revenue by day", "kind": "line", "x": "sold_on", "y": "sum(amount)", "series": "channel", "unit": "EUR"},
    {"title": "Orders by channel", "kind": "bar", "x": "channel", "y": "count(*)", "unit": "orders"},
    {"title": "How far", "kind": "funnel", "x": "if(is_returned, 'kept', 'sold')", "y": "count(*)", "order": "count(*) * -1"},
    {"title": "Back again", "kind": "cohort", "x": "order_id % 3", "series": "channel", "y": "avg(amount)"},
    {
        "title": "Largest",
        "kind": "table",
        "columns": ["order_id", "amount"],
        "order": "amount desc, order_id",
        "most": 5,
        "page": "Best orders",
    },
]
FOLLOW = {
    "at": "sold_on",
    "severity": "error",
    "measures": {"orders": "count", "returned": {"condition": "is_returned"}},
}


def manifest(**meta: Any) -> dict[str, Any]:
    """A project of three models and an exposure; `meta` is that of core.orders."""
    orders = node(
        "orders",
        "stg_orders",
        columns={"email": {"config": {"meta": {"pii": "contact"}}}},
        config={"materialized": "table", "meta": meta or {"follow": FOLLOW, "show": SHOWS}},
    )
    models = [node("stg_orders"), orders, node("customers", "orders")]
    exposure = {
        "unique_id": "exposure.shop.board", "resource_type": "exposure", "type": "dashboard", "name": "board",
        "label": "The board", "owner": {"name": "Ann"}, "depends_on": {"nodes": ["model.shop.orders"]},
        "config": {"meta": {"due": "06:00"}},
    }  # fmt: skip
    return {
        "metadata": {"project_name": "other_shop"},
        "nodes": {one["unique_id"]: one for one in models},
        "sources": {},
        "exposures": {"exposure.shop.board": exposure},
        "groups": {"group.shop.money": {"name": "money", "owner": {"name": "Money", "email": "money@shop.example"}}},
    }


def sales(path: Path, number: int, rows: int) -> None:
    """The warehouse of a release: 20 orders a day; on the last day of the second, most are returned."""
    days = DAYS + number - 1
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema core;
            create table core.orders as
                select
                    day * 20 + n as order_id, date '{FIRST_DAY}' + day::integer as sold_on, 10.0 + n + day % 7 as amount,
                    if(n % 4 = 0, 'app', 'web') as channel, 'ann@shop.example' as email,
                    if(day = {DAYS}, n < 19, n < 2 + day % 3) as is_returned
                from range({days}) as days (day), range({19 + rows // 3}) as orders (n);
            create table core.customers as select range as customer_id, {number} as release_number from range(5);
        """)


def audited(shop: ReleaseShop, release_id: str, *, today: date, status: str) -> None:
    """Give a candidate this project's manifest, its charts and an audit."""
    folder = shop.context.candidates / release_id
    made = manifest()
    (folder / "manifest.json").write_text(json.dumps(made))
    found = judge(Wish(folder / FILE, declared(made), today, keep=folder / "audit" / POINTS))
    (folder / "audit" / "audit.json").write_text(json.dumps({"charts": charts.as_fields(found)}, default=str))
    shop.amend(release_id, audit=Audit("a", status, 3, int(status == "fail"), 0, 0.1, "0" * 64))  # type: ignore[arg-type]


def built(run_id: str, at: datetime, seconds: Mapping[str, float]) -> list[NodeEntry]:
    """Models of a build, one after the other."""
    found = []
    for name, taken in seconds.items():
        found.append(
            NodeEntry(
                run_id=run_id, invocation_id=f"b-{run_id}", environment="prod", release_id=None,
                unique_id=f"model.shop.{name}", kind="model", name=name, relation=f"core.{name}", status="success",
                started_at=at, seconds=taken, failures=None,
            )
        )  # fmt: skip
        at += timedelta(seconds=taken)
    return found


def refused_night(root: Path) -> ReleaseShop:
    """The first night published, the second was refused by the audit: its candidate is kept."""
    shop = replace(project_in(root), fill=sales)
    first = shop.candidate()
    audited(shop, first, today=date(2026, 3, 1), status="pass")
    shop.amend(first, audit=replace(_audit(shop, first), digest=_digest(shop, first)))
    assert shop.publish(first, why="the first night").is_moved
    second = shop.candidate()
    audited(shop, second, today=date(2026, 3, 3), status="fail")
    began = SECOND - timedelta(days=1)
    finding = FindingRow(
        node="model.shop.orders", check_name="core.orders.returned", kind="control_chart", severity="error", step="audit",
        sentence=SENTENCE, since_at=SECOND,
    )  # fmt: skip
    incident = IncidentEntry(
        event_id="e1", incident_id="abcdef0123456789", happened_at=SECOND, event="opened", run_id="r2", environment="prod",
        node="model.shop.orders", family="quality", title=SENTENCE, severity="error", owner=OWNER, since_at=SECOND,
        findings=(finding,), touches=("The board (Ann)",), next_step="ask the shop", release_id=second, name="core.orders",
    )  # fmt: skip
    commit = CommitEntry(
        run_id="r1", environment="prod", release_id=first, code_commit="c" * 40, author="Bea", authored_at=began,
        committed_at=began, subject="Count what came back (#7)", pull_request=7,
    )  # fmt: skip
    refusal = RefusalEntry(refused_at=SECOND, run_id="r2", feed="shop.refunds", file="x.csv", reason="it is empty")
    write(shop.context.lake, [
        replace(run("r1", began, "done"), release_id=first), replace(run("r2", SECOND, "failed"), release_id=second),
        step("r1", "ingest", began, 5.0), step("r1", "build", began + timedelta(seconds=5), 60.0),
        step("r1", "audit", began + timedelta(seconds=65), 20.0), step("r1", "publish", began + timedelta(seconds=85), 5.0),
        step("r2", "build", SECOND, 70.0), step("r2", "audit", SECOND + timedelta(seconds=70), 20.0, "failed"),
        *built("r1", began, {"stg_orders": 2.0, "orders": 3.0, "customers": 1.0}),
        *built("r2", SECOND, {"stg_orders": 2.0, "orders": 9.0, "customers": 1.0}),
        incident, commit, refusal,
    ])  # fmt: skip
    return shop


def _audit(shop: ReleaseShop, release_id: str) -> Audit:
    from sluice.store.record import load

    found = load(shop.context.candidates / release_id).audit
    assert found is not None
    return found


def _digest(shop: ReleaseShop, release_id: str) -> str:
    from sluice.store.record import load

    return str(load(shop.context.candidates / release_id).digest)


@contextmanager
def standing_in(shop: ReleaseShop) -> Iterator[None]:
    """The current folder and the environment variables of commands on the shop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shop.root)
        for name, value in shop.environment().items():
            patch.setenv(name, value)
        yield


def site_of(shop: ReleaseShop, out: Path, pages: Sequence[MakePage] = PAGES) -> Written:
    """Write the site of the shop, as of NOW."""
    with standing_in(shop), opened(now=NOW) as site:
        return written(site, pages, out)


@contextmanager
def opened_in(shop: ReleaseShop) -> Iterator[Site]:
    """The context of the shop's pages, as of NOW."""
    with standing_in(shop), opened(now=NOW) as site:
        yield site

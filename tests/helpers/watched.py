"""A shop with a history of two nights, of which tests know every figure, and its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from lab.tiny_releases import ReleaseShop, shop_in
from sluice.history import ledger
from sluice.history.kinds import (
    AlertEntry,
    BatchEntry,
    CheckEntry,
    DecisionEntry,
    Entry,
    IncidentEntry,
    ProfileEntry,
    RefusalEntry,
    ReleaseEntry,
    RunEntry,
    SignalEntry,
    StepEntry,
)

FIRST = datetime.fromisoformat("2026-03-01T02:00:00")
SECOND = FIRST + timedelta(days=1)
Labels = frozenset[tuple[str, str]]
SOURCES = {
    "sources": [
        {
            "name": "shop",
            "config": {
                "freshness": {"warn_after": {"count": 36, "period": "hour"}, "error_after": {"count": 3, "period": "day"}}
            },
            "tables": [{"name": "orders"}, {"name": "refunds", "config": {"freshness": None}}],
        }
    ]
}


def samples(text: str) -> dict[str, dict[Labels, float]]:
    """The values of each metric by their labels, as Prometheus reads them."""
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def labels(**given: str) -> Labels:
    """The labels of a sample."""
    return frozenset(given.items())


def project_in(root: Path) -> ReleaseShop:
    """A project of one source, with its shop; nothing is in its lake."""
    (root / "models").mkdir()
    (root / "models" / "sources.yml").write_text(yaml.safe_dump(SOURCES))
    (root / "dbt_project.yml").write_text("name: other_shop\n")
    (root / "environments.yml").write_text("environments: {prod: {kind: pointer}, dev: {kind: file}}\n")
    return shop_in(root)


def write(lake: Path, entries: Sequence[Entry]) -> None:
    """Append entries of any kinds."""
    for kind in {type(entry) for entry in entries}:
        ledger.append(lake, [entry for entry in entries if type(entry) is kind])


def batch(feed: str, at: datetime, landed: int, rejected: int) -> BatchEntry:
    """A batch of one feed."""
    return BatchEntry(
        batch_id=f"{feed} {at}", run_id="r", feed=feed, loaded_at=at, rows_read=landed + rejected, rows_landed=landed,
        rows_quarantined=rejected, bytes_read=1000, seconds=1.0, reasons=(), files=(), new_columns=(),
    )  # fmt: skip


def run(run_id: str, at: datetime, outcome: str, *, command: str = "run", environment: str | None = "prod") -> RunEntry:
    """A run that took 90 seconds."""
    return RunEntry(
        run_id=run_id, command=command, environment=environment, release_id=None, started_at=at, seconds=90.0, outcome=outcome,
        exit_code=int(outcome != "done"), detail=None, actor="job:nightly", code_commit=None, is_dirty=None, sluice_version="0",
    )  # fmt: skip


def step(run_id: str, name: str, at: datetime, seconds: float, outcome: str = "done", invocation: str = "") -> StepEntry:
    """A step of a run of prod."""
    return StepEntry(
        run_id=run_id, step=name, invocation_id=invocation, environment="prod", release_id=None, started_at=at, seconds=seconds,
        outcome=outcome, exit_code=int(outcome != "done"), detail=None,
    )  # fmt: skip


def built(release_id: str, at: datetime, environment: str = "prod", outcome: str = "done") -> ReleaseEntry:
    """A build in the audit trail."""
    return ReleaseEntry(
        event_id=f"{release_id} {at}", tried_at=at, action="build", environment=environment, release_id=release_id,
        from_release_id=None, actor="job:nightly", outcome=outcome, why=None, detail=None, seconds=60.0,
    )  # fmt: skip


def check(run_id: str, at: datetime, warehouse: str, kind: str, status: str, name: str = "c") -> CheckEntry:
    """A check of one table."""
    return CheckEntry(
        run_id=run_id, checked_at=at, warehouse=warehouse, kind=kind, model="core.orders", column_name=None, check_name=name,
        severity="error", status=status, failures=0, observed=None, expected=None, seconds=0.1,
    )  # fmt: skip


def signal(run_id: str, severity: str, *, blocks: bool) -> SignalEntry:
    """A point of a chart that signalled."""
    return SignalEntry(
        run_id=run_id, environment="prod", release_id=None, judged_at=SECOND, metric="core.orders.rows", relation="core.orders",
        measure="rows", dimension=None, point_at=SECOND, value=1.0, centre=9.0, lower=5.0, upper=13.0, level=2, strength=4.0,
        rules=("point",), severity=severity, owner=None, is_new=True, blocks=blocks,
    )  # fmt: skip


def profile(release_id: str, rows: int, column: str | None = None) -> ProfileEntry:
    """What a table of a release held."""
    return ProfileEntry(
        run_id="r", environment="prod", release_id=release_id, measured_at=FIRST, relation="core.orders", column_name=column,
        data_type=None, row_count=rows, bytes=512 * rows, newest_at=FIRST - timedelta(hours=3),
    )  # fmt: skip


def decision(quarantine_id: str, at: datetime, word: str) -> DecisionEntry:
    """A decision about a row that ingest rejected."""
    return DecisionEntry(
        decision_id=f"{quarantine_id} {at}", decided_at=at, decision=word, quarantine_id=quarantine_id, place="ingestion",
        feed="shop.orders", entity=None, rule="wrong_type", row_key=None, batch_id="b", source_file="a.csv", source_position=1,
        decided_by="user:ann", why=None,
    )  # fmt: skip


def incident(name: str, at: datetime, event: str, severity: str = "error") -> IncidentEntry:
    """What happened to an incident of prod."""
    return IncidentEntry(
        event_id=f"{name} {at} {event}", incident_id=name, happened_at=at, event=event, run_id="r2", environment="prod",
        node="core.orders", family="data", title="t", severity=severity, owner=None, since_at=FIRST,
    )  # fmt: skip


def message(name: str, event: str, at: datetime) -> AlertEntry:
    """What happened to a message to a channel."""
    return AlertEntry(
        alert_id=name, happened_at=at, event=event, run_id="r2", channel="team", kind="json", incident_id="i",
        action="trigger", due_at=at,
    )  # fmt: skip


def two_nights(shop: ReleaseShop) -> str:
    """The first night published a release, whose id is returned; the second one was refused."""
    release_id = shop.published()
    lake = shop.context.lake
    write(lake, [
        batch("shop.orders", FIRST, 100, 4), batch("shop.orders", SECOND, 120, 2), batch("shop.refunds", FIRST, 7, 0),
        RefusalEntry(refused_at=SECOND, run_id="r2", feed="shop.refunds", file="x.csv", reason="it is empty"),
        decision("one", FIRST, "dropped"), decision("two", FIRST, "dropped"), decision("two", SECOND, "expired"),
        run("r1", FIRST, "done"), run("r2", SECOND, "failed"), run("r3", SECOND, "done", command="ingest", environment=None),
        run("r4", SECOND, "done", command="build", environment="pr-12"),
        step("r1", "build", FIRST, 50.0), step("r1", "audit", FIRST, 9.0, invocation="a1"),
        step("r2", "build", SECOND, 55.0), step("r2", "audit", SECOND, 8.0, "failed", invocation="a2"),
        built(release_id, FIRST), built("20260302T020000Z-aaaaaa", SECOND), built("pr-12", SECOND, "pr-12"),
        check("b1", FIRST, release_id, "data_test", "fail"), check("a1", FIRST, release_id, "expectation", "fail"),
        check("b2", SECOND, "20260302T020000Z-aaaaaa", "data_test", "pass"),
        check("b2", SECOND, "20260302T020000Z-aaaaaa", "data_test", "pass", "d"),
        check("a2", SECOND, "20260302T020000Z-aaaaaa", "expectation", "fail"),
        check("a2", SECOND, "20260302T020000Z-aaaaaa", "expectation", "warn", "d"),
        signal("r1", "error", blocks=True), signal("r2", "warn", blocks=False), signal("r2", "warn", blocks=False),
        incident("i1", FIRST, "opened"), incident("i2", FIRST, "opened"), incident("i2", SECOND, "acknowledged"),
        incident("i3", FIRST, "opened", "warn"), incident("i3", SECOND, "resolved", "warn"),
        message("m1", "queued", FIRST), message("m1", "sent", SECOND), message("m2", "queued", FIRST),
        message("m2", "failed", SECOND), message("m3", "queued", FIRST), message("m3", "dropped", SECOND),
        profile(release_id, 220), profile(release_id, 220, "order_id"), profile("20260302T020000Z-aaaaaa", 999),
    ])  # fmt: skip
    return release_id

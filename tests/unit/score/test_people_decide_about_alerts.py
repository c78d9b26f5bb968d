"""Alerts are read from the lake as they land, and what people decide about them is recorded and counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from tests.helpers.live_day import Day
from tests.helpers.schemas import document
from typer.testing import CliRunner

from sluice.cli import app
from sluice.commands import alert as command
from sluice.core.errors import SluiceError
from sluice.score.alerts import CONFIRMED, DISMISSED, Alerts, alerts_of

NOON = datetime.fromisoformat("2026-05-01 12:00:00")
REASON = {"feature": "f", "words": "Many cards on the device", "value": 4.0, "contribution": 1.5}


def scored(key: str, second: int, **more: Any) -> dict[str, Any]:
    return {
        "payment_id": key, "paid_at": NOON, "scored_at": NOON + timedelta(seconds=second), "model": "m", "model_version": "v1",
        "role": "champion", "score": 0.9, "threshold": 0.5, "is_alert": True, "reasons": [REASON], **more,
    }  # fmt: skip


@pytest.fixture
def alerts(tmp_path: Path) -> Alerts:
    """Two alerts, one of them by two versions; a harmless score, a challenger's, and another model's."""
    rows = [
        scored("a", 1), scored("b", 2), scored("a", 3, model_version="v2", score=0.7), scored("c", 4, is_alert=False),
        scored("d", 5, role="challenger"), scored("e", 6, model="other"),
    ]  # fmt: skip
    write_deltalake(str(tmp_path / "raw" / "risk" / "scores"), pa.Table.from_pylist(rows))
    return Alerts(tmp_path, "m", "risk.scores", "payment_id", "paid_at")


def test_what_the_champion_flagged_is_listed_once_newest_first(alerts: Alerts) -> None:
    assert [(one.row_key, one.score, one.reasons) for one in alerts.listed()] == [
        ("b", 0.9, ("Many cards on the device",)),
        ("a", 0.9, ("Many cards on the device",)),
    ]
    assert [one.row_key for one in alerts.listed(most=1)] == ["b"]


def test_a_decision_closes_an_alert_and_a_later_one_takes_its_place(alerts: Alerts) -> None:
    assert [one.decision for one in alerts.decide(["a"], CONFIRMED, "ann", "card was stolen", NOON)] == [CONFIRMED]
    assert [one.row_key for one in alerts.listed()] == ["b"]
    alerts.decide(["a"], DISMISSED, "bea", "it was the owner", NOON + timedelta(hours=1))
    found = {one.row_key: (one.decision, one.decided_by, one.why) for one in alerts.listed(every=True)}
    assert found == {"a": (DISMISSED, "bea", "it was the owner"), "b": (None, None, None)}


def test_nothing_is_decided_where_one_key_is_no_alert(alerts: Alerts) -> None:
    with pytest.raises(SluiceError, match="m has no alert of c"):
        alerts.decide(["a", "c"], CONFIRMED, "ann", "x", NOON)
    assert [one.row_key for one in alerts.listed()] == ["b", "a"]


def test_no_scores_are_no_alerts(tmp_path: Path) -> None:
    assert Alerts(tmp_path, "m", "risk.scores", "payment_id", "paid_at").listed() == []


def test_the_declaration_says_where_alerts_are(day: Day, tmp_path: Path) -> None:
    manifest = day.serving().manifest
    found = alerts_of(manifest, None, tmp_path)
    assert (found.table, found.key, found.at) == ("risk.scores", "payment_id", "paid_at")
    with pytest.raises(SluiceError, match="no model declares scores"):
        alerts_of({**manifest, "exposures": {}}, None, tmp_path)


def test_the_commands_print_what_they_promise(alerts: Alerts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_alerts", lambda *_: alerts)
    words = ["alert", "decide", "a", "--confirmed", "--why", "stolen", "--by", "ann", "--format", "json"]
    made = CliRunner().invoke(app, words)
    assert [one["decision"] for one in document(["alert", "decide"], made.stdout)["alerts"]] == [CONFIRMED]
    listed = CliRunner().invoke(app, ["alert", "list", "--all", "--format", "json"])
    assert [(one["row_key"], one["decided_by"]) for one in document(["alert", "list"], listed.stdout)["alerts"]] == [
        ("b", None),
        ("a", "user:ann"),
    ]
    shown = " ".join(CliRunner().invoke(app, ["alert", "list"]).stdout.split())
    assert shown == "key scored at (UTC) score decision reasons b 2026-05-01 12:00:02 0.900 open Many cards on the device"

"""A formula that is broken gives other rows, or another figure, than the ninety days have in truth."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
from tests.helpers.ninety_days import END, FACTS
from tests.helpers.ninety_days_story import story

from sluice.dataops import measure
from sluice.dataops.metrics import METRICS, Row
from sluice.quarantine.catalog import Places

# What is broken, by metric: a query, a part of it, and what is wrong in its place.
BREAKS = {
    "lead_time": ("rows/lead_time", "        when has_number then 'squashed'\n", ""),
    "deployments": ("facts/moves", "    and releases.release_id is distinct from releases.from_release_id\n", ""),
    "change_fail": ("facts/failures", "        and list_has_any(deployments.changed, fixes.changed)\n", ""),
    "recovery": ("facts/failures", "max(withdrawals.withdrawn_at) as", "min(withdrawals.withdrawn_at) as"),
    "rework": ("facts/first_commits", "order by deployments.published_at,", "order by deployments.published_at desc,"),
    "errors_caught": ("rows/errors_caught", "if(incident_spans.is_published, 'after', 'before')", "'before'"),
    "time_to_detect": ("rows/time_to_detect", "coalesce(bad_from_at, data_since_at), opened_at", "data_since_at, opened_at"),
    "downtime": ("figures/downtime", "greatest(started_at, coalesce(until_then, started_at))", "started_at"),
    "on_time": ("rows/on_time", "arrived_at >= looked.opens_at", "arrived_at >= looked.opens_at - interval 12 hours"),
    "quarantine_age": ("rows/quarantine_age", "max(decided_at)", "min(decided_at)"),
}


Told = tuple[object, list[tuple[str, str, str, str, float]]]


def told(lake: Path, names: Collection[str]) -> dict[str, Told]:
    """The figures of metrics and their rows."""
    only = [one for one in METRICS if one.name in names]
    report = measure.measure(Places(lake), FACTS, "prod", timedelta(days=90), END, only=only, limit=None)
    return {one.metric.name: (one.figures, sorted(map(_told, one.rows))) for one in report.metrics}


def _told(row: Row) -> tuple[str, str, str, str, float]:
    return (row.id, row.subject, str(row.started_at), row.state, row.value or 0)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story().written(tmp_path_factory.mktemp("ninety_days") / "lake")


@pytest.fixture(scope="module")
def whole(lake: Path) -> dict[str, Told]:
    """What they are where nothing is broken."""
    return told(lake, BREAKS)


@pytest.mark.parametrize("name", BREAKS)
def test_it_is(lake: Path, whole: dict[str, Told], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, right, wrong = BREAKS[name]
    kept, broken = measure._text, tuple(place.split("/"))
    text = kept(*broken)
    assert right in text
    monkeypatch.setattr(measure, "_text", lambda *of: text.replace(right, wrong) if of == broken else kept(*of))
    assert told(lake, [name])[name] != whole[name]

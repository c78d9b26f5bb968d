"""Parts of pages: lengths of time, times, small charts and their sentences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from sluice.site import drawn, parts
from sluice.site.drawn import Mark
from sluice.site.shop.charts import figure
from sluice.site.shop.declared import Show, Shown
from sluice.site.shop.measured import Measured


@pytest.mark.parametrize(
    ("count", "said"),
    [(None, ""), (0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (90, "1 min 30 s"), (3600, "1 h"), (93784, "1 d 2 h")],
)
def test_a_length_of_time_has_its_two_largest_units(count: float | None, said: str) -> None:
    assert parts.seconds(count) == said


def test_a_time_is_in_utc_for_those_without_a_script() -> None:
    moment = datetime.fromisoformat("2026-03-02T02:00:00")
    assert parts.when(moment) == '<time datetime="2026-03-02T02:00:00Z">2 Mar 2026, 02:00 UTC</time>'
    assert parts.when(None) == ""
    assert ">6 h ago</time>" in parts.age(moment, datetime.fromisoformat("2026-03-02T08:00:00"))


def test_a_day_of_the_data_is_the_same_in_every_zone() -> None:
    assert parts.since(datetime.fromisoformat("2026-03-02T00:00:00")) == '<span class="day">2 Mar 2026</span>'
    assert "<time" in parts.since(datetime.fromisoformat("2026-03-02T00:01:00"))


def test_a_small_chart_has_its_points_marks_and_a_sentence() -> None:
    found = drawn.spark([1.0, None, 3.0], 'rises & "ends"', width=104, height=36, marks=[Mark(2, "block")])
    assert 'aria-label="rises &amp; &quot;ends&quot;"' in found
    assert 'd="M2 33.0M102 3.0"' in found
    assert '<circle class="block" cx="102" cy="3.0" r="3"/>' in found
    assert drawn.spark([], "nothing") == ""


def test_what_is_text_is_escaped() -> None:
    assert parts.nothing("<b>", "a & b") == '<p class="quiet">&lt;b&gt; It is filled by <code>a &amp; b</code>.</p>'
    assert "<script>" not in parts.copied("<script>")
    assert parts.verdict("refused") == '<span class="bad">refused</span>'


@pytest.mark.parametrize("kind", ["line", "bar", "funnel"])
def test_what_has_no_value_is_said_and_not_drawn(kind: Any) -> None:
    """As revenue in euros of a shop that sells in pounds, without a rate."""
    shown = Shown("finance.revenue", "revenue", None, "models.yml", Show("Revenue", kind, x="day", y="sum(euros)"))
    told = figure(Measured(shown, ("x", "y"), (("2026-03-01", None), ("2026-03-02", None))))
    assert "All values are null in finance.revenue." in told
    assert "<svg" not in told


def test_one_day_alone_is_a_dot_and_a_time_has_its_minutes() -> None:
    shown = Shown("risk.alerts", "alerts", None, "models.yml", Show("Alerts", "line", x="paid_on", y="count(*)"))
    assert 'h0"/>' in figure(Measured(shown, ("x", "y"), (("2026-03-01", 6),)))
    assert 'h0"/>' not in figure(Measured(shown, ("x", "y"), (("2026-03-01", 6), ("2026-03-02", 5))))
    listed = Shown("risk.alerts", "alerts", None, "models.yml", Show("Open", "table", columns=("paid_at", "paid_on")))
    row = (datetime.fromisoformat("2026-03-01T10:05:00"), datetime.fromisoformat("2026-03-01T00:00:00"))
    told = figure(Measured(listed, ("paid_at", "paid_on"), (row,)))
    assert "2026-03-01 10:05<" in told
    assert "2026-03-01<" in told

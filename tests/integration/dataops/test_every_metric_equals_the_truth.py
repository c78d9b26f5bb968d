"""Ninety days of which everything is known: each metric finds exactly the rows that were made, and its figures are theirs."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.helpers.ninety_days import BEGIN, END, FACTS, Shop
from tests.helpers.ninety_days_story import story

from sluice.dataops.measure import Measured, Report, Window, measure
from sluice.dataops.metrics import METRICS, NAMES
from sluice.history.kinds import ReleaseEntry
from sluice.quarantine.catalog import Places

DUE = tuple(name for name, _, _ in FACTS.deadlines)
Rows = dict[tuple[str, str], tuple[str, float | None]]


@pytest.fixture(scope="module")
def shop() -> Shop:
    """What happened, and the truth about it."""
    return story()


@pytest.fixture(scope="module")
def lake(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the shop."""
    return shop.written(tmp_path_factory.mktemp("ninety_days") / "lake")


@pytest.fixture(scope="module")
def report(lake: Path) -> Report:
    """What the metrics say."""
    return measure(Places(lake), FACTS, "prod", timedelta(days=90), END, limit=None)


def found(report: Report, name: str) -> Measured:
    return next(one for one in report.metrics if one.metric.name == name)


def rows(report: Report, name: str) -> Rows:
    """The rows of a metric, in the shape of the truth; a deadline is known by its day."""
    some = found(report, name).rows
    keys = [str(((row.started_at or END) - BEGIN).days) if name == "on_time" else row.id for row in some]
    told = {(key, row.subject): (row.state, row.value) for key, row in zip(keys, some, strict=True)}
    assert len(told) == len(some)
    return told


def figures(report: Report, name: str) -> dict[str, float | None]:
    return {one.figure: one.value for one in found(report, name).figures}


def values(shop: Shop, metric: str, *states: str) -> list[float]:
    return [float(value or 0) for state, value in shop.truth[metric].values() if state in states]


def within(some: list[float]) -> float:
    """Ninety percent of them are within it, with linear interpolation."""
    return statistics.quantiles(some, n=10, method="inclusive")[8]


@pytest.mark.parametrize(
    "name",
    [
        "lead_time", "deployments", "change_fail", "recovery", "rework", "errors_caught", "time_to_detect", "on_time",
        "quarantine_age",
    ],
)  # fmt: skip
def test_the_rows_are_those_that_were_made(shop: Shop, report: Report, name: str) -> None:
    told = rows(report, name)
    assert told == shop.truth[name]


def test_the_window(report: Report) -> None:
    assert report.window is not None
    assert (report.window.from_at, report.window.to_at) == (BEGIN, END)


def test_downtime_of_a_mart_counts_each_second_once(shop: Shop, report: Report) -> None:
    assert figures(report, "downtime") == {f"wrong data in {mart}": seconds for mart, seconds in shop.down.items()}
    overlapping = sum(row.value or 0 for row in found(report, "downtime").rows if row.subject == "core.sales")
    assert overlapping > shop.down["core.sales"] + 86400


def test_a_value_is_the_time_between_the_times_that_are_shown(report: Report) -> None:
    for name in ("lead_time", "recovery", "change_fail", "time_to_detect", "downtime", "on_time", "quarantine_age"):
        for row in found(report, name).rows:
            if row.value is not None:
                assert row.started_at is not None
                assert row.value == ((row.ended_at or END) - row.started_at).total_seconds()


def test_the_window_begins_with_the_history_where_that_is_younger(lake: Path) -> None:
    told = measure(Places(lake), FACTS, "prod", timedelta(days=900), END, only=())
    assert told.window == Window(BEGIN - timedelta(days=10) + timedelta(hours=12), END)


def test_what_is_still_wrong_has_no_end(report: Report) -> None:
    (still,) = (row for row in found(report, "downtime").rows if row.ended_at is None)
    assert still.started_at is not None
    assert (still.subject, still.reason) == ("core.customers", "incident aaaaaaaa")
    assert still.value == (END - still.started_at).total_seconds()


def test_the_figures_are_those_of_the_rows(shop: Shop, report: Report) -> None:
    lead = values(shop, "lead_time", "counted")
    assert figures(report, "lead_time") == {
        "median": statistics.median(lead),
        "90 % within": pytest.approx(within(lead), abs=1e-6),
        "median of squash merges, from the merge on": 5 * 3600,
    }
    of_code, of_data = (len(values(shop, "deployments", kind)) for kind in ("code", "data"))
    weekly = {"with code": of_code / 90 * 7, "with data only": of_data / 90 * 7}
    assert figures(report, "deployments") == pytest.approx(weekly)
    failed, good = (len(values(shop, "change_fail", state)) for state in ("failed", "good"))
    assert figures(report, "change_fail") == {"failed": failed / (failed + good)}
    code, data = (values(shop, "recovery", kind) for kind in ("code", "data"))
    assert tuple(figures(report, "recovery").values()) == (statistics.median(code), max(code), statistics.median(data))
    rework, planned = (len(values(shop, "rework", state)) for state in ("rework", "planned"))
    assert figures(report, "rework") == {"because of an incident": rework / (rework + planned)}


def test_the_figures_of_data_are_those_of_the_rows(shop: Shop, report: Report) -> None:
    before, after, kept_out = (values(shop, "errors_caught", state) for state in ("before", "after", "rows"))
    caught = (len(before) / len(before + after), len(before), len(after), sum(kept_out))
    assert tuple(figures(report, "errors_caught").values()) == caught
    detected = values(shop, "time_to_detect", "counted")
    spread = {"median": statistics.median(detected), "90 % within": within(detected)}
    assert figures(report, "time_to_detect") == pytest.approx(spread, abs=1e-6)
    late = {subject: [state for (_, one), (state, _) in shop.truth["on_time"].items() if one == subject] for subject in DUE}
    assert figures(report, "on_time") == {f"on time: {name}": some.count("on time") / 90 for name, some in late.items()}
    waiting, decided = values(shop, "quarantine_age", "open"), values(shop, "quarantine_age", "released", "dropped")
    assert tuple(figures(report, "quarantine_age").values()) == (
        len(waiting), statistics.median(waiting), max(waiting), statistics.median(decided),
    )  # fmt: skip


def test_the_trend_has_the_whole_weeks_of_the_window(shop: Shop, report: Report) -> None:
    begins = [END - timedelta(weeks=number) for number in range(12, 0, -1)]
    assert [week.begins_at for week in found(report, "deployments").weeks] == begins
    published = {one.event_id: one.tried_at for one in shop.entries if isinstance(one, ReleaseEntry)}
    code = [published[event] for (event, _), (kind, _) in shop.truth["deployments"].items() if kind == "code"]
    per_week = [sum(begin <= when < begin + timedelta(weeks=1) for when in code) for begin in begins]
    assert [week.value for week in found(report, "deployments").weeks] == per_week
    assert 0 < sum(per_week) < len(code)  # the first six days are not a whole week


def test_the_trend_of_a_time_is_its_median(shop: Shop, report: Report) -> None:
    by_week: dict[int, list[float]] = {}
    for (_, release), (state, value) in shop.truth["lead_time"].items():
        if state == "counted":
            by_week.setdefault((END - shop.published(release) - timedelta(seconds=1)).days // 7, []).append(float(value or 0))
    expected = [statistics.median(by_week[number]) if number in by_week else None for number in range(11, -1, -1)]
    assert [week.value for week in found(report, "lead_time").weeks] == expected


def test_what_is_not_known_is_counted_apart(report: Report) -> None:
    known = {name: (some[0].known, some[0].total) for name in NAMES if (some := found(report, name).figures)}
    # 29 releases with code: one of unknown models, one too young; of two the commits or their incidents are not known.
    assert (known["change_fail"], known["rework"]) == ((27, 29), (27, 29))
    # Fourteen incidents: of three the time of the data is known.
    assert known["time_to_detect"] == (3, 14)
    # A release of an older version; commits of a squash merge and of a wrong clock.
    assert (known["deployments"], known["lead_time"]) == ((120, 121), (42, 44))


def test_each_row_says_what_it_is(report: Report) -> None:
    said = {row.reason for name in ("change_fail", "downtime", "on_time", "errors_caught") for row in found(report, name).rows}
    assert {
        "rolled back: negative payments, see SHOP-7", "fixed by F46", "failed: 1 test failed", "nothing was new",
        "refused candidate: 1 test failed", "incident 66666666", "an incident of another system, fixed by this release",
    } <= said  # fmt: skip


def test_rows_come_newest_first_and_only_as_many_as_are_asked_for(lake: Path) -> None:
    told = measure(Places(lake), FACTS, "prod", timedelta(days=7), END, only=METRICS[:2], limit=3)
    assert [one.metric.name for one in told.metrics] == ["lead_time", "deployments"]
    assert [row.subject for row in told.metrics[1].rows] == ["N89", "N88", "N87"]
    assert told.metrics[1].row_count == 8


def test_a_due_time_that_the_clocks_leave_out_is_the_moment_after(lake: Path) -> None:
    due = replace(FACTS, deadlines=(("core.sales", 150, "Europe/Berlin"),))
    (told,) = measure(
        Places(lake), due, "prod", timedelta(days=9), END, only=[METRICS[NAMES.index("on_time")]], limit=None
    ).metrics
    moments = sorted(f"{row.started_at:%d %H:%M}" for row in told.rows if row.started_at and row.started_at.month == 3)
    assert moments == ["27 01:30", "28 01:30", "29 01:30", "30 00:30", "31 00:30"]


def test_an_environment_without_a_history_has_no_figures(lake: Path) -> None:
    assert measure(Places(lake), FACTS, "qa", timedelta(days=90), END).window is None
    # Another one has its own.
    told = measure(Places(lake), FACTS, "staging", timedelta(days=90), END)
    assert told.window is not None
    assert figures(told, "deployments")["with code"] == 0

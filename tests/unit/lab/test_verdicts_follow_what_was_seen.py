"""The verdict on a trial, from facts made up for each case."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lab.faults import history, marts
from lab.faults.day import Damage
from lab.faults.history import Size, tally, together
from lab.faults.registry import Aim, Fault
from lab.faults.report import as_json, as_markdown, as_text, totals
from lab.faults.run import Score, stretches
from lab.faults.slot import Slot
from lab.faults.trial import Facts
from lab.faults.verdict import CleanDays, Seen, SeenCheck, is_good, judge, place_of

BAD = Damage("shop.orders", ("order_id",), ("1", "2"), ("status",), 2, 0, False)
NONE = replace(BAD, keys=(), bad=0)
NO_ALARM = CleanDays(3, {}, {})
BLOCKING, WARNING = SeenCheck("expectation", "as_usual", True), SeenCheck("test", "about_right", False)
CHART = SeenCheck("chart", "core.fct_orders.without_lines", True)


def entry(aim: Aim, but: str = "") -> Fault:
    return Fault("f", "values", "shop.orders", "It is wrong.", aim, lambda _: None, but=but)


@pytest.mark.parametrize(
    ("seen", "place"),
    [
        (Seen(BAD, refused=("a column is missing",), held={"rule": 1}), "ingest"),
        (Seen(BAD, at_ingest={"wrong_type": 2}, checks=(BLOCKING,)), "ingest"),
        (Seen(BAD, held={"negative_price": 2}, checks=(WARNING, BLOCKING)), "quarantine"),
        (Seen(BAD, collateral=4), "quarantine"),
        (Seen(BAD, checks=(BLOCKING, WARNING)), "test"),
        (Seen(BAD, checks=(SeenCheck("model", "fct_orders", True),)), "test"),
        (Seen(BAD, checks=(BLOCKING, CHART)), "expectation"),
        (Seen(BAD, checks=(CHART,)), "chart"),
        (Seen(BAD, reached={"core.fct_orders": 2}), "none"),
        (Seen(BAD, reached={}), "none"),
        (Seen(replace(NONE, lost=3), reached={}), "none"),
        (Seen(NONE, reached={"core.fct_orders": 1}), "none"),
        (Seen(NONE, reached={}), "harmless"),
    ],
)
def test_it_is_caught_in_the_first_place_that_sees_it(seen: Seen, place: str) -> None:
    assert place_of(seen) == place


@pytest.mark.parametrize(
    ("aim", "seen", "kept"),
    [
        ("quarantine", Seen(BAD, held={"r": 2}, reached={}), True),
        ("test", Seen(BAD, held={"r": 2}, reached={}), True),
        ("quarantine", Seen(BAD, checks=(BLOCKING,)), False),
        ("expectation", Seen(BAD, reached={}), False),
        ("expectation", Seen(BAD, checks=(CHART,)), False),
        ("chart", Seen(BAD, checks=(CHART,)), True),
        ("chart", Seen(BAD, reached={}), False),
        ("quarantine", Seen(BAD, held={"r": 1}, reached={"core.fct_orders": 1}), False),
        ("expectation", Seen(BAD, checks=(BLOCKING,), reached={"core.fct_orders": 1}), True),
        ("test", Seen(BAD, checks=(WARNING,), reached={"core.fct_orders": 1}), False),
        ("harmless", Seen(NONE, reached={}), True),
        ("harmless", Seen(NONE, reached={"core.fct_orders": 1}), False),
        ("harmless", Seen(NONE, checks=(BLOCKING,)), False),
        ("ingest", Seen(BAD, refused=("no",), landed_in_spite=1), False),
        ("ingest", Seen(BAD, refused=("no",), rest_landed=False), False),
    ],
)
def test_a_promise_is_kept_or_not(aim: Aim, seen: Seen, kept: bool) -> None:
    verdict = judge(entry(aim), seen)
    assert verdict.is_as_promised is kept
    assert is_good([verdict], NO_ALARM) is kept


def test_an_entry_that_admits_why_may_let_something_through() -> None:
    seen = Seen(BAD, checks=(WARNING,), reached={"core.fct_orders": 1})
    assert judge(entry("test", but="it only warns"), seen).is_as_promised
    assert judge(entry("none", but="nobody looks"), Seen(BAD, reached={"core.fct_orders": 1})).is_as_promised


def test_what_the_gate_stops_reaches_no_mart_that_is_published() -> None:
    verdict = judge(entry("expectation"), Seen(BAD, checks=(BLOCKING,), reached={"core.fct_orders": 1}))
    assert verdict.is_blocked
    assert verdict.reached == {}


def test_at_ingestion_no_bad_row_has_landed_later_all_have() -> None:
    assert judge(entry("ingest"), Seen(BAD, refused=("no",))).after_rows == 0
    assert judge(entry("test"), Seen(BAD, checks=(BLOCKING,))).after_rows == 2


def test_a_blocked_clean_day_is_bad_and_a_warned_one_is_not() -> None:
    facts = Facts({}, {"shop.orders": 0}, Counter(), ())
    assert tally([facts, replace(facts, checks=(WARNING,))]) == CleanDays(2, {}, {"test: about_right": 1})
    alarmed = tally([replace(facts, checks=(BLOCKING,)), replace(facts, at_ingest={"shop.orders": 1})])
    assert alarmed.blocking == {"expectation: as_usual": 1, "ingest: rows rejected": 1}
    held = tally([replace(facts, refused=Counter({("shop.refunds", "unknown_order"): 3}))])
    assert held == CleanDays(1, {}, {}, {"quarantine: unknown_order": 1})
    assert together([alarmed, held]) == CleanDays(3, alarmed.blocking, {}, held.holding)
    assert is_good([], held)
    assert is_good([], tally([facts]))
    assert not is_good([], alarmed)


def test_clean_days_come_in_stretches_of_their_own_seeds() -> None:
    assert stretches(Size(2800, 28, 5), 60) == [(Size(5800, 58, 6), 30), (Size(5800, 58, 7), 30)]
    assert stretches(Size(2800, 28, 5), 4) == [(Size(3200, 32, 6), 4)]
    assert stretches(Size(2800, 28, 5), 0) == []


def test_clean_days_are_run_one_by_one_behind_those_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = tuple(date(2025, 1, number) for number in range(1, 6))
    done: list[date | str] = []

    def run_day(*_: object) -> tuple[list[object], Facts]:
        done.append("run")
        return [], Facts({}, {}, Counter(), (WARNING,) if done[-2] == days[4] else ())

    monkeypatch.setattr(history, "make_demo", lambda *_: days)
    monkeypatch.setattr(history, "deliver", lambda *given: done.append(given[-1]))
    monkeypatch.setattr(history, "run_day", run_day)
    monkeypatch.setattr(marts, "layout", lambda _: None)
    slot = Slot(tmp_path / "slot", tmp_path, Path("feeds.yml"))
    found = history.watch_clean_days(slot, tmp_path / "clean", Size(10, 5, 1), 2)
    assert done == [*days[:3], "run", days[3], "run", days[4], "run"]
    assert found == CleanDays(2, {}, {"test: about_right": 1})


def test_reports_tell_what_is_open() -> None:
    caught = judge(entry("quarantine"), Seen(BAD, held={"negative_price": 2}, reached={}, alerts=1))
    missed = judge(entry("none", but="Nobody | looks."), Seen(BAD, reached={"core.fct_orders": 2}))
    late = judge(entry("ingest"), Seen(BAD, checks=(BLOCKING,), alerts=2))
    score = Score("1", Size(10, 5, 1), (caught, missed, late), CleanDays(2, {"expectation: x": 1}, {}), 1.0)
    assert totals(score) == {
        "faults": 3, "caught": 2, "harmless": 0, "uncaught": 1, "in_marts": 1, "not_as_promised": 1,
        "alerts": 3, "alerting": 2, "clean_days": 2, "blocking_false_alarms": 1, "warning_false_alarms": 0,
    }  # fmt: skip
    page = as_markdown(score, "sluice faults")
    assert "not caught; it is in core.fct_orders. Nobody | looks." in page
    assert "- expectation: x: blocks on 1 days" in page
    assert "false alarm: expectation: x stopped 1 of 2 days" in as_text(score)
    assert '"negative_price"' in as_json(score)

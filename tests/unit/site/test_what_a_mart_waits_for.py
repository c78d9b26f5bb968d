"""The longest chain of models, what a mart is made from, and whether it was on time."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from tests.helpers.sites import manifest, node

from sluice.core.due import Due, DueMart, due_marts, parse
from sluice.core.errors import SluiceError
from sluice.dataops.metrics import Row
from sluice.site.pipeline.paths import longest, made_from
from sluice.site.today.on_time import judged

SECONDS = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0}
PARENTS = {"b": ["a"], "c": ["a"], "d": ["b", "c", "gone"]}


def test_the_longest_chain_is_that_of_the_seconds() -> None:
    found = longest(SECONDS, PARENTS)
    assert (found["d"].nodes, found["d"].seconds) == (("a", "b", "d"), 7.0)
    assert (found["a"].nodes, found["c"].seconds) == (("a",), 3.0)
    assert made_from("d", PARENTS) == {"a", "b", "c", "d", "gone"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_due_time_is_that_of_its_zone_also_when_clocks_change() -> None:
    due = parse("02:30 Europe/Berlin", "m.yml")
    # 29 March 2026: the clocks go from 02:00 to 03:00
    moments = [due.on(date(2026, 3, day)) for day in (28, 29, 30)]
    assert moments == [at("2026-03-28T01:30"), at("2026-03-29T01:30"), at("2026-03-30T00:30")]


@pytest.mark.parametrize("text", ["25:00", "6", "06:00 Nowhere/City", 600, "06:00 UTC extra"])
def test_a_text_that_is_no_time_is_named(text: object) -> None:
    with pytest.raises(SluiceError) as error:
        parse(text, "models/m.yml")
    assert error.value.where == "models/m.yml"


def test_an_exposure_says_it_for_what_it_reads_and_the_earliest_counts() -> None:
    made = manifest()
    made["nodes"]["model.shop.customers"] = node("customers", config={"materialized": "table", "meta": {"due": "04:00"}})
    made["exposures"]["exposure.shop.late"] = {
        "name": "late", "depends_on": {"nodes": ["model.shop.orders", "model.shop.customers"]}, "meta": {"due": "09:00"},
    }  # fmt: skip
    found = {one.relation: (str(one.due), one.said_by, one.owner) for one in due_marts(made)}
    assert found == {"core.orders": ("06:00 UTC", "The board", "Ann"), "core.customers": ("04:00 UTC", "", None)}


MART = DueMart("core.orders", Due(time(6, 0)), "The board", "Ann")


def row(day: int, came: str | None, state: str) -> Row:
    """A day of the metric `on_time`."""
    return Row("R", "core.orders", at(f"2026-03-{day:02}T06:00"), at(came) if came else None, None, state, None)


def test_a_mart_is_as_it_was_when_it_was_last_due() -> None:
    days = [
        row(1, "2026-03-01T05:00", "on time"), row(2, None, "late"), row(3, "2026-03-03T07:00", "late"),
        row(4, "2026-03-04T05:30", "on time"),
    ]  # fmt: skip
    found = judged(MART, [days[2], days[3], days[0], days[1]])
    assert (found.days, found.late, found.is_on_time) == (4, 2, True)
    assert (found.due_at, found.delivered_at) == (at("2026-03-04T06:00"), at("2026-03-04T05:30"))
    before = judged(MART, days[:2])
    assert (before.days, before.late, before.is_on_time, before.delivered_at) == (2, 1, False, None)
    after = judged(MART, days[:3])
    assert (after.is_on_time, after.delivered_at) == (False, at("2026-03-03T07:00"))


def test_what_was_never_delivered_was_never_due() -> None:
    found = judged(MART, [])
    assert (found.due_at, found.days, found.late) == (None, 0, 0)
    assert found.is_on_time

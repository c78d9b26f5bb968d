"""What models follow is short to write, and a mistake in it is named with its place and what is expected there."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.helpers.followed import manifest

from sluice.core.errors import SluiceError
from sluice.quality.charts.declared import Follow, declared


def follow(given: Any, **config: Any) -> Follow:
    ((one,),) = (model.follows for model in declared(manifest(given, event_time="sold_on", **config)))
    return one


def test_true_follows_the_rows_of_a_day() -> None:
    one = follow(True)
    assert one.at == "sold_on"
    assert one.severity == "warn"
    (model,) = declared(manifest(True, event_time="sold_on"))
    assert model.owner == "money@shop.example"
    ((name, measure),) = one.measured.items()
    assert (name, measure.chart, measure.figures) == ("rows", "count", ("count(*)", "null"))


def test_a_public_model_with_an_event_time_is_followed_unless_it_says_no() -> None:
    (model,) = declared(manifest(None, event_time="sold_on"))
    assert not model.is_declared
    assert declared(manifest(None)) == []
    assert declared(manifest(False, event_time="sold_on")) == []
    assert declared(manifest([], event_time="sold_on")) == []
    private = manifest(None, event_time="sold_on")
    private["nodes"]["model.shop.other"] = {**private["nodes"]["model.shop.sales"], "name": "other", "alias": "other"}
    private["nodes"]["model.shop.sales"]["access"] = "protected"
    assert [one.name for one in declared(private)] == ["other"]


@pytest.mark.parametrize(
    ("measure", "kind", "figures"),
    [
        ("count", "count", ("count(*)", "null")),
        ("median(amount)", "amount", ("median(amount)", "null")),
        ({"condition": "amount is null"}, "p", ("count(*) filter (where amount is null\n)", "count(*)")),
        ({"condition": "amount > 9", "kind": "count"}, "count", ("count(*) filter (where amount > 9\n)", "null")),
        ({"value": "sum(quantity)", "kind": "count"}, "count", ("sum(quantity)", "null")),
        ({"value": "sum(items)", "denominator": "count(*)"}, "u", ("sum(items)", "count(*)")),
        ({"value": "avg(amount)", "kind": "value"}, "value", ("avg(amount)", "null")),
    ],
)
def test_a_measure_says_what_it_has_to(measure: Any, kind: str, figures: tuple[str, str]) -> None:
    (found,) = follow({"measures": {"one": measure}}).measured.values()
    assert (found.chart, found.figures) == (kind, figures)


def test_a_measure_takes_from_its_follow_what_it_does_not_say() -> None:
    given = {"severity": "error", "direction": "down", "least_rows": 5, "by": "shop", "at": "paid_on", "owner": "a@b.example"}
    one = follow({**given, "measures": {"rows": "count", "price": {"value": "avg(amount)", "severity": "warn", "least_rows": 0}}})
    assert (one.by, one.at, one.owner) == (("shop",), "paid_on", "a@b.example")
    rows, price = one.measured["rows"], one.measured["price"]
    assert (rows.severity, rows.direction, rows.least_rows) == ("error", "down", 5)
    assert (price.severity, price.direction, price.least_rows) == ("warn", "down", 0)


def test_a_phase_has_a_day_and_a_reason() -> None:
    (phase,) = follow({"phases": [{"since": "2026-02-01", "reason": "a second shop"}]}).phases
    assert phase.since == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("rows", "sales, follow: it should be a mapping"),
        ({"measure": {}}, "unknown key 'measure'; did you mean measures?"),
        ({"measures": {}}, "measures is empty; leave it out to follow the number of rows"),
        ({"measures": {"Rows": "count"}}, "'Rows' cannot name a measure; use a-z, 0-9 and _"),
        ({"measures": {"rows": {}}}, "`measures.rows`: say what is measured: count, condition or value"),
        ({"measures": {"rows": 3}}, "`measures.rows` should be"),
        ({"measures": {"a": {"value": "1", "condition": "true"}}}, "say either value or condition"),
        ({"measures": {"a": {"condition": "true", "denominator": "1"}}}, "a denominator needs a value"),
        ({"measures": {"a": {"value": "1", "denominator": "2", "kind": "amount"}}}, "the kind amount has no denominator"),
        ({"measures": {"a": {"value": "1", "kind": "p"}}}, "the kind p needs a value and a denominator, or a condition"),
        ({"measures": {"a": {"kind": "u"}}}, "the kind u needs a value and a denominator"),
        ({"measures": {"a": {"kind": "amount"}}}, "the kind amount needs a value: an SQL aggregate such as median(amount)"),
        ({"measures": {"a": {"value": "1", "kind": "mr"}}}, "`measures.a.kind` should be 'value', 'amount', 'count'"),
        ({"measures": {"a": {"value": "1", "colour": 1}}}, "unknown key 'measures.a.colour'"),
        ({"severity": "fatal"}, "`severity` should be 'error' or 'warn', not 'fatal'"),
        ({"direction": "left"}, "`direction` should be 'both', 'up' or 'down'"),
        ({"days": 7}, "`days` should be greater than or equal to 30"),
        ({"phases": [{"since": "2026-02-30", "reason": "x"}]}, "`phases.0.since`"),
        ({"phases": [{"since": "2026-02-01"}]}, "`phases.0.reason` is missing"),
        ({"by": ["email"]}, "email holds personal data (meta: pii), which would become the name of a series"),
        ([{}, {"by": "shop"}, {"by": "shop"}], "rows is measured twice by shop"),
        ([{}, {"where": "amount > 0"}], "rows is measured in two ways; give one of them another name"),
        ([{}, {"where": ""}], "follow, entry 2: `where` should"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(given: Any, words: str) -> None:
    with pytest.raises(SluiceError, match="what is followed is not valid in 1 place; nothing was judged") as error:
        declared(manifest(given, event_time="sold_on"))
    assert "models/_core.yml sales, follow" in error.value.what
    assert words in error.value.what


def test_a_model_without_a_time_cannot_be_followed() -> None:
    with pytest.raises(SluiceError, match="`at` is missing: name a column with dates or times, or set event_time"):
        declared(manifest(True))


def test_what_is_not_in_the_file_cannot_be_followed() -> None:
    with pytest.raises(SluiceError, match="this ephemeral model is not in the warehouse file"):
        declared(manifest(True, event_time="sold_on", materialized="ephemeral"))


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(SluiceError, match="not valid in 2 places"):
        declared(manifest({"severity": "fatal", "direction": "left"}, event_time="sold_on"))

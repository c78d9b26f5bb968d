"""A waiver lets a row in for a time, a drop gives it up; both are decisions, and what may follow on what is said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.helpers.refused import OneFeedShop, in_days, locked, utc_now

from sluice.quarantine import expire


def decided(shop: OneFeedShop) -> list[tuple[str, str]]:
    return shop.query("select decision, why from {decisions} order by decided_at")


def test_a_waiver_says_who_why_and_until_when(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key[:12], "--waive", "--until", in_days(30), "--why", "credit note", "--by", "bob@shop.example")
    (row,) = shop.query("select * exclude (decision_id, decided_at, batch_id) from {decisions}")
    until = datetime.fromisoformat(in_days(30))
    origin = ("test.rows", "sales", "negative_amount", "2", "a.jsonl", 2)
    assert row == ("waived", key, "warehouse", *origin, "user:bob@shop.example", "credit note", until, None)
    assert shop.query("select count(*) from {released}") == [(0,)], "a waived row is in the lake already"
    assert shop.as_json("show", key)["status"] == "released"


def test_a_rule_that_may_not_be_waived_asks_for_a_correction(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 3)
    said = shop.done("release", key, "--waive", "--until", "30d", "--why", "x", code=1)
    assert "the rule negative_amount may not be waived: give a corrected row" in said
    assert decided(shop) == []


def test_what_broke_its_contract_cannot_be_waived(shop: OneFeedShop) -> None:
    key = shop.id_at_ingestion("a.jsonl", 4)
    assert "no rule to waive" in shop.done("release", key, "--waive", "--until", "30d", "--why", "x", code=1)
    assert decided(shop) == []


def test_the_same_waiver_again_changes_nothing_and_another_end_is_refused(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(30), "--why", "x")
    assert "already" in shop.done("release", key, "--waive", "--until", in_days(30), "--why", "x")
    assert "expire that waiver first" in shop.done("release", key, "--waive", "--until", in_days(60), "--why", "x", code=1)
    assert len(decided(shop)) == 1


@pytest.mark.parametrize("first", ["drop", "correct"])
def test_what_was_dropped_or_corrected_cannot_be_waived(shop: OneFeedShop, first: str) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done(*(["drop", key] if first == "drop" else ["release", key, "--set", "amount=5"]), "--why", "x")
    said = shop.done("release", key, "--waive", "--until", "30d", "--why", "x", code=1)
    assert "cannot be waived" in said
    assert len(decided(shop)) == 1


def test_a_corrected_row_cannot_be_dropped(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--set", "amount=5", "--why", "x")
    assert "the corrected row has landed" in shop.done("drop", key, "--why", "x", code=1)


def test_a_waived_row_can_be_corrected_or_dropped(shop: OneFeedShop) -> None:
    """Also once a build has let it in, and no mart of refused rows knows it any more."""
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", "30d", "--why", "x")
    let_in(shop, key)
    assert shop.as_json("show", key)["row"]["amount"] == "-5.0000"
    shop.done("release", key, "--set", "amount=5", "--why", "y")
    assert decided(shop) == [("waived", "x"), ("corrected", "y")]
    assert shop.query("select amount::varchar from {released}") == [("5.0000",)]


def let_in(shop: OneFeedShop, key: str) -> None:
    """What a build does of a waiver: the row is refused no more."""
    with locked(shop.warehouse) as connection:
        connection.execute("delete from reports.not_let_in where quarantine_id = ?", [key])


def test_a_waiver_counts_for_its_rule_alone(shop: OneFeedShop) -> None:
    """The next build refuses the waived row by another rule: it is open again, may be waived again, and both end."""
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(2), "--why", "x")
    with locked(shop.warehouse) as connection:
        connection.execute("update reports.not_let_in set rule = 'too_old' where quarantine_id = ?", [key])
    assert {row["rule"] for row in shop.as_json("list", "--place", "warehouse")["rows"]} == {"too_old", "negative_amount"}
    shop.done("release", key, "--waive", "--until", in_days(4), "--why", "y")
    assert shop.query("select rule from {decisions} order by decided_at") == [("negative_amount",), ("too_old",)]
    assert expire(shop.lake, utc_now() + timedelta(days=3)) == [key]
    assert shop.query("select rule from {decisions} where decision = 'expired'") == [("negative_amount",)]
    assert shop.as_json("show", key)["status"] == "released", "the other waiver holds"
    assert shop.as_json("expire", key, "--why", "z")["counts"]["expired"] == 1
    assert shop.as_json("show", key)["status"] == "open"
    assert shop.query("select count(*), count(distinct decision_id) from {decisions}") == [(4, 4)]


def test_waivers_end_when_their_time_has_come_and_only_once(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(2), "--why", "x")
    assert expire(shop.lake, utc_now()) == []
    later = utc_now() + timedelta(days=3)
    assert expire(shop.lake, later) == [key]
    assert expire(shop.lake, later) == []
    assert [decision for decision, _ in decided(shop)] == ["waived", "expired"]
    (by, position) = shop.query("select decided_by, source_position from {decisions} where decision = 'expired'")[0]
    assert (by, position) == ("sluice", 2)


def test_the_moment_a_waiver_ends_is_its_end(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(2), "--why", "x")
    end = datetime.fromisoformat(in_days(2))
    assert expire(shop.lake, end - timedelta(microseconds=1)) == []
    assert expire(shop.lake, end) == [key]


def test_expire_needs_no_lake_and_makes_none(shop: OneFeedShop) -> None:
    assert expire(shop.root / "nowhere", utc_now()) == []
    assert not (shop.root / "nowhere").exists()


def test_a_waiver_that_has_ended_can_be_given_anew(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(2), "--why", "x")
    expire(shop.lake, utc_now() + timedelta(days=3))
    assert shop.as_json("show", key)["status"] == "open"
    shop.done("release", key, "--waive", "--until", in_days(9), "--why", "y")
    assert [decision for decision, _ in decided(shop)] == ["waived", "expired", "waived"]
    assert shop.query("select count(distinct decision_id) from {decisions}") == [(3,)]


def test_a_waiver_can_be_ended_before_its_time(shop: OneFeedShop) -> None:
    key, other = shop.id_in_the_warehouse("a.jsonl", 2), shop.id_in_the_warehouse("a.jsonl", 3)
    shop.done("release", key, "--waive", "--until", in_days(30), "--why", "x")
    shop.done("expire", key, "--why", "no credit note after all")
    assert decided(shop)[-1] == ("expired", "no credit note after all")
    assert "its waiver has already ended" in shop.done("expire", key, "--why", "x")
    assert "it is not waived; its status is open" in shop.done("expire", other, "--why", "x", code=1)


def test_the_command_ends_what_is_due(shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(2), "--why", "x")
    later = utc_now() + timedelta(days=3)
    monkeypatch.setattr("sluice.quarantine.actions.now", lambda: later)
    assert shop.as_json("expire") == {"schema_version": 1, "expired": [key]}
    assert shop.done("expire") == "0 waivers ended\n"


def test_many_rows_are_dropped_by_a_filter_once_somebody_says_yes(shop: OneFeedShop) -> None:
    result = shop.sluice("drop", "--place", "ingestion", "--why", "test data")
    assert "nothing was done: drop would touch 3 rows" in str(result.exception)
    assert all(reason in result.stderr for reason in ("wrong_type", "missing_key", "malformed"))
    assert decided(shop) == []
    assert shop.as_json("drop", "--place", "ingestion", "--why", "test data", "--yes")["counts"]["dropped"] == 3
    assert {row["place"] for row in shop.as_json("list")["rows"]} == {"warehouse"}
    assert shop.query("select count(*) from {quarantine}") == [(3,)], "nothing is deleted"
    assert "nothing to do" in shop.done("drop", "--place", "ingestion", "--why", "test data", "--yes")


def test_a_waiver_by_a_filter_names_the_rows_that_may_not_have_it(shop: OneFeedShop) -> None:
    arguments = ["--rule", "negative_amount", "--waive", "--until", "30d", "--why", "x", "--yes"]
    report = shop.as_json("release", *arguments, code=1)
    assert {row["quarantine_id"]: row["outcome"] for row in report["rows"]} == {
        shop.id_in_the_warehouse("a.jsonl", 2): "waived",
        shop.id_in_the_warehouse("a.jsonl", 3): "refused",
    }


def test_dropping_twice_says_so(shop: OneFeedShop) -> None:
    key = shop.id_at_ingestion("a.jsonl", 6)
    shop.done("drop", key, "--why", "x")
    assert "it was already dropped" in shop.done("drop", key, "--why", "y")
    assert decided(shop) == [("dropped", "x")]

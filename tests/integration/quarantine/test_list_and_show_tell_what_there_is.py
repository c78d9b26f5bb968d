"""The list counts and names refused rows of both places; show tells everything about one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.helpers.refused import OneFeedShop, in_days, quarantine_id, utc_now

from sluice.quarantine import catalog


def listed(shop: OneFeedShop, *arguments: str) -> set[tuple[str, int]]:
    """Rule and position of the listed rows."""
    return {(row["rule"], row["source_position"]) for row in shop.as_json("list", *arguments)["rows"]}


AT_INGESTION = {("wrong_type", 4), ("missing_key", 5), ("malformed", 6)}
WAREHOUSE = {("negative_amount", 2), ("negative_amount", 3)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], AT_INGESTION | WAREHOUSE),
        (["--place", "ingestion"], AT_INGESTION),
        (["--place", "door"], AT_INGESTION),  # the former word
        (["--place", "warehouse"], WAREHOUSE),
        (["--rule", "malformed"], {("malformed", 6)}),
        (["--feed", "test.rows"], AT_INGESTION | WAREHOUSE),
        (["--feed", "test"], AT_INGESTION | WAREHOUSE),
        (["--feed", "tes"], set()),
        (["--older-than", "1h"], set()),
        (["--older-than", "0m"], AT_INGESTION | WAREHOUSE),
        (["--status", "released"], set()),
        (["--limit", "1"], {("wrong_type", 4)}),
    ],
)
def test_filters_let_through_what_they_say(
    untouched_shop: OneFeedShop, arguments: list[str], expected: set[tuple[str, int]]
) -> None:
    assert listed(untouched_shop, *arguments) == expected


def test_groups_add_up_rows_and_money(untouched_shop: OneFeedShop) -> None:
    groups = {group["rule"]: group for group in untouched_shop.as_json("list")["groups"]}
    assert {rule: group["rows"] for rule, group in groups.items()} == {
        "wrong_type": 1,
        "missing_key": 1,
        "malformed": 1,
        "negative_amount": 2,
    }
    assert groups["negative_amount"]["amounts"] == [{"currency_code": "EUR", "amount": "-12.2500"}]
    assert "-12.25 EUR" in untouched_shop.done("list")
    assert "5 open rows" in untouched_shop.done("list")


def test_single_rows_stand_in_a_table_with_the_ids_to_type(untouched_shop: OneFeedShop) -> None:
    key = untouched_shop.id_in_the_warehouse("a.jsonl", 2)
    text = untouched_shop.done("list", "--rows", "--place", "warehouse", "--limit", "1")
    assert f"{key[:12]}  open" in text
    assert "2 -5.00 EUR The amount is below zero." in text
    assert "1 shown, 1 more: --limit" in text


def test_ids_are_those_that_the_docs_define(untouched_shop: OneFeedShop) -> None:
    ((batch,),) = untouched_shop.query("select distinct _batch_id from {raw}")
    expected = {quarantine_id("sales", batch, "a.jsonl", n) for n in (2, 3)} | {
        quarantine_id("door", batch, "a.jsonl", n) for n in (4, 5, 6)
    }
    assert {row["quarantine_id"] for row in untouched_shop.as_json("list")["rows"]} == expected


def test_status_follows_the_decisions_not_the_last_build(shop: OneFeedShop) -> None:
    two, three, six = (
        shop.id_in_the_warehouse("a.jsonl", 2),
        shop.id_in_the_warehouse("a.jsonl", 3),
        shop.id_at_ingestion("a.jsonl", 6),
    )
    shop.done("release", two, "--waive", "--until", in_days(3), "--why", "x")
    shop.done("release", three, "--set", "amount=1", "--why", "x")
    shop.done("drop", six, "--why", "x")
    assert listed(shop) == {("wrong_type", 4), ("missing_key", 5)}
    assert listed(shop, "--status", "released") == {("negative_amount", 2), ("negative_amount", 3)}
    assert listed(shop, "--status", "dropped") == {("malformed", 6)}
    assert listed(shop, "--status", "all") == AT_INGESTION | WAREHOUSE
    assert "released" in shop.done("list", "--status", "all")


def test_a_row_that_a_build_has_let_in_is_still_listed_as_released(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(3), "--why", "x")
    shop.warehouse.unlink()
    assert listed(shop, "--status", "released") == {("negative_amount", 2)}
    assert f"released: waived until {in_days(3)}" in shop.done("show", key)


def test_rows_of_a_batch_that_never_landed_do_not_count(shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ingest writes quarantine just before the batch's commit; killed there, it takes the rows back on its next run."""

    class Death(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr("sluice.lake.raw.land", killed)
        with pytest.raises(Death):
            shop.deliver("b.jsonl", "broken", '{"id": 1, "amount": 1}')
    assert shop.query("select count(*) from {quarantine}") == [(4,)]
    assert len(listed(shop, "--place", "ingestion")) == 3


def test_show_tells_the_row_as_landed_its_origin_and_what_can_be_done(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    text = shop.done("show", key[:8])
    for part in (
        f"id        {key}",
        "rule      negative_amount",
        "because   The amount is below zero.",
        "amount    -5.00 EUR",
        "from      a.jsonl, record 2, batch",
        "amount   -5.0000",
        "sold_at  2025-01-02 03:04:05.123456",
        f"sluice quarantine release {key[:12]} --waive --until 30d --why '...'",
        f"sluice quarantine drop {key[:12]} --why '...'",
    ):
        assert part in text, part
    shop.done("drop", key, "--why", "not ours", "--by", "bob")
    after = shop.done("show", key)
    assert "dropped by user:bob: not ours" in after
    assert "--waive" not in after


def test_show_offers_no_waiver_where_none_is_allowed(untouched_shop: OneFeedShop) -> None:
    assert "--waive" not in untouched_shop.done("show", untouched_shop.id_in_the_warehouse("a.jsonl", 3))


def test_show_gives_the_text_of_what_never_landed(untouched_shop: OneFeedShop) -> None:
    text = untouched_shop.done("show", untouched_shop.id_at_ingestion("a.jsonl", 6))
    assert '{"id": 6, "amount": "9.00"' in text
    assert "--row" in text
    named = untouched_shop.done("show", untouched_shop.id_at_ingestion("a.jsonl", 4))
    assert "--set amount=..." in named


def test_show_as_json_holds_row_and_history(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--waive", "--until", in_days(3), "--why", "x")
    found = shop.as_json("show", key)
    assert found["row"] == {"id": "2", "amount": "-5.0000", "note": "sign lost", "sold_at": "2025-01-02 03:04:05.123456"}
    assert [(entry["decision"], entry["why"]) for entry in found["history"]] == [("waived", "x")]
    assert found["until_at"] == f"{in_days(3)}T00:00:00"


def test_a_warehouse_that_a_build_writes_is_told(shop: OneFeedShop) -> None:
    """DuckDB allows no reader beside a writer of another process."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(shop.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        result = shop.sluice("list")
        alone = shop.sluice("list", "--place", "ingestion")
        assert writer.stdin is not None
        writer.stdin.close()
    assert "cannot be opened" in str(result.exception)
    assert alone.exit_code == 0


def test_another_warehouse_file_can_be_named(shop: OneFeedShop) -> None:
    shop.warehouse.rename(shop.root / "elsewhere.duckdb")
    assert listed(shop, "--warehouse", "elsewhere.duckdb") == AT_INGESTION | WAREHOUSE
    assert listed(shop) == AT_INGESTION
    (shop.root / "elsewhere.duckdb").rename(shop.warehouse)
    assert listed(shop, "--warehouse", "dev") == listed(shop) == AT_INGESTION | WAREHOUSE


def test_an_empty_quarantine_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = OneFeedShop(tmp_path).make()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_LAKE", str(shop.lake))
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(tmp_path / "warehouse"))
    assert shop.done("list").strip() == "no open rows"
    assert json.loads(shop.done("list", "--format", "json"))["rows"] == []
    assert not shop.lake.exists(), "looking makes nothing"


def test_age_is_counted_from_the_refusal(shop: OneFeedShop) -> None:
    with catalog.opened(catalog.Places(shop.lake)) as connection:
        week = catalog.Filter(older_than=timedelta(days=7))
        assert list(catalog.rows(connection, week, utc_now() + timedelta(days=6))) == []
        assert len(list(catalog.rows(connection, week, utc_now() + timedelta(days=8)))) == 3


def test_a_rule_or_feed_that_is_nearly_right_is_answered_with_the_one_that_is(untouched_shop: OneFeedShop) -> None:
    for option, given, meant in (("--rule", "negative_amonut", "negative_amount"), ("--feed", "test.row", "test.rows")):
        said = untouched_shop.sluice("list", option, given)
        assert (said.exit_code, said.stdout) == (0, "no open rows\n")
        assert said.stderr == f"note: did you mean {meant}?\n"
    assert untouched_shop.sluice("list", "--rule", "negative_amount", "--older-than", "7d").stderr == ""

"""Every mistake ends in what happened, where, and what to do; nothing is done then."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from tests.helpers.refused import OneFeedShop, locked

from sluice.core.errors import SluiceError

WHY = ["--why", "x"]


def mistake(shop: OneFeedShop, *arguments: str) -> str:
    """What the command says; it must end as a user's mistake, and write nothing."""
    result = shop.sluice(*arguments)
    error = result.exception
    assert isinstance(error, SluiceError), (result.output, error)
    assert shop.query("select count(*) from {decisions}") == [(0,)]
    return f"{error.what} | {error.where} | {error.hint}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "abcdef0123"], "abcdef0123 is not in quarantine"),
        (["show", "xyz!"], "'xyz!' is not a valid quarantine id"),
        (["release", "{id}", "--set", "amount=5"], "a decision needs a reason"),
        (["release", "{id}", "--set", "amount=5", "--why", "  "], "a decision needs a reason"),
        (["release", "{id}", *WHY], "neither a correction nor a waiver"),
        (["release", "{id}", "--set", "amount=5", "--waive", "--until", "3d", *WHY], "a waiver are given together"),
        (["release", "{id}", "--waive", *WHY], "a waiver needs an end"),
        (["release", "{id}", "--set", "amount=5", "--until", "3d", *WHY], "only a waiver has an end"),
        (["release", "{id}", "--waive", "--until", "2020-01-01", *WHY], "has passed"),
        (["release", "{id}", "--waive", "--until", "soon", *WHY], "'soon' is not a valid date"),
        (["release", "{id}", "--set", "amount", *WHY], "'amount' is not an assignment"),
        (["release", "{id}", "--set", "amonut=5", *WHY], "no column amonut"),
        (["release", "{id}", "--unset", "money.valeu", *WHY], "no column money.valeu"),
        (["release", "{id}", "--row", "[1]", *WHY], "not a JSON object"),
        (["release", "{id}", "--row", "@nowhere.json", *WHY], "cannot be read"),
        (["release", "{id}", "--row", '{"idd": 1}', *WHY], "no column idd"),
        (["release", "{id}", "{other}", "--row", '{"id": 1, "amount": 1}', *WHY], "one row was given for 2 refused rows"),
        (["release", "{broken}", "--set", "amount=1", *WHY], "its text is not a JSON object"),
        (["release", "--set", "amount=1", *WHY], "no row is given"),
        (["release", "{id}", "--rule", "x", "--set", "amount=1", *WHY], "ids and a filter are given together"),
        (["drop", "{id}"], "a decision needs a reason"),
        (["drop", *WHY], "no row is given"),
        (["list", "--older-than", "soon"], "'soon' is not a valid age"),
        (["list", "--warehouse", "staging", "--place", "warehouse"], "staging does not exist"),
        (["list", "--warehouse", "nowhere.duckdb", "--place", "warehouse"], "nowhere.duckdb does not exist"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(untouched_shop: OneFeedShop, arguments: list[str], says: str) -> None:
    known = {
        "{id}": untouched_shop.id_in_the_warehouse("a.jsonl", 2),
        "{other}": untouched_shop.id_in_the_warehouse("a.jsonl", 3),
        "{broken}": untouched_shop.id_at_ingestion("a.jsonl", 6),
    }
    said = mistake(untouched_shop, *(known.get(word, word) for word in arguments))
    assert says in said


def test_a_beginning_that_several_ids_share_lists_them(shop: OneFeedShop) -> None:
    """Made sure of by so many refused rows that two ids share their first four digits."""
    shop.deliver("b.jsonl", *("broken" for _ in range(9)), *(f'{{"id": {n}, "amount": "-1"}}' for n in range(3000)))
    shop.build()
    keys = sorted(row["quarantine_id"] for row in shop.as_json("list", "--place", "warehouse")["rows"])
    prefix, first, second = next((one[:4], one, two) for one, two in pairwise(keys) if one[:4] == two[:4])
    said = mistake(shop, "show", prefix)
    assert f"{prefix} matches" in said
    assert first in said
    assert second in said


def test_without_a_mart_only_rows_refused_at_ingestion_are_listed_with_a_note(shop: OneFeedShop) -> None:
    shop.manifest({})
    result = shop.sluice("list", "--format", "json")
    assert "only rows refused at ingestion are shown: no model of the project holds refused rows" in result.stderr
    document = json.loads(result.stdout)
    assert {row["place"] for row in document["rows"]} == {"ingestion"}
    assert "only rows refused at ingestion" in document["notes"][0]
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    assert "only rows refused at ingestion are shown" in mistake(shop, "show", key)


def test_two_marts_are_one_too_many(shop: OneFeedShop) -> None:
    path = shop.root / "target" / "manifest.json"
    node = json.loads(path.read_text())["nodes"]["model.x"]
    path.write_text(json.dumps({"nodes": {"a": node, "b": {**node, "name": "other"}}}))
    assert "more than one model is marked as the quarantine: not_let_in, other" in mistake(shop, "list", "--place", "warehouse")


def test_a_broken_manifest_is_named(shop: OneFeedShop) -> None:
    (shop.root / "target" / "manifest.json").write_text("{")
    assert "manifest.json is not JSON" in mistake(shop, "list", "--place", "warehouse")


def test_a_mart_without_the_promised_columns_is_named(shop: OneFeedShop) -> None:
    with locked(shop.warehouse) as connection:
        connection.execute("alter table reports.not_let_in drop column may_be_waived")
    said = mistake(shop, "list")
    assert "reports.not_let_in lacks a column" in said
    assert "may_be_waived" in said


def test_a_mart_that_was_not_built_yet_is_named(shop: OneFeedShop) -> None:
    with locked(shop.warehouse) as connection:
        connection.execute("drop table reports.not_let_in")
    assert "reports.not_let_in has not been built yet" in mistake(shop, "list")
    assert len(shop.as_json("list", "--place", "ingestion")["rows"]) == 3


def test_a_file_that_is_no_warehouse_is_named(shop: OneFeedShop) -> None:
    (shop.root / "x.duckdb").write_text("not a database, but long enough to be taken for one at the first look" * 99)
    assert "cannot be opened" in mistake(shop, "list", "--warehouse", "x.duckdb")


def test_a_feed_without_a_contract_is_named(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    (shop.root / "models" / "sources.yml").write_text("sources: []\n")
    assert "no contract for test.rows" in mistake(shop, "release", key, "--set", "amount=5", *WHY)

"""A corrected row goes through ingest, lands once however often it is released, and leaves one decision."""

from __future__ import annotations

import shlex
from decimal import Decimal

import pytest
from deltalake import DeltaTable
from tests.helpers.refused import OneFeedShop, quarantine_id

RELEASED = "select id, amount::varchar, note, sold_at::varchar, _file, _position from {released}"


def decisions(shop: OneFeedShop) -> list[tuple[str, str, str]]:
    return shop.query("select quarantine_id, decision, decided_by from {decisions} order by decided_at")


def test_a_row_of_the_warehouse_keeps_what_is_not_corrected(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key[:12], "--set", "amount=5.00", "--why", "the sign was lost")
    assert shop.query(RELEASED) == [(2, "5.0000", "sign lost", "2025-01-02 03:04:05.123456", f"quarantine/{key}.json", 1)]
    assert decisions(shop) == [(key, "corrected", "user:ann@shop.example")]


@pytest.mark.parametrize(
    ("position", "reason", "arguments", "landed"),
    [
        (4, "wrong_type", ["--set", "amount=7"], (4, "7.0000", "typed by hand", None)),
        (5, "missing_key", ["--set", "id=5"], (5, "8.0000", "", None)),
        (
            6,
            "malformed",
            ["--row", '{"id": 6, "amount": "9.00", "sold_at": "2025-01-01"}'],
            (6, "9.0000", None, "2025-01-01 00:00:00"),
        ),
    ],
)
def test_a_row_refused_at_ingestion_for_each_reason_can_be_released(
    shop: OneFeedShop, position: int, reason: str, arguments: list[str], landed: tuple[object, ...]
) -> None:
    key = shop.id_at_ingestion("a.jsonl", position)
    assert shop.as_json("show", key)["rule"] == reason
    shop.done("release", key, *arguments, "--why", "looked up")
    assert shop.query(RELEASED) == [(*landed, f"quarantine/{key}.json", 1)]
    assert key not in {row["quarantine_id"] for row in shop.as_json("list")["rows"]}


def test_the_same_again_is_said_and_changes_nothing(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    release = ["release", key, "--set", "amount=5.00", "--why", "sign"]
    shop.done(*release)
    first = decisions(shop)
    assert "already landed" in shop.done(*release)
    # A build in between changes nothing about it: the mart still holds the original.
    shop.build()
    assert shop.as_json(*release)["rows"][0]["outcome"] == "unchanged"
    assert len(shop.query(RELEASED)) == 1
    assert decisions(shop) == first


def test_another_correction_of_the_same_row_is_refused(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--set", "amount=5.00", "--why", "sign")
    assert "another corrected row has landed" in shop.done("release", key, "--set", "amount=6", "--why", "no, six", code=1)
    assert [row[1] for row in shop.query(RELEASED)] == ["5.0000"]


def test_a_correction_that_ingest_refuses_is_explained_and_nothing_is_written(shop: OneFeedShop) -> None:
    key = shop.id_at_ingestion("a.jsonl", 4)
    before = shop.query("select count(*) from {batches}"), shop.query("select count(*) from {quarantine}")
    said = shop.done("release", key, "--set", "amount=eight", "--why", "guess", code=1)
    assert "the corrected row still breaks its contract: wrong_type (amount: eight does not fit decimal(30,4))" in said
    assert (shop.query(RELEASED), decisions(shop)) == ([], [])
    assert (shop.query("select count(*) from {batches}"), shop.query("select count(*) from {quarantine}")) == before
    assert shop.as_json("show", key)["status"] == "open"


def test_of_many_the_good_ones_land_and_the_others_are_named(shop: OneFeedShop) -> None:
    """Setting the amount corrects the row that typed it in words, and not the one without a key."""
    wrong, keyless = shop.id_at_ingestion("a.jsonl", 4), shop.id_at_ingestion("a.jsonl", 5)
    report = shop.as_json("release", wrong, keyless, "--set", "amount=7", "--why", "looked up", code=1)
    assert {row["quarantine_id"]: row["outcome"] for row in report["rows"]} == {wrong: "corrected", keyless: "refused"}
    assert [row[0] for row in shop.query(RELEASED)] == [4]
    assert [row[0] for row in decisions(shop)] == [wrong]


def test_many_rows_land_as_one_batch_whose_books_agree(shop: OneFeedShop) -> None:
    shop.deliver("b.jsonl", *(f'{{"id": {n}, "amount": "-{n}.00"}}' for n in range(10, 40)))
    shop.build()
    report = shop.as_json("release", "--rule", "negative_amount", "--set", "amount=1", "--why", "export bug", "--yes")
    assert report["counts"]["corrected"] == 32
    assert shop.query("select count(*), count(distinct id), count(distinct _batch_id) from {released}") == [(32, 32, 1)]
    assert shop.query(
        "select rows_read, rows_landed, rows_quarantined, len(files), feed from {batches} order by loaded_at desc limit 1"
    ) == [(32, 32, 0, 32, "test.rows")]
    assert shop.query("select count(distinct quarantine_id), count(*), count(distinct decision_id) from {decisions}") == [
        (32, 32, 32)
    ]
    (batch,) = shop.query("select distinct correction_batch_id from {decisions}")
    assert shop.query("select distinct _batch_id from {released}") == [batch]


def test_more_rows_than_a_commit_holds_land_in_several(shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.quarantine.correct.BATCH_ROWS", 4)
    shop.deliver("b.jsonl", *(f'{{"id": {n}, "amount": "-{n}.00"}}' for n in range(10, 20)))
    shop.build()
    shop.done("release", "--rule", "negative_amount", "--set", "amount=1", "--why", "export bug", "--yes")
    assert shop.query("select count(*), count(distinct _batch_id) from {released}") == [(12, 3)]
    assert shop.query("select count(*), count(distinct decided_at) from {decisions}") == [(12, 3)]


def test_no_value_changes_on_its_way_through_a_correction(shop: OneFeedShop) -> None:
    """Every kind of value, at the edge of what it holds; only the note is corrected."""
    record = (
        '{"id": 9223372036854775807, "amount": "-12345678901234567890123456.7891", "note": "é \\"q\\"\\n2",'
        ' "sold_at": "2025-03-30T02:30:00.000001+02:00", "ratio": 0.1,'
        ' "money": {"value": "1234567890123456789012.34", "place": {"city": "Köln"}}, "tags": ["a", "", "b,c"],'
        ' "prices": [1.5, 2.25]}'
    )
    shop.deliver("b.jsonl", record)
    shop.build()
    key = shop.id_in_the_warehouse("b.jsonl", 1)
    shop.done("release", key, "--set", "note=corrected", "--why", "x")
    columns = "id, amount, sold_at, ratio, money, tags, prices"
    original, released = (
        shop.query(f"select {columns} from {{raw}} where _file = '{file}'") for file in ("b.jsonl", f"quarantine/{key}.json")
    )
    assert released == original
    assert original[0][1] == Decimal("-12345678901234567890123456.7891")
    assert original[0][4] == {"value": Decimal("1234567890123456789012.34"), "currency": None, "place": {"city": "Köln"}}


def test_null_and_empty_are_two_things(shop: OneFeedShop) -> None:
    first, second = shop.id_in_the_warehouse("a.jsonl", 2), shop.id_in_the_warehouse("a.jsonl", 3)
    shop.done("release", first, "--set", "amount=1", "--set", "note=", "--why", "x")
    shop.done("release", second, "--set", "amount=1", "--unset", "note", "--why", "x")
    assert shop.query("select id, note from {released} order by id") == [(2, ""), (3, None)]


def test_a_field_of_a_struct_and_a_list_can_be_set(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    sets = ["amount=1", "money.value=12345678901234567890.10", "money.place.city=Köln", 'tags=["x", "y"]']
    shop.done("release", key, *(part for text in sets for part in ("--set", text)), "--why", "x")
    assert shop.query("select money.value::varchar, money.place.city, money.currency, tags from {released}") == [
        ("12345678901234567890.10", "Köln", None, ["x", "y"])
    ]


def test_numbers_that_a_double_cannot_hold_keep_their_digits(shop: OneFeedShop) -> None:
    """Ingest refuses such a number, and accepts it as text: a correction writes it as text."""
    shop.deliver("b.jsonl", '{"id": 50, "amount": 12345678901234567.8901, "sold_at": "soon"}')
    key = shop.id_at_ingestion("b.jsonl", 1)
    shop.done("release", key, "--unset", "sold_at", "--why", "x")
    assert shop.query("select amount::varchar from {released}") == [("12345678901234567.8901",)]


def test_a_correction_that_breaks_the_rule_again_is_a_new_refused_row(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--set", "amount=-4", "--why", "minus four")
    shop.build()
    (batch,) = shop.query("select _batch_id from {released}")
    again = quarantine_id("sales", batch[0], f"quarantine/{key}.json", 1)
    rows = {
        row["quarantine_id"]: row["status"] for row in shop.as_json("list", "--place", "warehouse", "--status", "all")["rows"]
    }
    assert (rows[key], rows[again]) == ("released", "open")
    shop.done("release", again, "--set", "amount=4", "--why", "four")
    assert shop.query("select amount::varchar from {raw} where _file = 'quarantine/" + again + ".json'") == [("4.0000",)]


def test_two_refused_copies_of_one_content_land_each(shop: OneFeedShop) -> None:
    """Content does not make them one: each refused row is accounted for by itself."""
    shop.deliver("b.jsonl", '{"id": 60, "amount": "-1"}', '{"id": 60, "amount": "-1"}')
    shop.build()
    for position in (1, 2):
        shop.done("release", shop.id_in_the_warehouse("b.jsonl", position), "--set", "amount=1", "--why", "x")
    assert shop.query("select count(*) from {raw} where id = 60 and amount = 1") == [(2,)]


def test_a_dropped_row_can_be_released_after_all(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("drop", key, "--why", "not ours")
    shop.done("release", key, "--set", "amount=5", "--why", "ours after all")
    assert [row[1] for row in decisions(shop)] == ["dropped", "corrected"]
    assert len(shop.query(RELEASED)) == 1


def test_a_row_of_a_csv_file_is_corrected_from_the_guess_that_show_prints(shop: OneFeedShop) -> None:
    (shop.root / "in" / "a.jsonl").unlink()
    columns = "id,amount,note,sold_at,ratio,money,tags,prices"
    shop.deliver("b.csv", columns, "70,seven,hello,2025-01-01 00:00:00,,,,", format="csv")
    key = shop.id_at_ingestion("b.csv", 1)
    assert shop.query("select original_text from {quarantine} where _file = 'b.csv'") == [
        ("70,seven,hello,2025-01-01 00:00:00,,,,",)
    ]
    (release, _) = shop.as_json("show", key)["commands"]
    assert '"id": "70", "amount": "seven", "note": "hello"' in release
    words = shlex.split(release.replace("seven", "7"))
    shop.done(*words[2:])
    assert shop.query(RELEASED) == [(70, "7.0000", "hello", "2025-01-01 00:00:00", f"quarantine/{key}.json", 1)]


def test_ops_that_lost_a_decision_do_not_let_a_row_land_twice(shop: OneFeedShop) -> None:
    """Breaks the guarded thing: the decisions are deleted, and so many batches follow that no commit owes them."""
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("release", key, "--set", "amount=5", "--why", "x")
    for number in range(6):
        shop.deliver(f"more{number}.jsonl", f'{{"id": {100 + number}, "amount": "1"}}')
    DeltaTable(str(shop.lake / "ops" / "decisions")).delete()
    result = shop.sluice("release", key, "--set", "amount=5", "--why", "x")
    assert "have landed, but lake/ops/decisions does not have them" in str(result.exception)
    assert len(shop.query(RELEASED)) == 1

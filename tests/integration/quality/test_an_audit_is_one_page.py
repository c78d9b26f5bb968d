"""`--docs` writes one page: claims with what was seen, dbt's tests beside them, whose they are, and of which release."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.audited import Audited, check
from tests.helpers.pages import PHONE, assert_whole, width_on_a_phone
from tests.helpers.records import record

from sluice.core.errors import SluiceError
from sluice.quality.expectations.page import PAGE, page
from sluice.quality.expectations.report import as_fields, as_markdown, as_text, rows
from sluice.quality.expectations.result import AuditReport
from sluice.store.record import Acknowledgement, Code

HOSTILE = "</table><script>alert(1)</script>"
RECORD = record(
    release_id="20250203T020000Z-abcdef",
    code=Code("c" * 40, False),
    built_by="user:ann",
    started_at="2025-02-03T02:00:00Z",
    built_at="2025-02-03T02:03:00Z",
    acknowledged=(
        Acknowledgement("sales.no_day_has_two", "Two shops, two rows a day", "user:ann", "2025-02-03T08:00:00Z", "2025-03-01"),
        Acknowledgement("sales.an_old_one", "It was a holiday", "user:bob", "2025-01-03T08:00:00Z"),
    ),
)
TWO = "select sold_on, count(*) as n from {batch} group by sold_on having count(*) > 1"
CHECKS = (
    check("expect_column_values_to_be_in_set", "channels_are_known", column="channel", value_set=["web", "store"]),
    check("expect_column_mean_to_be_between", "amounts_are_usual", "warn", column="amount", min_value=60, max_value=90),
    check("expect_column_max_to_be_between", "no_amount_is_above_a_thousand", column="amount", max_value=1000),
    {**check("expect_column_values_to_not_be_null", "there_is_a_note", column="note"), "needs": "note = 'none of them'"},
    check("unexpected_rows_expectation", "no_day_has_two", unexpected_rows_query=TWO),
    check("expect_column_values_to_match_regex", "addresses_are_whole", column="email", regex="shop"),
)


def declare(
    shop: Audited, *checks: dict[str, Any], personal: tuple[str, ...] = (), results: tuple[dict[str, Any], ...] = ()
) -> None:
    """The checks, the owner of the model, the columns that hold personal data, and dbt's results."""
    shop.declare(*checks)
    document = json.loads((shop.target / "manifest.json").read_text())
    model = document["nodes"]["model.shop.sales"]
    model["group"] = "finance"
    for name in personal:
        model["columns"][name] = {"meta": {"pii": True}}
    document["groups"] = {"finance": {"name": "finance", "owner": {"name": "Finance team"}}}
    for result in results:
        name = result["unique_id"].split(".")[2]
        document["nodes"][result["unique_id"]] = {
            "unique_id": result["unique_id"], "resource_type": "test", "name": name, "schema": "checks",
            "attached_node": "model.shop.sales", "column_name": "channel", "config": {"severity": "warn"},
            "depends_on": {"nodes": ["model.shop.sales"]}, "original_file_path": "models/sales.yml",
            "test_metadata": {"name": "x", "kwargs": {"values": ["web", "store"]}},
        }  # fmt: skip
    (shop.target / "manifest.json").write_text(json.dumps(document))
    shop.results(*results)


def result(name: str, status: str, failures: int | None = 0, message: str | None = None) -> dict[str, Any]:
    return {"unique_id": f"test.shop.{name}.1", "status": status, "failures": failures, "message": message}


DBT = (
    result("accepted_values_sales_channel", "warn", 4),
    result("not_null_sales_channel", "pass"),
    result("every_sale_has_a_cost", "error", None, "Conversion Error: Could not convert string 'a1@shop.example' to INT32"),
)


@pytest.fixture
def audited(shop: Audited) -> tuple[AuditReport, str]:
    """An audit with results of every kind, and its page."""
    declare(shop, *CHECKS, personal=("email",), results=DBT)
    report = shop.audit(docs=shop.root / "docs", name="prod", record=RECORD)
    assert [path.name for path in (shop.root / "docs").iterdir()] == [PAGE]
    return report, (shop.root / "docs" / PAGE).read_text(encoding="utf-8")


def test_it_says_what_was_audited_and_what_was_seen(audited: tuple[AuditReport, str]) -> None:
    _, text = audited

    assert_whole(text)
    for words in (
        "Audit of prod", "Blocked: 3 failed.", RECORD.release_id, "c" * 12, "3 Feb 2025, 02:03 UTC by user:ann", "Finance team",
        "Channels are known", "channel is one of web, store", "4 of 10 rows are not (40 %)",
        "the mean of amount between 60 and 90", ">55<", "the largest amount at most 1,000", ">100<",
        "none of the 10 rows that it is about meets: note = &#x27;none of them&#x27;",
        "by user:ann on 3 Feb 2025, until 1 Mar 2025: Two shops, two rows a day",
        "by user:bob on 3 Jan 2025: It was a holiday",
        "channel is not null", "4 rows", "models/sales.yml",
    ):  # fmt: skip
        assert words in text, words


def test_what_fails_is_first(audited: tuple[AuditReport, str]) -> None:
    _, text = audited
    words = ["failed:", "not judged:", "acknowledged:", "not run:", "warned:", "Acknowledged, and", "Every check, by model"]

    places = [text.index(f">{word}") for word in words]
    assert places == sorted(places)


def test_it_fits_a_phone(audited: tuple[AuditReport, str], tmp_path: Path) -> None:
    width, window = width_on_a_phone(audited[1], tmp_path)

    assert width == window == PHONE


def test_five_hundred_checks_are_grouped(audited: tuple[AuditReport, str]) -> None:
    report, _ = audited
    (model,) = report.models
    failed, passed = (replace(model.checks[n], name="x") for n in (0, 2))
    models = tuple(
        replace(model, model=f"m{n:02}", relation=f"core.m{n:02}", checks=(failed if n == 37 else passed,) * 10)
        for n in range(50)
    )
    text = page(replace(report, models=models), {"nodes": {}}, (), "prod")

    assert_whole(text)
    assert len(text) < 400_000
    assert text.count("<details id=") == 50  # each is folded
    assert text.index('id="core.m37"') < text.index('id="core.m00"')


def test_personal_values_are_in_no_report(shop: Audited) -> None:
    """Samples, figures, words of an error: of a column that is marked, in other letters, nothing but counts."""
    declare(
        shop,
        check("expect_column_values_to_match_regex", "a", column="email", regex="^x"),
        check("expect_column_values_to_be_unique", "b", column="cost"),
        check("expect_column_max_to_be_between", "c", column="cost", max_value=1),
        check("expect_column_distinct_values_to_be_in_set", "d", column="email", value_set=["x"]),
        check("unexpected_rows_expectation", "e", unexpected_rows_query="select max(EMAIL) as m, count(*) as n from {batch}"),
        check("unexpected_rows_expectation", "j", unexpected_rows_query="select max(Cost)::double as m from {batch}"),
        check("unexpected_rows_expectation", "f", unexpected_rows_query="select * from {batch}"),
        check("unexpected_rows_expectation", "g", unexpected_rows_query="select t as whole, 71 as n from {batch} t"),
        check("unexpected_rows_expectation", "h", unexpected_rows_query="select email::int from {batch}"),
        check("expect_column_quantile_values_to_be_between", "i", column="cost",
              quantile_ranges={"quantiles": [0.5], "value_ranges": [[0, 1]]}),
        personal=("email", "cost"),
        results=DBT,
    )  # fmt: skip
    report = shop.audit(docs=shop.root / "docs")

    found = {one.name: one for one in report.models[0].checks}
    assert found["a"].failures == 10
    assert [dict(row) for row in found["g"].sample] == [{"whole": "(masked)", "n": 71}] * 5
    assert found["f"].sample[0]["channel"] == "web"
    said = [as_text(report), as_markdown(report), json.dumps(as_fields(report), default=str), repr(rows(report))]
    for text in (*said, (shop.root / "docs" / PAGE).read_text(encoding="utf-8")):
        for value in ("shop.example", "nobody", "4.0", "4.00"):
            assert value not in text, text[max(0, text.index(value) - 200) :][:260]


def test_text_of_others_stays_text(shop: Audited) -> None:
    shop.build(f"select 1 as id, '{HOSTILE}' as channel")
    shop.declare(
        check("expect_column_values_to_be_in_set", HOSTILE, column="channel", value_set=[HOSTILE * 2]), columns=("id", "channel")
    )
    shop.audit(docs=shop.root / "docs", name=HOSTILE)

    assert_whole((shop.root / "docs" / PAGE).read_text(encoding="utf-8"))


def test_the_page_is_replaced_and_nothing_else_is(shop: Audited) -> None:
    shop.declare(*CHECKS[:1])
    for _ in range(2):
        shop.audit(docs=shop.root / "docs")
    mine = shop.root / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear reader")
    with pytest.raises(SluiceError, match="something other than the page of an audit"):
        shop.audit(docs=mine)

    assert [path.name for path in mine.iterdir()] == ["letter.txt"]


def test_no_row_is_not_a_figure(shop: Audited) -> None:
    shop.build("select 1 as id, 'web' as channel where false")
    shop.declare(check("expect_column_values_to_be_in_set", column="channel", value_set=["web"]), columns=("id", "channel"))
    shop.audit(docs=shop.root / "docs")

    assert "there are no rows" in (shop.root / "docs" / PAGE).read_text(encoding="utf-8")

"""Text, Markdown, JSON and HTML of one diff: complete, no longer than a comment may be, and no markup gets through."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.helpers.diffed import Sides, node
from tests.helpers.pages import PHONE, assert_whole, width_on_a_phone

from sluice.core.markdown import LIMIT, code, fitted, plain
from sluice.core.text import number, percent
from sluice.diff.formats import write
from sluice.diff.markdown import as_markdown
from sluice.diff.result import Diff

HOSTILE = "</details><script>alert(1)</script> @everyone | `x` **y**\n# z"


@pytest.fixture
def found(sides: Sides) -> Diff:
    """Orders of which one came, one went and two changed; a dashboard reads them."""
    board = node("board", kind="exposure", reads=["model.shop.orders"], label="The board", owner={"name": "Finance"})
    sides.declare(node("orders", key=["order_id"], sql="select 1 as order_id"), board)
    words = HOSTILE.replace("'", "''")
    sides.tables(
        "select range as order_id, 'web' as channel, 1.5::decimal(10, 2) as amount from range(1, 5)",
        f"select range as order_id, case range when 2 then '{words}' else 'web' end as channel,"
        " case range when 3 then 'nan'::double else 1.5 end as amount from range(2, 6)",
    )
    return sides.diff()


@pytest.mark.parametrize("format", ["text", "markdown", "html", "json"])
def test_every_format_has_relation_counts_column_and_reader(found: Diff, format: str) -> None:
    text = write(found, format)

    for word in ("core.orders", "channel", "amount", "The board", "Finance"):
        assert word in text
    assert "1 of 1 relation changed" in text or format == "json"


def test_json_is_json_with_every_count(found: Diff) -> None:
    document = json.loads(write(found, "json"))

    rows = document["relations"][0]["rows"]
    assert {name: rows[name] for name in ("before", "after", "added", "removed", "changed")} == {
        "before": 4, "after": 4, "added": 1, "removed": 1, "changed": 2,
    }  # fmt: skip
    amount = next(column for column in rows["columns"] if column["column"] == "amount")
    assert amount["total"] == "nan"  # JSON has no word for it


def test_html_is_whole_and_fetches_nothing(found: Diff) -> None:
    text = write(found, "html")

    assert_whole(text)
    assert "https:" not in text
    assert text.count("<figure>") == text.count("<desc") > 0


def test_no_page_is_wider_than_a_phone(found: Diff, tmp_path: Path) -> None:
    """Wide tables scroll in their own box."""
    width, window = width_on_a_phone(write(found, "html").replace("core.orders", "core." + "o" * 200), tmp_path)

    assert width == window == PHONE


def test_values_of_others_are_no_markdown(found: Diff) -> None:
    text = as_markdown(found)

    assert "<script>" not in text
    assert "@everyone" not in text
    assert "\n# z" not in text
    assert text.count("<details>") == text.count("</details>")
    (row,) = [line for line in text.splitlines() if "alert" in line and line.startswith("| changed")]
    assert row.count("|") == 4  # three cells


@pytest.mark.parametrize("text", [HOSTILE, "__init__", "a_b", "x" * 9, "`", "_x_"])
def test_text_of_others_stays_text(text: str) -> None:
    assert not re.search(r"[<`@|*#]|(?<![a-z])_|_(?![a-z])", re.sub(r"&#\d+;", " ", plain(text)))
    assert code("core.fct_orders") == "`core.fct_orders`"


def test_a_comment_is_never_too_long_and_says_what_it_leaves_out(found: Diff) -> None:
    (relation,) = found.relations
    many = replace(found, relations=tuple(replace(relation, relation=f"core.orders_{n}") for n in range(400)))

    text = as_markdown(many)

    assert len(text.encode()) <= LIMIT < 65_536
    left = re.search(r"the details of (\d+) relations are left out", text)
    assert left
    assert int(left[1]) + text.count("<details><summary><code>core.orders") == 400
    assert "400 of 400 relations changed" in text
    assert "and 340 more" in text


def test_even_a_head_that_is_too_long_is_cut() -> None:
    assert len(fitted("ä" * 80 + "\n" + "x\n" * 9000, ["y"], 3000, "relation", "").encode()) <= 3000


def test_numbers_are_readable() -> None:
    assert [number(one) for one in (None, 1234567, 0.1 + 0.2, 12345678.9, float("nan"))] == [
        "",
        "1,234,567",
        "0.3",
        "12,345,679",
        "nan",
    ]
    assert number(5, signed=True) == "+5"


def test_shares_of_what_changed_are_never_all_or_nothing_unless_they_are() -> None:
    shares = [percent(part, 10_000) for part in (0, 1, 1250, 3333, 9999, 10_000)]
    assert shares == ["0 %", "< 0.1 %", "12.5 %", "33.3 %", "> 99.9 %", "100 %"]
    assert percent(0, 0) == "0 %"


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_a_column_has_its_share_and_a_side_its_age(found: Diff, format: str) -> None:
    """Of three orders that both sides have, one has another channel."""
    built = (datetime.now(UTC) - timedelta(days=2, minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = write(replace(found, b=replace(found.b, built_at=built, commit="c" * 40)), format)

    assert "33.3 %" in text
    day = datetime.fromisoformat(built)
    assert f"{day.day} {day:%b %Y}, {built[11:16]} UTC (2 d ago)" in text
    assert "c" * 12 in text
    assert format != "html" or '<meta name="viewport"' in text

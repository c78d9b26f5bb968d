"""Of a column that is marked as personal only counts are shown, in no format anything else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.diffed import Sides, node

from sluice.diff.formats import write

PERSONAL = {"meta": {"pii": True}}


def texts(sides: Sides, column: str, before: str, after: str, **more: Any) -> str:
    """Every format of the diff of two tables of one row."""
    sides.declare(node("orders", key=["order_id"], columns={column: PERSONAL}), **more)
    sides.tables(f"select 1 as order_id, {before} as v", f"select 1 as order_id, {after} as v")
    found = sides.diff()
    assert found.relations[0].status == "changed", found.relations[0].detail
    return "".join(write(found, format) for format in ("text", "markdown", "html", "json"))


@pytest.mark.parametrize("column", ["v", "V"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'71234'", "'84321'"),
        ("71234", "84321"),
        ("71234", "84321::double"),
        ("71234.0::double", "84321.0::double"),
        ("71234::decimal(38, 2)", "84321::decimal(38, 2)"),
        ("date '1971-12-03' + 71234", "date '1971-12-03' + 84321"),
        ("[71234]", "[84321]"),
        ("'71234'::enum('71234')", "'84321'::enum('84321')"),
        ("{'e': '71234'::enum('71234')}", "{'e': '84321'::enum('84321')}"),
        ("71234", "null::integer"),
    ],
)
def test_neither_values_nor_figures(sides: Sides, column: str, before: str, after: str) -> None:
    said = texts(sides, column, before, after)
    for word in ("71234", "84321", "13087", "13,087", "71,234", "84,321", "2166-", "2167-", "2202-"):
        assert word not in said


@pytest.mark.parametrize("side", "ab")
def test_one_manifest_that_marks_it_is_enough(sides: Sides, side: str) -> None:
    sides.declare(node("orders", key=["order_id"]), only="ab".replace(side, ""))
    assert "71234" not in texts(sides, "v", "71234", "84321", only=side)


def test_a_key(sides: Sides) -> None:
    sides.declare(node("orders", key=["mail"], columns={"Mail": PERSONAL}))
    sides.tables("select 'ann@x.example' as mail, 1 as n", "select unnest(['ann@x.example', 'bob@x.example']) as mail, 2 as n")
    said = "".join(write(sides.diff(), format) for format in ("text", "markdown", "html", "json"))
    assert "x.example" not in said
    assert "(masked)" in said


def test_a_relation_that_only_one_side_has(sides: Sides) -> None:
    sides.declare(node("orders", columns={"PAY": PERSONAL}))
    sides.build("b", "create table core.orders as select 71234 as pay, date '1971-12-03' as born_on")
    said = write(sides.diff(), "json")
    assert "71234" not in said
    assert "1971-12-03" in said


def test_an_error_that_quotes_one(sides: Sides) -> None:
    sides.declare(node("orders", columns={"pay": PERSONAL}))
    for side in "ab":
        sides.build(side, "create table core.raw as select 'ann@x.example' as pay")
        sides.build(side, "create view core.orders as select cast(pay as integer) as pay from core.raw")
    found = sides.relation()
    assert found.status == "unreadable"
    assert found.detail == "Conversion Error (the rest may quote personal data)"


def test_no_bin_and_no_top_value(sides: Sides) -> None:
    """Sixty salaries, birthdays and towns, in columns that are marked in other letters; beside them one that is not."""
    personal = {"Pay": PERSONAL, "BORN": PERSONAL, "town": PERSONAL}
    sides.declare(node("orders", key=["order_id"], columns=personal))
    sides.tables(
        *(
            f"select range as order_id, 71000 + range * {step} as pay, date '1971-12-03' + range::integer * {step} as born,"
            f" 'Smallville' || (range % {step}) as town, range % {step} as n from range(60)"
            for step in (2, 3)
        )
    )
    found = sides.diff()

    assert [one.column for one in found.relations[0].distributions] == ["n"]
    said = "".join(write(found, format) for format in ("text", "markdown", "html", "json"))
    for word in ("71000", "71,0", "7.1e", "1971", "1972", "Dec", "Smallville", "4256460", "4260000"):
        assert word not in said, word

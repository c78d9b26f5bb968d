"""A pull request is compared with what its release keeps, and what dbt has parsed before is used again: nothing is missed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.helpers.candidates import SalesShop, rows

Built = Callable[[SalesShop], dict[str, Any]]


def release(shop: SalesShop) -> Path:
    return (shop.warehouse / "prod.duckdb").resolve().parent


def edited(shop: SalesShop, name: str, text: str, other: str) -> None:
    before = (shop.folder / name).read_text()
    assert text in before
    shop.write(name, before.replace(text, other))


def workspace(shop: SalesShop) -> Path:
    return shop.warehouse / ".workshop" / "change" / "0"


def test_the_same_code_needs_no_dbt(shop: SalesShop) -> None:
    shop.write("docs/page.md", "Not of dbt.\n")
    assert "nothing that makes data differs" in shop.sluice("build", "--env", "pr-12").stdout
    assert not workspace(shop).exists()
    assert json.loads(shop.sluice("audit", "pr-12", "--format", "json").stdout)["exit_code"] == 0


def test_a_comment_is_looked_at_by_dbt_and_is_nothing(shop: SalesShop, built: Built) -> None:
    edited(shop, "models/core/by_shop.sql", "select", "-- why\nselect")
    assert built(shop)["built"] == []
    assert workspace(shop).exists()


def test_edit_after_edit_is_seen_in_what_was_parsed_before(shop: SalesShop, built: Built) -> None:
    edited(shop, "models/core/rpt_shops.sql", "select *", "select *, 1 as one")
    assert built(shop)["built"] == ["core.rpt_shops"]
    edited(shop, "models/core/rpt_shops.sql", "select *, 1 as one", "select *")
    edited(shop, "models/core/by_shop.sql", "sum(amount) as amount", "sum(amount) as amount, {{ var('times', 1) }} as n")
    shop.write("vars.yml", "vars: {times: 3}\n")
    assert built(shop)["built"] == ["core.by_shop", "core.rpt_shops"]
    assert rows(shop.warehouse / "pr" / "12.duckdb", "select distinct n from core.rpt_shops") == [(3,)]
    edited(shop, "models/core/by_shop.sql", ", {{ var('times', 1) }} as n", "")
    edited(shop, "models/_models.yml", "min_value: 1", "min_value: 2")
    assert built(shop)["built"] == ["core.rpt_shops"]
    edited(shop, "models/_models.yml", "min_value: 2", "min_value: 1")
    edited(shop, "macros/generate_schema_name.sql", "target.schema", "target.schema  ")
    (shop.folder / "vars.yml").unlink()
    assert built(shop)["built"] == []


def test_white_space_in_quotes_is_seen_though_dbt_does_not_see_it(shop: SalesShop, built: Built) -> None:
    edited(shop, "models/core/rpt_shops.sql", "select *", "select *, 'a b' as words")
    built(shop)
    edited(shop, "models/core/rpt_shops.sql", "'a b'", "'a  b'")
    assert built(shop)["built"] == ["core.rpt_shops"]
    assert rows(shop.warehouse / "pr" / "12.duckdb", "select distinct words from core.rpt_shops") == [("a  b",)]


def test_where_what_was_parsed_is_at_fault_all_is_parsed(shop: SalesShop, built: Built) -> None:
    edited(shop, "models/core/rpt_shops.sql", "select *", "select *, 1 as one")
    built(shop)
    for name in ("head", "."):
        (workspace(shop) / name / "target" / "partial_parse.msgpack").write_bytes(b"no such thing")
    assert built(shop)["built"] == ["core.rpt_shops"]


def test_the_sql_that_the_release_keeps_is_compared(shop: SalesShop, built: Built) -> None:
    path = release(shop) / "compiled.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("sum(amount) as amount", "sum(amount) + 1 as amount"))
    shop.write("models/core/_more.yml", "models: [{name: outside, description: More.}]\n")
    assert built(shop)["built"] == ["core.by_shop", "core.rpt_shops"]


def test_a_release_of_an_older_sluice_is_compared_by_its_commit(shop: SalesShop, built: Built) -> None:
    for name in ("inputs.json", "compiled.json"):
        (release(shop) / name).unlink()
    assert built(shop)["built"] == []
    edited(shop, "models/core/by_shop.sql", "sum(amount) as amount", "sum(amount) as amount, 1 as one")
    assert built(shop)["built"] == ["core.by_shop", "core.rpt_shops"]

"""Raw columns become common ones by name, type and values; what is not sure is left to a person, in words."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.new_source import PROJECT, looked_at, table

from sluice.source.contract import raw_table
from sluice.source.mapping import stagings
from sluice.source.proposal import CommonColumn, RawTable, Staging


def proposed(*tables: RawTable, currency: str | None = None) -> dict[str, Staging]:
    models, _ = stagings("acme", tables, PROJECT, currency)
    return {one.entity: one for one in models}


def columns(one: Staging) -> dict[str, CommonColumn]:
    return {column.name: column for column in one.columns}


def test_known_words_and_ids_that_carry_the_name_of_the_source(tmp_path: Path) -> None:
    raw = table(tmp_path, "customers", "id,E-Mail,Country", "1,a@x.de,DE", "2,b@x.de,GB")
    found = columns(proposed(raw)["customers"])
    assert {name: column.sql for name, column in found.items()} == {
        "source_system": "'acme'",
        "customer_id": "'acme:' || id",
        "email": found["email"].sql,
        "country_code": "country",
    }
    assert found["email"].used == (raw.columns[1].name,)
    assert not any(column.ask for column in found.values())


def test_values_of_another_kind_are_not_taken(tmp_path: Path) -> None:
    raw = table(tmp_path, "customers", "customer_id,email,country", "1,a@x.de,Germany", "2,b@x.de,France")
    found = columns(proposed(raw)["customers"])["country_code"]
    assert (found.sql, found.used) == ("cast(null as varchar)", ())
    assert found.ask == "country_code: country is called like it, but is varchar, text"


def test_values_that_are_allowed_stay_and_others_are_given_a_meaning(tmp_path: Path) -> None:
    head, rows = "order_id,ordered_at,status", ("1,2024-01-01,{}", "2,2024-01-02,{}")
    as_it_is = table(tmp_path, "orders", head, rows[0].format("placed"), rows[1].format("delivered"))
    assert columns(proposed(as_it_is)["orders"])["order_status"].sql == "status"
    others = table(tmp_path, "orders", head, rows[0].format("COMPLETE"), rows[1].format("held"))
    found = columns(proposed(others)["orders"])["order_status"]
    assert " ".join(found.sql.split()) == "case status when 'COMPLETE' then 'delivered' when 'held' then null end"
    assert "COMPLETE 1, held 1; order_status is one of placed, delivered, cancelled (others are a warning)" in found.ask


def test_what_a_mart_promises_is_asked_for_where_nothing_looks_like_it(tmp_path: Path) -> None:
    raw = table(tmp_path, "orders", "order_id,status", "1,placed", "2,placed")
    asked = [name for name, column in columns(proposed(raw)["orders"]).items() if column.ask]
    assert asked == ["order_kind", "ordered_at", "currency_code"]
    given = columns(proposed(raw, currency="GBP")["orders"])["currency_code"]
    assert (given.sql, given.ask) == ("'GBP'", "")


def test_a_line_is_identified_by_its_key_or_by_all_it_says(tmp_path: Path) -> None:
    head = "order_no,line_no,sku,qty,price"
    numbered = table(tmp_path, "lines", head, "1,1,A,1,2.50", "1,2,B,1,2.50", "2,1,A,3,2.50")
    assert columns(proposed(numbered)["order_items"])["order_item_id"].sql == "'acme:' || order_no || '-' || line_no"
    bare = table(tmp_path, "lines", "order_no,sku,qty,price", "1,A,1,2.50", "1,A,1,2.50")
    found = columns(proposed(bare)["order_items"])["order_item_id"]
    assert "md5(concat_ws(" in found.sql
    assert all(f"cast({name} as varchar)" in found.sql for name in ("order_no", "sku", "qty", "price"))
    assert found.ask.startswith("order_item_id: no key was found")


def test_a_line_total_is_taken_in_place_of_a_price(tmp_path: Path) -> None:
    raw = table(tmp_path, "order_lines", "order_no,line_no,sku,qty,line_total", "1,1,A,2,5.00", "1,2,B,1,2.50")
    found = columns(proposed(raw)["order_items"])
    assert (found["line_amount"].sql, found["unit_price"].sql, found["unit_price"].ask) == (
        "line_total",
        "cast(null as decimal(18,4))",
        "",
    )


def test_one_export_of_lines_gives_the_orders_products_and_customers_in_it(tmp_path: Path) -> None:
    raw = table(
        tmp_path,
        "export",
        "invoice,stock_code,description,quantity,invoice_date,price,customer_id",
        "1,A,mug,1,2024-01-01,2.50,7",
        "1,B,cup,1,2024-01-01,1.50,7",
        "2,A,mug,2,2024-01-02,2.50,8",
        "2,C,pot,2,2024-01-02,9.50,8",
    )
    found = proposed(raw)
    assert {entity: one.is_derived for entity, one in found.items()} == {
        "customers": True,
        "products": True,
        "orders": True,
        "order_items": False,
    }
    assert columns(found["orders"])["customer_id"].sql == "'acme:' || customer_id"
    assert "same in all rows of one product?" in columns(found["products"])["list_price"].ask


def test_a_table_with_an_entity_s_words_in_its_columns_only_is_told_by_them(tmp_path: Path) -> None:
    lines = table(tmp_path, "x17", "order_no,line_no,sku,qty", "1,1,A,1", "1,2,B,1", "2,1,A,3")
    stores = table(tmp_path, "stores", "store_id,store_name,city", "1,North,Rome", "2,South,Oslo")
    found = proposed(lines, stores)
    assert {entity: one.table.name for entity, one in found.items() if not one.is_derived} == {"order_items": "x17"}


def test_a_table_called_orders_whose_rows_are_lines_holds_lines(tmp_path: Path) -> None:
    rows = [f"{number // 4},{number % 4},A{number % 4},1,2024-01-01" for number in range(12)]
    raw = table(tmp_path, "orders", "order_no,line_no,sku,qty,order_date", *rows)
    found = proposed(raw)
    assert (found["order_items"].is_derived, found["orders"].is_derived) == (False, True)


def test_a_column_that_is_not_in_every_file_is_not_promised(tmp_path: Path) -> None:
    for name, text in (("orders-1.csv", "order_id,voucher\n1,X\n"), ("orders-2.csv", "order_id\n2\n")):
        (tmp_path / name).write_text(text)
    (facts,) = looked_at(tmp_path)
    assert [column.name for column in raw_table(facts).columns] == ["order_id"]
    assert {column.name: column.files for column in facts.columns} == {"order_id": 2, "voucher": 1}


def test_of_two_tables_for_one_entity_the_likelier_is_taken_and_the_other_named(tmp_path: Path) -> None:
    one = table(tmp_path, "old_customers", "customer_id,email", "1,a@x.de", "2,b@x.de")
    two = table(tmp_path, "customers", "customer_id,email", "1,a@x.de", "2,b@x.de")
    models, notes = stagings("acme", [one, two], PROJECT)
    assert [model.table.name for model in models] == ["customers"]
    assert notes == ["old_customers looks like customers, too; only customers is taken for it"]

"""A contract says what the project promises: columns, keys, owner, deadlines, and rules that others run on the release."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.promised import CUSTOMERS, ORDERS, SOURCE, manifest, project, warehouse

from sluice.odcs.contract import of_mart, of_source
from sluice.odcs.relations import for_readers
from sluice.odcs.types import logical
from sluice.quality.expectations.declared import declared


def mart(unique_id: str = ORDERS, **said: Any) -> dict[str, Any]:
    return of_mart(unique_id, project(**said)).content


def column(content: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in content["schema"][0]["properties"] if one["name"] == name]
    return dict(found)


def rules(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every rule by its name."""
    table = content["schema"][0]
    found = [*table.get("quality", []), *(rule for one in table["properties"] for rule in one.get("quality", []))]
    return {one["name"]: one for one in found}


def test_a_mart_says_what_it_is_who_answers_for_it_and_where_it_is() -> None:
    found = mart()
    head = {name: found[name] for name in ("apiVersion", "kind", "id", "name", "version", "status", "domain")}
    assert head == {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "shop.core.orders", "name": "core.orders", "version": "2.0.0",
        "status": "active", "domain": "sales",
    }  # fmt: skip
    assert found["servers"] == [{"server": "prod", "type": "duckdb", "database": "warehouse/prod.duckdb", "schema": "core"}]
    assert found["team"] == {"name": "Sales", "members": [{"username": "sales@shop.example", "role": "owner"}]}
    assert found["support"][0]["url"] == "mailto:sales@shop.example"
    assert found["customProperties"] == [{"property": "consumers", "value": ["Order board"]}]
    (sla,) = found["slaProperties"]
    assert (sla["property"], sla["value"], sla["element"]) == ("timeOfAvailability", "08:00", "orders")
    assert found["schema"][0]["dataGranularityDescription"] == "One row per order."


def test_columns_have_their_types_keys_and_what_is_personal() -> None:
    found = mart()
    key = {"name": "order_id", "description": "Its number.", "logicalType": "integer", "physicalType": "BIGINT"}
    flags = {"primaryKey": True, "primaryKeyPosition": 1, "required": True}
    assert {name: value for name, value in column(found, "order_id").items() if name != "quality"} == {**key, **flags}
    email = column(found, "email")
    assert (email["classification"], email["tags"]) == ("personal", ["pii"])
    assert email["customProperties"] == [{"property": "pii", "value": "contact"}]
    to = column(found, "customer_id")["relationships"]
    assert to == [{"type": "foreignKey", "to": "core.customers.odcs.yaml#/schema/customers/properties/customer_id"}]


def test_a_test_that_the_library_knows_is_a_metric() -> None:
    found = rules(mart())
    said = {name: (one.get("metric"), one.get("arguments"), one.get("mustBe")) for name, one in found.items()}
    assert said["every_order_is_there_once"] == ("duplicateValues", None, 0)
    assert said["every_status_is_known"] == ("invalidValues", {"validValues": ["paid", "open"]}, 0)
    assert said["an_order_and_a_day"] == ("duplicateValues", {"properties": ["order_id", "day_on"]}, 0)


def test_any_other_test_is_sql_without_the_name_of_a_database() -> None:
    found = rules(mart())
    assert found["no_amount_is_negative"]["query"].startswith('select count(*) from (SELECT * FROM "core"."orders" WHERE')
    assert '"w"' not in json.dumps(found)
    few = found["few_orders_lack_an_amount"]
    assert (few["type"], few["mustBeLessOrEqualTo"]) == ("sql", 1)
    assert found["every_customer_is_known"]["severity"] == "warning"


def test_what_readers_cannot_run_is_text() -> None:
    found = of_mart(ORDERS, project())
    assert rules(found.content)["amounts_add_up"]["type"] == "text"
    assert (found.rules, found.unrun) == (9, 2)


@pytest.mark.parametrize("changed", ["where", "limit", "fail_calc"])
def test_a_test_with_a_filter_is_not_a_metric_of_the_whole_table(changed: str) -> None:
    found = manifest()
    test = found["nodes"]["test.shop.every_order_is_there_once"]
    test["config"][changed] = {"where": "amount > 0", "limit": 5, "fail_calc": "max(n)"}[changed]
    test["compiled_code"] = 'select n from "w"."core"."orders"'
    rule = rules(mart(manifest=found))["every_order_is_there_once"]
    assert rule["type"] == "sql"
    assert rule["query"].startswith("select max(n) from" if changed == "fail_calc" else "select count(*) from")


def test_an_expectation_is_a_metric_or_sql_and_what_is_neither_is_kept_for_great_expectations() -> None:
    found = rules(mart())
    assert (found["there_are_orders"]["metric"], found["there_are_orders"]["mustBeGreaterOrEqualTo"]) == ("rowCount", 1)
    paid = found["nearly_all_are_paid"]
    assert (paid["type"], paid["mustBeLessOrEqualTo"], paid["severity"]) == ("sql", 10.0, "warning")
    assert paid["query"].endswith('from "core"."orders" where "amount" > 0')
    assert found["no_order_is_huge"]["mustBe"] == 0
    kept = found["amounts_are_usual"]
    assert (kept["type"], kept["engine"]) == ("custom", "greatExpectations")
    assert json.loads(kept["implementation"])["type"] == "expect_column_stdev_to_be_between"


@pytest.mark.parametrize(
    ("kind", "arguments", "wrong", "right"),
    [
        ("expect_column_values_to_be_between", {"min_value": 0, "strict_min": True}, "0", "1"),
        ("expect_column_values_to_be_between", {"max_value": 5}, "6", "5"),
        ("expect_column_values_to_not_be_null", {}, "null", "1"),
        ("expect_column_values_to_match_regex", {"regex": "^1"}, "2", "1"),
        ("expect_column_values_to_not_match_regex", {"regex": "^2"}, "2", "1"),
        ("expect_column_values_to_be_in_set", {"value_set": [1, 5]}, "2", "5"),
        ("expect_column_values_to_be_between", {"max_value": 5, "row_condition": 'col("v") != "9"'}, "6", "9"),
    ],
)
def test_a_rule_of_an_expectation_counts_what_great_expectations_would(
    kind: str, arguments: dict[str, Any], wrong: str, right: str
) -> None:
    found = manifest()
    kind_of_v = "varchar" if "regex" in arguments else "integer"
    check = {"name": "one", "expectation": kind, "arguments": {"column": "v", **arguments}}
    found["nodes"][CUSTOMERS]["config"]["meta"] = {"expectations": [check]}
    audited = {one.unique_id: one for one in declared(found)}
    columns = {"core.customers": (("v", "VARCHAR"),)}
    rule = rules(of_mart(CUSTOMERS, project(manifest=found, audited=audited, built=columns)).content)["one"]
    with duckdb.connect() as connection:
        connection.execute(f"create schema core; create table core.customers (v {kind_of_v})")
        for value, count in ((right, 0), (wrong, 1)):
            connection.execute("delete from core.customers")
            connection.execute(f"insert into core.customers values ({value})")
            assert connection.execute(rule["query"]).fetchone() == (count,), value


def test_a_source_has_its_tables_its_key_its_freshness_and_its_place_in_the_lake() -> None:
    found = of_source([manifest()["sources"][SOURCE]], project()).content
    assert (found["name"], found["team"]["name"]) == ("till", "Sales")
    assert found["servers"] == [{"server": "lake", "type": "local", "path": "./lake/raw/till/{model}", "format": "delta"}]
    assert found["slaProperties"] == [{"property": "freshness", "value": 24, "unit": "h", "element": "sales._loaded_at"}]
    (table,) = found["schema"]
    assert table["properties"] == [{"name": "id", "logicalType": "integer", "physicalType": "bigint", "required": True}]
    assert table["customProperties"] == [{"property": "key", "value": ["id"]}]


@pytest.mark.parametrize(
    ("said", "server"),
    [
        ({"database": "shop"}, {"database": "data/shop.duckdb", "schema": "till"}),
        ({"database": "other"}, {"database": "data/other.duckdb", "schema": "till"}),
        ({"meta": {"external_location": "s3://bucket/{name}.parquet"}}, None),
        ({"meta": {"plugin": "gsheet"}}, None),
    ],
)
def test_a_source_that_is_not_in_the_lake_is_in_a_file_or_elsewhere(said: dict[str, Any], server: dict[str, str] | None) -> None:
    node = {**manifest()["sources"][SOURCE], "meta": {}, **said}
    found = of_source([node], project(files={"": "data/shop.duckdb", "other": "data/other.duckdb"})).content
    assert found.get("servers") == ([{"server": "sources", "type": "duckdb", **server}] if server else None)


def test_a_lake_outside_of_the_project_is_named_by_its_whole_path() -> None:
    found = of_source([manifest()["sources"][SOURCE]], project(lake="/srv/lake")).content
    assert found["servers"][0]["path"] == "/srv/lake/raw/till/{model}"


def test_a_contract_is_the_same_from_every_machine() -> None:
    moved = copy.deepcopy(manifest())
    moved["sources"][SOURCE]["meta"]["external_location"] = "delta_scan('/srv/lake/raw/till/{name}')"
    for node in moved["nodes"].values():
        node["compiled_code"] = node.get("compiled_code", "").replace('"w"', '"another"')
    assert mart(manifest=moved) == mart()
    source = [of_source([one["sources"][SOURCE]], project(manifest=one)) for one in (manifest(), moved)]
    assert source[0] == source[1]


def test_every_rule_in_sql_holds_where_promises_are_kept_and_one_that_is_broken_is_counted(tmp_path: Path) -> None:
    warehouse(tmp_path / "w.duckdb")
    found = {name: one for name, one in rules(mart()).items() if one["type"] == "sql"}
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:

        def counts() -> dict[str, Any]:
            return {name: (connection.execute(one["query"]).fetchone() or (None,))[0] for name, one in found.items()}

        assert counts() == dict.fromkeys(found, 0)
        connection.execute("update core.orders set amount = -1, customer_id = 9 where order_id < 3")
        connection.execute("update core.orders set amount = 5000, status = 'open' where order_id = 7")
        broken = {name: count for name, count in counts().items() if count}
    assert broken.pop("nearly_all_are_paid") == pytest.approx(100 / 17)
    assert broken == {"no_amount_is_negative": 3, "every_customer_is_known": 3, "no_order_is_huge": 1}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a from db.core.orders", "SELECT a FROM core.orders"),
        ('select "db"."core"."orders".a from db.core.orders', 'SELECT "core"."orders".a FROM core.orders'),
        ("with x as (select 1 as a) select a from x", "WITH x AS (SELECT 1 AS a) SELECT a FROM x"),
        ("select * from db.core.other", None),
        ("select * from read_csv('/tmp/x.csv')", None),
        ("select * from delta_scan('/lake/x')", None),
        ("select * from db.core.orders join 'x.parquet' as p on true", None),
        ("drop table core.orders", None),
        ("select from where", None),
        ("", None),
    ],
)
def test_a_query_is_for_readers_only_if_they_have_all_that_it_reads(sql: str, expected: str | None) -> None:
    assert for_readers(sql, {"core.orders"}) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("DECIMAL(18,4)", "number"), ("HUGEINT", "integer"), ("UBIGINT", "integer"), ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ("TIME", "time"), ("VARCHAR[]", "array"), ("STRUCT(a INTEGER)", "object"), ("MAP(VARCHAR, INTEGER)", "object"),
        ("ENUM('a')", "string"), ("INTERVAL", None), ("BLOB", None), (None, None),
    ],
)  # fmt: skip
def test_a_type_of_duckdb_has_a_logical_type(kind: str | None, expected: str | None) -> None:
    assert logical(kind) == expected

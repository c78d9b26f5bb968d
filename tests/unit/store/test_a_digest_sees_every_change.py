"""The digest of a relation: the same for the same rows in any order, another for any other rows, names or types."""

from __future__ import annotations

import duckdb
import pytest

from sluice.store import digest

ROWS = "(values (1, 'a', 1.50), (2, 'b', null), (3, null, 2.25)) as t(id, name, amount)"


def of(duck: duckdb.DuckDBPyConnection, query: str) -> str:
    duck.execute(f"create or replace table tried as {query}")
    return digest.of(duck, "tried").digest


@pytest.mark.parametrize(
    "other",
    [
        f"from {ROWS} order by id desc",
        f"from {ROWS} order by amount nulls first",
        "from (values (3, null, 2.25), (1, 'a', 1.50), (2, 'b', null)) as t(id, name, amount)",
    ],
)
def test_the_order_of_rows_does_not_matter(duck: duckdb.DuckDBPyConnection, other: str) -> None:
    assert of(duck, other) == of(duck, f"from {ROWS}")


@pytest.mark.parametrize(
    "other",
    [
        f"select * replace (amount + 0.01 as amount) from {ROWS}",
        f"select * replace (coalesce(name, '') as name) from {ROWS}",
        f"from {ROWS} where id < 3",
        f"from {ROWS} union all from {ROWS} where id = 1",
        # The xor of the hashes alone would not see a row that comes twice more, nor their sum alone two that make up for it.
        f"from {ROWS} union all from {ROWS} where id = 1 union all from {ROWS} where id = 1",
        f"select id, name, lag(amount) over (order by id) as amount from {ROWS}",
        f"select id, name as label, amount from {ROWS}",
        f"select name, id, amount from {ROWS}",
        f"select * replace (id::bigint as id) from {ROWS}",
        f"from {ROWS} limit 0",
    ],
)
def test_any_other_content_has_another(duck: duckdb.DuckDBPyConnection, other: str) -> None:
    assert of(duck, other) != of(duck, f"from {ROWS}")


# Values of each kind, among them those for which DuckDB's hash is the same.
KINDS = {
    "boolean": ["true", "false"],
    "tinyint": ["0", "1", "-1", "127", "-128"],
    "smallint": ["0", "1", "-1"],
    "integer": ["0", "1", "-1"],
    "bigint": ["0", "1", "-1", "9223372036854775807"],
    "hugeint": ["0", "1", "-1", "-2", "18446744073709551616", "18446744073709551617", "36893488147419103233"],
    "utinyint": ["0", "1"],
    "usmallint": ["0", "1"],
    "uinteger": ["0", "1"],
    "ubigint": ["0", "1"],
    "uhugeint": ["0", "1", "18446744073709551616", "18446744073709551617", "340282366920938463463374607431768211455"],
    "bignum": ["0", "1", "-1", "18446744073709551616", "18446744073709551617"],
    "float": ["0", "'-0'", "1", "-1", "0.1", "'nan'", "'inf'", "'-inf'"],
    "double": ["0", "'-0'", "1", "-1", "0.1", "'nan'", "'inf'", "'-inf'"],
    "decimal(4, 1)": ["0", "0.1", "-0.1"],
    "decimal(9, 2)": ["0", "0.01", "-0.01"],
    "decimal(18, 4)": ["0", "0.0001", "-0.0001"],
    "decimal(19, 0)": ["0", "1", "-1"],
    "decimal(38, 4)": ["0", "0.0001", "-0.0001", "1844674407370955.1616", "1844674407370955.1617"],
    "varchar": ["''", "' '", "'a'", "'A'", "'null'", "'[]'"],
    "blob": ["''", "'a'", "'\\x00'", "'\\x00\\x00'"],
    "bit": ["'0'", "'1'", "'00'", "'01'"],
    "date": ["'1970-01-01'", "'1969-12-31'", "'infinity'", "'-infinity'"],
    "time": ["'00:00:00'", "'00:00:00.000001'"],
    "time_ns": ["'00:00:00'", "'00:00:00.000000001'"],
    "timetz": ["'00:00:00+00'", "'01:00:00+01'", "'00:00:01+00'"],
    "timestamp": ["'1970-01-01'", "'1969-12-31 23:59:59.999999'", "'infinity'"],
    "timestamp_s": ["'1970-01-01'", "'1969-12-31 23:59:59'"],
    "timestamp_ms": ["'1970-01-01'", "'1969-12-31 23:59:59.999'"],
    "timestamp_ns": ["'1970-01-01'", "'1969-12-31 23:59:59.999999999'"],
    "timestamptz": ["'1970-01-01 00:00:00+00'", "'1970-01-01 01:00:00+01'", "'1969-12-31 23:59:59+00'"],
    "interval": [
        "'0 days'", "'1 day'", "'-1 day'", "'1 month'", "'30 days'", "'24 hours'", "'720 hours'", "'1 year'", "'12 months'",
        "'1 month -30 days'", "'-1 month 30 days 1 microsecond'", "'-00:00:00.5'", "'1 second'",
    ],
    "uuid": [
        "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "'00000000-0000-0001-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'",
        "'80000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-8000-000000000000'",
        "'00000000-0000-0001-8000-000000000001'", "'80000000-0000-0001-0000-000000000001'",
    ],
    "enum('a', 'b')": ["'a'", "'b'"],
    "json": ["'null'", "'[]'", "'{}'", "'[null]'", "'0'"],
    "integer[]": ["[]", "[null]", "[null, null]", "[0]", "[0, null]", "[null, 0]", "[1]"],
    "varchar[]": ["[]", "[null]", "['']", "['', null]"],
    "integer[][]": ["[]", "[null]", "[[]]", "[[null]]", "[[], []]", "[[0]]"],
    "hugeint[]": ["[]", "[0]", "[-1]", "[null]"],
    "integer[2]": ["[null, null]", "[0, null]", "[null, 0]", "[0, 0]", "[1, 0]", "[0, 1]"],
    "struct(a integer, b integer)": [
        "{'a': null, 'b': null}", "{'a': 0, 'b': null}", "{'a': null, 'b': 0}", "{'a': 0, 'b': 1}", "{'a': 1, 'b': 0}",
    ],
    "struct(a integer[])": ["{'a': null}", "{'a': []}", "{'a': [null]}"],
    "struct(a uuid)": ["{'a': '80000000-0000-0000-0000-000000000000'}", "{'a': '00000000-0000-0000-8000-000000000000'}"],
    "map(varchar, integer)": ["map {}", "map {'a': null}", "map {'a': 0}", "map {'b': 0}", "map {'a': 0, 'b': 0}"],
    "map(integer, integer[])": ["map {}", "map {1: null}", "map {1: []}", "map {1: [null]}"],
    "union(n integer, s varchar)": [
        "union_value(n := null)", "union_value(n := 0)", "union_value(s := '0')", "union_value(s := '')",
        "union_value(s := null)",
    ],
    "variant": ["0", "1", "-1"],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_unlike_values_of_every_kind_have_unlike_digests_and_equal_ones_the_same(
    duck: duckdb.DuckDBPyConnection, kind: str
) -> None:
    values = ["null", *KINDS[kind]]
    duck.execute(f"create table v (n integer, v {kind})")
    for number, value in enumerate(values):
        duck.execute(f"insert into v select {number}, ({value})::{kind}")
    digests = [of(duck, f"select v from v where n = {number}") for number in range(len(values))]
    pairs = "select a.n, b.n, a.v is not distinct from b.v from v a join v b on a.n < b.n"
    for one, other, are_equal in duck.execute(pairs).fetchall():
        assert (digests[one] == digests[other]) == are_equal, (values[one], values[other])


def test_before_they_did_not(duck: duckdb.DuckDBPyConnection) -> None:
    """Digests that were made then are still made in that way, to be compared with each other."""
    duck.execute("create table one as select null::integer[] as a; create table two as select []::integer[] as a")
    assert digest.of(duck, "one", 1) == digest.of(duck, "two", 1)
    assert digest.of(duck, "one") != digest.of(duck, "two")


def test_it_is_the_same_on_any_number_of_threads(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute("create table many as select i, i % 7 as k, [i, i + 1] as l, {'a': i} as s from range(500000) as t(i)")
    found = set()
    for threads in (1, 2, 4):
        duck.execute(f"set threads = {threads}")
        found.add(digest.of(duck, "many"))
    assert len(found) == 1


def test_a_view_has_that_of_its_rows(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute(f"create table kept as from {ROWS}; create view seen as from kept")
    assert digest.of(duck, "seen") == digest.of(duck, "kept")


def test_rows_and_columns_are_told(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute(f"""create table "odd ""name" as select id as "an id", name from {ROWS}""")
    found = digest.of(duck, '"odd ""name"')
    assert (found.rows, found.columns) == (3, (("an id", "INTEGER"), ("name", "VARCHAR")))


def test_all_relations_of_a_database_are_found_and_their_names_count(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute(f"create schema core; create table core.one as from {ROWS}; create view two as from core.one")
    duck.execute("create temporary table passing as select 1 as a")
    found = digest.of_all(duck, "memory")
    assert list(found) == ["core.one", "main.two"]
    assert list(digest.of_all(duck, "memory", ["core.one"])) == ["core.one"]
    renamed = {"core.one": found["core.one"], "main.three": found["main.two"]}
    assert digest.combined(found) == digest.combined(dict(reversed(found.items()))) != digest.combined(renamed)

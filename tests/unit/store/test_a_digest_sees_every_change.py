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

"""Why a node counts as modified, and whether that may change data: from two manifests, without dbt."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.diffed import manifest, node

from sluice.candidate.compiled import steady
from sluice.change.impact import changed_variables, reach
from sluice.change.modified import Modified, Reason, modified

ORDERS = "select id, amount, channel from core.raw where channel <> 'test'"


def orders(**changes: Any) -> dict[str, Any]:
    """A model that reads a seed."""
    return node("orders", **{"sql": ORDERS, "reads": ["seed.shop.raw"], "checksum": {"name": "sha256"}, **changes})


def project(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The seed, the model, and one that adds it up, of which `nodes` replace their like."""
    raw = node(
        "raw",
        kind="seed",
        columns={name: {} for name in ("id", "amount", "channel")},
        checksum={"name": "sha256", "checksum": "1"},
    )
    total = node("total", sql="select sum(amount) as total from core.orders", reads=["model.shop.orders"])
    board = node("board", kind="exposure", reads=["model.shop.total"], label="Board")
    every = {one["unique_id"]: one for one in (raw, orders(), total, board, *nodes)}
    return manifest(*every.values(), **more)


def only(old: dict[str, Any], new: dict[str, Any], **more: Any) -> Modified:
    """The only node that differs."""
    (found,) = modified(old, new, **more)
    return found


def test_equal_projects_differ_in_nothing() -> None:
    assert modified(project(), project()) == []


@pytest.mark.parametrize(
    ("changes", "kind", "detail", "touches"),
    [
        ({"sql": ORDERS + " and id > 0"}, "body", "", True),
        ({"raw_code": f"-- why\n{ORDERS} "}, "layout", "spacing and comments only", False),
        ({"raw_code": ORDERS.replace("'test'", "'t  est'")}, "body", "", True),
        ({"raw_code": ORDERS.replace(" where", " -- it's why\n where")}, "layout", "spacing and comments only", False),
        ({"raw_code": ORDERS.replace("'test'", "'--\n'")}, "body", "", True),
        ({"raw_code": f"{ORDERS} -- {{{{ config(alias='a') }}}}"}, "body", "", True),
        (
            {"compiled_code": ORDERS + " and 1 = 1"},
            "sql",
            "its compiled SQL differs: something that it uses has changed",
            True,
        ),
        ({"config": {"materialized": "view", "meta": {}}}, "config", "materialized", True),
        ({"config": {"materialized": "table", "meta": {"a": 1}}}, "properties", "meta", False),
        ({"columns": {"id": {"data_type": "integer"}}}, "contract", "id", True),
        ({"constraints": [{"type": "check"}]}, "contract", "its key or constraints", True),
        ({"alias": "bookings"}, "relation", "core.orders -> core.bookings", True),
        ({"description": "One row per order."}, "description", "", False),
        ({"columns": {"id": {"description": "Its number."}}}, "description", "", False),
    ],
)
def test_each_kind_of_change_has_its_reason(changes: dict[str, Any], kind: str, detail: str, touches: bool) -> None:
    found = only(project(), project(orders(**changes)))

    assert found.unique_id == "model.shop.orders"
    assert Reason(kind, detail, touches) in found.reasons
    assert found.touches_data is touches


def macro(text: str, *calls: str) -> dict[str, Any]:
    """A macro of a manifest."""
    return {"macro_sql": text, "depends_on": {"macros": list(calls)}}


def of_macro(name: str, texts: tuple[str, str], sql: tuple[str, str] = (ORDERS, ORDERS), **more: Any) -> list[Modified]:
    """What differs where a macro does, and perhaps what is compiled with it."""
    old, new = (
        project(
            orders(compiled_code=compiled, **more),
            macros={f"macro.shop.{name}": macro(text), "macro.dbt.create_table_as": macro("create")},
        )
        for text, compiled in zip(texts, sql, strict=True)
    )
    return modified(old, new)


def test_a_macro_that_is_called_through_another_is_a_reason() -> None:
    calls = {"nodes": ["seed.shop.raw"], "macros": ["macro.shop.outer"]}
    sides = [
        project(
            orders(depends_on=calls, compiled_code=f"{ORDERS} and {text} = 1"),
            macros={
                "macro.shop.outer": macro("{{ inner() }}", "macro.shop.inner"),
                "macro.shop.inner": macro(text),
                "macro.shop.unused": macro(text),
            },
        )
        for text in ("1", "2")
    ]

    assert only(*sides).reasons == (Reason("macro", "inner"),)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        pytest.param("limit", {"raw_code": "{% if is_incremental() %} {{ limit() }} {% endif %}"}, id="behind a condition"),
        pytest.param("limit", {"raw_code": "{% if is_incremental() %} {{ all_of([limit]) }} {% endif %}"}, id="handed on"),
        pytest.param("limit", {"raw_code": "{%- set\n  made = limit -%} {{ made() }}"}, id="under another name"),
        pytest.param("limit", {"raw_code": "{% set made = shop.limit %} {{ f(limit=made) }}"}, id="of its package"),
        pytest.param("limit", {"raw_code": "{% if execute %} {{ context['limit']() }} {% endif %}"}, id="from the context"),
        pytest.param("limit", {"config": {"materialized": "table", "post-hook": ["{{ limit() }}"]}}, id="in a hook"),
        pytest.param("limit", {"config": {"materialized": "table", "pre-hook": {"sql": "{{ limit }}"}}}, id="in one hook"),
        pytest.param(
            "get_incremental_daily_sql", {"config": {"materialized": "table", "incremental_strategy": "daily"}}, id="a strategy"
        ),
        pytest.param("materialization_page_default", {"config": {"materialized": "page"}}, id="a materialization"),
    ],
)
def test_a_call_that_dbt_does_not_note_is_read_from_the_text(name: str, more: dict[str, Any]) -> None:
    (found,) = of_macro(name, ("1", "2"), (ORDERS, ORDERS + " limit 1"), **more)
    assert (found.name, found.touches_data) == ("orders", True)
    assert [reason.kind for reason in found.reasons] == ["macro"]
    assert of_macro(f"not_{name}", ("1", "2"), **more) == []


@pytest.mark.parametrize(
    "raw",
    [
        "select limit from raw",
        "{{ money('limit') }}",
        '{{ config(alias="limit") }}',
        "{{ rule.limit }} {{ a.b.limit }}",
        "{% for limit in limits %} {{ limit }} {% endfor %}",
        "{%- for name, limit in limits.items() %} {{ limit }} {% endfor %}",
        "{% set limit = 1 %} {{ limit }}",
        "{{ money(1, limit=2) }}",
    ],
)
def test_a_word_that_is_not_code_calls_nothing(raw: str) -> None:
    """A column may have the name of a macro."""
    assert of_macro("limit", ("1", "2"), raw_code=raw) == []


def test_in_python_spaces_say_something() -> None:
    sides = [
        "def model(dbt, session):\n    if a:\n        b()\n        c()\n",
        "def model(dbt, session):\n    if a:\n        b()\n    c()\n",
    ]
    python = {"language": "python", "sql": ""}
    old, new = (project(orders(raw_code=text, compiled_code=text, **python)) for text in sides)
    assert only(old, new).reasons == (Reason("body"),)
    compiled = [project(orders(raw_code="{{ f() }}", compiled_code=text, **python)) for text in sides]
    assert [reason.kind for reason in only(*compiled).reasons] == ["sql"]


def test_what_could_be_compiled_on_one_side_only_is_compared_by_its_code() -> None:
    asks = {"raw_code": "{% for id in run_query('select 1') %} {% endfor %}"}
    old, new = (project(orders(**asks, compiled_code=text)) for text in (None, ORDERS))
    assert modified(old, new) == modified(new, old) == []
    changed = project(orders(raw_code="{% for id in run_query('select 2') %} {% endfor %}", compiled_code=None))
    assert only(new, changed).touches_data
    assert only(old, changed).touches_data


def test_a_macro_that_dbt_calls_by_itself_touches_everything_that_is_made() -> None:
    found = of_macro("duckdb__create_table_as", ("1", "2"))
    assert [(one.name, one.touches_data) for one in found] == [("orders", True), ("total", True), ("raw", True)]


@pytest.mark.parametrize(
    ("text", "more", "touches"),
    [
        ("1 {# why #}", {}, False),
        # An empty warehouse does not show what these say later.
        ("{{ run_query('select 1') }}", {}, True),
        ("{{ this }} {% if target.name == 'prod' %} 1 {% endif %}", {}, True),
        ("1", {"config": {"materialized": "incremental"}}, True),
        ("1", {"config": {"materialized": "table", "post-hook": ["{{ limit() }}"]}}, True),
        ("1", {"language": "python"}, True),
    ],
)
def test_a_macro_touches_nothing_where_the_sql_shows_it(text: str, more: dict[str, Any], touches: bool) -> None:
    raw = {"raw_code": f"{ORDERS} limit {{{{ limit() }}}}", **more}
    (found,) = of_macro("limit", ("2", text), **raw)
    assert found.touches_data is touches
    (differs,) = of_macro("limit", ("2", text), (ORDERS, ORDERS + " limit 1"), **raw)
    assert differs.touches_data


def test_a_variable_is_named_and_one_that_nobody_names_shows_in_the_sql() -> None:
    uses = {"raw_code": ORDERS.replace("'test'", "'{{ var('hidden') }}'")}
    before = project(orders(**uses))

    named = only(before, project(orders(**uses, compiled_code=ORDERS.replace("test", "demo"))), variables=["hidden", "other"])
    assert named.reasons == (Reason("variables", "hidden"),)
    unnamed = only(before, project(orders(**uses, compiled_code=ORDERS.replace("test", "demo"))))
    assert [reason.kind for reason in unnamed.reasons] == ["sql"]


def test_variables_are_compared_by_value_also_inside_a_package() -> None:
    assert changed_variables({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ["b", "c"]
    inside = ({"shop": {"limit": 1, "other": 1}}, {"shop": {"limit": 2, "other": 1}})
    assert changed_variables(*inside, {"shop"}) == ["limit", "shop"]
    assert changed_variables(*inside) == ["shop"]


def test_seeds_are_compared_by_checksum_and_large_ones_by_their_file() -> None:
    small = node("raw", kind="seed", checksum={"name": "sha256", "checksum": "2"})
    assert Reason("seed", "its rows") in only(project(), project(small)).reasons
    large = project(node("raw", kind="seed", checksum={"name": "path", "checksum": "seeds/raw.csv"}))
    assert modified(large, large, seed_changed=lambda _: False) == []
    assert only(large, large, seed_changed=lambda _: True).reasons == (Reason("seed", "its rows"),)


def test_what_dbt_calls_modified_counts_unless_the_manifests_say_the_same() -> None:
    """dbt takes a date in `meta` for another one than the text that the manifest of before has."""
    by_dbt = frozenset({"model.shop.orders"})
    found = only(project(), project(orders(something="new")), by_dbt=by_dbt)
    assert (found.name, found.touches_data) == ("orders", True)
    again = orders(created_at=2, compiled_path="elsewhere")
    assert modified(project(), project(again), by_dbt=by_dbt) == []


def test_added_and_removed_nodes() -> None:
    more = project(node("extra", sql="select 1 as x"))

    assert only(project(), more).reasons == (Reason("added"),)
    assert only(more, project()).reasons == (Reason("removed"),)


def starts(new: dict[str, Any]) -> tuple[list[tuple[str, bool, tuple[str, ...]]], list[str]]:
    """What changes of the modified nodes, and the names of everything that is reached."""
    found, downstream = reach(project(), new, modified(project(), new))
    names = [one.name for one in (*downstream.models, *downstream.exposures)]
    return [(start.name, start.rows, start.columns) for start in found], names


def test_only_the_columns_whose_making_changed_are_followed() -> None:
    one = starts(project(orders(sql=ORDERS.replace("channel from", "upper(channel) as channel from"))))
    assert one == ([("core.orders", False, ("channel",))], [])
    other = starts(project(orders(sql=ORDERS.replace("amount", "amount * 2 as amount"))))
    assert other == ([("core.orders", False, ("amount",))], ["core.total", "Board"])


def test_a_filter_changes_all_rows() -> None:
    assert starts(project(orders(sql=ORDERS.replace("test", "demo")))) == ([("core.orders", True, ())], ["core.total", "Board"])


def test_a_description_reaches_nobody() -> None:
    assert starts(project(orders(description="One row per order."))) == ([], [])


def test_a_removed_column_reaches_those_who_read_it() -> None:
    """What reads it now can't be built; what read it before shows that."""
    assert starts(project(orders(sql=ORDERS.replace("amount, ", "")))) == (
        [("core.orders", False, ("amount",))],
        ["core.total", "Board"],
    )


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        # What an empty warehouse compiles is the same query, but for the column.
        ("select id, amount from core.raw", "select id, amount * 2 as amount from core.raw", False),
        ("select id, amount from core.raw {{ new_only('a') }}", "select id, amount from core.raw {{ new_only('b') }}", True),
        (
            "select id, amount from core.raw\n{% if is_incremental() %}\nwhere id > 1\n{% endif %}",
            "select id, amount from core.raw\n{% if is_incremental() %}\nwhere id > 2\n{% endif %}",
            True,
        ),
    ],
)
def test_jinja_of_an_incremental_model_may_hide_what_later_runs_do(before: str, after: str, rows: bool) -> None:
    incremental: dict[str, Any] = {"config": {"materialized": "incremental", "meta": {}}}
    old, new = (
        project(node("orders", reads=["seed.shop.raw"], raw_code=raw, compiled_code=raw.split("{")[0], **incremental))
        for raw in (before, after)
    )

    found, _ = reach(old, new, modified(old, new))

    assert [start.rows for start in found] == [rows]


def test_the_moment_and_the_id_of_a_run_are_no_difference() -> None:
    runs = [
        steady(
            f"select timestamp '{at}' as built_at, '{run}' as run_id, timestamp '2020-01-01 00:00:00' as since",
            {"generated_at": f"{at[:10]}T{at[11:19]}Z", "invocation_id": run},
        )
        for at, run in (("2026-11-21 08:00:00.123456", "run-1"), ("2026-11-21 08:00:30.000001", "run-2"))
    ]

    assert runs[0] == runs[1]
    assert "2020-01-01 00:00:00" in runs[0]

"""The smallest shop that has something to say, in place of this project's models: what the workflows' tests run on.

Workflows, Makefile, package, macros and the staging of the shop's system are the project's own. Of the demo's feeds it
takes that system's, and it has two marts, named as the project's, with a test that bad data breaks, a unit test that a
bad change breaks, and an expectation. So each job of the story takes seconds; SLUICE_WHOLE=1 tells it on the project as
it is.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from tests.helpers.project import copy_project

IS_WHOLE = bool(os.environ.get("SLUICE_WHOLE"))
# Of models/ and tests/ only these stay.
KEPT = (
    "models/_groups.yml",
    "models/docs.md",
    "models/staging/shop/",
    "tests/generic/",
    "tests/singular/marts/core/every_customer_signs_up_once.sql",
    "tests/conftest.py",
    "tests/helpers/__init__.py",
    "tests/helpers/kafka.py",
    "tests/helpers/lake.py",
    "tests/helpers/loopback_github.py",
    "tests/helpers/order.py",
    "tests/helpers/preloaded.py",
    "tests/helpers/preloaded_server.py",
    "tests/helpers/project.py",
    "tests/helpers/seconds.yml",
    "tests/helpers/shared.py",
    "tests/helpers/unsigned.py",
    "tests/workflows/conftest.py",
    "tests/workflows/test_one_comment_is_edited_in_place.py",
)
CUT = ("models", "tests", "seeds", "docs")

FILES = {
    "dbt_project.yml": """
name: sluice
profile: sluice
flags: {send_anonymous_usage_stats: false}
models:
  sluice:
    staging: {+materialized: view, +schema: staging, +group: data_engineering}
    marts: {+materialized: table, +access: public, core: {+schema: core, +group: analytics_engineering}}
data_tests: {+store_failures: true, +schema: checks}
""",
    "models/marts/core/dim_customers_history.sql": """
with

delivered as (
    select * from {{ ref('stg_shop__customers') }}
)

select distinct
    customer_id,
    email,
    country_code,
    signed_up_at,
    updated_at
from delivered
""",
    "models/marts/core/fct_orders.sql": """
{{ config(materialized='incremental', unique_key='order_id') }}

with

orders as (
    select * from {{ ref('stg_shop__orders') }}
    -- The demo has orders of a clock that ran ahead.
    where ordered_at <= updated_at
    {% if is_incremental() %} and updated_at > (select max(updated_at) from {{ this }}) {% endif %}
),

order_items as (
    select distinct order_item_id, order_id, quantity * unit_price as line_amount
    from {{ ref('stg_shop__order_items') }}
),

added_up as (
    select
        order_id,
        sum(line_amount) as order_amount,
    from order_items
    group by order_id
),

final as (
    select
        orders.order_id,
        orders.customer_id,
        orders.order_status,
        orders.voucher_code,
        cast(orders.ordered_at as date) as ordered_on,
        coalesce(added_up.order_amount, 0) as order_amount,
        orders.updated_at
    from orders
    left join added_up on orders.order_id = added_up.order_id
    qualify row_number() over (
        partition by orders.order_id order by orders.updated_at desc, orders.source_position desc
    ) = 1
)

select * from final
""",
    "models/marts/core/_core__models.yml": """
version: 2

models:
  - name: dim_customers_history
    description: One row per customer and delivered version.
  - name: fct_orders
    description: One row per order.
    config:
      meta:
        expectations:
          - {name: there_are_orders, expectation: expect_table_row_count_to_be_between, arguments: {min_value: 1}}
    columns:
      - name: order_id
        description: The order.
        data_tests: [unique: {name: every_order_is_there_once}, not_null: {name: every_order_has_a_number}]

unit_tests:
  - name: an_order_is_the_sum_of_its_lines
    model: fct_orders
    overrides: {macros: {is_incremental: false}}
    given:
      - input: ref('stg_shop__orders')
        rows: [{order_id: a, ordered_at: 2025-01-01 10:00:00, updated_at: 2025-01-01 10:00:00}]
      - input: ref('stg_shop__order_items')
        rows:
          - {order_item_id: b, order_id: a, quantity: 2, unit_price: 1.50}
          - {order_item_id: c, order_id: a, quantity: 1, unit_price: 4.00}
    expect: {rows: [{order_id: a, order_amount: 7.00}]}
""",
}


def lay_out(folder: Path) -> Path:
    """A copy of this project, whole or cut down to the smallest shop; gives `folder`."""
    copy_project(folder)
    if not IS_WHOLE:
        _cut(folder)
        _narrow(folder / "feeds/demo.yml")
        for described in (folder / "models/staging/shop").glob("_shop__*.yml"):
            _expect_nothing(described)
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text.lstrip())
    return folder


def _cut(folder: Path) -> None:
    for file in [file for top in CUT for file in (folder / top).rglob("*") if file.is_file()]:
        if not file.relative_to(folder).as_posix().startswith(KEPT):
            file.unlink()


def _expect_nothing(described: Path) -> None:
    """Drop what the shop's staging expects of marts that are not there."""
    document = yaml.safe_load(described.read_text())
    for model in document.get("models") or []:
        ((model.get("config") or {}).get("meta") or {}).pop("expectations", None)
    described.write_text(yaml.safe_dump(document, sort_keys=False))


def _narrow(feeds: Path) -> None:
    """Keep the feeds whose contracts are kept."""
    lines = feeds.read_text().splitlines(keepends=True)
    feeds.write_text("".join(line for line in lines if "source:" not in line or "source: shop" in line))

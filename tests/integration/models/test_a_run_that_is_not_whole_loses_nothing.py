"""Only a run in which every model succeeded says how far models were filled: whatever came before it is worked on again."""

from __future__ import annotations

from pathlib import Path

import duckdb
from tests.helpers.built_shops import shop_of_four_orders
from tests.helpers.project import Project, differences
from tests.helpers.small_shop import DELIVERED, ORDERS_HEADER, deliver, rebuilt

SHIPPED = "3,1,2025-01-01 10:00:00,shipped,EUR,DE,1.00,0,,web,2025-01-04 10:00:00\n"
CANCELLED = "4,1,2025-01-01 10:00:00,cancelled,EUR,DE,0,0,,web,2025-01-05 10:00:00\n"


def marks(shop: Project) -> list[tuple[object, ...]]:
    return shop.query("from state.built order by all")


def test_whatever_runs_between_two_whole_builds(tmp_path: Path) -> None:
    shop = shop_of_four_orders().copied_to(tmp_path / "shop")
    whole = marks(shop)
    assert ("int_orders__screened", "shop") in [mark[:2] for mark in whole]

    # Some models take in what came: the others still have to.
    deliver(shop, {**DELIVERED, "shop/orders/2.csv": ORDERS_HEADER + SHIPPED})
    shop.dbt("run", "--select", "int_orders__screened", "int_orders__revised", "int_orders__judged")
    assert marks(shop) == whole

    # One mart in another currency: all of it has to come back.
    Project(shop.state, variables={"reporting_currency": "USD"}).dbt("run", "--select", "fct_order_items")
    assert marks(shop) == []
    shop.dbt("run")
    assert differences(shop, rebuilt(shop, tmp_path / "first"), shop.marts()) == {}

    # A model that was not part of the last whole build, as one that was switched off for a while, knows nothing.
    deliver(shop, {**DELIVERED, "shop/orders/3.csv": ORDERS_HEADER + CANCELLED})
    with duckdb.connect(str(shop.warehouse)) as connection:
        connection.execute("delete from state.built where model = 'fct_orders'; delete from core.fct_orders")
    shop.dbt("run")
    assert differences(shop, rebuilt(shop, tmp_path / "second"), shop.marts()) == {}


def test_a_build_of_some_models_from_nothing_is_not_trusted(tmp_path: Path) -> None:
    shop = shop_of_four_orders().copied_to(tmp_path / "shop")
    shop.dbt("run", "--full-refresh", "--select", "int_orders__judged")
    assert marks(shop) == []

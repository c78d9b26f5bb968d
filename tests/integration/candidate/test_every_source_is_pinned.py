"""The macro source(): in a candidate every source is read at its pinned version, or dbt stops.

That nothing changes elsewhere is tested with dev, in test_a_candidate_is_built_aside.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.helpers.candidates import SalesShop, Story

from sluice.core import dbt
from sluice.core.progress import silent


def _compiled(shop: SalesShop, monkeypatch: pytest.MonkeyPatch, pins: dict[str, int]) -> tuple[str, tuple[str, ...]]:
    """What dbt makes of the staging model, and its errors."""
    target = shop.state / "target"
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)
    told = {"SLUICE_PINS": json.dumps({f"{shop.lake}/{path}": version for path, version in pins.items()})}
    done = dbt.invoke(["compile", "--target-path", str(target)], silent, folder=shop.folder, environment=told)
    file = target / "compiled" / "sluice" / "models" / "staging" / "stg_sales.sql"
    return (file.read_text().strip() if file.exists() else ""), done.errors


def test_a_pin_becomes_a_version(retold: Callable[[], Story], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = retold().shop
    place = f"delta_scan('{shop.lake}/raw/shop/sales'"
    assert _compiled(shop, monkeypatch, {"raw/shop/sales": 7})[0] == f"select * from {place}, version => 7)"


def test_a_table_without_a_pin_stops_dbt(retold: Callable[[], Story], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = retold().shop
    _, errors = _compiled(shop, monkeypatch, {"raw/shop/refunds": 7})
    assert "the source shop.sales reads delta_scan(" in "\n".join(errors)
    assert "a candidate reads nothing else" in "\n".join(errors)


def test_a_source_that_is_no_table_of_the_lake_stops_dbt(retold: Callable[[], Story], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = retold().shop
    (shop.state / "sales.csv").write_text("sale_id,shop_id,amount\n1,1,1.0\n")
    sources = (shop.folder / "models/staging/_sources.yml").read_text()
    location = f"\"read_csv('{shop.state}/sales.csv')\"}}}}\n    tables"
    shop.write("models/staging/_sources.yml", sources[: sources.index('"delta_scan')] + location + sources.split("tables", 1)[1])
    _, errors = _compiled(shop, monkeypatch, {"raw/shop/sales": 0})
    assert "shop.sales reads read_csv(" in "\n".join(errors)
    assert "which is not a Delta table of the lake" in "\n".join(errors)

"""One small project with a release, and pull request environments built beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import preloaded
from tests.helpers.candidates import SalesShop, make_shop


@pytest.fixture(scope="module", autouse=True)
def preloaded_dbt() -> Iterator[None]:
    """Builds within this process start dbt preloaded."""
    with preloaded.found_by_this_process():
        yield


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """A release from ten sales; ten more came after it. Not to be changed."""
    shop = make_shop(tmp_path_factory.mktemp("slim"))
    policy = shop.folder / "environments.yml"
    policy.write_text(policy.read_text() + '  pr-*: {kind: file, build: ["user:*"], drop: ["user:*"]}\n')
    shop.commit()
    shop.publish(shop.build()[0])
    shop.deliver(11, 20)
    return shop


@pytest.fixture(scope="session")
def changed(released: SalesShop, tmp_path_factory: pytest.TempPathFactory) -> tuple[SalesShop, dict[str, Any]]:
    """A copy in which a view was changed and pr-12 built, and what the command said. Not to be changed."""
    shop = released.copied_to(tmp_path_factory.mktemp("changed") / "shop")
    shop.write("models/core/by_shop.sql", DOUBLE)
    shop.write("models/_models.yml", (shop.folder / "models/_models.yml").read_text().replace("amount: 5}", "amount: 10}"))
    return shop, build(shop)


@pytest.fixture
def shop(released: SalesShop, tmp_path: Path) -> SalesShop:
    """A copy of it, to be changed."""
    return released.copied_to(tmp_path / "shop")


def build(shop: SalesShop) -> dict[str, Any]:
    """Build pr-12 and give what the command said."""
    said: dict[str, Any] = json.loads(shop.sluice("build", "--env", "pr-12", "--format", "json").stdout)
    return said


DOUBLE = """
{{ config(schema='core', materialized='view', access='public') }}
select shop_id, count(*) as sales, sum(amount) * 2 as amount from {{ ref('all_sales') }} group by shop_id
"""


@pytest.fixture
def built() -> Callable[[SalesShop], dict[str, Any]]:
    """The builder of pr-12."""
    return build

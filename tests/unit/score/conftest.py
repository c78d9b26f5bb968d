"""One shop with a release and a model, for all tests of scoring that need no broker."""

from __future__ import annotations

import pytest
from tests.helpers import live_shop
from tests.helpers.live_day import Day
from tests.helpers.live_shop import BEGIN, LiveShop


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Six weeks of payments, and 300 on the day after."""
    shop = LiveShop(tmp_path_factory.mktemp("live"))
    shop.write_contracts()
    history = live_shop.payments(2400, BEGIN, 1500)
    release = shop.release(shop.root / "release", history)
    return Day(shop, release, history, live_shop.payments(300, history[-1].at, 20, seed=2))

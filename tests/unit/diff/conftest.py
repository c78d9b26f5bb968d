"""Two warehouses to compare."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.diffed import Sides, node


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    """Two warehouses whose manifests know core.orders, with the key order_id."""
    made = Sides(tmp_path)
    for name in "ab":
        made.build(name)
    made.declare(node("orders", key=["order_id"]))
    return made

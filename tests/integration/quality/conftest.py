"""A built warehouse of ten sales for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.audited import Audited


@pytest.fixture
def shop(tmp_path: Path) -> Audited:
    """The ten sales of `audited.ROWS`, built."""
    shop = Audited(tmp_path)
    shop.build()
    return shop

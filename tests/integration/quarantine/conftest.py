"""A project with rows refused at ingestion and in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.refused import OneFeedShop

GOOD = '{"id": 1, "amount": "10.00", "note": "fine"}'
NEGATIVE = '{"id": 2, "amount": "-5.00", "note": "sign lost", "sold_at": "2025-01-02T03:04:05.123456Z"}'
NEVER = '{"id": 3, "amount": "-7.25", "note": "never"}'
WRONG = '{"id": 4, "amount": "seven", "note": "typed by hand"}'
KEYLESS = '{"id": null, "amount": "8.00", "note": ""}'
BROKEN = '{"id": 6, "amount": "9.00"'


def make(root: Path, environment: pytest.MonkeyPatch) -> OneFeedShop:
    """Six delivered records: one good, two against the business rule, one of each kind against the contract; built."""
    made = OneFeedShop(root).make()
    environment.chdir(root)
    environment.setenv("SLUICE_LAKE", str(made.lake))
    environment.setenv("SLUICE_WAREHOUSE", str(made.warehouse.parent))
    environment.setenv("SLUICE_ACTOR", "user:ann@shop.example")
    report = made.deliver("a.jsonl", GOOD, NEGATIVE, NEVER, WRONG, KEYLESS, BROKEN)
    assert (report.rows_landed, report.rows_quarantined) == (3, 3)
    made.build()
    return made


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneFeedShop:
    """A shop with refused rows."""
    return make(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def untouched_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneFeedShop]:
    """The same for tests that change nothing."""
    with pytest.MonkeyPatch.context() as environment:
        yield make(tmp_path_factory.mktemp("shop"), environment)

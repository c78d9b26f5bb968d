"""A shop with the one mart that the recipes of docs/connect.md ask for: release n has n orders."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import duckdb
import pytest
from tests.helpers.project import REPOSITORY

from lab.tiny_releases import ReleaseShop, shop_in
from sluice.gate.rollback import rollback


def recipe(heading: str, language: str, number: int = 0) -> str:
    """A block of docs/connect.md."""
    text = (REPOSITORY / "docs" / "connect.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (below,) = [part for part in section if part.startswith(f"{heading}\n")]
    return str(re.findall(rf"```{language}\n(.*?)```", below, re.DOTALL)[number])


def _orders(path: Path, number: int, rows: int) -> None:
    del rows
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema core")
        connection.execute(f"create table core.fct_orders as select 'shop:' || range as order_id from range({number})")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseShop:
    """The shop, with nothing published, and its folder as that in which recipes run."""
    monkeypatch.chdir(tmp_path)
    made = shop_in(tmp_path)
    made.fill = _orders
    return made


def answers_through_publishes(shop: ReleaseShop, ask: Callable[[], int]) -> list[int]:
    """What a recipe answers before three more releases are published, after, and after a rollback; asserts it of meanwhile."""
    shop.published()
    before = ask()
    is_over, answers = Event(), list[int]()

    def keep_asking() -> None:
        while not is_over.is_set():
            answers.append(ask())

    with ThreadPoolExecutor(1) as beside:
        asking = beside.submit(keep_asking)
        try:
            for _ in range(3):
                shop.published()
        finally:
            is_over.set()
        asking.result()
    assert answers == sorted(answers) != []
    assert set(answers) <= {1, 2, 3, 4}
    after = ask()
    rollback(shop.context, "prod", "bad")
    return [before, after, ask()]


@pytest.fixture
def through_publishes(shop: ReleaseShop) -> Callable[[Callable[[], int]], list[int]]:
    """Hold a recipe against publishes of the shop; each release has one order more than the one before."""
    return lambda ask: answers_through_publishes(shop, ask)


@pytest.fixture
def block() -> Callable[..., str]:
    """Find a block of the page by heading, language and number."""
    return recipe

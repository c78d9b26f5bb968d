"""One small project with a release and a candidate after it: built once, copied where a test changes its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers import preloaded
from tests.helpers.candidates import Story, look, make_shop


@pytest.fixture(scope="module", autouse=True)
def preloaded_dbt() -> Iterator[None]:
    """Builds within this process start dbt preloaded."""
    with preloaded.found_by_this_process():
        yield


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """What the tests look at, and don't change."""
    shop = make_shop(tmp_path_factory.mktemp("shop"))
    folder, first = shop.build()
    release = shop.publish(folder)
    before = look(release / "warehouse.duckdb")
    shop.deliver(11, 20)
    candidate, second = shop.build()
    return Story(shop, release, first, before, candidate, second)


@pytest.fixture
def retold(story: Story, tmp_path: Path) -> Callable[[], Story]:
    """A maker of a copy of all that, in a place of the test's own, to be changed."""

    def copy() -> Story:
        shop = story.shop.copied_to(tmp_path / "shop")
        release, candidate = (shop.state / path.relative_to(story.shop.state) for path in (story.release, story.candidate))
        return replace(story, shop=shop, release=release, candidate=candidate)

    return copy

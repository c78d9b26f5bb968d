"""One small project with a release, and pull request environments built beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from candidates import Shop, make_shop


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A release from ten sales; ten more came after it. Not to be changed."""
    shop = make_shop(tmp_path_factory.mktemp("slim"))
    policy = shop.folder / "environments.yml"
    policy.write_text(policy.read_text() + '  pr-*: {kind: file, build: ["user:*"], drop: ["user:*"]}\n')
    shop.commit()
    shop.publish(shop.build()[0])
    shop.deliver(11, 20)
    return shop


@pytest.fixture
def shop(released: Shop, tmp_path: Path) -> Shop:
    """A copy of it, to be changed."""
    return released.copied_to(tmp_path / "shop")


@pytest.fixture
def built() -> Callable[..., dict[str, Any]]:
    """A builder of pr-12, which gives what the command said."""

    def build(shop: Shop, code: int = 0) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(shop.sluice("build", "--env", "pr-12", "--format", "json", code=code).stdout)
        return said

    return build

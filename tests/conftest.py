"""Shared fixtures: a temporary lake with one feed, rows in and result out."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers import kafka, preloaded, unsigned
from tests.helpers.lake import LakeOfOneFeed, contract
from tests.helpers.order import ByGroup, longest_first
from tests.helpers.project import REAL_DATA
from tests.helpers.shared import FOLDER, made_once

from lab.broker.broker import Broker
from lab.broker.registry import Registry
from sluice.core.duck import connect, link_extensions
from sluice.ingest.readers import READERS
from sluice.ingest.readers.file_feed import FileFeed


def pytest_configure() -> None:
    """What is imported and collected lives to the end: looking for garbage among it takes a fifth of the collection's time."""
    gc.set_threshold(200_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one at the end."""
    items[:] = [items[index] for index in longest_first([item.nodeid for item in items])]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    """Tests that share a fixture of the session go to one worker."""
    return ByGroup(config, log)


@pytest.fixture(scope="session", autouse=True)
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all workers share, with DuckDB's extensions, for connections and for the processes that tests start."""
    os.environ.pop("COLUMNS", None)  # xdist sets it, and tables would wrap; a test of widths sets its own
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(FOLDER, str(root))
        for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"):  # tests report nothing to the receiver of who runs them
            environment.delenv(name, raising=False)
        environment.setattr(duckdb, "connect", unsigned.connect)
        environment.setenv("SLUICE_EXTENSIONS", str(made_once("extensions", link_extensions)))
        yield root
    preloaded.stop()


@pytest.fixture
def lake_of(tmp_path: Path) -> Any:
    """A maker of lakes with one feed: columns with their types, the format, the feed's other keys."""

    def make(columns: Mapping[str, str], format: str = "csv", key: tuple[str, ...] = (), **feed: Any) -> LakeOfOneFeed:
        (tmp_path / "in").mkdir(exist_ok=True)
        kind = READERS[format]
        files = {"path": str(tmp_path / "in" / "**" / "*")} if issubclass(kind, FileFeed) else {}
        return LakeOfOneFeed(tmp_path, contract(columns, key), kind("test", "rows", **{**files, **feed}))

    return make


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka broker, one for all tests of a worker; skips without Java or Maven."""
    with kafka.a_broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A schema registry, one for all tests of a worker; skips without Java or Maven."""
    with kafka.a_registry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets; skips, saying so, where it is not there."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data is not at {REAL_DATA} (SLUICE_SHARED_DATA)")
    return REAL_DATA


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory, in UTC."""
    with connect() as connection:
        yield connection

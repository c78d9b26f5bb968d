"""The campaign's readers see what they are there for: publishers that are not ours, each with its own fault, are all caught."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from lab.campaign.reader import Reading, fill
from lab.campaign.readers import Findings, Truth, judge, quantiles, reading

RELEASES = 8
LIVES = (0.0, 0.0, 0.3)
SECONDS = 2.0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Warehouse files that are big enough to be read in pieces."""
    made = [tmp_path_factory.mktemp("files") / f"{number}.duckdb" for number in range(1, RELEASES + 1)]
    for number, file in enumerate(made, 1):
        fill(file, number, rows=500_000)
    return made


def in_place(file: Path, prod: Path) -> None:
    """As `cp` does it: over the file that readers have open."""
    shutil.copyfile(file, prod)


def block_by_block(file: Path, prod: Path) -> None:
    """As `rsync --inplace` does it: over the file that readers have open, which stays as long as it was."""
    with prod.open("r+b", buffering=0) as there:
        data = memoryview(file.read_bytes())
        for start in range(0, len(data), 1 << 18):
            there.write(data[start : start + (1 << 18)])
            time.sleep(0.005)


def away_and_back(file: Path, prod: Path) -> None:
    """The old one is removed, then the new one comes, which takes a big file a moment."""
    prod.unlink()
    time.sleep(0.02)
    shutil.copyfile(file, prod)


def by_a_rename(file: Path, prod: Path) -> None:
    """As it should be."""
    shutil.copyfile(file, prod.with_name("fresh"))
    prod.with_name("fresh").rename(prod)


def met(publish: Callable[[Path, Path], None], files: list[Path], prod: Path) -> Findings:
    """What readers meet in two seconds full of publishes."""
    truth = Truth(begun=dict.fromkeys(range(1, RELEASES + 1), 0.0))
    shutil.copyfile(files[0], prod)
    with reading(prod, LIVES, seed=1) as readings:
        ends, number = time.monotonic() + SECONDS, 0
        while time.monotonic() < ends:
            number += 1
            publish(files[number % RELEASES], prod)
            time.sleep(0.01)
    return judge(readings, truth)


@pytest.mark.parametrize("publish", [in_place, block_by_block, away_and_back])
def test_a_publisher_that_writes_where_readers_read_is_caught(
    publish: Callable[[Path, Path], None], files: list[Path], tmp_path: Path
) -> None:
    found = met(publish, files, tmp_path / "prod.duckdb")
    assert found.errors or found.mixtures
    if publish is block_by_block:
        assert found.mixtures


def test_the_same_by_a_rename_is_not(files: list[Path], tmp_path: Path) -> None:
    assert met(by_a_rename, files, tmp_path / "prod.duckdb") == Findings()


def test_a_publisher_that_asks_no_gate_is_caught(tmp_path: Path) -> None:
    prod = tmp_path / "prod.duckdb"
    fill(prod, 7, rows=9)
    with reading(prod, (0.0,), seed=1) as readings:
        pass
    assert judge(readings, Truth(refused={7})).unaudited == ("7: the gate had refused it",)
    assert judge(readings, Truth()).unaudited == ("7: it was never published",)
    assert judge(readings, Truth(begun={7: time.monotonic()})).unaudited == ("7: it was seen before its publish began",)
    assert judge(readings, Truth(begun={7: 0.0})) == Findings()


def test_two_marts_of_different_releases_are_a_mixture(tmp_path: Path) -> None:
    prod = tmp_path / "prod.duckdb"
    fill(prod, 1, rows=9)
    with duckdb.connect(str(prod)) as connection:
        connection.execute("update core.customers set mark = mark + 1000000")
    with reading(prod, (0.0,), seed=1) as readings:
        pass
    found = judge(readings, Truth(begun={1: 0.0, 2: 0.0}))
    assert set(found.mixtures) == {"one connection saw 1 and 2"}


def test_a_connection_that_changes_its_release_is_a_mixture() -> None:
    reading, has = Reading(life=1.0), set[int]()
    reading.note([1], has, 0.0)
    assert reading.mixtures == []
    reading.note([2], has, 0.0)
    assert reading.mixtures == [[1, 2]]


def test_quantiles_are_those_of_the_textbook() -> None:
    assert quantiles([float(n) for n in range(101)]) == {"p50": 50.0, "p95": 95.0}

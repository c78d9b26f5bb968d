"""Each entry of the corpus, applied to a day, against the clean file read by other means: Python's csv and json."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.faults import registry
from lab.faults.day import Day
from sluice.demo import TABLES, DemoOptions, generate
from sluice.demo.options import parse_faults
from sluice.lake.contracts import load_contracts

ROOT = Path(__file__).resolve().parents[3]
CORPUS = registry.load(ROOT / "scripts" / "lab" / "faults" / "corpus")
DELIVERED = {f"{table.source}.{table.name}" for table in TABLES}
KEYS = {name: contract.key for name, contract in load_contracts(ROOT).items() if name in DELIVERED}
LAST = date(2025, 1, 24)
SPOILS_ROWS = [entry for entry in CORPUS.faults if entry.kind != "shape" and entry.caught_by != "harmless"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean demo of 24 days."""
    out = tmp_path_factory.mktemp("demo") / "clean"
    start = LAST - timedelta(days=23)
    generate(DemoOptions(orders=1_500, days=24, seed=3, start=start, faults=parse_faults("none"), threads=1), out)
    return out


def spoiled(entry: registry.Fault, demo: Path, number: int = 1) -> Day:
    day = Day(entry.table, LAST, demo, KEYS[entry.table], number)
    entry.spoil(day)
    return day


def flat(record: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in record.items():
        inner = flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": str(value)}
        found.update(inner)
    return found


def read(path: Path) -> list[dict[str, str]]:
    """The records of a delivered file, as text."""
    if not path.exists():
        return []
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    if path.name.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(text)))
    return [flat(json.loads(line)) for line in text.splitlines()]


def delivered(day: Day, out: Path) -> Path:
    (out / day.table.folder).mkdir(parents=True)
    day.deliver(out)
    return out / day.table.folder / day.name


@pytest.mark.parametrize("entry", SPOILS_ROWS, ids=lambda entry: entry.id)
def test_the_rows_said_to_be_bad_are_those_that_differ_in_the_columns_named(
    entry: registry.Fault, demo: Path, tmp_path: Path
) -> None:
    day = spoiled(entry, demo)
    damage = day.damage()
    before, after = read(day.path), read(delivered(day, tmp_path))
    kept = before if not damage.lost else [row for row in before if row in after]
    changed = [(old, new) for old, new in zip(kept, after, strict=False) if old != new]
    added = after[len(kept) :]
    assert len(changed) + len(added) == damage.bad
    assert damage.bad + damage.lost > 0
    columns = {name for old, new in changed for name in new if old.get(name) != new[name]}
    assert columns <= set(damage.columns)
    assert len(damage.keys) == damage.bad


@pytest.mark.parametrize("entry", SPOILS_ROWS, ids=lambda entry: entry.id)
def test_without_the_bad_rows_the_clean_ones_are_left_untouched(entry: registry.Fault, demo: Path, tmp_path: Path) -> None:
    day = spoiled(entry, demo)
    (tmp_path / day.table.folder).mkdir(parents=True)
    day.deliver_good_rows(tmp_path)
    left = read(tmp_path / day.table.folder / day.name)
    clean = read(day.path)
    assert all(row in clean for row in left)
    changed_or_lost = len(clean) - len(left)
    assert changed_or_lost <= day.damage().bad + day.damage().lost


@pytest.mark.parametrize("entry", [entry for entry in CORPUS.faults if entry.kind == "shape"], ids=lambda entry: entry.id)
def test_a_fault_of_shape_leaves_another_file_than_the_clean_one(entry: registry.Fault, demo: Path, tmp_path: Path) -> None:
    day = spoiled(entry, demo)
    assert delivered(day, tmp_path).read_bytes() != day.path.read_bytes()
    assert entry.caught_by == "harmless" or day.damage().bad > 0


@pytest.mark.parametrize("entry", [entry for entry in CORPUS.faults if entry.days > 1], ids=lambda entry: entry.id)
def test_a_drift_grows_from_day_to_day(entry: registry.Fault, demo: Path) -> None:
    if entry.kind != "drift":
        pytest.skip("late, not drifting")
    contents = [spoiled(entry, demo, number).content() for number in range(1, entry.days + 1)]
    assert len(set(contents)) == entry.days


def test_there_are_as_many_faults_of_each_kind_as_the_issue_asks_for() -> None:
    assert len(CORPUS.faults) >= 60
    assert {entry.kind for entry in CORPUS.faults} == {"shape", "values", "keys", "volume", "time", "meaning", "drift"}
    assert {entry.table for entry in CORPUS.faults} == DELIVERED == set(KEYS)


def test_a_day_without_damage_is_delivered_byte_for_byte(demo: Path, tmp_path: Path) -> None:
    for table in KEYS:
        day = Day(table, LAST, demo, KEYS[table])
        if day.path.exists() and day.path.suffix != ".gz":
            assert delivered(day, tmp_path / table).read_bytes() == day.path.read_bytes()

"""What was found is kept in a file, and not tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.faults.day import Damage
from lab.faults.history import Size
from lab.faults.kept import Kept
from lab.faults.registry import Fault
from lab.faults.verdict import CleanDays, FaultVerdict, Seen, judge
from sluice.core.errors import SluiceError

SIZE = Size(10, 28, 1)
CLEAN = CleanDays(30, {}, {"test: x": 2}, {"quarantine: y": 1})


def verdict() -> FaultVerdict:
    fault = Fault("f", "values", "shop.orders", "It is wrong.", "quarantine", lambda _: None)
    return judge(fault, Seen(Damage("shop.orders", (), (), (), 2, 0, False), held={"rule": 2}, reached={}))


def test_results_are_read_again_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    first = Kept(file, "2", SIZE)
    first.add(verdict(), 1)
    first.add(CLEAN, 7)
    again = Kept(file, "2", SIZE)
    assert (again.verdicts, again.clean) == ({"f": verdict()}, {7: CLEAN})


def test_results_of_another_corpus_or_demo_are_not_taken_for_these(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    Kept(file, "2", SIZE).add(verdict(), 1)
    for version, size in (("3", SIZE), ("2", Size(11, 28, 1))):
        with pytest.raises(SluiceError, match="another corpus or demo"):
            Kept(file, version, size)


def test_without_a_file_results_are_in_memory_only(tmp_path: Path) -> None:
    kept = Kept(None, "2", SIZE)
    kept.add(CLEAN, 7)
    assert kept.clean == {7: CLEAN}
    assert list(tmp_path.iterdir()) == []

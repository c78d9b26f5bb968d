"""The clean course of things that faults are tried against, and clean days that must raise no alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lab.faults import marts
from lab.faults.slot import Slot, in_child
from lab.faults.trial import Facts, History, deliver, run_day
from lab.faults.verdict import CleanDays
from sluice.demo import DemoOptions, generate
from sluice.demo.options import parse_faults
from sluice.lake.contracts import load_contracts

FIRST_DAY = date(2025, 1, 1)


@dataclass(frozen=True)
class Size:
    """A demo: how many orders over how many days, by which seed."""

    orders: int
    days: int
    seed: int


def make_demo(size: Size, out: Path) -> tuple[date, ...]:
    """Write a clean demo and give its days."""
    in_child(_generate, size, out)
    return tuple(FIRST_DAY + timedelta(days=number) for number in range(size.days))


def _generate(size: Size, out: Path) -> None:
    options = DemoOptions(
        orders=size.orders, days=size.days, seed=size.seed, start=FIRST_DAY, faults=parse_faults("none"), threads=1
    )
    generate(options, out)


def make_history(slot: Slot, root: Path, size: Size, last: int) -> History:
    """Make a demo, run all but its `last` days at once and these one by one, and keep every state."""
    clean = root / "clean"
    days = make_demo(size, clean)
    begin(slot, clean, days[:-last])
    layout = marts.layout(slot.target)
    contracts = load_contracts(slot.project)
    keys = {name: contract.key for name, contract in contracts.items()}
    history = History(root, clean, days[-last:], (), layout, keys)
    slot.save(history.state(0))
    facts = []
    for number, day in enumerate(history.days, 1):
        facts.append(_one_more(slot, clean, day, layout))
        slot.save(history.state(number))
    return History(root, clean, history.days, tuple(facts), layout, keys)


def begin(slot: Slot, clean: Path, days: Sequence[date]) -> None:
    """An empty lake and warehouse, then all of these days at once."""
    slot.put_back(None)
    for day in days:
        deliver(slot, clean, day)
    run_day(slot, days[-1])


def _one_more(slot: Slot, clean: Path, day: date, layout: marts.Layout) -> Facts:
    for file in slot.deliveries.glob("*/*/*"):
        file.unlink()
    deliver(slot, clean, day)
    return run_day(slot, day, layout)[1]


def watch_clean_days(slot: Slot, clean: Path, size: Size, count: int) -> CleanDays:
    """Run the last `count` days of a clean demo one by one and count the checks that do not pass."""
    days = make_demo(size, clean)
    begin(slot, clean, days[:-count])
    layout = marts.layout(slot.target)
    return tally([_one_more(slot, clean, day, layout) for day in days[-count:]])


def tally(facts: Sequence[Facts]) -> CleanDays:
    """False alarms by check. Rows that are rejected at ingestion on a clean day count as blocking."""
    blocking: Counter[str] = Counter()
    warning: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    for day in facts:
        for check in day.checks:
            (blocking if check.blocks else warning)[f"{check.kind}: {check.name}"] += 1
        blocking.update(["ingest: rows rejected"] if any(day.at_ingest.values()) else [])
        holding.update({f"quarantine: {rule}" for _, rule in day.refused})
    return CleanDays(len(facts), dict(blocking), dict(warning), dict(holding))


def together(parts: Sequence[CleanDays]) -> CleanDays:
    """Several stretches of clean days as one."""
    blocking, warning, holding = (
        sum((Counter(kind) for kind in kinds), Counter[str]())
        for kinds in zip(*((part.blocking, part.warning, part.holding) for part in parts), strict=True)
    )
    return CleanDays(sum(part.days for part in parts), dict(blocking), dict(warning), dict(holding))

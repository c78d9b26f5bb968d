"""One trial: the base state, damaged deliveries, and what the pipeline does with them."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lab.faults import marts
from lab.faults.alerts import alerts
from lab.faults.audit import audited
from lab.faults.day import Damage, Day
from lab.faults.registry import Fault
from lab.faults.slot import Slot, in_child
from lab.faults.verdict import FaultVerdict, Seen, SeenCheck, is_blocked, is_caught, judge
from sluice.core import dbt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluice.alerts.finding import Finding
    from sluice.ingest.landing import FeedReport


@dataclass(frozen=True)
class Facts:
    """What a day's run gave: rows landed and rejected at ingestion by feed, the quarantine, checks not passed.

    `findings` are what alerts are made of.
    """

    landed: Mapping[str, int]
    at_ingest: Mapping[str, int]
    refused: Counter[tuple[str, str]]
    checks: tuple[SeenCheck, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class History:
    """The clean history below `root`: `states`[i] is the state before the i-th last day, newest last.

    state n holds lake and warehouse before `days`[n]; the one after the last day is the clean result.
    """

    root: Path
    clean: Path
    days: tuple[date, ...]
    facts: tuple[Facts, ...]
    layout: marts.Layout
    keys: Mapping[str, tuple[str, ...]]

    def state(self, number: int) -> Path:
        """State before the day of that number, counted from 0."""
        return self.root / f"state-{number}"


def deliver(slot: Slot, clean: Path, day: date, without: str | None = None) -> None:
    """Copy every table's clean files of a day into the slot's deliveries, but those of the folder `without`."""
    for folder in sorted(path for path in clean.glob("*/*") if path.is_dir() and path.parent.name != "truth"):
        name = folder.relative_to(clean)
        (slot.deliveries / name).mkdir(parents=True, exist_ok=True)
        if str(name) != without:
            for file in folder.glob(f"{day}*"):
                shutil.copy2(file, slot.deliveries / name / file.name)


def run_day(slot: Slot, day: date, layout: marts.Layout | None = None) -> tuple[list[FeedReport], Facts]:
    """Ingest, build and audit what has been delivered, in the night after a day."""
    reports = slot.ingest()
    slot.build()
    layout = layout or marts.layout(slot.target)
    return reports, _facts(slot, reports, layout, day)


def _facts(slot: Slot, reports: Sequence[FeedReport], layout: marts.Layout, day: date) -> Facts:
    file = warehouse(slot, layout)
    found = in_child(audited, file, slot.target, slot.points, day)
    checks = (*failed_in_dbt(slot.target, layout), *found.checks)
    refused = in_child(marts.refused, file, layout.quarantine)
    return Facts(_landed(reports), _at_ingest(reports), refused, checks, found.findings)


def warehouse(slot: Slot, layout: marts.Layout) -> Path:
    """The warehouse file that dbt builds."""
    return slot.warehouse / f"{layout.database}.duckdb"


def failed_in_dbt(target: Path, layout: marts.Layout) -> tuple[SeenCheck, ...]:
    """Models and tests that did not pass in the last build, from run_results.json. A skipped node depends on another one."""
    results = dbt.artifact(target, "run_results.json")["results"]
    bad = [entry for entry in results if dbt.ending(entry["status"]) in (dbt.Ending.failed, dbt.Ending.warned)]
    return tuple(
        SeenCheck(
            "test" if entry["unique_id"].startswith("test.") else "model",
            layout.names.get(entry["unique_id"], entry["unique_id"]),
            dbt.ending(entry["status"]) is dbt.Ending.failed,
        )
        for entry in bad
    )


def _landed(reports: Sequence[FeedReport]) -> dict[str, int]:
    return {report.feed: report.rows_landed for report in reports}


def _at_ingest(reports: Sequence[FeedReport]) -> dict[str, int]:
    return {report.feed: report.rows_quarantined for report in reports}


def try_fault(slot: Slot, history: History, fault: Fault) -> FaultVerdict:
    """Damage the last days' deliveries day by day, until something catches it, and judge the result."""
    started = time.monotonic()
    first = len(history.days) - fault.days
    slot.put_back(history.state(first))
    seen = None
    for number, day in enumerate(history.days[first:], 1):
        spoiled = _spoil(fault, history, day, number)
        seen = _after_one_day(slot, history, fault, first + number - 1, spoiled, seen)
        if is_caught(seen) and fault.caught_by != "harmless":
            break
    assert seen is not None
    if not is_blocked(seen):
        seen = replace(seen, reached=_reached(slot, history, fault, first, seen))
    return judge(fault, seen, time.monotonic() - started)


def _spoil(fault: Fault, history: History, day: date, number: int) -> Day:
    spoiled = Day(fault.table, day, history.clean, history.keys.get(fault.table, ()), number)
    fault.spoil(spoiled)
    return spoiled


def _after_one_day(slot: Slot, history: History, fault: Fault, index: int, spoiled: Day, before: Seen | None) -> Seen:
    shutil.rmtree(slot.deliveries)
    deliver(slot, history.clean, history.days[index], without=spoiled.table.folder)
    spoiled.deliver(slot.deliveries)
    reports, clean = slot.ingest(), history.facts[index]
    damage = _together(before.damage if before else None, spoiled.damage(), fault.caught_by == "harmless")
    at_ingest = _seen_at_ingest(fault, clean, reports, damage)
    days = before.days + 1 if before else 1
    if at_ingest.refused:
        return replace(at_ingest, days=days, alerts=alerts(slot.target, (), reports))
    slot.build()
    facts = _facts(slot, reports, history.layout, history.days[index])
    extra = facts.refused - clean.refused
    return replace(
        at_ingest,
        days=days,
        held={rule: rows for (feed, rule), rows in sorted(extra.items()) if feed in (fault.table, "")},
        collateral=sum(rows for (feed, _), rows in extra.items() if feed not in (fault.table, "")),
        checks=tuple(check for check in facts.checks if check not in clean.checks),
        alerts=alerts(slot.target, _new(facts, clean), reports),
    )


def _new(facts: Facts, clean: Facts) -> list[Finding]:
    """What was found here and not in the clean run."""
    known = {one.id for one in clean.findings}
    return [one for one in facts.findings if one.id not in known]


def _seen_at_ingest(fault: Fault, clean: Facts, reports: Sequence[FeedReport], damage: Damage) -> Seen:
    refused = [f"{why}" for report in reports for _, why in report.refused]
    own = next((report for report in reports if report.feed == fault.table), None)
    others = {feed: rows for feed, rows in _landed(reports).items() if feed != fault.table}
    return Seen(
        damage,
        refused=tuple(refused),
        landed_in_spite=own.rows_landed if own and own.refused else 0,
        rest_landed=all(rows == clean.landed.get(feed) for feed, rows in others.items()),
        at_ingest=dict(own.reasons) if own else {},
    )


def _together(before: Damage | None, now: Damage, harmless: bool) -> Damage:
    """The damage of all days so far. A change to a file that must be accepted as it is damages no row."""
    if harmless:
        now = replace(now, bad=0, keys=(), lost=0)
    if before is None:
        return now
    return replace(
        now, bad=before.bad + now.bad, lost=before.lost + now.lost, keys=before.keys + now.keys, whole=before.whole or now.whole
    )


def _reached(slot: Slot, history: History, fault: Fault, first: int, seen: Seen) -> dict[str, int]:
    """Rows of marts that the bad rows have changed: compared with marts built without them.

    Where rows were lost or the change is harmless, the clean run's marts are the expected ones.
    """
    layout, last = history.layout, first + seen.days
    mine = slot.root / "with_bad_rows.duckdb"
    shutil.copy2(warehouse(slot, layout), mine)
    clean = history.state(last) / "warehouse" / mine.with_name(f"{layout.database}.duckdb").name
    found = in_child(marts.unlike, mine, clean, layout.readers)
    if not found or seen.damage.lost or not seen.damage.bad:
        return found
    slot.put_back(history.state(first))
    for number, day in enumerate(history.days[first:last], 1):
        spoiled = _spoil(fault, history, day, number)
        deliver(slot, history.clean, day, without=spoiled.table.folder)
        spoiled.deliver_good_rows(slot.deliveries)
    slot.ingest()
    slot.build(tests=False)
    return in_child(marts.unlike, mine, warehouse(slot, layout), layout.readers)

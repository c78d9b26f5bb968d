"""How a fault ended: pure functions from what was observed to a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from lab.faults.day import Damage
from lab.faults.registry import Aim, Fault, Kind, Place

_PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True)
class SeenCheck:
    """One check that did not pass: `kind` is model, test, expectation or chart; `blocks` whether it stops a release."""

    kind: str
    name: str
    blocks: bool


@dataclass(frozen=True)
class Seen:
    """What one trial has shown after its last day. `refused`: files rejected as a whole, with the reason.

    `at_ingest` and `held` count rows by reason and rule, beyond those of the clean run; `collateral` those that other
    feeds lost with them. `checks` did not pass here and did in the clean run. `rest_landed`: rows of the other feeds
    that the clean run landed are all there. `reached`: by mart, rows that would not be there, or would be there, had
    the bad rows not been delivered; None if the gate stopped the release, so that marts were not compared. `alerts`: the
    incidents that what was found becomes; one is right.
    """

    damage: Damage
    days: int = 1
    refused: tuple[str, ...] = ()
    landed_in_spite: int = 0
    rest_landed: bool = True
    at_ingest: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    collateral: int = 0
    checks: tuple[SeenCheck, ...] = ()
    reached: Mapping[str, int] | None = None
    alerts: int = 0


@dataclass(frozen=True)
class FaultVerdict:
    """One line of the table."""

    id: str
    kind: Kind
    table: str
    says: str
    aim: Aim
    but: str
    place: Place | Aim
    by: tuple[str, ...]
    bad_rows: int
    lost_rows: int
    held_rows: int
    collateral_rows: int
    after_rows: int | None
    after_days: int
    is_blocked: bool
    reached: Mapping[str, int]
    is_as_promised: bool
    seconds: float = 0.0
    alerts: int = 0


def place_of(seen: Seen) -> Place | Aim:
    """Where the fault was caught first; `harmless` if nothing had to be caught and the marts are right."""
    kinds = {check.kind for check in seen.checks}
    if seen.refused or seen.at_ingest:
        return "ingest"
    if seen.held or seen.collateral:
        return "quarantine"
    if kinds & {"model", "test"}:
        return "test"
    if "expectation" in kinds:
        return "expectation"
    if "chart" in kinds:
        return "chart"
    nothing_wrong = not seen.reached and not seen.damage.bad and not seen.damage.lost
    return "harmless" if nothing_wrong else "none"


def is_caught(seen: Seen) -> bool:
    """Whether anything detected it, so that a fault of several days can stop."""
    return place_of(seen) not in ("none", "harmless")


def is_blocked(seen: Seen) -> bool:
    """Whether the gate stops what was built: a file rejected as a whole (ingest exits with 1), or a check that blocks."""
    return bool(seen.refused) or any(check.blocks for check in seen.checks)


def judge(fault: Fault, seen: Seen, seconds: float = 0.0) -> FaultVerdict:
    """The verdict on one trial."""
    place = place_of(seen)
    reached = {} if is_blocked(seen) else dict(seen.reached or {})
    return FaultVerdict(
        id=fault.id,
        kind=fault.kind,
        table=fault.table,
        says=fault.says,
        aim=fault.caught_by,
        but=fault.but,
        place=place,
        by=_by(seen, place),
        bad_rows=seen.damage.bad,
        lost_rows=seen.damage.lost,
        held_rows=_held(seen),
        collateral_rows=seen.collateral,
        after_rows=None if place in ("none", "harmless") else _after(seen, place),
        after_days=seen.days,
        is_blocked=is_blocked(seen),
        reached=reached,
        is_as_promised=_as_promised(fault, seen, place, reached),
        seconds=round(seconds, 1),
        alerts=seen.alerts,
    )


def _held(seen: Seen) -> int:
    if seen.refused:
        return seen.damage.bad
    return sum(seen.at_ingest.values()) + sum(seen.held.values())


def _after(seen: Seen, place: Place | Aim) -> int:
    """How many bad or lost rows had been accepted when it was caught: none at ingestion, otherwise all that were delivered."""
    return 0 if place == "ingest" else seen.damage.bad + seen.damage.lost


def _by(seen: Seen, place: Place | Aim) -> tuple[str, ...]:
    """What caught it, at the first stage that caught it; then what blocks."""
    names: Iterable[str] = ()
    if place == "ingest":
        names = [*seen.refused, *seen.at_ingest]
    elif place == "quarantine":
        names = seen.held or ["rows of other feeds that refer to it"]
    every = ("model", "test", "expectation", "chart")
    first = {"test": ("model", "test"), "expectation": ("expectation",), "chart": ("chart",)}.get(place, every)
    chosen = [check.name for check in seen.checks if check.kind in first or check.blocks]
    return tuple(dict.fromkeys([*names, *chosen]))


def _as_promised(fault: Fault, seen: Seen, place: Place | Aim, reached: Mapping[str, int]) -> bool:
    """Whether it was caught where the entry says, or earlier, with no bad data in a mart; `but` allows bad data."""
    if seen.landed_in_spite or not seen.rest_landed:
        return False
    if fault.caught_by == "harmless":
        return place == "harmless" and not is_blocked(seen)
    if fault.caught_by == "none":
        return True
    if place not in _PLACES or _PLACES.index(place) > _PLACES.index(fault.caught_by):
        return False
    return not reached or bool(fault.but)


@dataclass(frozen=True)
class CleanDays:
    """The false alarms of days without a fault: how many days, and by check, on how many of them it did not pass.

    `holding`: rules by which rows were in quarantine, often only until the next day brings what they refer to.
    """

    days: int
    blocking: Mapping[str, int]
    warning: Mapping[str, int]
    holding: Mapping[str, int] = field(default_factory=dict)


def is_good(verdicts: Sequence[FaultVerdict], clean: CleanDays) -> bool:
    """Whether every promise of the corpus was kept and no clean day was stopped."""
    return all(verdict.is_as_promised for verdict in verdicts) and not clean.blocking

"""The page of the alarms, with the cause of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lab.alarms.found import Alarm, Found
from sluice.charts.settings import BLOCK_ARL, LOOK_ARL
from sluice.core.yaml_model import checked, read

_EFFECT = {"error": "would stop", "warn": "warns"}


@dataclass(frozen=True)
class Cause:
    """Why series alarmed in a stretch of time: `series` is a regular expression for their names."""

    since: date
    until: date
    series: str
    why: str


def causes(file: Path) -> Mapping[str, tuple[Cause, ...]]:
    """The causes in a YAML file, by shop. Raises SluiceError where it is not as it should be."""
    return checked(dict[str, tuple[Cause, ...]], read(file), file)


def cause(alarm: Alarm, known: Sequence[Cause]) -> str | None:
    """The first cause that fits an alarm: its worst day is in the stretch, and its series is meant."""
    return next((one.why for one in known if one.since <= alarm.worst <= one.until and re.search(one.series, alarm.metric)), None)


def unexplained(found: Found, known: Mapping[str, Sequence[Cause]]) -> list[Alarm]:
    """Alarms of a shop whose cause nobody has written down."""
    return [alarm for alarm in found.alarms if cause(alarm, known.get(found.name, ())) is None]


def section(found: Found, known: Mapping[str, Sequence[Cause]]) -> str:
    """One shop: how much was judged, what theory expects, and each alarm with its cause."""
    lines = [
        f"## {found.name}",
        "",
        f"{found.first} to {found.last}. {found.constant} series never varied and are not counted.",
        "",
        "| severity | series | points judged | to look at | by theory | alarming | by theory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {one.severity} | {one.series} | {one.points:,} | {one.signals} | {one.points / LOOK_ARL:.0f} | {one.alarming}"
            f" | {one.points / BLOCK_ARL:.1f} |"
            for one in found.judged
        ),
        "",
        *_table(found.alarms, known.get(found.name, ())),
    ]
    return "\n".join(lines) + "\n"


def _table(alarms: Sequence[Alarm], known: Sequence[Cause]) -> list[str]:
    if not alarms:
        return ["No alarm."]
    head = "| when | series | worst day | usual | strength | effect | cause |"
    return [head, "| --- | --- | ---: | ---: | ---: | --- | --- |", *(_row(alarm, cause(alarm, known)) for alarm in alarms)]


def _row(alarm: Alarm, why: str | None) -> str:
    when = f"{alarm.first:%Y-%m-%d %a}" + (f" to {alarm.last:%m-%d}, {alarm.days} days" if alarm.days > 1 else "")
    cells = (
        when, f"`{alarm.metric}`", f"{alarm.value:,.4g}", f"{alarm.usual:,.4g}", f"{alarm.strength:.1f}",
        _EFFECT[alarm.severity], why or "**not explained**",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"

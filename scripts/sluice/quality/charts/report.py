"""The charts of an audit for people, and as rows of lake/ops/checks and lake/ops/signals."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sluice.core.document import plain
from sluice.core.markdown import plain as plain_markdown
from sluice.history.kinds import CheckEntry, SignalEntry
from sluice.quality.charts import words
from sluice.quality.charts.result import ChartFindings, SeriesResult

DRAWN = 3  # charts of failed series that a report in text draws
LOOKS = 10  # lines of series to look at
_WORDS = {"fail": "FAILED", "warn": "warning", "pass": "look"}


def as_fields(found: ChartFindings) -> dict[str, Any]:
    """For programs: every series, and what was left out."""
    return {"series": [asdict(one) for one in found.series], "notes": list(found.notes), "seconds": found.seconds}


def as_lines(found: ChartFindings, acknowledged: Collection[str]) -> list[str]:
    """For people: what signals, the most severe first, and the charts of what failed. Nothing without series."""
    if not found.series:
        return []
    lines = [words.head(found), *(f"  {line}" for line in _lines(found, acknowledged))]
    failed = [one for one in found.failing if one not in acknowledged and one in found.pictures]
    for metric in failed[:DRAWN]:
        lines += ["", *(f"  {line}".rstrip() for line in words.picture(found.pictures[metric]))]
    return [*lines, ""]


def as_markdown(found: ChartFindings, acknowledged: Collection[str]) -> Iterator[str]:
    """For a pull request: what signals as a list, the charts of what failed folded away."""
    if not found.series:
        return
    yield from ["", words.head(found), ""]
    yield from (f"- {plain_markdown(line)}" for line in _lines(found, acknowledged))
    for metric in [one for one in found.failing if one in found.pictures][:DRAWN]:
        drawn = "\n".join(words.picture(found.pictures[metric])).replace("`", "'")
        yield f"\n<details><summary>{plain_markdown(metric)}</summary>\n\n```\n{drawn}\n```\n</details>"


def _lines(found: ChartFindings, acknowledged: Collection[str]) -> Iterator[str]:
    for status in ("fail", "warn"):
        for one in found.series:
            if one.status == status:
                word = "acknowledged" if one.metric in acknowledged else _WORDS[status]
                yield f"{word}  {words.sentence(one)}{f' ({one.owner})' if one.owner else ''}"
    looks = sorted(found.looks, key=lambda one: -one.worst.strength if one.worst else 0)
    yield from (f"{_WORDS['pass']}  {words.sentence(one)}" for one in looks[:LOOKS])
    if len(looks) > LOOKS:
        yield f"{len(looks) - LOOKS} more to look at; --format json has all"
    yield from (f"note: {note}" for note in found.notes)


def checks(found: ChartFindings, run_id: str, checked_at: datetime, warehouse: str) -> list[CheckEntry]:
    """Every series as a row of lake/ops/checks; `failures` counts the new points that signal."""
    return [
        CheckEntry(
            run_id=run_id,
            checked_at=checked_at,
            warehouse=warehouse,
            kind="control_chart",
            model=one.model,
            column_name=None,
            check_name=one.metric,
            severity=one.severity,
            status=one.status,
            failures=one.signalled,
            observed=_json(_observed(one)),
            expected=_json(_expected(one)),
            seconds=None,
        )
        for one in found.series
    ]


def _observed(one: SeriesResult) -> dict[str, Any]:
    points = {"points": one.points, "new_points": one.new}
    if one.worst is None:
        return points | ({"error": one.remark} if one.remark else {})
    seen = one.worst
    return points | {"at": seen.at, "value": seen.value, "level": seen.level, "strength": seen.strength, "rules": seen.rules}


def _expected(one: SeriesResult) -> dict[str, Any]:
    limits = {"usual": one.worst.usual, "lower": one.worst.lower, "upper": one.worst.upper} if one.worst else {}
    return {"kind": one.kind, "direction": one.direction, **limits}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(plain(value), allow_nan=False)


def signals(
    found: ChartFindings, run_id: str, judged_at: datetime, environment: str, release_id: str | None
) -> list[SignalEntry]:
    """The new points that signal as rows of lake/ops/signals."""
    return [
        SignalEntry(
            run_id=run_id,
            environment=environment,
            release_id=release_id,
            judged_at=judged_at,
            metric=one.metric,
            relation=one.relation,
            measure=one.measure,
            dimension=one.dimension,
            point_at=seen.at,
            value=seen.value,
            centre=seen.usual,
            lower=seen.lower,
            upper=seen.upper,
            level=2 if seen.level == "block" else 1,
            strength=seen.strength,
            rules=seen.rules,
            severity=one.severity,
            owner=one.owner,
            is_new=seen.is_new,
            blocks=seen.is_new and seen.hurts and one.severity == "error",
        )
        for one in found.series
        for seen in found.signals.get(one.metric, ())
    ]

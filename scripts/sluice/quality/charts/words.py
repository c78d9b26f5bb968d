"""What charts found, in words."""

from __future__ import annotations

from sluice.charts.result import Chart
from sluice.core.text import number, plural
from sluice.quality.charts.result import ChartFindings, SeriesResult, Signal

_ROUND = 4  # digits that are shown
_WHOLE = 10  # counts from here on are shown without a fraction


def sentence(one: SeriesResult) -> str:
    """What was seen and what is usual; the series too short to be judged says so."""
    if one.worst is None:
        return one.remark
    seen = one.worst
    before = f", {figure(seen.before, one)} before this release" if _is_changed(seen) else ""
    why = f"; {one.remark}" if one.remark else ""
    return f"{one.metric} was {figure(seen.value, one)} on {day(seen)}{before}; {usual(one)}{_more(one)}{why}"


def usual(one: SeriesResult) -> str:
    """The centre and the limits within which a value needs no look."""
    assert one.worst is not None
    centre, lower, upper = (figure(value, one) for value in (one.worst.usual, one.worst.lower, one.worst.upper))
    if lower == upper:
        return f"it has always been {centre}"
    inside = one.worst.lower <= one.worst.value <= one.worst.upper
    which = "it has been off for days: usual is" if inside else "usual is"
    return f"{which} {centre} ({lower} to {upper})"


def _more(one: SeriesResult) -> str:
    """That other new points signal, too."""
    more = one.signalled - 1
    return f"; so {'are' if more > 1 else 'is'} {more} more of its {plural(one.new, 'new point')}" if more else ""


def _is_changed(seen: Signal) -> bool:
    return seen.before is not None and abs(seen.before - seen.value) > 1e-9 * max(abs(seen.before), abs(seen.value))


def figure(value: float | None, one: SeriesResult) -> str:
    """A value as people read it: a share as a percentage."""
    if value is None:
        return ""
    if one.kind == "p":
        return f"{_rounded(100 * value)} %"
    return number(round(value)) if one.kind == "count" and abs(value) >= _WHOLE else _rounded(value)


def _rounded(value: float) -> str:
    return number(round(value)) if abs(value) >= 10**_ROUND else number(float(f"{value:.{_ROUND}g}"))


def day(seen: Signal) -> str:
    """The day, with the time where it is not that of a whole day."""
    return f"{seen.at:%Y-%m-%d}" if seen.at.hour == seen.at.minute == 0 else f"{seen.at:%Y-%m-%d %H:%M}"


def head(found: ChartFindings) -> str:
    """How many series there are, and how many of their points are new."""
    new = sum(one.new for one in found.series)
    short = found.count("not_run")
    left = f", {short} too short to be judged" if short else ""
    return f"charts: {len(found.series):,} series, {plural(new, 'new point')}{left}"


def picture(chart: Chart) -> list[str]:
    """A chart as lines of text."""
    from sluice.charts.text import as_text

    return as_text(chart).splitlines()

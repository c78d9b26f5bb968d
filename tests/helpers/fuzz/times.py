"""Days and microseconds since 1970 of dates and times in text, for any year, without a library that rounds or guesses."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NANOSECONDS_A_DAY = 86_400_000_000_000
_MICROSECONDS_A_DAY = 86_400_000_000
_DATE = r"(?P<year>[+-]?[0-9]{4,7})(?P<first>[-/. ])(?P<month>[0-9]{1,2})(?P=first)(?P<day>[0-9]{1,2})(?P<bc> \(BC\))?"
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(:(?P<second>[0-9]{1,2})(\.(?P<fraction>[0-9]+))?)?"
_ZONE = r"(?P<zone>[Zz]|(?P<sign>[+-])(?P<zh>[0-9]{1,2})(:?(?P<zm>[0-9]{2})(:?(?P<zs>[0-9]{2}))?)?|[A-Za-z]+[A-Za-z0-9_/+-]*)"
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_TEXT = re.compile(rf"\s*{_DATE}(\s*[Tt ]\s*{_CLOCK}\s*{_ZONE}?)?\s*")
_PLAIN_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( 00:00:00)?")
_PLAIN_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def civil_days(year: int, month: int, day: int) -> int | None:
    """Days since 1970 of a date of the Gregorian calendar, also before its time (year 0 is 1 BC); None for no such day."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        return None
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(lengths[: month - 1]) + day - 719_163


def is_everyday(days: int) -> bool:
    """Whether a day is in a year that every library knows, and no calendar disputes."""
    return -100_000 < days < 2_932_897


def fits_microseconds(count: int) -> bool:
    return -(1 << 63) < count < (1 << 63) - 1


def days_of(text: str) -> tuple[tuple[int, ...], bool]:
    """The day that a text is, and whether it is written so plainly that it must be understood."""
    found = _parsed(text)
    if found is None:
        return (), False
    moments, days, _ = found
    whole = tuple(moment // _MICROSECONDS_A_DAY for moment in moments if moment % _MICROSECONDS_A_DAY == 0)
    fits = tuple(day for day in whole if -(1 << 31) < day < (1 << 31) - 1)
    return fits, bool(fits) and bool(_PLAIN_DATE.fullmatch(text)) and is_everyday(days)


def microseconds_of(text: str) -> tuple[tuple[int, ...], bool]:
    """The points in time that a text can mean (two in the hour when clocks go back), and whether it is plain."""
    found = _parsed(text)
    if found is None:
        return (), False
    moments, days, exact = found
    fits = tuple(moment for moment in moments if exact and fits_microseconds(moment))
    return fits, bool(fits) and bool(_PLAIN_TIME.fullmatch(text)) and is_everyday(days)


def _parsed(text: str) -> tuple[tuple[int, ...], int, bool] | None:
    """Microseconds since 1970 (of each meaning), days, and whether nothing is finer than a microsecond."""
    match = _TEXT.fullmatch(_COMPACT.sub(r"\1-\2-\3", text) if _COMPACT.fullmatch(text) else text)
    if match is None:
        return None
    year = int(match["year"])
    if match["bc"]:
        year = 1 - year
    days = civil_days(year, int(match["month"]), int(match["day"]))
    clock = _clock(match)
    if days is None or clock is None:
        return None
    fraction = (match["fraction"] or "").ljust(6, "0")
    local = days * _MICROSECONDS_A_DAY + clock * 1_000_000 + int(fraction[:6])
    return _in_utc(local, match), days, not fraction[6:].strip("0")


def _clock(match: re.Match[str]) -> int | None:
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = (match["fraction"] or "").strip("0")
    if hour == 24 and minute == second == 0 and not fraction:
        return 86_400
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None


def _in_utc(local: int, match: re.Match[str]) -> tuple[int, ...]:
    zone = match["zone"]
    if not zone or zone.upper() in ("Z", "UTC", "GMT"):
        return (local,)
    if match["sign"]:
        hours, minutes, seconds = (int(match[name] or 0) for name in ("zh", "zm", "zs"))
        if hours > 23 or minutes > 59 or seconds > 59:
            return ()
        offset = (hours * 3600 + minutes * 60 + seconds) * 1_000_000
        return (local - offset if match["sign"] == "+" else local + offset,)
    return _named(local, zone)


def _named(local: int, name: str) -> tuple[int, ...]:
    """Both meanings where clocks go back, both guesses where the hour does not exist."""
    try:
        zone, naive = ZoneInfo(name), datetime(1970, 1, 1) + timedelta(microseconds=local)  # noqa: DTZ001
    except (ZoneInfoNotFoundError, OverflowError, ValueError, IsADirectoryError, PermissionError):
        return ()
    offsets = [naive.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    return tuple({local - round(offset.total_seconds()) * 1_000_000 for offset in offsets})

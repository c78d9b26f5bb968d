"""Texts as people and programs write them into deliveries, right and wrong, each with the name of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Spelling:
    """A text, and the kind of spelling it is."""

    kind: str
    text: str


def _texts(kind: str, texts: SearchStrategy[str]) -> SearchStrategy[Spelling]:
    return texts.map(lambda text: Spelling(kind, text))


def _one_of(kind: str, *texts: str) -> SearchStrategy[Spelling]:
    return _texts(kind, st.sampled_from(texts))


_EDGES = [sign * (1 << bits) + more for bits in (7, 15, 31, 53, 63, 64) for sign in (1, -1) for more in (-2, -1, 0, 1)]
_DIGITS = st.text("0123456789", min_size=1, max_size=12)
_DAYS = st.dates(date(1700, 1, 1), date(9990, 12, 31))
_TIMES = st.datetimes(datetime(1700, 1, 1), datetime(9990, 12, 31))  # noqa: DTZ001

NUMBERS = (
    _texts("whole number", st.integers(-200, 70_000).map(str)),
    _texts("whole number at the edge of a type", st.sampled_from(_EDGES).map(str)),
    _texts("whole number of many digits", st.integers(10**16, 10**42).map(str)),
    _texts("whole number with a point", st.integers(-999, 99_999).map(lambda n: f"{n}.0")),
    _texts("cents", st.decimals(-999_999, 999_999, places=2).map(str)),
    _texts("fraction of some digits", st.decimals(-99, 99, places=5).map(str)),
    _texts("fraction beyond the type", st.builds("{}.{}{}".format, st.integers(-99, 99_999), _DIGITS, _DIGITS)),
    _texts("a number and a trace", st.builds("{}.{}1".format, st.integers(0, 99_999), st.integers(1, 18).map(lambda n: "0" * n))),
    _texts("trailing zeros", st.builds("{}.5{}".format, st.integers(0, 99), st.integers(1, 20).map(lambda n: "0" * n))),
    _texts(
        "scientific notation",
        st.builds(
            "{}{}{}{}".format,
            st.decimals(-99, 99, places=3),
            st.sampled_from("eE"),
            st.sampled_from(["", "+", "-", "+0"]),
            st.integers(0, 25),
        ),
    ),
    _one_of("scientific notation", "1e3", "1.2E+05", "1e-2", "5E-324", "1E400", "-1e400", "1e-400", "1e38", "1e99999"),
    _texts("float as Python writes it", st.floats(allow_nan=False, allow_infinity=False).map(repr)),
    _texts("single float", st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr)),
    _one_of("infinity and NaN", "NaN", "nan", "inf", "-inf", "Infinity", "-Infinity", "+inf", "NAN", "INF"),
    _one_of("decimal comma", "1,5", "12,50", "1.234,56", "0,0"),
    _one_of("thousands", "1,234", "1,234.50", "1 234", "1'234", "1_000", "1\u00a0234"),
    _one_of("sign or space around a number", "+5", " 5", "5 ", "5\t", "- 5", "--5", "5-", "(5)", "\u22125", "+", "-", "."),
    _one_of("zeros in front", "007", "-0", "-0.0", "00.50", "0000000000000000000000000000000000000000001"),
    _one_of("point without digits", ".5", "5.", "-.5", "5.e1"),
    _one_of("number of a program", "0x1F", "0b101", "1L", "1f", "1e", "e5", "1e5.5", "0x1p3", "1d5"),
    _one_of("currency or unit", "€5", "5 EUR", "$1.00", "5%", "5kg", "GBP 5"),
    _one_of("digits of another script", "\u0663", "\uff11\uff12", "\u00b2", "\u00bd"),
)

DATES = (
    _texts("date", _DAYS.map(str)),
    _texts("date with time", _TIMES.map(lambda t: t.replace(microsecond=0)).map(str)),
    _texts("midnight", _DAYS.map(lambda day: f"{day} 00:00:00")),
    _texts("two-digit year", _DAYS.map(lambda day: f"{day:%y-%m-%d}")),
    _one_of("two-digit year", "25-01-02", "1-2-25", "13-01-25", "1-1-1", "01-02-03", "99-12-31", "25-01-02 10:00:00"),
    _texts("day first", _DAYS.map(lambda day: f"{day:%d/%m/%Y}")),
    _texts("day first", _DAYS.map(lambda day: f"{day:%d.%m.%Y}")),
    _texts("month first", _DAYS.map(lambda day: f"{day:%m/%d/%Y} 10:00")),
    _texts("date without zeros", _DAYS.map(lambda day: f"{day.year}-{day.month}-{day.day}")),
    _texts("date with slashes", _DAYS.map(lambda day: f"{day:%Y/%m/%d}")),
    _texts("date without separators", _DAYS.map(lambda day: f"{day:%Y%m%d}")),
    _texts("date in words", _DAYS.map(lambda day: f"{day:%d %b %Y}")),
    _one_of("a word for a time", "epoch", "now", "today", "tomorrow", "yesterday", "current_date", "noon", "Epoch"),
    _one_of("infinite time", "infinity", "-infinity", "Infinity", "inf", "-inf", "+infinity"),
    _one_of("a day that does not exist", "2025-02-30", "2023-02-29", "2025-13-01", "2025-00-10", "1900-02-29 00:00:00"),
    _one_of("far date", "0001-01-01", "0000-01-01", "9999-12-31", "10000-01-01", "12345-06-07", "290000-01-01"),
    _one_of(
        "far date", "5881580-07-10", "5881581-01-01", "-0044-03-15", "0044-03-15 (BC)", "294247-01-10 04:00:54", "999999-01-01"
    ),
    _one_of("date of the old calendar", "1582-10-04", "1582-10-10", "1500-02-29", "1400-01-01 12:00:00", "1000-01-01T00:00:00Z"),
    _one_of("week, quarter or day of year", "2025-W01-1", "2025-001", "2025Q1", "2025-01", "2025"),
    _one_of("time alone", "10:11:12", "10:11", "T10:11:12"),
    _one_of("seconds since 1970", "1735689600", "1735689600000", "1735689600.5"),
    _one_of("serial day of a spreadsheet", "45658", "45658.5"),
)


def _zoned(moment: datetime, minutes: int) -> str:
    return moment.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat()


_NAMES = (
    "UTC",
    "GMT",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "EST",
    "Mars/Base",
)

TIMES = (
    _texts("time with T", _TIMES.map(datetime.isoformat)),
    _texts("time in UTC", _TIMES.map(lambda t: f"{t.isoformat()}Z")),
    _texts("time with an offset", st.builds(_zoned, _TIMES, st.sampled_from([0, 60, -60, 120, -300, 330, 345, -570, 840]))),
    _texts("short offset", st.builds("{}{}".format, _TIMES, st.sampled_from(["+02", "-0500", "+2", "+00", "-08", " +01:00"]))),
    _texts("named zone", st.builds("{} {}".format, _TIMES.map(lambda t: t.replace(microsecond=0)), st.sampled_from(_NAMES))),
    _texts("named zone", st.builds("{} {}".format, _TIMES, st.sampled_from(_NAMES))),
    _one_of("hour when clocks change", "2025-10-26 02:30:00 Europe/Berlin", "2025-03-30 02:30:00 Europe/Berlin"),
    _texts("milliseconds", _TIMES.map(lambda t: t.isoformat(" ", "milliseconds"))),
    _texts(
        "nanoseconds",
        st.builds("{}.{}".format, _TIMES.map(lambda t: t.replace(microsecond=0)), st.text("0123456789", min_size=7, max_size=9)),
    ),
    _texts(
        "nanoseconds",
        st.builds("{}.{}Z".format, _TIMES.map(lambda t: t.replace(microsecond=0)), st.text("0123456789", min_size=7, max_size=9)),
    ),
    _texts("time without seconds", _TIMES.map(lambda t: f"{t:%Y-%m-%d %H:%M}")),
    _one_of("odd clock", "2025-01-01 24:00:00", "2025-01-01 25:00:00", "2025-01-01 23:59:60", "2025-01-01 12:60:00"),
    _one_of(
        "odd clock", "2025-01-01 1:02:03", "2025-01-01 10:00:00 PM", "2025-01-01 10:00:00 pm", "2025-01-01T10", "2025-01-01 10h"
    ),
    _one_of(
        "odd clock", "2025-01-01t10:00:00z", "2025-01-01T10:00:00+25:00", "2025-01-01T10:00:00+15:59:59", "2025-01-01 10:00:00 "
    ),
    _one_of(
        "date at the edge of microseconds",
        "294247-01-10 04:00:54.775806",
        "294247-01-10 04:00:54.775807",
        "294248-01-01 00:00:00",
    ),
    _one_of("two-digit year", "25-01-02T10:00:00Z", "25-01-02 10:00:00.5", "0025-01-02 10:00:00"),
    _one_of("infinite time", "infinity", "-infinity", "Infinity Z"),
    _texts("HTTP date", _TIMES.map(lambda t: t.replace(tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"))),
)

_RISKY = st.text(
    st.one_of(
        st.sampled_from("abc ,;|\t\"'\\\r\n{}[]:=#%&$äß€😀\u00a0\u200b\u2028\ufeff\u0301\x01\x7f"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)

WORDS = (
    _one_of(
        "boolean", "true", "false", "True", "FALSE", "t", "f", "yes", "no", "Y", "N", "on", "off", "0", "1", "2", "wahr", "tru"
    ),
    _one_of("a word for nothing", "null", "NULL", "None", "NA", "N/A", "nil", "\\N", "-", "?", "#N/A"),
    _texts("any text", _RISKY),
    _texts("space around text", st.sampled_from([" a", "a ", "\ta", "a\u00a0", "  ", "\u3000"])),
    _one_of("text with quotes", '"', '""', 'a"b', "'", "a'b", '"a', 'a"', ",", "a,b", 'a","b', "\\", 'a\\"b', '\\"'),
    _one_of("line ends within text", "a\nb", "a\r\nb", "\n", "a\n", "\r", "a\rb"),
    _one_of("escaped bytes", "\\x41", "\\xC3\\xA9", "\\xZZ", "\\x4", "a\\b", "x41", "0x41", "\\\\x41"),
    _one_of("a formula", "=1+1", "@SUM(A1)", "#comment", "--", "/* */", "'; drop table x; --", "{{ x }}", "${HOME}"),
)

NESTED = (
    _one_of("list in text", "[1, 2]", "[1.5, 2]", "[]", "[null]", "[1, 2", "1,2", '["a"]', "[a, b]", "[[1], [2]]", "[2.999]"),
    _one_of("list in text", "[12.345]", "[1e2]", '["2025-01-01T00:00:00+02:00"]', '["25-01-02"]', "[9007199254740993]"),
    _one_of(
        "struct in text",
        '{"a": 1, "b": "x"}',
        '{"a": 1.5, "b": "x"}',
        "{'a': 2, 'b': x}",
        "{a: 1}",
        '{"a": 1, "c": 2}',
        "{}",
        "{",
    ),
    _one_of("struct in text", '{"p": 12.345}', '{"p": "12.30", "q": [1]}', '{"a": {"b": 1}}', '{"b": null}', '{"A": 1}'),
)

SPELLINGS = (*NUMBERS, *DATES, *TIMES, *WORDS, *NESTED)
# Up to two texts of each kind, each text once.
DECKS: SearchStrategy[list[Spelling]] = st.tuples(*(st.lists(spelling, max_size=2) for spelling in SPELLINGS)).map(
    lambda drawn: list({spelling.text: spelling for some in drawn for spelling in some}.values())
)

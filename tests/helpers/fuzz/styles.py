"""Values in the way of a country or a program: written by Python in one style, read by a feed that says that style or another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.helpers.fuzz import cells, shapes
from tests.helpers.fuzz.oracle import Timestamp
from tests.helpers.fuzz.reading import NOTHING, NULL, Kind, Reading
from tests.helpers.fuzz.trial import File, Row
from tests.helpers.fuzz.written import landed

COLUMNS: Mapping[str, Kind] = {name: shapes.COLUMNS[name] for name in ("day", "moment", "money", "big", "double", "note")}
CONTRACT = {"id": "varchar!", **{name: kind.sql for name, kind in COLUMNS.items()}}
_DATES = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%Y/%m/%d",
    "%A, %d %B %Y",
)
_TIMES = (
    "%Y-%m-%dT%H:%M:%S.%f",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%Y, %H:%M",
    "%Y%m%d%H%M%S",
    "%d %b %Y %H:%M:%S%z",
)
_MARKS = ((".", ""), (".", ","), (",", "."), (",", ""), (".", " "), (".", "'"), (",", " "))


@dataclass(frozen=True)
class Style:
    """How dates, times and numbers are written."""

    date: str
    time: str
    decimal: str
    thousands: str
    sign: str

    @property
    def feed(self) -> dict[str, Any]:
        """The keys of a feed that reads it."""
        keys = {"date_format": (self.date,), "timestamp_format": (self.time,), "decimal": self.decimal, "trim": True}
        return {**keys, "thousands": self.thousands or None, "signs": (self.sign,) if self.sign else (), "null_text": ("", "n/a")}

    def write(self, value: Any) -> str:
        if value is None:
            return "n/a"
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC).strftime(self.time)
        if isinstance(value, date):
            return value.strftime(self.date)
        if isinstance(value, float):
            return repr(value).replace(".", self.decimal)
        if isinstance(value, int | Decimal):
            text = f"{value:,}".replace(",", "T").replace(".", self.decimal).replace("T", self.thousands)
            return f"{text} {self.sign}" if self.sign and isinstance(value, Decimal) else text
        return f" {value} "

    def read(self, kind: Kind, text: str) -> Reading:
        """What a text means in this style, by Python's strptime and by splitting numbers at their marks."""
        text = text.strip()
        if text in ("", "n/a"):
            return NULL
        if kind.sql in ("date", "timestamp"):
            return self._moment(kind, text)
        if kind.sql == "varchar":
            return Reading((text,), plain=True)
        plain = self._number(text.removesuffix(self.sign).strip() if self.sign else text)
        return NOTHING if plain is None else kind.of_text(plain)

    def _moment(self, kind: Kind, text: str) -> Reading:
        try:
            moment = datetime.strptime(text, self.time if isinstance(kind, Timestamp) else self.date).replace(tzinfo=None)  # noqa: DTZ007
        except ValueError:
            return NOTHING
        return Reading((landed(moment if isinstance(kind, Timestamp) else moment.date()),))

    def _number(self, text: str) -> str | None:
        whole, mark, fraction = text.partition(self.decimal)
        sign, groups = whole[: whole.startswith("-")], whole.lstrip("-").split(self.thousands or "\0")
        digits = all(group.isdigit() and group.isascii() for group in groups)
        if not digits or (len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:]))):
            return None
        return f"{sign}{''.join(groups)}{mark and '.'}{fraction}"


STYLES: SearchStrategy[Style] = st.builds(
    lambda date, time, marks, sign: Style(date, time, marks[0], marks[1], sign),
    st.sampled_from(_DATES),
    st.sampled_from(_TIMES),
    st.sampled_from(_MARKS),
    st.sampled_from(["", "€", "GBP"]),
)
_VALUES: Mapping[str, SearchStrategy[Any]] = {
    "day": st.dates(date(1700, 1, 1), date(9990, 1, 1)),
    "moment": st.datetimes(datetime(1700, 1, 1), datetime(9990, 1, 1)).map(lambda t: t.replace(second=0, microsecond=0)),  # noqa: DTZ001
    "money": st.integers(-(10**12) + 1, 10**12 - 1).map(lambda cents: Decimal(cents).scaleb(-2)),
    "big": st.integers(-(1 << 63), (1 << 63) - 1),
    "double": st.floats(-1e15, 1e15).map(lambda x: round(x, 3)),
    "note": st.text("ab,.€ 12", min_size=1, max_size=5),
}
RECORDS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, values in _VALUES.items()}), min_size=1, max_size=8)


def rows(records: Sequence[Mapping[str, Any]], written: Style, read: Style) -> list[tuple[Row, dict[str, str]]]:
    """Each value as a row: in the feed's own style, which must be understood, and in another one, which may be."""
    found: list[tuple[Row, dict[str, str]]] = []
    for style, kind in ((read, "a value in the feed's style"), (written, "a value in another style")):
        for record in records:
            for name, value in record.items():
                text = style.write(value)
                reading = Reading((landed(_stripped(value)),), plain=True) if style is read else read.read(COLUMNS[name], text)
                row = Row(f"k{len(found)}x", kind, name, repr((text, read)), {name: reading})
                found.append((row, {name: text}))
    return found


def _stripped(value: Any) -> Any:
    return (value.strip() or None if value.strip() != "n/a" else None) if isinstance(value, str) else value


def csv_file(name: str, found: Sequence[tuple[Row, Mapping[str, str]]]) -> File:
    return cells.csv_file(name, found, cells.Dialect(), tuple(COLUMNS))


def json_file(name: str, found: Sequence[tuple[Row, Mapping[str, str]]]) -> File:
    return cells.json_file(name, [(row, {**dict.fromkeys(COLUMNS), **texts}) for row, texts in found])

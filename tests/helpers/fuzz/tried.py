"""One try of each kind of delivery: what must not be, found by comparing with the oracle and with other neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from tests.helpers.fuzz import cells, columns, files, shapes, styles, written
from tests.helpers.fuzz.spellings import Spelling
from tests.helpers.fuzz.trial import File, Finding, Outcome, compare, ingest, judge

T = TypeVar("T")
COLUMNS = tuple(shapes.COLUMNS)


def csv(deck: Sequence[Spelling], dialect: cells.Dialect, dice: Random) -> list[Finding]:
    """Cells of CSV files."""
    rows = cells.csv_rows(cells.writable(deck, dialect))
    parts = [cells.csv_file(f"{part}.csv", some, dialect) for part, some in enumerate(_regrouped(rows, dice))]
    return _twice("csv", [cells.csv_file("all.csv", rows, dialect)], parts, dialect.feed)


def json(deck: Sequence[Spelling], shaped: Sequence[tuple[str, str, Any]], dice: Random) -> list[Finding]:
    """Values of JSON lines."""
    rows = cells.json_rows(deck)
    rows += cells.shaped_rows(shaped, len(rows))
    whole = cells.with_all_keys(rows)
    parts = [cells.json_file(f"{part}.jsonl", cells.with_all_keys(some)) for part, some in enumerate(_regrouped(rows, dice))]
    return _twice("json", [cells.json_file("all.jsonl", whole)], parts, {})


def parquet(deck: Sequence[columns.Plan], dice: Random) -> list[Finding]:
    """Columns of Parquet files; the second time each file holds other rows of its own, in another order."""
    planned = [(plan, columns.rows_of(plan, number)) for number, plan in enumerate(deck)]
    first = [columns.parquet_file(f"{number}.parquet", plan, rows) for number, (plan, rows) in enumerate(planned)]
    again = [
        columns.parquet_file(f"{number}-{part}.parquet", plan, some)
        for number, (plan, rows) in enumerate(planned)
        for part, some in enumerate(_regrouped(rows, dice))
        if some
    ]
    return _twice("parquet", first, again, {})


def whole_files(format: str, deck: Sequence[files.Odd]) -> list[Finding]:
    """Files that are odd as a whole."""
    built = [files.built(odd, number, format) for number, odd in enumerate(deck)]
    return judge(format, tuple(files.CONTRACT)[1:], built, ingest(files.CONTRACT, format, built))


def in_styles(records: Sequence[Mapping[str, Any]], written_in: styles.Style, read_in: styles.Style) -> list[Finding]:
    """Dates and numbers in the style that the feed says, and in another."""
    rows, found = styles.rows(records, written_in, read_in), []
    for format, made in (("csv", styles.csv_file("a.csv", rows)), ("json", styles.json_file("a.jsonl", rows))):
        found += judge(format, tuple(styles.COLUMNS), [made], ingest(styles.CONTRACT, format, [made], **read_in.feed))
    return found


def programs(records: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Values that fit, written by programs."""
    found = []
    for format in ("csv", "json", "parquet"):
        writers = [writer for writer in written.WRITERS if writer.format == format]
        made = [writer.file(number, records) for number, writer in enumerate(writers)]
        found += judge(format, COLUMNS, made, ingest(shapes.CONTRACT, format, made))
    return found


def _twice(format: str, first: Sequence[File], again: Sequence[File], feed: Mapping[str, Any]) -> list[Finding]:
    one = ingest(shapes.CONTRACT, format, first, **feed)
    other: Outcome = ingest(shapes.CONTRACT, format, again, **feed)
    found = judge(format, COLUMNS, first, one)
    return found or [*judge(format, COLUMNS, again, other), *compare(format, first, one, again, other)]


def _regrouped(rows: Sequence[T], dice: Random) -> list[list[T]]:
    """About half of the rows, in another order, in two groups."""
    kept = [row for row in rows if dice.random() < 0.5]
    dice.shuffle(kept)
    half = len(kept) // 2
    return [kept[:half], kept[half:]]

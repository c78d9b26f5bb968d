"""Compares one relation of two attached files. SQL reads every row; Python gets counts and a few samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Any

import duckdb

from sluice.core.manifest import folded
from sluice.core.text import Number
from sluice.diff import distribution, sql
from sluice.diff.attached import Files
from sluice.diff.columns import ComparedColumn, Shared, schema_changes, shared
from sluice.diff.exact import whole
from sluice.diff.result import (
    ColumnChange,
    Distribution,
    Figures,
    Metric,
    Pair,
    RelationDiff,
    RowChanges,
    SampleRow,
    SchemaChange,
)
from sluice.diff.side import Key, Model, Side

# From this many rows on, distinct values are estimated (HyperLogLog).
NEAR_FROM = 200_000
# If more than this share of the rows changed, joining both sides as a whole is faster.
_MOST = 0.3
_PAIRS = 5
_MASK = "(masked)"


@dataclass(frozen=True)
class _Comparison:
    """One relation while it is compared. Values of `masked` columns never leave the warehouse."""

    connection: duckdb.DuckDBPyConnection
    at: dict[str, str]
    before: list[ComparedColumn]
    after: list[ComparedColumn]
    columns: list[Shared]
    masked: frozenset[str]
    samples: int
    drawn: bool

    def one(self, statement: str) -> tuple[Any, ...]:
        row = self.connection.execute(statement).fetchone()
        assert row is not None
        return row

    def all(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement).fetchall()

    def type_of(self, column: ComparedColumn) -> str:
        """Its type; without the values of an enum, if they are not shown."""
        return column.type.split("(")[0] if "ENUM(" in column.type and folded(column.name) in self.masked else column.type

    def shown(self, column: str, value: str | None) -> str | None:
        return _MASK if value is not None and folded(column) in self.masked else value


def compare(files: Files, relation: str, a: Side, b: Side, samples: int = 5, *, drawn: bool = True) -> RelationDiff:
    """How a relation changed from `a` to `b`. Equal digests show that it did not, without reading a row."""
    started = time.monotonic()
    name = folded(relation)
    old, new = a.models.get(name), b.models.get(name)
    model = new or old
    assert model is not None
    found = RelationDiff(relation, model.name, model.owner, "same", "digest", (), None)
    if name in a.failed | b.failed:
        return replace(found, status="unreadable", told_by="base", detail="it was to be built, and its build failed")
    if any(_is_not_built(name, one) for one in (a, b)):
        return replace(found, told_by="base", detail=f"not built: as in {_as_in(a, b)}")
    if not (a.engine and a.engine == b.engine and a.digests.get(name, 1) == b.digests.get(name, 2)):
        found = _read(files, replace(found, told_by="rows"), old, new, samples, drawn)
    # What only the manifests know: a key or a promise that changed, also where no row did.
    promised = _promises(old, new) if found.status in ("same", "changed") else []
    status = "changed" if found.status == "same" and promised else found.status
    schema = (*found.schema, *promised)
    return replace(found, status=status, schema=schema, seconds=round(time.monotonic() - started, 3))


def _is_not_built(relation: str, side: Side) -> bool:
    """Whether a pull request environment reads it from its base: the project has it, and it was not built."""
    return side.built is not None and relation in side.models and relation not in side.built


def _as_in(a: Side, b: Side) -> str:
    """The base of a pull request environment; and what to do if it is compared with a later release."""
    of, other = (a, b) if a.base else (b, a)
    if other.release_id in ("", of.base):
        return of.base
    advice = f"sluice diff {of.base} {of.name} shows the change alone, or build {of.name} again"
    return f"{of.base}, and {other.name} is another release: what came since is among what differs; {advice}"


def _promises(old: Model | None, new: Model | None) -> list[SchemaChange]:
    if old is None or new is None:
        return []
    changes = [SchemaChange("no longer required", name) for name in sorted(old.required - new.required)]
    changes += [SchemaChange("required", name) for name in sorted(new.required - old.required)]
    before, after = (", ".join(model.key.columns) if model.key else None for model in (old, new))
    return changes + ([SchemaChange("key", "key", before, after)] if folded(before or "") != folded(after or "") else [])


def _read(files: Files, found: RelationDiff, old: Model | None, new: Model | None, samples: int, drawn: bool) -> RelationDiff:
    masked = frozenset().union(*(model.masked for model in (old, new) if model))
    try:
        # A manifest that does not know the relation says nothing of how the file calls it.
        before, after = files.a.table(old or new), files.b.table(new or old)  # type: ignore[arg-type]  # one of them is there
        if before is None and after is None:
            return replace(found, status="missing")
        columns = [list(table.columns) if table else [] for table in (before, after)]
        at = {side: table.sql for side, table in (("a", before), ("b", after)) if table}
        work = _Comparison(files.connection, at, columns[0], columns[1], shared(*columns), masked, samples, drawn)
        if before is None or after is None:
            return _on_one_side(work, found, "b" if before is None else "a")
        return _on_both(work, found, _key([new, old], work.columns))
    except duckdb.Error as error:
        return replace(found, status="unreadable", detail=_told(error, masked))


def _told(error: duckdb.Error, masked: frozenset[str]) -> str:
    """Its first line; only its kind if it may quote a value, and the relation has columns whose values are not shown."""
    line = str(error).splitlines()[0]
    is_of_names = isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.IOException)
    return line if is_of_names or not masked else f"{line.partition(':')[0]} (the rest may quote personal data)"


def _key(models: Sequence[Model | None], columns: Sequence[Shared]) -> tuple[Key, list[Shared]] | None:
    """The key of the newer manifest, else of the older one, if both sides have its columns."""
    there = {folded(column.name): column for column in columns}
    for model in models:
        if model and model.key and all(folded(name) in there for name in model.key.columns):
            return model.key, [there[folded(name)] for name in model.key.columns]
    return None


def _on_one_side(work: _Comparison, found: RelationDiff, side: str) -> RelationDiff:
    columns = work.after if side == "b" else work.before
    count = _size(work, side)
    near = count > NEAR_FROM
    row = work.one(sql.scan(side, work.at, [], sql.figures(columns, near, work.masked)))
    metrics = tuple(
        Metric(column.name, work.type_of(column), *((None, figure) if side == "b" else (figure, None)))
        for column, figure in zip(columns, _figures(work, side, columns, row), strict=True)
    )
    word = "added" if side == "b" else "removed"
    rows = RowChanges("whole rows", *((0, count, count, 0, 0) if side == "b" else (count, 0, 0, count, 0)))
    change = SchemaChange(f"relation {word}", found.relation)
    return replace(found, status=word, schema=(change,), rows=rows, metrics=metrics, is_distinct_near=near)


def _size(work: _Comparison, side: str) -> int:
    return int(work.one(f"select count(*) from {work.at[side]}")[0])


def _figures(work: _Comparison, side: str, columns: Sequence[ComparedColumn], row: Sequence[Any]) -> list[Figures]:
    """The figures of each column, from a row of sql.scan."""
    found = []
    for n, column in enumerate(columns):
        values, distinct, total, least, most = row[3 + 5 * n : 8 + 5 * n]
        total = whole(total, 0)
        if isinstance(total, dict):
            long = not total["fits"]
            total = work.one(sql.long_sum(work.at[side], column))[0] if long else total["s"]
            total = whole(total, column.reckoned.scale)
        found.append(Figures(row[0] - values, distinct, total, _mean(total, values), least, most))
    return found


def _mean(total: Number | None, values: int) -> Number | None:
    """With as many digits as the sum has, where a float would not keep them."""
    if total is None or not values:
        return None
    if isinstance(total, float) or len(str(total)) <= 15:
        return float(total) / values
    return Context(prec=len(str(total)) + 6).divide(Decimal(total), Decimal(values))


def _on_both(work: _Comparison, found: RelationDiff, keyed: tuple[Key, list[Shared]] | None) -> RelationDiff:
    near = max(work.one(f"select (select count(*) from {work.at['a']}), (select count(*) from {work.at['b']})")) > NEAR_FROM
    key, key_columns = keyed or (Key((), ""), [])
    alone = key_columns[0].name if len(key_columns) == 1 else None
    scans = {
        side: work.one(sql.scan(side, work.at, work.columns, sql.figures(columns, near, work.masked, alone)))
        for side, columns in (("a", work.before), ("b", work.after))
    }
    schema = tuple(schema_changes(work.before, work.after, work.type_of))
    found = replace(found, schema=schema, key=key.columns, key_source=key.source or None, is_distinct_near=near)
    counts = scans["a"][0], scans["b"][0]
    if scans["a"][:3] == scans["b"][:3] and work.columns:
        rows = RowChanges("key" if keyed else "whole rows", *counts, 0, 0, 0)
        status = "changed" if schema else "same"
    else:
        rows, status = _rows(work, key_columns, counts, scans["b"][1] - scans["a"][1]), "changed"
    metrics = _metrics(work, scans, rows)
    drawn = _distributions(work, key_columns, rows, metrics) if work.drawn and status == "changed" else ()
    return replace(found, status=status, rows=rows, metrics=metrics, distributions=drawn)


def _distributions(
    work: _Comparison, key: Sequence[Shared], rows: RowChanges, metrics: Sequence[Metric]
) -> tuple[Distribution, ...]:
    """Of no personal column, and of no key: numbers that are unique are distributed in no way that tells anything."""
    keys = {folded(column.name) for column in key if column.common.kind != "time"}
    shown = [column for column in work.columns if folded(column.name) not in keys | work.masked]
    return distribution.of_changed(work.one, work.all, work.at, shown, rows, metrics)


def _rows(work: _Comparison, key: list[Shared], counts: tuple[int, int], grown: int) -> RowChanges:
    if key:
        return _by_key(work, key, counts, grown)
    return replace(_by_row(work, counts), remarks=("no key is known: whole rows were compared",))


def _metrics(work: _Comparison, scans: dict[str, tuple[Any, ...]], rows: RowChanges) -> tuple[Metric, ...]:
    """Figures that differ, column by column."""
    before, after = (
        {folded(column.name): (column, figure) for column, figure in zip(columns, figures, strict=True)}
        for columns, figures in (
            (work.before, _figures(work, "a", work.before, scans["a"])),
            (work.after, _figures(work, "b", work.after, scans["b"])),
        )
    )
    # The same values give the same figures, but for the order in which floats are added up.
    changed = {folded(column.column) for column in rows.columns}
    same = {
        folded(column.name)
        for column in work.columns
        if not (rows.added or rows.removed or column.is_retyped or folded(column.name) in changed)
    }
    found = []
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        shown = (new or old or (None,))[0]
        assert shown is not None
        if name not in same and repr(old and old[1]) != repr(new and new[1]):
            found.append(Metric(shown.name, work.type_of(shown), old[1] if old else None, new[1] if new else None))
    return tuple(found)


def _by_key(work: _Comparison, key: list[Shared], counts: tuple[int, int], grown: int) -> RowChanges:
    """By key, if the keys of both sides are unique; otherwise rows of other keys are compared as a whole, with a remark."""
    work.connection.execute(sql.differing(work.at, key, work.columns, sum(counts) + 1))
    removed, added, changed, null, twice, explained = work.one(sql.accounting(key))
    # Right only if no key is null or occurs twice, and the rows in d account for the whole difference of the two sides.
    if null or twice or explained != grown or counts[1] - counts[0] != added - removed:
        return _by_group(work, key, counts)
    most = changed > _MOST * max(counts[0], 1)
    source = sql.both(work.at, key, most, nulls=False)
    # A key in several rows makes more pairs than rows that have it.
    changes = _changes(work, key, source, changed, counts[0] - removed if most else changed)
    if changes is None:
        return _by_group(work, key, counts)
    columns, samples = changes
    return RowChanges("key", *counts, added, removed, changed, columns, (*samples, *_lone(work, key, nulls=False)))


def _by_group(work: _Comparison, key: list[Shared], counts: tuple[int, int]) -> RowChanges:
    work.connection.execute(sql.differing_by_group(work.at, key, work.columns))
    work.connection.execute(sql.from_groups(key))
    several = work.one("select count(*), coalesce(sum(na), 0), coalesce(sum(nb), 0) from g where na > 1 or nb > 1")
    nulls = work.one(f"select count(*) from g where {sql.any_null(key)}")[0]
    removed, added, changed, *_ = work.one(sql.accounting(key))
    source = sql.both(work.at, key, most_changed=False, nulls=True)
    columns, samples = _changes(work, key, source, changed, changed) or ((), ())
    lone = _lone(work, key, nulls=True)
    remarks = [f"{nulls:,} keys that differ are null or partly null: null was compared as a value"] if nulls else []
    if several[0]:
        work.connection.execute(sql.loose(work.at, work.columns, key))
        less, more = work.one("select coalesce(-sum(n) filter (n < 0), 0), coalesce(sum(n) filter (n > 0), 0) from h")
        removed, added = removed + int(less), added + int(more)
        lone = (*lone, *_loose(work))
        remarks.append(
            f"{several[0]:,} keys are in more than one row ({several[1]:,} rows before, {several[2]:,} after):"
            " those rows were compared as a whole, not by key"
        )
    return RowChanges("key", *counts, added, removed, changed, columns, (*samples, *lone), tuple(remarks))


def _by_row(work: _Comparison, counts: tuple[int, int]) -> RowChanges:
    if not work.columns:
        return RowChanges("whole rows", *counts, counts[1], counts[0], 0)
    work.connection.execute(sql.loose(work.at, work.columns, None))
    less, more = work.one("select coalesce(-sum(n) filter (n < 0), 0), coalesce(sum(n) filter (n > 0), 0) from h")
    return RowChanges("whole rows", *counts, int(more), int(less), 0, samples=_loose(work))


def _changes(
    work: _Comparison, key: list[Shared], source: str, changed: int, pairs: int
) -> tuple[tuple[ColumnChange, ...], tuple[SampleRow, ...]] | None:
    """Changes per column, and samples. None if the join gave another number of pairs: then keys are not unique."""
    if not changed:
        return (), ()
    keys = {column.name for column in key}
    rest = [column for column in work.columns if column.name not in keys]
    joined, *counts = work.one(sql.changed_per_column(source, rest))
    if joined != pairs:
        return None
    moved = [(column, count) for column, count in zip(rest, counts, strict=True) if count]
    columns = [column for column, _ in moved]
    work.connection.execute(sql.pairs(source, key, columns))
    row = work.one(sql.ways(columns, work.masked))
    changes = tuple(_change(work, n, column, count, row[7 * n : 7 * n + 7]) for n, (column, count) in enumerate(moved))
    return changes, _changed_rows(work, key, columns)


def _change(work: _Comparison, n: int, column: Shared, count: int, ways: Sequence[Any]) -> ColumnChange:
    is_shown = column.common.kind not in ("number", "time") and folded(column.name) not in work.masked
    pairs = tuple(Pair(*row) for row in work.all(sql.frequent(n, _PAIRS))) if is_shown else ()
    steps = (whole(step, column.reckoned.scale) for step in ways[4:]) if column.common.kind == "number" else ways[4:]
    total, least, most = steps
    filled, emptied, up, down = ways[:4]
    kind = work.type_of(column.common)
    return ColumnChange(column.name, kind, count, filled, emptied, up, down, total, least, most, pairs)


def _changed_rows(work: _Comparison, key: list[Shared], columns: list[Shared]) -> tuple[SampleRow, ...]:
    samples = []
    for row in work.all(sql.changed_rows(key, columns, work.samples)):
        values = row[len(key) :]
        pairs = [
            (column.name, work.shown(column.name, values[3 * n]), work.shown(column.name, values[3 * n + 1]))
            for n, column in enumerate(columns)
            if values[3 * n + 2] == "true"
        ]
        samples.append(SampleRow("changed", _key_of(work, key, row), tuple(pairs)))
    return tuple(samples)


def _key_of(work: _Comparison, key: Sequence[Shared], row: Sequence[Any]) -> tuple[tuple[str, str | None], ...]:
    return tuple((column.name, work.shown(column.name, value)) for column, value in zip(key, row, strict=False))


def _lone(work: _Comparison, key: list[Shared], nulls: bool) -> tuple[SampleRow, ...]:
    """Rows whose key only one side has."""
    return _one_sided(work, key, lambda side, columns: sql.lone_rows(side, work.at, key, columns, nulls, work.samples))


def _loose(work: _Comparison) -> tuple[SampleRow, ...]:
    """Whole rows that one side has more often."""
    return _one_sided(work, [], lambda side, columns: sql.loose_rows(side, work.at, work.columns, columns, work.samples))


def _one_sided(work: _Comparison, key: list[Shared], query: Callable[[str, list[ComparedColumn]], str]) -> tuple[SampleRow, ...]:
    names, samples = {part.name for part in key}, []
    for kind, side, every in (("added", "b", work.after), ("removed", "a", work.before)):
        columns = [column for column in every if column.name not in names]
        for row in work.all(query(side, columns)):
            samples.append(SampleRow(kind, _key_of(work, key, row), _values(work, kind, columns, row[len(key) :])))
    return tuple(samples)


def _values(
    work: _Comparison, kind: str, columns: Sequence[ComparedColumn], row: Sequence[Any]
) -> tuple[tuple[str, str | None, str | None], ...]:
    shown = [(column.name, work.shown(column.name, value)) for column, value in zip(columns, row, strict=True)]
    return tuple((name, None, value) if kind == "added" else (name, value, None) for name, value in shown)

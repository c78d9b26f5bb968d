"""What a diff has to say of pairs of small tables, and where it says something else."""

from __future__ import annotations

import json
import math
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from tests.helpers.diffed import manifest, node
from tests.helpers.judged import values
from tests.helpers.judged.pairs import Column, Pair, drawn

from sluice.core.duck import connect
from sluice.diff import attached
from sluice.diff.result import ColumnChange, Diff, Distribution, Figures, RelationDiff
from sluice.diff.run import diff
from sluice.diff.side import side


def judge(pairs: Sequence[Pair]) -> list[tuple[Pair, str]]:
    """Compare the pairs with the product, in one go, and list each disagreement with the reference."""
    with tempfile.TemporaryDirectory() as folder:
        found = _diff(Path(folder), pairs)
    relations = {relation.relation: relation for relation in found.relations}
    wrong = [(pair, fault) for pair in pairs for fault in faults(pair, relations.get(pair.relation))]
    wrong += [(pair, "personal: a value is shown") for pair in pairs if "secret-" in repr(relations.get(pair.relation))]
    return wrong


def _diff(folder: Path, pairs: Sequence[Pair]) -> Diff:
    nodes = [_node(pair) for pair in pairs]
    for at, name in enumerate(("before", "after")):
        (folder / name).mkdir()
        (folder / name / "manifest.json").write_text(json.dumps(manifest(*nodes)))
        with duckdb.connect(str(folder / name / f"{name}.duckdb")) as connection:
            connection.execute(
                "set threads = 1; set TimeZone = 'UTC'; begin; " + "; ".join(_statements(pairs, at, name)) + "; commit"
            )
    with patch.object(attached, "connect", _on_one_thread):
        a, b = (side(str(folder / name / f"{name}.duckdb"), None, folder) for name in ("before", "after"))
        return diff(a, b, memory_limit="512MB")


def _on_one_thread(*given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
    """Small tables cost more to share out than to read."""
    connection = connect(*given, **named)
    connection.execute("set threads = 1")
    return connection


def _node(pair: Pair) -> dict[str, Any]:
    keys = [column.names[1] for column in pair.columns if column.is_key]
    personal = {
        (column.names[1] or column.names[0] or "").swapcase(): {"meta": {"pii": True}}
        for column in pair.columns
        if column.is_personal
    }
    return node(pair.tables[1], pair.schema, key=[key for key in keys if key], columns=personal)


def quoted(name: str | None) -> str:
    return '"' + (name or "").replace('"', '""') + '"'


def _statements(pairs: Sequence[Pair], at: int, database: str) -> Iterator[str]:
    for schema in sorted({pair.schema for pair in pairs}):
        yield f"create schema if not exists {quoted(schema)}"
    for pair in pairs:
        there = pair.names(at)
        place = f"{quoted(pair.schema)}.{quoted(pair.tables[at])}"
        table = f"{quoted(pair.schema)}.{quoted('under ' + pair.tables[at])}" if pair.is_view else place
        typed = ", ".join(f"{quoted(pair.columns[n].names[at])} {pair.columns[n].types[at]}" for n in there)
        yield f"create table {table} ({typed})"
        rows = [f"({', '.join(values.sql(row[n], pair.columns[n].types[at]) for n in there)})" for row in pair.rows[at]]
        if rows:
            yield f"insert into {table} values {', '.join(rows)}"
        if pair.is_view:
            yield f"create view {place} as (select * from {quoted(database)}.{table})"


@dataclass
class Expected:
    """What a diff has to say of a pair."""

    status: str
    counts: tuple[int, int, int, int, int]
    columns: dict[str, dict[str, Any]]


def expected(pair: Pair) -> Expected:
    """The rows of each side in dictionaries by key; those of a key in several rows as multisets."""
    shared = [n for n, column in enumerate(pair.columns) if column.is_shared]
    keys = [n for n in shared if pair.columns[n].is_key]
    before, after = ([_comparable(pair, at, row, shared) for row in pair.rows[at]] for at in (0, 1))
    counts, pairs = _matched(before, after, [shared.index(n) for n in keys])
    columns = {}
    for place, n in enumerate(shared):
        moved = [(a, b) for a, b in pairs if before[a][place] != after[b][place]]
        if moved and n not in keys:
            columns[str(pair.columns[n].names[1])] = _moves(pair, n, moved)
    status = "changed" if any(counts) or _has_new_schema(pair) else "same"
    return Expected(status, (len(before), len(after), *counts), columns)


def _matched(before: list[Any], after: list[Any], places: list[int]) -> tuple[tuple[int, int, int], list[tuple[int, int]]]:
    """Rows added, removed and changed, and the pairs of rows whose key one row of each side has."""
    if not places:
        return (*_count(before, after), 0), []
    groups: list[dict[Any, list[int]]] = [{}, {}]
    for group, rows in zip(groups, (before, after), strict=True):
        for number, row in enumerate(rows):
            group.setdefault(tuple(row[place] for place in places), []).append(number)
    added = removed = 0
    pairs = []
    for key in {**groups[0], **groups[1]}:
        old, new = (group.get(key, []) for group in groups)
        if len(old) == len(new) == 1:
            pairs.append((old[0], new[0]))
        else:
            more, less = _count([before[n] for n in old], [after[n] for n in new])
            added, removed = added + more, removed + less
    return (added, removed, sum(before[old] != after[new] for old, new in pairs)), pairs


def _comparable(pair: Pair, at: int, row: Sequence[Any], shared: Sequence[int]) -> tuple[Any, ...]:
    return tuple(values.same(row[n], pair.columns[n].types[at], pair.columns[n].types[1 - at]) for n in shared)


def _count(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    before, after = Counter(old), Counter(new)
    return (after - before).total(), (before - after).total()


def _has_new_schema(pair: Pair) -> bool:
    return any(
        column.names[0] != column.names[1] or _plain(column.types[0]) != _plain(column.types[1]) for column in pair.columns
    )


def _plain(type: str) -> str:
    return type.replace(" COLLATE nocase", "")


def _moves(pair: Pair, n: int, moved: Sequence[tuple[int, int]]) -> dict[str, Any]:
    steps = [(pair.rows[0][a][n], pair.rows[1][b][n]) for a, b in moved]
    column = pair.columns[n]
    found: dict[str, Any] = {
        "changed": len(steps),
        "filled": sum(old is None for old, _ in steps),
        "emptied": sum(new is None for _, new in steps),
    }
    if {values.kind_of(type) for type in column.types} != {"number"}:
        return found
    both = [(old, new) for old, new in steps if None not in (old, new)]
    if all(abs(float(value)) < 1e37 for one in both for value in one):
        pairs = [(_exact(old, *column.types), _exact(new, *reversed(column.types))) for old, new in both]
        found |= {"up": sum(new > old for old, new in pairs), "down": sum(new < old for old, new in pairs)}
        if pairs and not column.is_personal:
            differences = [new - old for old, new in pairs]
            found |= {"total": sum(differences), "least": min(differences), "most": max(differences)}
    if column.is_personal:
        found |= {"total": None, "least": None, "most": None, "pairs": ()}
    return found


def _exact(value: Any, own: str, other: str) -> Fraction:
    return Fraction(values.same(value, own, other))


def faults(pair: Pair, found: RelationDiff | None) -> Iterator[str]:
    """Where the product says something else than the reference."""
    wanted = expected(pair)
    if found is None or found.status != wanted.status:
        yield f"status: {found and (found.status, found.detail)} for {wanted.status}"
    rows = found.rows if found else None
    if found is None or rows is None:
        return
    counts = (rows.before, rows.after, rows.added, rows.removed, rows.changed)
    told = {column.column: column for column in rows.columns}
    if counts != wanted.counts:
        yield f"counts: {counts} for {wanted.counts}"
    elif told.keys() != wanted.columns.keys():
        yield f"columns: {sorted(told)} for {sorted(wanted.columns)}"
    else:
        for name, moves in wanted.columns.items():
            yield from _of_column(pair, told[name], moves)
        yield from _figures(pair, found)
        yield from _distributions(pair, found)


def _distributions(pair: Pair, found: RelationDiff) -> Iterator[str]:
    """Every row is in one bin; those of numbers are counted again."""
    for one in found.distributions:
        n, column = next((n, column) for n, column in enumerate(pair.columns) if column.names[1] == one.column)
        if column.is_personal:
            yield f"personal: the distribution of {one.column} is shown"
        for at, rows in enumerate(pair.rows):
            counts = [(bin.before, bin.after)[at] for bin in one.bins] + [(top.before, top.after)[at] for top in one.values]
            missing = len(rows) - sum(counts) - one.nulls[at] - one.not_finite[at]
            if missing if not one.others else missing < 0:
                yield f"bins: {missing} of {len(rows)} rows of {one.column} are in none"
            if one.nulls[at] != sum(row[n] is None for row in rows):
                yield f"bins: {one.nulls[at]} nulls of {one.column}"
            if one.bins and values.kind_of(column.types[at]) == "number":
                yield from _bins(one, counts, [float(row[n]) for row in rows if row[n] is not None])


def _bins(one: Distribution, counts: Sequence[int], given: Sequence[float]) -> Iterator[str]:
    inner = [bin for bin in one.bins if bin.low is not None and bin.high is not None]
    near = 1e-9 * (float(inner[0].high or 0) - float(inner[0].low or 0))
    for bin, count in zip(one.bins, counts, strict=True):
        low, high = (math.inf * sign if end is None else float(end) - near for end, sign in ((bin.low, -1), (bin.high, 1)))
        if count != sum(low <= value < high and math.isfinite(value) for value in given):
            yield f"bin: {count} values of {one.column} from {bin.low} to {bin.high}, of {sorted(given)}"


def _of_column(pair: Pair, told: ColumnChange, moves: dict[str, Any]) -> Iterator[str]:
    number, types = next((n, column.types) for n, column in enumerate(pair.columns) if column.names[1] == told.column)
    near = 0.0
    if set(types) & set(values.FLOATS) or _digits(types) > 38:  # doubles of this size are this far from each other
        sizes = [abs(float(row[number] or 0)) for rows in pair.rows for row in rows]
        near = max(filter(math.isfinite, sizes), default=1) * (1e-7 if "FLOAT" in types else 1e-15) or 1e-15
    for word, value in moves.items():
        if not _equal(getattr(told, word), value, near):
            yield f"{word}: {getattr(told, word)} for {value} in {told.column}"


def _digits(types: Sequence[str]) -> int:
    pairs = [values.DECIMALS.get(type, (39 if "HUGE" in type else 20, 0)) for type in types]
    scale = max(scale for _, scale in pairs)
    return max(digits - scale for digits, scale in pairs) + scale if scale else 0


def _equal(found: Any, wanted: Any, near: float) -> bool:
    if wanted is None or found is None or isinstance(wanted, tuple):
        return bool(found == wanted)
    if near and not isinstance(found, int):
        return math.isclose(float(found), float(wanted), rel_tol=1e-9, abs_tol=near)
    return Fraction(found) == Fraction(wanted)


def _figures(pair: Pair, found: RelationDiff) -> Iterator[str]:
    told = {metric.column: metric for metric in found.metrics}
    for n, column in enumerate(pair.columns):
        name = column.names[1] or column.names[0]
        metric = told.get(str(name))
        for at, figures in enumerate((metric.before, metric.after) if metric else ()):
            if column.names[at] is None or figures is None:
                continue
            yield from _of_side(figures, [row[n] for row in pair.rows[at]], column, at)
        if metric and metric.before == metric.after and column.types[0] == column.types[1]:
            yield f"figures: {name} is listed and has not changed"


def _of_side(figures: Figures, given: Sequence[Any], column: Column, at: int) -> Iterator[str]:
    there, type = [value for value in given if value is not None], column.types[at]
    if figures.nulls != len(given) - len(there):
        yield f"nulls: {figures.nulls} in {column.names[at]}"
    if column.is_personal and (figures.sum, figures.mean, figures.least, figures.most) != (None, None, None, None):
        yield f"personal: figures of {column.names[at]} are shown"
    if values.kind_of(type) == "number" and type not in values.FLOATS and not column.is_personal and there:
        if figures.sum is None or Fraction(figures.sum) != sum(there):
            yield f"sum: {figures.sum} for {sum(there)} in {column.names[at]} {type}"
        elif not math.isclose(float(figures.mean or 0), float(sum(there) / len(there)), rel_tol=1e-9, abs_tol=1e-300):
            yield f"mean: {figures.mean} in {column.names[at]} {type}"


def batch_of(seed: int, size: int) -> list[Pair]:
    """The pairs of a seed."""
    dice = random.Random(seed)
    return [drawn(number, dice) for number in range(size)]


def batch(seed: int, size: int) -> list[tuple[Pair, str]]:
    """A batch of pairs, judged."""
    return judge(batch_of(seed, size))

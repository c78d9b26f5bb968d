"""How numbers, names and findings are put into words, alike in every format."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sluice.diff.result import ColumnChange, Diff, Figures, Metric, Number, Pair, Reached, RelationDiff, SchemaChange

WIDTH = 60


def number(value: Number | None, *, signed: bool = False) -> str:
    """With thousands; fractions to six digits that count."""
    if value is None:
        return ""
    sign = "+" if signed and value > 0 else ""
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else value
    if isinstance(value, float):
        return f"{sign}{value:,.6g}" if abs(value) < 1e6 or value != value else f"{sign}{value:,.0f}"
    if isinstance(value, Decimal):
        return sign + f"{value:,f}".rstrip("0").rstrip(".")
    return f"{sign}{value:,}"


def value(text: str | None, width: int = WIDTH) -> str:
    """A value on one line, cut off where it is long."""
    if text is None:
        return "null"
    line = text.replace("\r", "").replace("\n", "⏎")
    return line if len(line) <= width else line[: width - 1] + "…"


def plural(count: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def headline(diff: Diff) -> str:
    """How much changed, in one line."""
    changed, every = diff.with_status("changed"), len(diff.relations)
    parts = [f"{len(changed)} of {plural(every, 'relation')} changed"]
    parts += [
        f"{len(found)} {word}" for word in ("added", "removed", "missing", "unreadable") if (found := diff.with_status(word))
    ]
    return ", ".join(parts)


def same(diff: Diff) -> str:
    """What did not change, and how that is known."""
    found = diff.with_status("same")
    digest = sum(relation.told_by == "digest" for relation in found)
    if not found:
        return "None is the same."
    based = sum(relation.told_by == "base" for relation in found)
    parts = [f"{digest} told by their digest, without reading a row"] if digest else []
    parts += [f"{based} not built, {found_base(found)}"] if based else []
    told = f" ({'; '.join(parts)})" if parts else ""
    return f"{plural(len(found), 'relation')} {'is' if len(found) == 1 else 'are'} the same{told}."


def found_base(found: Sequence[RelationDiff]) -> str:
    """As in which release what was not built is."""
    return next(one.detail or "" for one in found if one.told_by == "base").removeprefix("not built: ")


def schema(change: SchemaChange) -> str:
    """One change of the schema."""
    types = {
        "column added": f"column {change.name} added ({change.after})",
        "column removed": f"column {change.name} removed ({change.before})",
        "column retyped": f"column {change.name} retyped: {change.before} -> {change.after}",
        "column renamed": f"column {change.before} is written {change.after} now",
        "columns moved": f"columns in another order: {value(change.name)}",
        "required": f"column {change.name} may no longer be null",
        "no longer required": f"column {change.name} may be null now",
        "key": f"key: {change.before or 'none'} -> {change.after or 'none'}",
    }
    return types.get(change.kind, f"{change.kind}: {change.name}")


def way(change: ColumnChange) -> str:
    """Which way a column's values changed."""
    parts = []
    if change.up:
        parts.append(f"{change.up:,} up")
    if change.down:
        parts.append(f"{change.down:,} down")
    if change.filled:
        parts.append(f"{change.filled:,} were null")
    if change.emptied:
        parts.append(f"{change.emptied:,} are null now")
    if change.total is not None:
        total, least, most = (number(one, signed=True) for one in (change.total, change.least, change.most))
        parts.append(f"{total} in all ({least} to {most})")
    parts += [pair(one) for one in change.pairs[:3]]
    return ", ".join(parts)


def pair(found: Pair) -> str:
    """One frequent change."""
    return f"{value(found.before, 24)} -> {value(found.after, 24)} ({found.rows:,})"


FIGURES = ("nulls", "distinct", "sum", "mean", "least", "most")


def figures(metric: Metric, near: bool) -> list[tuple[str, str, str]]:
    """The figures of a column that differ: name, before, after."""
    found = []
    for name in FIGURES:
        before, after = (_figure(side, name) for side in (metric.before, metric.after))
        if before != after and (before or after):
            found.append((f"{name} (near)" if near and name == "distinct" else name, before, after))
    return found


def _figure(side: Figures | None, name: str) -> str:
    found = getattr(side, name) if side else None
    return found if isinstance(found, str) else number(found)


def counts(found: RelationDiff) -> Sequence[str]:
    """Rows before, after, added, removed, changed."""
    rows = found.rows
    if rows is None:
        return ("", "", "", "", "")
    return (f"{rows.before:,}", f"{rows.after:,}", *(f"{n:,}" if n else "" for n in (rows.added, rows.removed, rows.changed)))


def compared(found: RelationDiff) -> str:
    """By what the rows were told apart."""
    if found.rows is None or found.status != "changed":
        return ""
    if found.rows.compared_by == "key":
        return f"compared by {', '.join(found.key)} ({found.key_source})"
    return "compared as whole rows"


def reached(found: Reached) -> str:
    """What of something downstream changes, and through what."""
    what = "its rows" if found.rows else ", ".join(found.columns)
    if found.kind == "exposure":
        return f"reads {'; '.join(found.why)}"
    doubt = "" if found.is_traced else " (by model: its columns could not be followed)"
    return f"{what}, through {', '.join(found.why[:4])}{' …' if len(found.why) > 4 else ''}{doubt}"

"""How numbers, names and findings are put into words, alike in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from sluice.core.text import Number, ago, moment, moment_of_data, number, percent, plural, value
from sluice.diff.result import ColumnChange, Diff, Figures, Metric, Pair, RelationDiff, RowChanges, SchemaChange, SideInfo
from sluice.environments.acknowledgements import told


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
    parts = [f"{digest} known by their digest, without reading a row"] if digest else []
    parts += [f"{based} not built, {found_base(found)}"] if based else []
    how = f" ({'; '.join(parts)})" if parts else ""
    return f"{plural(len(found), 'relation')} {'is' if len(found) == 1 else 'are'} the same{how}."


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


def figures(metric: Metric, near: bool) -> list[tuple[str, str, str, str]]:
    """The figures of a column that differ: name, before, after, by how much."""
    found = []
    for name in FIGURES:
        before, after = (_figure(side, name) for side in (metric.before, metric.after))
        if before != after and (before or after):
            growth = grown(getattr(metric.before, name, None), getattr(metric.after, name, None))
            found.append((f"{name} (near)" if near and name == "distinct" else name, before, after, growth))
    return found


def grown(before: object, after: object) -> str:
    """By how much a figure grew: `+3.1 %`; nothing if that says nothing."""
    if not all(isinstance(one, Number) for one in (before, after)):
        return ""
    old, new = (_double(one) for one in (before, after))
    if not old or not math.isfinite(old) or not math.isfinite(new) or old == new:
        return ""
    share = 100 * (new / old - 1) if old > 0 else 100 * (1 - new / old)
    if abs(share) < 0.05:
        return f"{'+' if new > old else '-'}< 0.1 %"
    return f"{share:+,.1f} %" if abs(share) < 1000 else ""


def _double(figure: object) -> float:
    try:
        return float(figure)  # type: ignore[arg-type]  # the caller has seen that it is a number
    except OverflowError:
        return math.inf


def end(found: float | str | None) -> str:
    """An end of a bin."""
    return moment_of_data(found) if isinstance(found, str) else _short(found or 0.0)


def _short(found: float) -> str:
    return f"{found:.3g}" if abs(found) >= 1e12 or 0 < abs(found) < 1e-4 else number(int(found) if found == int(found) else found)


def _figure(side: Figures | None, name: str) -> str:
    found = getattr(side, name) if side else None
    return moment_of_data(found) if isinstance(found, str) else number(found)


def counts(found: RelationDiff) -> Sequence[str]:
    """Rows before, after, added, removed, changed; the last three with their share of the rows before."""
    rows = found.rows
    if rows is None:
        return ("", "", "", "", "")
    parts = (f"{n:,}{_share_of(n, rows.before)}" if n else "" for n in (rows.added, rows.removed, rows.changed))
    return (f"{rows.before:,}", f"{rows.after:,}", *parts)


def _share_of(part: int, whole: int) -> str:
    return f" ({percent(part, whole)})" if whole else ""


def share(change: ColumnChange, rows: RowChanges) -> str:
    """Of the rows that both sides have, how many have another value: `12.5 %`."""
    both = rows.before - rows.removed
    return percent(change.changed, both)


def built(side: SideInfo) -> str:
    """When a side was built: `25 Nov 2026, 02:17 UTC (2 d ago)`; for a file without a record, when it was written."""
    if side.built_at is None:
        return "unknown"
    when = datetime.fromisoformat(side.built_at).astimezone(UTC)
    return f"{moment(when)} ({ago(when, datetime.now(UTC))} ago)"


def sides(diff: Diff) -> list[str]:
    """When and from what each side was built."""
    return [f"{side.name}: built {built(side)}{_made_of(side)}" for side in (diff.a, diff.b)]


def _made_of(side: SideInfo) -> str:
    commit = f", commit {side.commit[:12]}" if side.commit else ""
    return commit + (f", on {side.base}" if side.base else "")


def compared(found: RelationDiff) -> str:
    """By what the rows were matched."""
    if found.rows is None or found.status != "changed":
        return ""
    if found.rows.compared_by == "key":
        return f"compared by {', '.join(found.key)} ({found.key_source})"
    return "compared as whole rows"


def acknowledged(diff: Diff) -> list[str]:
    """The checks that failed in what is newer, and were acknowledged, a line each."""
    return [f"{diff.b.name}: {line}" for line in told(diff.b.acknowledged)]

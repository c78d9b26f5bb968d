"""How numbers, names and findings are put into words, alike in every format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sluice.core.text import ago, number, plural, value
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


def share(change: ColumnChange, rows: RowChanges) -> str:
    """Of the rows that both sides have, how many have another value: `12.5 %`."""
    both = rows.before - rows.removed
    return percent(change.changed, both)


def percent(part: int, whole: int) -> str:
    """A share of a count; what is not nothing is not 0 %, and what is not all is not 100 %."""
    if not whole or part in (0, whole):
        return f"{100 if part and whole else 0} %"
    rounded = round(100 * part / whole, 1)
    return "< 0.1 %" if rounded < 0.1 else "> 99.9 %" if rounded >= 100 else f"{rounded:g} %"


def built(side: SideInfo) -> str:
    """When a side was built: `2 d ago, 2026-11-25 02:17 UTC`; for a file without a record, when it was written."""
    if side.built_at is None:
        return "unknown"
    moment = datetime.fromisoformat(side.built_at).astimezone(UTC)
    return f"{ago(moment, datetime.now(UTC))} ago, {moment:%Y-%m-%d %H:%M} UTC"


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

"""A diff for people on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.core.text import table
from sluice.core.text import value as shortened
from sluice.diff import words
from sluice.diff.result import Diff, RelationDiff, SampleRow
from sluice.lineage.report import downstream_text


def as_text(diff: Diff) -> str:
    """The counts first, then each relation that changed, then who is downstream."""
    lines = [f"{diff.a.name} -> {diff.b.name}: {words.headline(diff)} ({diff.seconds:.1f} s)", words.same(diff)]
    lines += words.sides(diff)
    lines += words.acknowledged(diff)
    different = [found for found in diff.relations if found.status != "same"]
    if different:
        names = ["relation", "status", ">before", ">after", ">added", ">removed", ">changed"]
        lines += ["", *table(names, [(found.relation, found.status, *words.counts(found)) for found in different])]
    for found in different:
        lines += _relation(found)
    return "\n".join([*lines, *downstream_text(diff.downstream)])


def _relation(found: RelationDiff) -> Iterator[str]:
    how = words.compared(found)
    yield ""
    yield f"{found.relation}: {found.status}" + (f"; {how}" if how else "")
    if found.detail:
        yield f"  {found.detail}"
    yield from (f"  {words.schema(change)}" for change in found.schema)
    if found.rows is None:
        return
    yield from (f"  note: {remark}" for remark in found.rows.remarks)
    yield from (
        f"  {column.column}: {column.changed:,} changed ({words.share(column, found.rows)}): {words.way(column)}"
        for column in found.rows.columns
    )
    if found.status == "changed":
        for metric in found.metrics:
            shown = "; ".join(
                f"{name} {before or 'none'} -> {after or 'none'}{f' ({growth})' if growth else ''}"
                for name, before, after, growth in words.figures(metric, found.is_distinct_near)
            )
            yield f"  {metric.column}: {shown}"
    yield from (f"  {sample(one)}" for one in found.rows.samples)


def sample(found: SampleRow, columns: int = 8) -> str:
    """A row on one line."""
    key = ", ".join(shortened(value) for _, value in found.key)
    shown = [_value(found.kind, *one) for one in found.values[:columns]]
    more = [f"and {len(found.values) - columns} more columns"] if len(found.values) > columns else []
    return f"{found.kind:7} {key}: ".replace(" :", ":") + ", ".join(shown + more)


def _value(kind: str, column: str, before: str | None, after: str | None) -> str:
    if kind == "changed":
        return f"{column} {shortened(before)} -> {shortened(after)}"
    return f"{column} {shortened(after if kind == 'added' else before)}"

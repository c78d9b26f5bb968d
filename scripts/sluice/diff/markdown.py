"""A diff as a comment on a pull request: short first, the rest folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sluice.core.markdown import LIMIT, code, fitted, plain
from sluice.core.text import value as shortened
from sluice.diff import words
from sluice.diff.result import Diff, RelationDiff, SampleRow
from sluice.lineage.report import downstream_markdown

_ROWS = 60


def as_markdown(diff: Diff, limit: int = LIMIT) -> str:
    """What changed, who is downstream, and details as far as they fit; what was left out is said."""
    different = [found for found in diff.relations if found.status != "same"]
    lines = [f"### Data: {code(diff.a.name)} → {code(diff.b.name)}", "", f"**{words.headline(diff)}.** {words.same(diff)}", ""]
    lines += [plain(line) + "  " for line in words.sides(diff)] + [""]
    lines += [line for said in words.acknowledged(diff) for line in (f"**{plain(said)}**", "")]
    lines += [*_table(different), *downstream_markdown(diff.downstream)]
    blocks = [_details(found) for found in different]
    hint = f"`sluice diff {diff.a.name} {diff.b.name} --format html --out diff.html` shows everything."
    return fitted("\n".join(lines), blocks, limit, "relation", hint)


def _table(relations: Sequence[RelationDiff]) -> Iterator[str]:
    if not relations:
        return
    yield "| relation | | rows before | after | added | removed | changed | columns |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for found in relations[:_ROWS]:
        cells = " | ".join(map(plain, words.counts(found)))
        yield f"| {code(found.relation)} | {found.status} | {cells} | {_columns(found)} |"
    if len(relations) > _ROWS:
        yield f"\n… and {len(relations) - _ROWS} more."
    schema = [f"- {code(found.relation)}: {plain(words.schema(change))}" for found in relations for change in found.schema]
    if schema:
        yield from ["", "**Schema**", "", *schema[:_ROWS]]
        yield from [f"- … and {len(schema) - _ROWS} more"] if len(schema) > _ROWS else []


def _columns(found: RelationDiff) -> str:
    if found.rows is None:
        return ""
    columns = found.rows.columns
    shown = [f"{code(column.column)} {plain(words.share(column, found.rows))}" for column in columns[:4]]
    return ", ".join([*shown, *([f"… {len(columns) - 4} more"] if len(columns) > 4 else [])])


def _details(found: RelationDiff) -> str:
    lines = ["", f"<details><summary><code>{plain(found.relation)}</code>: {found.status}</summary>", ""]
    lines += [f"{plain(words.compared(found)).capitalize()}.", ""] if words.compared(found) else []
    lines += [plain(found.detail), ""] if found.detail else []
    if found.rows is not None:
        lines += [line for remark in found.rows.remarks for line in (f"**{plain(remark)}**", "")]
        if found.rows.columns:
            lines += ["| column | changed | of rows | which way |", "| --- | ---: | ---: | --- |"]
            shares = [(one, plain(words.share(one, found.rows))) for one in found.rows.columns]
            lines += [f"| {code(one.column)} | {one.changed:,} | {share} | {plain(words.way(one))} |" for one, share in shares]
            lines.append("")
        lines += _metrics(found) if found.status == "changed" else []
        lines += _samples(found.rows.samples)
    return "\n".join([*lines, "</details>"])


def _metrics(found: RelationDiff) -> Iterator[str]:
    rows = [(metric.column, *row) for metric in found.metrics for row in words.figures(metric, found.is_distinct_near)]
    if rows:
        yield from ["| column | figure | before | after | change |", "| --- | --- | ---: | ---: | ---: |"]
        yield from (f"| {code(column)} | {' | '.join(map(plain, row))} |" for column, *row in rows)
        yield ""


def _samples(samples: Iterable[SampleRow]) -> Iterator[str]:
    rows = list(samples)
    if rows:
        yield from ["| | key | such as |", "| --- | --- | --- |"]
    for one in rows:
        key = ", ".join(code(shortened(value)) for _, value in one.key)
        values = [_value(one.kind, *value) for value in one.values[:8]]
        more = [f"… {len(one.values) - 8} more"] if len(one.values) > 8 else []
        yield f"| {one.kind} | {key} | {', '.join(values + more)} |"


def _value(kind: str, column: str, before: str | None, after: str | None) -> str:
    if kind == "changed":
        return f"{plain(column)} {code(shortened(before))} → {code(shortened(after))}"
    return f"{plain(column)} {code(shortened(after if kind == 'added' else before))}"

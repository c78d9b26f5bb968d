"""A diff as one HTML file that an analyst reviews: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from sluice.core.text import number, percent, plural
from sluice.core.text import value as shortened
from sluice.diff import words
from sluice.diff.result import Bin, Diff, Distribution, RelationDiff, RowChanges, SampleRow
from sluice.lineage.downstream import Downstream
from sluice.lineage.report import reached
from sluice.page import charts
from sluice.page.document import code, document, folded, marked, table

_KINDS = {"added": "good", "removed": "bad", "unreadable": "bad", "missing": "bad", "changed": "warn"}


def as_html(diff: Diff) -> str:
    """The whole diff."""
    different = [found for found in diff.relations if found.status != "same"]
    title, names = f"{diff.a.name} → {diff.b.name}", charts.Names()
    body = [
        f"<h1>Data: {escape(title)}</h1>",
        f'<p class="lead"><strong>{escape(words.headline(diff))}.</strong> {escape(words.same(diff))}</p>',
        _sides(diff),
        *(f"<p><strong>{escape(said)}</strong></p>" for said in words.acknowledged(diff)),
        _overview(different),
        *_downstream(diff.downstream),
        "<h2>What changed</h2>" if different else "",
        *(_relation(found, names) for found in different),
    ]
    return document(title, body)


def _sides(diff: Diff) -> str:
    rows = [
        [word, escape(side.name), escape(words.built(side)), code((side.commit or "unknown")[:12]), escape(side.base or "")]
        for word, side in (("before", diff.a), ("after", diff.b))
    ]
    shown = 5 if any(row[4] for row in rows) else 4
    return table(["", "name", "built", "commit", "on"][:shown], [row[:shown] for row in rows], name="What is compared")


def _overview(relations: Sequence[RelationDiff]) -> str:
    rows = [
        [
            f'<a href="#{escape(found.relation, quote=True)}">{code(found.relation)}</a>',
            marked(found.status, _KINDS[found.status]),
            *map(escape, words.counts(found)),
            escape(found.owner or ""),
        ]
        for found in relations
    ]
    head = ["relation", "", "rows before", "after", "added", "removed", "changed", "owner"]
    return table(head, rows, numbers=(2, 3, 4, 5, 6), name="Relations that differ")


def _relation(found: RelationDiff, names: charts.Names) -> str:
    how = words.compared(found)
    parts = [f'<p class="quiet">{escape(how)}; {found.seconds:.2f} s</p>' if how else ""]
    parts.append(f"<p>{escape(found.detail)}</p>" if found.detail else "")
    parts.append("".join(f"<p>{escape(words.schema(change))}</p>" for change in found.schema))
    if found.rows:
        parts += [f"<p><strong>{escape(remark)}</strong></p>" for remark in found.rows.remarks]
        parts += [_columns(found.rows), _charts(found, found.rows, names), _metrics(found), _samples(found.rows.samples)]
    summary = f"{escape(found.relation)} {marked(found.status, _KINDS[found.status])}"
    return folded(summary, "".join(parts), is_open=True, anchor=found.relation, kind="part")


def _columns(rows: RowChanges) -> str:
    both = rows.before - rows.removed
    columns = [
        [
            code(one.column),
            f"{one.changed:,}",
            escape(words.share(one, rows)),
            charts.share(one.changed, both),
            escape(words.way(one)),
        ]
        for one in rows.columns
    ]
    return table(["column", "changed", "of rows", "", "which way"], columns, numbers=(1, 2), name="Columns that changed")


def _charts(found: RelationDiff, rows: RowChanges, names: charts.Names) -> str:
    drawn = "".join(_chart(one, rows, names) for one in found.distributions)
    return f'<h3>Values before and after</h3>{charts.key()}<div class="charts">{drawn}</div>' if drawn else ""


def _chart(found: Distribution, rows: RowChanges, names: charts.Names) -> str:
    counts = rows.before, rows.after
    bars = [charts.Pair(_span(bin), bin.before, bin.after, None in (bin.low, bin.high)) for bin in found.bins]
    bars += [charts.Pair(top.value, top.before, top.after) for top in found.values]
    told = f"Values of {found.column}: {_told(bars, counts)}"
    if found.bins:
        inner = [bin for bin in found.bins if bin.low is not None and bin.high is not None]
        ends = words.end(inner[0].low), words.end(inner[-1].high)
        drawn = charts.histogram(bars, ends, told, names.next())
    else:
        drawn = charts.values(bars, counts, told, names.next())
    lines = [
        [escape(name), *(f"{n:,}" for n in pair), *(percent(n, of) for n, of in zip(pair, counts, strict=True))]
        for name, *pair in [*((bar.name, bar.before, bar.after) for bar in bars), *_rest(found, bars, counts)]
    ]
    head = ["value", "rows before", "after", "before", "after"]
    listed = table(head, lines, numbers=(1, 2, 3, 4), name=f"Values of {found.column}")
    about = f"<figcaption><b>{escape(found.column)}</b><span>{escape(_about(found, counts))}</span></figcaption>"
    return f"<figure>{about}{drawn}{folded('as a table', listed)}</figure>"


def _span(bin: Bin) -> str:
    if bin.low is None:
        return f"below {words.end(bin.high)}"
    return f"{words.end(bin.low)} and more" if bin.high is None else f"{words.end(bin.low)} to {words.end(bin.high)}"


def _told(bars: Sequence[charts.Pair], counts: tuple[int, int]) -> str:
    """What a reader who does not see the chart has to know; the table below has the rest."""
    old, new = max(bars, key=lambda bar: bar.before), max(bars, key=lambda bar: bar.after)
    return (
        f"most rows before have {old.name} ({percent(old.before, counts[0])}),"
        f" most rows after have {new.name} ({percent(new.after, counts[1])})."
    )


def _rest(found: Distribution, bars: Sequence[charts.Pair], counts: tuple[int, int]) -> Iterator[tuple[str, int, int]]:
    """Rows that no bar counts."""
    if found.others:
        old, new = (rows - null for rows, null in zip(counts, found.nulls, strict=True))
        shown = sum(bar.before for bar in bars), sum(bar.after for bar in bars)
        yield f"{plural(found.others, 'other value')}", old - shown[0], new - shown[1]
    for name, pair in (("null", found.nulls), ("NaN or infinite", found.not_finite)):
        if any(pair):
            yield name, *pair


def _about(found: Distribution, counts: tuple[int, int]) -> str:
    """The type, and how many rows are in none of the bars, or far from the others."""
    parts = [found.type.lower() if not found.type.startswith("ENUM(") else "enum"]
    beyond = [bin for bin in found.bins if None in (bin.low, bin.high)]
    outside = sum(bin.before for bin in beyond), sum(bin.after for bin in beyond)
    for name, pair in (("outside", outside), ("null", found.nulls), ("not finite", found.not_finite)):
        if any(pair):
            parts.append(f"{name} {percent(pair[0], counts[0])} → {percent(pair[1], counts[1])}")
    parts += [f"{number(found.others)} more"] if found.others else []
    return ", ".join(parts)


def _metrics(found: RelationDiff) -> str:
    rows = [
        [code(metric.column), escape(name), escape(before), escape(after), escape(growth)]
        for metric in found.metrics
        for name, before, after, growth in words.figures(metric, found.is_distinct_near)
    ]
    return table(["column", "figure", "before", "after", "change"], rows, numbers=(2, 3, 4), name="Figures before and after")


def _samples(samples: Sequence[SampleRow]) -> str:
    rows = [
        [
            ", ".join(code(shortened(value)) for _, value in one.key) or "whole row",
            marked(one.kind, _KINDS[one.kind]),
            "<br>".join(_value(one.kind, *value) for value in one.values),
        ]
        for one in samples
    ]
    return table(["key", "", "such as"], rows, name="Some of the rows")


def _value(kind: str, column: str, before: str | None, after: str | None) -> str:
    old = f'<del class="v">{escape(shortened(before, 400))}</del>'
    new = f'<ins class="v">{escape(shortened(after, 400))}</ins>'
    shown = {"changed": f"{old} → {new}", "added": new, "removed": old}[kind]
    return f"{escape(column)} {shown}"


def _downstream(downstream: Downstream) -> Iterator[str]:
    for title, found in (("Read by", downstream.exposures), ("Downstream models", downstream.models)):
        if found:
            yield f"<h2>{title}</h2>"
            rows = [[escape(one.name), escape(one.owner or ""), escape(reached(one))] for one in found]
            yield table(["name", "owner", "what"], rows, name=title)
    if downstream.untraced:
        yield "<h2>Not followed column by column</h2>"
        rows = [[escape(name), escape(why)] for name, why in downstream.untraced]
        yield table(["model", "why"], rows, name="Not followed column by column")
    if downstream.owners:
        yield f"<p><strong>Owners:</strong> {escape(', '.join(downstream.owners))}</p>"

"""A diff as one HTML file that an analyst reviews: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from sluice.core.text import value as shortened
from sluice.diff import words
from sluice.diff.result import Diff, RelationDiff, SampleRow
from sluice.lineage.downstream import Downstream
from sluice.lineage.report import reached

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:.6rem 0}
th,td{border-bottom:1px solid #d5dae0;padding:.25rem .6rem;text-align:left;vertical-align:top}
th{font-weight:600;background:#f4f6f8}td.n{text-align:right;font-variant-numeric:tabular-nums}
code,.v{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}summary{cursor:pointer;font-weight:600;padding:.3rem 0}
.added{color:#116329}.removed,.unreadable,.missing{color:#a40e26}.changed{color:#7d4e00}.quiet{color:#59636e}
del{background:#ffebe9;text-decoration:none}ins{background:#dafbe1;text-decoration:none}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th{background:#161b22}th,td{border-color:#30363d}
del{background:#67060c}ins{background:#033a16}.added{color:#3fb950}.removed,.unreadable,.missing{color:#f85149}.changed{color:#d29922}}
"""


def as_html(diff: Diff) -> str:
    """The whole diff."""
    different = [found for found in diff.relations if found.status != "same"]
    title = f"{diff.a.name} → {diff.b.name}"
    body = [
        f"<h1>Data: {escape(title)}</h1>",
        f"<p><strong>{escape(words.headline(diff))}.</strong> {escape(words.same(diff))}</p>",
        _sides(diff),
        *(f"<p><strong>{escape(said)}</strong></p>" for said in words.acknowledged(diff)),
        _overview(different),
        *_downstream(diff.downstream),
        *(_relation(found) for found in different),
    ]
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
    )
    return "\n".join([head, "<body>", *body, "</body></html>"])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already."""
    if not rows:
        return ""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = []
    for row in rows:
        cells = "".join(f'<td class="n">{cell}</td>' if at in numbers else f"<td>{cell}</td>" for at, cell in enumerate(row))
        lines.append(f"<tr>{cells}</tr>")
    return f"<table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _sides(diff: Diff) -> str:
    rows = [
        [word, escape(side.name), escape(words.built(side)), f"<code>{escape((side.commit or 'unknown')[:12])}</code>"]
        for word, side in (("before", diff.a), ("after", diff.b))
    ]
    return _table(["", "name", "built", "commit"], rows)


def _overview(relations: Sequence[RelationDiff]) -> str:
    rows = [
        [
            f'<a href="#{escape(found.relation, quote=True)}"><code>{escape(found.relation)}</code></a>',
            f'<span class="{found.status}">{found.status}</span>',
            *words.counts(found),
            escape(found.owner or ""),
        ]
        for found in relations
    ]
    return _table(["relation", "", "rows before", "after", "added", "removed", "changed", "owner"], rows, (2, 3, 4, 5, 6))


def _relation(found: RelationDiff) -> str:
    how = words.compared(found)
    parts = [f'<p class="quiet">{escape(how)}; {found.seconds:.2f} s</p>' if how else ""]
    parts.append(f"<p>{escape(found.detail)}</p>" if found.detail else "")
    parts.append("".join(f"<p>{escape(words.schema(change))}</p>" for change in found.schema))
    if found.rows:
        parts.append("".join(f"<p><strong>{escape(remark)}</strong></p>" for remark in found.rows.remarks))
        columns = [
            [f"<code>{escape(one.column)}</code>", f"{one.changed:,}", words.share(one, found.rows), escape(words.way(one))]
            for one in found.rows.columns
        ]
        parts.append(_table(["column", "changed", "of rows", "which way"], columns, (1, 2)))
        parts.append(_metrics(found))
        parts.append(_samples(found.rows.samples))
    name = escape(found.relation, quote=True)
    summary = f'<summary>{name} <span class="{found.status}">{found.status}</span></summary>'
    return f'<details open id="{name}">{summary}{"".join(parts)}</details>'


def _metrics(found: RelationDiff) -> str:
    rows = [
        [f"<code>{escape(metric.column)}</code>", escape(name), escape(before), escape(after)]
        for metric in found.metrics
        for name, before, after in words.figures(metric, found.is_distinct_near)
    ]
    return _table(["column", "figure", "before", "after"], rows, (2, 3))


def _samples(samples: Sequence[SampleRow]) -> str:
    rows = [
        [
            f'<span class="{one.kind}">{one.kind}</span>',
            ", ".join(f"<code>{escape(shortened(value))}</code>" for _, value in one.key),
            "<br>".join(_value(one.kind, *value) for value in one.values),
        ]
        for one in samples
    ]
    return _table(["", "key", "row"], rows)


def _value(kind: str, column: str, before: str | None, after: str | None) -> str:
    old = f'<del class="v">{escape(shortened(before, 400))}</del>'
    new = f'<ins class="v">{escape(shortened(after, 400))}</ins>'
    shown = {"changed": f"{old} {new}", "added": new, "removed": old}[kind]
    return f"{escape(column)} {shown}"


def _downstream(downstream: Downstream) -> Iterator[str]:
    for title, found in (("Read by", downstream.exposures), ("Downstream models", downstream.models)):
        if found:
            yield f"<h2>{title}</h2>"
            yield _table(
                ["", "owner", "what"], [[escape(one.name), escape(one.owner or ""), escape(reached(one))] for one in found]
            )
    if downstream.untraced:
        yield "<h2>Not followed column by column</h2>"
        yield _table(["model", "why"], [[escape(name), escape(why)] for name, why in downstream.untraced])
    if downstream.owners:
        yield f"<p><strong>Owners:</strong> {escape(', '.join(downstream.owners))}</p>"

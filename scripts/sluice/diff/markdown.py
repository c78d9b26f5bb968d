"""A diff, or an impact, as a comment on a pull request: short first, the rest folded away, never longer than a comment may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sluice.diff import words
from sluice.diff.result import Diff, Downstream, RelationDiff, SampleRow

# GitHub refuses longer comments; in bytes, which is never fewer than its characters. Some are left for who embeds it.
LIMIT = 60_000
_ROWS = 60


def as_markdown(diff: Diff, limit: int = LIMIT) -> str:
    """What changed, who is downstream, and details as far as they fit; what was left out is said."""
    different = [found for found in diff.relations if found.status != "same"]
    lines = [f"### Data: {code(diff.a.name)} → {code(diff.b.name)}", "", f"**{words.headline(diff)}.** {words.same(diff)}", ""]
    lines += [*_table(different), *downstream_lines(diff.downstream)]
    blocks = [_details(found) for found in different]
    hint = f"`sluice diff {diff.a.name} {diff.b.name} --format html --out diff.html` shows everything."
    return fitted("\n".join(lines), blocks, limit, "relation", hint)


def fitted(head: str, blocks: Sequence[str], limit: int, word: str, hint: str) -> str:
    """The head and as many blocks as fit into `limit` bytes, with a sentence about those that don't."""
    room = limit - 400
    text = _cut(head, room)
    kept = 0
    for block in blocks:
        if len(f"{text}\n{block}".encode()) > room:
            break
        text, kept = f"{text}\n{block}", kept + 1
    left = len(blocks) - kept
    return f"{text}\n\n_Cut to fit a comment: the details of {words.plural(left, word)} are left out. {hint}_" if left else text


def _cut(text: str, limit: int) -> str:
    if len(text.encode()) <= limit:
        return text
    lines, size = [], 0
    for line in text.splitlines():
        size += len(line.encode()) + 1
        if size > limit - 100:
            break
        lines.append(line)
    return "\n".join([*lines, "", "_Cut to fit a comment._"])


def _table(relations: Sequence[RelationDiff]) -> Iterator[str]:
    if not relations:
        return
    yield "| relation | | rows before | after | added | removed | changed | columns |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for found in relations[:_ROWS]:
        cells = " | ".join(words.counts(found))
        yield f"| {code(found.relation)} | {found.status} | {cells} | {_columns(found)} |"
    if len(relations) > _ROWS:
        yield f"\n… and {len(relations) - _ROWS} more."
    schema = [f"- {code(found.relation)}: {plain(words.schema(change))}" for found in relations for change in found.schema]
    if schema:
        yield from ["", "**Schema**", "", *schema[:_ROWS]]
        yield from [f"- … and {len(schema) - _ROWS} more"] if len(schema) > _ROWS else []


def _columns(found: RelationDiff) -> str:
    columns = found.rows.columns if found.rows else ()
    shown = [f"{code(column.column)} {column.changed:,}" for column in columns[:4]]
    return ", ".join([*shown, *([f"… {len(columns) - 4} more"] if len(columns) > 4 else [])])


def _details(found: RelationDiff) -> str:
    lines = ["", f"<details><summary><code>{plain(found.relation)}</code>: {found.status}</summary>", ""]
    lines += [f"{plain(words.compared(found)).capitalize()}.", ""] if words.compared(found) else []
    lines += [plain(found.detail), ""] if found.detail else []
    if found.rows is not None:
        lines += [line for remark in found.rows.remarks for line in (f"**{plain(remark)}**", "")]
        if found.rows.columns:
            lines += ["| column | changed | which way |", "| --- | ---: | --- |"]
            lines += [f"| {code(one.column)} | {one.changed:,} | {plain(words.way(one))} |" for one in found.rows.columns]
            lines.append("")
        lines += _metrics(found) if found.status == "changed" else []
        lines += _samples(found.rows.samples)
    return "\n".join([*lines, "</details>"])


def _metrics(found: RelationDiff) -> Iterator[str]:
    rows = [(metric.column, *row) for metric in found.metrics for row in words.figures(metric, found.is_distinct_near)]
    if rows:
        yield from ["| column | figure | before | after |", "| --- | --- | ---: | ---: |"]
        yield from (f"| {code(column)} | {name} | {plain(before)} | {plain(after)} |" for column, name, before, after in rows)
        yield ""


def _samples(samples: Iterable[SampleRow]) -> Iterator[str]:
    rows = list(samples)
    if rows:
        yield from ["| | key | such as |", "| --- | --- | --- |"]
    for one in rows:
        key = ", ".join(code(words.value(value)) for _, value in one.key)
        values = [_value(one.kind, *value) for value in one.values[:8]]
        more = [f"… {len(one.values) - 8} more"] if len(one.values) > 8 else []
        yield f"| {one.kind} | {key} | {', '.join(values + more)} |"


def _value(kind: str, column: str, before: str | None, after: str | None) -> str:
    if kind == "changed":
        return f"{plain(column)} {code(words.value(before))} → {code(words.value(after))}"
    return f"{plain(column)} {code(words.value(after if kind == 'added' else before))}"


def downstream_lines(downstream: Downstream) -> Iterator[str]:
    """Exposures and owners in the open, models folded away."""
    if downstream.exposures:
        yield from ["", "**Read by**", ""]
        for one in downstream.exposures[:_ROWS]:
            yield f"- {plain(one.name)}{f' ({plain(one.owner)})' if one.owner else ''}: {plain(words.reached(one))}"
    if downstream.owners:
        yield from ["", f"**Owners:** {plain(', '.join(downstream.owners))}"]
    if downstream.models:
        count = words.plural(len(downstream.models), "model")
        yield from ["", f"<details><summary>Downstream: {count}</summary>", ""]
        for one in downstream.models[:_ROWS]:
            yield f"- {code(one.name)}: {plain(words.reached(one))}"
        if len(downstream.models) > _ROWS:
            yield f"- … and {len(downstream.models) - _ROWS} more"
        for name, why in downstream.untraced[:_ROWS]:
            yield f"- not followed column by column: {code(name)}: {plain(why)}"
        yield from ["", "</details>"]


def plain(text: str) -> str:
    """Text of others as text: no markup, no mention of a person, no cell's end."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text.replace("\n", " "))


def code(text: str) -> str:
    """A name or a value."""
    return f"`{text}`" if _SIMPLE.fullmatch(text) else f"<code>{plain(text)}</code>"


_SIMPLE = re.compile(r"[\w.:/+,-]+( [\w.:/+,-]+)*", re.ASCII)
# Everything but letters, digits and harmless signs; an underscore is harmless inside a word only.
_MARKUP = re.compile(r"[^\w\s.,;:+()%/=>→…⏎'-]|(?<![^\W_])_|_(?![^\W_])")

"""An impact as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from sluice.change.impact import Impact, Start
from sluice.change.modified import Modified
from sluice.core import markdown
from sluice.core.document import document
from sluice.core.text import plural, value
from sluice.lineage.report import downstream_markdown, downstream_text


def write(found: Impact, format: str) -> str:
    """`format` is text, markdown or json."""
    return {"text": as_text, "markdown": as_markdown, "json": as_json}[format](found)


def headline(found: Impact) -> str:
    """How much, in one line."""
    data = [node for node in found.modified if node.touches_data]
    parts = [f"{plural(len(data), 'node')} modified that may change data"]
    others = len(found.modified) - len(data)
    parts += [f"{others} in what describes or tests it"] if others else []
    reached = len(found.downstream.models), len(found.downstream.exposures)
    return f"{', '.join(parts)}; {plural(reached[0], 'model')} and {plural(reached[1], 'exposure')} downstream"


def reasons(node: Modified) -> str:
    """Why a node is modified."""
    return "; ".join(f"{reason.kind} ({value(reason.detail)})" if reason.detail else reason.kind for reason in node.reasons)


def starts(found: Impact) -> dict[str, Start]:
    """What changes of each modified node, by unique id."""
    return {start.unique_id: start for start in found.starts}


def what(node: Modified, start: Start | None) -> str:
    """What changes of it, as far as SQL tells."""
    if not node.touches_data:
        return ""
    if start is None:
        return "its SQL gives the same rows"
    return "rows" if start.rows else f"columns {', '.join(start.columns)}"


def as_text(found: Impact) -> str:
    """For a terminal."""
    return "\n".join(_lines(found))


def _lines(found: Impact) -> Iterator[str]:
    yield f"against {found.base} ({found.commit[:12]}): {headline(found)} ({found.seconds:.1f} s)"
    yield from (f"note: {remark}" for remark in found.remarks)
    known = starts(found)
    for title, touches in (("modified, and may change data:", True), ("modified otherwise:", False)):
        nodes = [node for node in found.modified if node.touches_data is touches]
        if nodes:
            yield from ["", title]
            for node in nodes:
                change = what(node, known.get(node.unique_id))
                yield f"  {node.kind} {node.name}: {reasons(node)}" + (f" -> {change}" if change else "")
    yield from downstream_text(found.downstream)


def as_markdown(found: Impact) -> str:
    """For a pull request."""
    lines = [f"### Impact against {markdown.code(found.base)}", "", f"**{headline(found)}.**", ""]
    lines += [f"> {markdown.plain(remark)}\n" for remark in found.remarks]
    known = starts(found)
    data = [node for node in found.modified if node.touches_data]
    if data:
        lines += ["| modified | why | what changes |", "| --- | --- | --- |"]
        for node in data:
            change = what(node, known.get(node.unique_id))
            lines.append(
                f"| {node.kind} {markdown.code(node.name)} | {markdown.plain(reasons(node))} | {markdown.plain(change)} |"
            )
    lines += downstream_markdown(found.downstream)
    others = [node for node in found.modified if not node.touches_data]
    blocks = []
    if others:
        listed = [f"- {node.kind} {markdown.code(node.name)}: {markdown.plain(reasons(node))}" for node in others]
        title = f"<details><summary>Modified otherwise: {plural(len(others), 'node')}</summary>"
        blocks = ["\n".join(["", title, "", *listed, "", "</details>"])]
    hint = f"`sluice impact --base {found.base}` shows everything."
    return markdown.fitted("\n".join(lines), blocks, markdown.LIMIT, "list", hint)


def as_json(found: Impact) -> str:
    """Everything, for programs."""
    fields = asdict(found)
    for node, entry in zip(found.modified, fields["modified"], strict=True):
        entry["touches_data"] = node.touches_data
    return document(fields)

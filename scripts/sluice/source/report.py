"""A proposal for people: a table for each raw table, what has to be decided, and which files are written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from sluice.core.text import plural, table, value, wrapped
from sluice.source.add import Plan
from sluice.source.check import Checked, Stage
from sluice.source.files import DECIDE
from sluice.source.project import VARS
from sluice.source.proposal import Proposal, RawColumn, RawTable

WIDTH = 80
_LINES = 6  # of what dbt says


def as_text(plan: Plan) -> str:
    """The whole proposal."""
    proposal = plan.proposal
    lines = [line for one in proposal.tables for line in (*_table(proposal, one), "")]
    lines += [line for note in proposal.notes for line in wrapped(f"note: {note}", WIDTH, "  ")]
    lines += _files(plan)
    return "\n".join(lines)


def _table(proposal: Proposal, raw: RawTable) -> Iterator[str]:
    rows = plural(raw.facts.rows, "row") + (" (the first ones)" if raw.facts.is_sample else "")
    yield from wrapped(f"{raw.name}: {rows}, {_becomes(proposal, raw)}", WIDTH, "  ")
    key = f"{', '.join(raw.key)} ({raw.facts.key_sure})" if raw.key else f"none ({raw.facts.key_sure})"
    yield from wrapped(f"key: {key}", WIDTH, "  ")
    mapped = _mapped(proposal, raw)
    cells = [_row(column, raw, mapped.get(column.name, "")) for column in raw.columns]
    yield from table(["column", "type", "", "becomes", ">empty", "how sure"], cells, WIDTH)


def _becomes(proposal: Proposal, raw: RawTable) -> str:
    entities = [one.entity for one in proposal.of(raw)]
    if entities:
        return f"becomes {', '.join(entities)}"
    return "looks like no entity: lookup" if raw.key else "looks like no entity: extra"


def _mapped(proposal: Proposal, raw: RawTable) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for one in proposal.of(raw):
        for column in one.columns:
            for name in column.used if len(column.used) < len(raw.columns) else ():
                found.setdefault(name, []).append(column.name)
    return {name: ", ".join(dict.fromkeys(names)) for name, names in found.items()}


def _row(column: RawColumn, raw: RawTable, becomes: str) -> tuple[object, ...]:
    marks = ("key" if column.name in raw.key else "") or ("required" if column.required else "")
    return column.name, column.type, marks, becomes, column.facts.empty or None, column.sure


def _files(plan: Plan) -> Iterator[str]:
    marks = sum(text.count(f"{DECIDE} ") for path, text in plan.files.items() if path != VARS)
    yield "files:"
    yield from (f"  {path}{' (one entry more)' if path == VARS else ''}" for path in plan.files)
    if plan.variables:
        yield f"put this into {VARS}, under sources:"
        yield from (f"  {line}" for line in plan.variables.splitlines())
    yield f"{plural(marks, 'comment')} with {DECIDE} {'says' if marks == 1 else 'say'} what you have to decide"


def next_step(source: str, settings: Mapping[str, str]) -> str:
    """The command that comes next."""
    return (
        "next: " + "".join(f"{name}={shlex.quote(value)} " for name, value in settings.items()) + f"sluice source check {source}"
    )


def checked_text(found: Checked) -> str:
    """What is missing, in order, and what comes next."""
    lines = [line for stage in found.stages for line in _stage(stage)]
    if found.exit_code == 0:
        return "\n".join([*lines, f"ready: sluice run {found.feeds_file}"])
    missing = sum(finding.blocks for stage in found.stages for finding in stage.findings)
    later = f"; not looked at yet: {', '.join(found.skipped)}" if found.skipped else ""
    return "\n".join([*lines, f"{plural(missing, 'thing')} missing, the first comes first{later}"])


def _stage(stage: Stage) -> Iterator[str]:
    yield f"{stage.name}: {stage.done}" if stage.is_passed else f"{stage.name}: not yet"
    for finding in stage.findings:
        where = f"{finding.where}: " if finding.where else ""
        first, *more = finding.what.splitlines()[:_LINES]
        yield from wrapped(f"  {'missing' if finding.blocks else 'note'}: {where}{first}", WIDTH, "    ")
        yield from (f"    {value(line, WIDTH - 4)}" for line in more)
        if finding.hint:
            yield from wrapped(f"    {finding.hint}", WIDTH, "    ")

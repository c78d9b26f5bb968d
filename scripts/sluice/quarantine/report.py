"""Refused rows and what was done with them, for people and for programs."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice, zip_longest
from typing import Any

from sluice.core.document import SCHEMA_VERSION, plain
from sluice.core.text import ago, plural, table
from sluice.core.text import value as shortened
from sluice.quarantine.catalog import Group, Refused
from sluice.quarantine.row_result import RowOutcome, RowResult

_WIDTH = 90
_CHUNK = 1000  # Rows of a list that share the widths of their columns.
# How many single rows a text shows after many were decided at once.
_SHOWN = 20


@dataclass(frozen=True)
class Sheet:
    """Everything about one row: `content` is the row as landed; of a row refused at ingestion, what of it could be read."""

    row: Refused
    content: Mapping[str, Any] | None
    columns: tuple[str, ...]
    decisions: Sequence[Mapping[str, Any]]


def groups_text(groups: Sequence[Group], now: datetime, status: str | None) -> str:
    """Counts by feed and rule."""
    word = status or "refused"
    if not groups:
        return f"no {word} rows"
    names = ["place", "feed", "rule", "status", ">rows", ">oldest", "amount"]
    rows = [(one.place, one.feed, one.rule, one.status, one.rows, ago(one.oldest, now), _amounts(one)) for one in groups]
    total = plural(sum(group.rows for group in groups), f"{word} row")
    return "\n".join([*table(names, rows), "", f"{total}; --rows lists them one by one"])


def _amounts(group: Group) -> str:
    return ", ".join(_money(one["amount"], one["currency_code"]) for one in group.amounts)


def _money(amount: Decimal, currency: str | None) -> str:
    """An amount with its cents, and what is smaller only where there is any."""
    cents, finer = f"{amount:,.4f}"[:-2], f"{amount:,.4f}"[-2:].rstrip("0")
    return f"{cents}{finer} {currency or ''}".strip()


def rows_text(rows: Iterable[Refused], now: datetime, total: int) -> Iterator[str]:
    """One line a row; then how many are left out."""
    shown = 0
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        lines = table(["id", "status", "feed", "rule", ">age", "what"], [_row(row, now) for row in chunk])
        yield from lines[1:] if shown else lines
        shown += len(chunk)
    yield ""
    more = f", {total - shown:,} more: --limit" if total > shown else ""
    yield f"{shown:,} shown{more}; sluice quarantine show <id> shows everything about one"


def _row(row: Refused, now: datetime) -> tuple[str, ...]:
    what = " ".join(filter(None, [row.row_key, _amount(row), row.reason or row.original_text]))
    return row.short, row.status, row.feed, row.rule, ago(row.refused_at, now), shortened(" ".join(what.split()), _WIDTH)


def _amount(row: Refused) -> str:
    return "" if row.amount is None else _money(row.amount, row.currency_code)


def list_json(groups: Sequence[Group], rows: Iterable[Refused], notes: Sequence[str]) -> Iterator[str]:
    """The list as JSON, one line per row, so that millions of rows need no memory."""
    yield f'{{"schema_version": {SCHEMA_VERSION},'
    yield f'"notes": {json.dumps(list(notes))},'
    yield f'"groups": {_json([asdict(group) for group in groups])},'
    yield '"rows": ['
    before = ""
    for row in rows:
        yield before + _json(asdict(row))
        before = ","
    yield "]}"


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def sheet_fields(sheet: Sheet) -> dict[str, Any]:
    """One row, for programs."""
    return {**asdict(sheet.row), "row": sheet.content, "history": list(sheet.decisions), "commands": commands(sheet)}


def sheet_text(sheet: Sheet, now: datetime) -> str:
    """One row, for the person who decides about it."""
    row = sheet.row
    facts = {
        "id": row.quarantine_id,
        "status": _status(row),
        "refused": _refused(row, now),
        "rule": row.rule,
        "because": row.reason,
        "feed": row.feed,
        "key": row.row_key,
        "amount": _amount(row) or None,
        "from": f"{row.source_file}, record {row.source_position}, batch {row.batch_id}",
    }
    lines = [f"{name:9} {value}" for name, value in facts.items() if value]
    if row.original_text is not None:
        lines += ["", "as delivered", f"  {row.original_text}"]
    elif sheet.content is not None:
        width = max(len(name) for name in sheet.content)
        lines += ["", "as landed"]
        lines += [f"  {name:{width}}  {_plain(value)}" for name, value in sheet.content.items()]
    if sheet.decisions:
        lines += ["", "decisions"]
        lines += [f"  {_decision(entry)}" for entry in sheet.decisions]
    lines += ["", "commands", *(f"  {line}" for line in commands(sheet) or ["none: it is settled"])]
    if sheet.content is None and row.decision != "corrected":
        lines.append("The row in the command is a guess: the delivered fields in the contract's order. Correct it first.")
    return "\n".join(lines)


def _refused(row: Refused, now: datetime) -> str:
    if row.place == "warehouse" and row.reason is None:
        return "in the warehouse, but not by the build that was read"
    where = "at ingestion: it breaks its contract" if row.place == "ingestion" else "in the warehouse: it breaks a business rule"
    return f"{row.refused_at} UTC, {ago(row.refused_at, now)} ago, {where}"


def _status(row: Refused) -> str:
    if row.decision == "waived":
        return f"{row.status}: waived until {row.until_at} UTC"
    if row.decision == "corrected":
        return f"{row.status}: corrected, landed in batch {row.correction_batch_id}"
    return row.status


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _decision(entry: Mapping[str, Any]) -> str:
    until = f" until {entry['until_at']}" if entry["until_at"] else ""
    batch = f" (batch {entry['correction_batch_id']})" if entry["correction_batch_id"] else ""
    return f"{entry['decided_at']} {entry['decision']}{until} by {entry['decided_by']}{batch}: {entry['why']}"


def commands(sheet: Sheet) -> list[str]:
    """Commands that apply to the row as it is now."""
    row = sheet.row
    why = " --why '...'"
    if row.decision == "corrected":
        return []
    lines = [f"sluice quarantine release {row.short}{_correction(sheet)}{why}"]
    if row.decision == "waived":
        return [*lines, f"sluice quarantine expire {row.short}{why}"]
    if row.may_be_waived and row.decision != "dropped":
        lines.append(f"sluice quarantine release {row.short} --waive --until 30d{why}")
    return lines if row.decision == "dropped" else [*lines, f"sluice quarantine drop {row.short}{why}"]


def _correction(sheet: Sheet) -> str:
    if sheet.content is not None:
        return f" --set {sheet.row.column_name or '<column>'}=..."
    return f" --row {shlex.quote(json.dumps(guess(sheet.row.original_text, sheet.columns), ensure_ascii=False))}"


def guess(text: str | None, columns: Sequence[str]) -> dict[str, str | None]:
    """A broken CSV record as a row to correct: its fields in the contract's order, as far as they go; empty ones null."""
    records = [next(csv.reader([text or ""], delimiter=delimiter), []) for delimiter in (",", ";", "\t", "|")]
    fields = max(records, key=len)
    values = fields if len(fields) > 1 else []
    return dict(zip_longest(columns, (value or None for value in values[: len(columns)])))


def verdicts_fields(verdicts: Sequence[RowResult]) -> dict[str, Any]:
    """The result for each row, for programs."""
    rows = [
        {
            "quarantine_id": verdict.row.quarantine_id,
            "feed": verdict.row.feed,
            "rule": verdict.row.rule,
            "outcome": str(verdict.outcome),
            "why": verdict.why,
        }
        for verdict in verdicts
    ]
    counts = {str(outcome): sum(verdict.outcome == outcome for verdict in verdicts) for outcome in RowOutcome}
    return {"counts": counts, "rows": rows}


def verdicts_text(verdicts: Sequence[RowResult]) -> str:
    """The result for each row; of many, those that need attention first."""
    order = [RowOutcome.refused, RowOutcome.unchanged]
    ranked = sorted(verdicts, key=lambda verdict: order.index(verdict.outcome) if verdict.outcome in order else len(order))
    rows = [(one.row.short, one.outcome, one.row.feed, one.row.rule, one.why) for one in ranked[:_SHOWN]]
    lines = table(["id", "result", "feed", "rule", "why"], rows) if rows else []
    counts = [(outcome, sum(verdict.outcome == outcome for verdict in verdicts)) for outcome in RowOutcome]
    total = ", ".join(f"{count:,} {outcome}" for outcome, count in counts if count)
    return "\n".join([*lines, *(["", total] if len(verdicts) > 1 else [])]) or "nothing to do"

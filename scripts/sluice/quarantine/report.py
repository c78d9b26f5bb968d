"""Refused rows and what was done with them, for people and for machines."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from sluice.core.text import ago
from sluice.quarantine.catalog import Group, Refused
from sluice.quarantine.row_result import RowOutcome, RowResult

_WIDTH = 90
# How many single rows a text shows after many were decided at once.
_SHOWN = 20


@dataclass(frozen=True)
class Sheet:
    """Everything about one row: `content` is the row as landed (at the door: as far as its text could be read)."""

    row: Refused
    content: Mapping[str, Any] | None
    columns: tuple[str, ...]
    decisions: Sequence[Mapping[str, Any]]


def groups_text(groups: Sequence[Group], now: datetime, status: str | None) -> str:
    """Counts by feed and rule."""
    word = status or "refused"
    if not groups:
        return f"no {word} rows"
    feed = max(len(group.feed) for group in groups)
    rule = max(4, *(len(group.rule) for group in groups))
    many = "" if status else f"{'status':9}"
    lines = [f"{'place':9}  {'feed':{feed}}  {'rule':{rule}}  {many}{'rows':>9} {'oldest':>8}  amount"]
    lines += [
        f"{group.place:9}  {group.feed:{feed}}  {group.rule:{rule}}  {'' if status else f'{group.status:9}'}{group.rows:>9,}"
        f" {ago(group.oldest, now):>8}  {_amounts(group)}".rstrip()
        for group in groups
    ]
    total = sum(group.rows for group in groups)
    return "\n".join([*lines, "", f"{total:,} {word} row{'s' * (total != 1)}; --rows lists them, one by one"])


def _amounts(group: Group) -> str:
    return ", ".join(_money(amount, currency) for currency, amount in group.amounts)


def _money(amount: Decimal, currency: str | None) -> str:
    """An amount with its cents, and what is smaller only where there is any."""
    cents, finer = f"{amount:,.4f}"[:-2], f"{amount:,.4f}"[-2:].rstrip("0")
    return f"{cents}{finer} {currency or ''}".strip()


def rows_text(rows: Iterable[Refused], now: datetime, total: int) -> Iterator[str]:
    """One line a row; then how many are left out."""
    shown = 0
    yield f"{'id':12}  {'status':8}  {'feed':24}  {'rule':20} {'age':>6}  what"
    for shown, row in enumerate(rows, 1):  # noqa: B007  (the last number is what was shown)
        what = " ".join(filter(None, [row.row_key, _amount(row), row.reason or row.original_text]))
        short = " ".join(what.split())
        short = short if len(short) <= _WIDTH else short[: _WIDTH - 1] + "…"
        yield f"{row.short}  {row.status:8}  {row.feed:24}  {row.rule:20} {ago(row.refused_at, now):>6}  {short}"
    yield ""
    more = f", {total - shown:,} more: --limit" if total > shown else ""
    yield f"{shown:,} shown{more}; sluice quarantine show <id> tells all about one"


def _amount(row: Refused) -> str:
    return "" if row.amount is None else _money(row.amount, row.currency_code)


def list_json(groups: Sequence[Group], rows: Iterable[Refused], notes: Sequence[str]) -> Iterator[str]:
    """The list as JSON, a line for each row, so that millions of them need no memory."""
    yield "{"
    yield f'"notes": {json.dumps(list(notes))},'
    entries = [
        {**asdict(group), "amounts": [{"currency_code": code or None, "amount": amount} for code, amount in group.amounts]}
        for group in groups
    ]
    yield f'"groups": {_json(entries)},'
    yield '"rows": ['
    before = ""
    for row in rows:
        yield before + _json(asdict(row))
        before = ","
    yield "]}"


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(
        value, default=lambda one: one.isoformat() if isinstance(one, datetime) else str(one), ensure_ascii=False, indent=indent
    )


def sheet_json(sheet: Sheet) -> str:
    """One row as JSON."""
    return _json({**asdict(sheet.row), "row": sheet.content, "history": list(sheet.decisions), "commands": commands(sheet)}, 2)


def sheet_text(sheet: Sheet, now: datetime) -> str:
    """One row for the person who has to decide about it."""
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
    lines += ["", "what can be done", *(f"  {line}" for line in commands(sheet) or ["nothing more"])]
    if sheet.content is None and row.decision != "corrected":
        lines.append("The row to give is a guess: the delivered fields in the contract's order. Mend it first.")
    return "\n".join(lines)


def _refused(row: Refused, now: datetime) -> str:
    if row.place == "warehouse" and row.reason is None:
        return "in the warehouse, but not by the build that was looked at"
    where = "at the door: it breaks its contract" if row.place == "door" else "in the warehouse: it breaks a business rule"
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
    """Lines to copy: what may be done with the row as it is now."""
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
    """A broken CSV record as a row to mend: its fields in the contract's order, as far as they go; empty ones null."""
    records = [next(csv.reader([text or ""], delimiter=delimiter), []) for delimiter in (",", ";", "\t", "|")]
    fields = max(records, key=len)
    values = fields if len(fields) > 1 else []
    return dict(zip_longest(columns, (value or None for value in values[: len(columns)])))


def verdicts_json(verdicts: Sequence[RowResult]) -> str:
    """What became of each row."""
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
    return _json({"counts": counts, "rows": rows}, 2)


def verdicts_text(verdicts: Sequence[RowResult]) -> str:
    """What became of each row; of many, those that need a look first."""
    order = [RowOutcome.refused, RowOutcome.unchanged]
    ranked = sorted(verdicts, key=lambda verdict: order.index(verdict.outcome) if verdict.outcome in order else len(order))
    lines = [
        f"{verdict.row.short}  {verdict.outcome:9}  {verdict.row.feed}, {verdict.row.rule}"
        + (f": {verdict.why}" if verdict.why else "")
        for verdict in ranked[:_SHOWN]
    ]
    counts = [(outcome, sum(verdict.outcome == outcome for verdict in verdicts)) for outcome in RowOutcome]
    total = ", ".join(f"{count:,} {outcome}" for outcome, count in counts if count)
    return "\n".join([*lines, *(["", total] if len(verdicts) > 1 else [])]) or "nothing to do"

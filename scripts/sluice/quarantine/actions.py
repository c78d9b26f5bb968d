"""What the commands do: choose rows, judge them, write what is decided. Everything under the lake's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import duckdb

from sluice.core.errors import SluiceError
from sluice.ingest.run import new_run_id
from sluice.lake import raw
from sluice.lake.contracts import Contract, load_contracts
from sluice.quarantine import correct, row_result
from sluice.quarantine.catalog import Filter, Group, Places, Refused, find, groups, history, opened, rows, waivers
from sluice.quarantine.decide import Who, deciding, next_time, write
from sluice.quarantine.edit import Edit, Wanted, corrected
from sluice.quarantine.options import parse
from sluice.quarantine.report import Sheet
from sluice.quarantine.row_result import RowResult


@dataclass(frozen=True)
class Choice:
    """Rows by their ids, or else all open ones that a filter lets through."""

    ids: Sequence[str]
    filter: Filter


class NotAgreedError(Exception):
    """Many rows were chosen by a filter, and nobody has said yes: `plan` is what would be touched."""

    def __init__(self, plan: list[Group]) -> None:
        super().__init__("not agreed")
        self.plan = plan


def now() -> datetime:
    """The time in UTC, without a zone, as the lake holds it."""
    return datetime.now(UTC).replace(tzinfo=None)


def waive(where: Places, choice: Choice, until: datetime, who: Who, *, agreed: bool) -> list[RowResult]:
    """Write waivers for the rows whose rule may be waived, and say why not of the others."""
    with deciding(where.lake), opened(where) as connection:
        verdicts = [row_result.waiver(row, until) for row in _chosen(connection, where, choice, agreed=agreed)]
        write(where.lake, verdicts, who, next_time(connection, where.lake), until)
    return verdicts


def drop(where: Places, choice: Choice, who: Who, *, agreed: bool) -> list[RowResult]:
    """Write that rows are given up."""
    with deciding(where.lake), opened(where) as connection:
        verdicts = [row_result.drop(row) for row in _chosen(connection, where, choice, agreed=agreed)]
        write(where.lake, verdicts, who, next_time(connection, where.lake))
    return verdicts


def end_waivers(where: Places, ids: Sequence[str], who: Who) -> list[RowResult]:
    """End the waivers of rows before their time."""
    with deciding(where.lake), opened(where) as connection:
        found = find(connection, ids, where)
        live = waivers(connection, "list_contains(?, quarantine_id)", [row.quarantine_id for row in found])
        without = [row for row in found if row.quarantine_id not in {waived.quarantine_id for waived in live}]
        verdicts = [row_result.ending(row) for row in (*live, *without)]
        write(where.lake, verdicts, who, next_time(connection, where.lake))
    return verdicts


def correct_rows(
    where: Places, choice: Choice, edit: Edit, who: Who, contracts: Mapping[str, Contract], *, agreed: bool
) -> list[RowResult]:
    """Land the rows as the edit makes them. Every row is made ready before the first lands."""
    verdicts: list[RowResult] = []
    with deciding(where.lake), opened(where) as connection:
        chosen = _chosen(connection, where, choice, agreed=agreed)
        if edit.whole is not None and len(chosen) > 1:
            raise SluiceError(
                f"one row for {len(chosen)} refused ones", where="--row", hint="release them one by one, or use --set"
            )
        wishes = _wishes(connection, where, chosen, edit, contracts)
        landed = correct.landed_digests(connection, where.lake, chosen)
        for feed, wished in wishes.items():
            at = next_time(connection, where.lake)
            verdicts += correct.release(where.lake, contracts[feed], wished, landed, who, at, run_id=new_run_id())
    return verdicts


def _chosen(connection: duckdb.DuckDBPyConnection, where: Places, choice: Choice, *, agreed: bool) -> list[Refused]:
    if choice.ids:
        return find(connection, choice.ids, where)
    if not agreed:
        raise NotAgreedError(groups(connection, choice.filter, now()))
    return list(rows(connection, choice.filter, now()))


def _wishes(
    connection: duckdb.DuckDBPyConnection,
    where: Places,
    chosen: Sequence[Refused],
    edit: Edit,
    contracts: Mapping[str, Contract],
) -> dict[str, list[Wanted]]:
    wishes = {}
    for feed, members in groupby(sorted(chosen, key=lambda row: row.feed), key=lambda row: row.feed):
        if feed not in contracts:
            raise SluiceError(f"no contract for {feed}", where="models", hint="declare the source table in dbt YAML")
        table, mine = raw.RawTable(contracts[feed], where.lake), list(members)
        types = correct.types_of(table, connection)
        begin = {} if edit.whole is not None else correct.starts(connection, table, mine)
        wishes[feed] = [_wish(row, begin.get(row.quarantine_id), edit, types) for row in mine]
    return wishes


def _wish(row: Refused, start: correct.Content | None, edit: Edit, types: Mapping[str, str]) -> Wanted:
    try:
        return Wanted(row, corrected(start, edit, types))
    except SluiceError as error:
        raise SluiceError(f"{row.short} ({row.feed}): {error.what}", where=error.where, hint=error.hint) from None


def sheet(where: Places, prefix: str, project: Path) -> Sheet:
    """Everything about one row; its contract, where the project has one, gives the columns of a row that must be typed."""
    with opened(where) as connection:
        (row,) = find(connection, [prefix], where)
        folder = where.lake / "raw" / Path(*row.feed.split("."))
        landed = correct.as_landed(connection, folder, [row]) if row.place == "warehouse" else {}
        content = landed.get(row.quarantine_id, parse(row.original_text))
        contract = load_contracts(project).get(row.feed)
        columns = tuple(column.name for column in contract.columns) if contract else ()
        return Sheet(row, content, columns, history(connection, row.quarantine_id))

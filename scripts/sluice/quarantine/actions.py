"""The commands: choose rows, judge them, write what is decided. All of it under the lake's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import duckdb

from sluice.core.errors import SluiceError
from sluice.history import recording
from sluice.lake import raw
from sluice.lake.contracts import Contract, load_contracts
from sluice.quarantine import correct, row_result
from sluice.quarantine.catalog import Filter, Group, Places, Refused, find, groups, history, opened, rows, waivers
from sluice.quarantine.decide import Who, decide, deciding
from sluice.quarantine.edit import Edit
from sluice.quarantine.report import Sheet
from sluice.quarantine.row_result import RowOutcome, RowResult


@dataclass(frozen=True)
class Choice:
    """Rows by their ids, or all open rows that match a filter."""

    ids: Sequence[str]
    filter: Filter


class NotAgreedError(recording.NothingTriedError):
    """Rows were chosen by a filter, without --yes: `plan` says which ones."""

    def __init__(self, plan: list[Group]) -> None:
        super().__init__("not agreed")
        self.plan = plan


def now() -> datetime:
    """The time in UTC, without a zone, as in the lake."""
    return datetime.now(UTC).replace(tzinfo=None)


def waive(where: Places, choice: Choice, until: datetime, who: Who, *, agreed: bool) -> list[RowResult]:
    """Waive the rule of rows whose rule may be waived, and say why not of the others."""
    with _recorded("release", where, who) as noted:
        return noted(
            decide(where, partial(_chosen, where, choice, agreed), lambda row: row_result.waiver(row, until), who, until)
        )


def drop(where: Places, choice: Choice, who: Who, *, agreed: bool) -> list[RowResult]:
    """Give rows up."""
    with _recorded("drop", where, who) as noted:
        return noted(decide(where, partial(_chosen, where, choice, agreed), row_result.drop, who))


def end_waivers(where: Places, ids: Sequence[str], who: Who) -> list[RowResult]:
    """End all waivers of rows before they are due."""
    with _recorded("expire", where, who) as noted:
        return noted(decide(where, partial(_waived, where, ids), row_result.ending, who))


def correct_rows(
    where: Places, choice: Choice, edit: Edit, who: Who, contracts: Mapping[str, Contract], *, agreed: bool
) -> list[RowResult]:
    """Land the rows as the edit makes them. Every row is edited before the first one lands."""
    with _recorded("release", where, who) as noted, deciding(where.lake), opened(where) as connection:
        chosen = _chosen(where, choice, agreed, connection)
        if edit.whole is not None and len(chosen) > 1:
            hint = "release them one by one, or use --set"
            raise SluiceError(f"one row was given for {len(chosen)} refused rows", where="--row", hint=hint)
        by_feed = groupby(sorted(chosen, key=attrgetter("feed")), key=attrgetter("feed"))
        tables = [(_table(feed, where.lake, contracts), list(members)) for feed, members in by_feed]
        wishes = [(table, correct.edited(connection, table, members, edit)) for table, members in tables]
        landed = [correct.release(connection, table, wished, who) for table, wished in wishes]
        return noted([verdict for verdicts in landed for verdict in verdicts])


@contextmanager
def _recorded(verb: str, where: Places, who: Who) -> Iterator[Callable[[list[RowResult]], list[RowResult]]]:
    """Record a command on quarantine in the history; what it gives notes how many rows could not have what was asked for."""
    with recording.step(f"quarantine {verb}", where.lake) as step:
        recording.learn(actor=who.by)

        def noted(found: list[RowResult]) -> list[RowResult]:
            refused = sum(one.outcome is RowOutcome.refused for one in found)
            step.end(int(refused > 0))
            recording.learn(detail=f"{refused} of {len(found)} rows were refused" if refused else f"{len(found)} rows")
            return found

        yield noted


def _table(feed: str, lake: Path, contracts: Mapping[str, Contract]) -> raw.RawTable:
    if feed not in contracts:
        raise SluiceError(f"no contract for {feed}", where="models", hint="declare the source table in dbt YAML")
    return raw.RawTable(contracts[feed], lake)


def _chosen(where: Places, choice: Choice, agreed: bool, connection: duckdb.DuckDBPyConnection) -> list[Refused]:
    if choice.ids:
        return find(connection, choice.ids, where)
    if not agreed:
        raise NotAgreedError(groups(connection, choice.filter, now()))
    return list(rows(connection, choice.filter, now()))


def _waived(where: Places, ids: Sequence[str], connection: duckdb.DuckDBPyConnection) -> list[Refused]:
    """A row once per waiver that holds; as it is if there is none."""
    found = find(connection, ids, where)
    waived = waivers(connection, "list_contains(?, quarantine_id)", [row.quarantine_id for row in found])
    with_waiver = {row.quarantine_id for row in waived}
    return [*waived, *(row for row in found if row.quarantine_id not in with_waiver)]


def sheet(where: Places, prefix: str, project: Path) -> Sheet:
    """Everything about one row. Its contract, if the project has one, names the columns of a row that has to be given whole."""
    with opened(where) as connection:
        (row,) = find(connection, [prefix], where)
        folder = where.lake / "raw" / Path(*row.feed.split("."))
        landed = correct.as_landed(connection, folder, [row]) if row.place == "warehouse" else {}
        content = landed.get(row.quarantine_id, correct.as_delivered(row))
        contract = load_contracts(project).get(row.feed)
        columns = tuple(column.name for column in contract.columns) if contract else ()
        return Sheet(row, content, columns, history(connection, row.quarantine_id))

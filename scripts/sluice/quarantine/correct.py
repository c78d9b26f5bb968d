"""Corrected rows land through ingest's own door, each once, together with the decision that says so.

A correction is a delivery of one JSON line. The commit that lands it carries `release:<quarantine id>:<decisions before>`
as an application transaction, and the decision in its record; so whatever dies in between, the row is there once, and
the next command writes the decision that is still owed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import connect, identifier, listing, literal, parse_type
from sluice.core.errors import SluiceError
from sluice.core.progress import silent
from sluice.ingest.casts import fields
from sluice.ingest.landing import Batch, Work, land
from sluice.ingest.readers.json import read_lines
from sluice.ingest.rows import StagedRows, tally
from sluice.lake import raw
from sluice.lake.contracts import Contract
from sluice.quarantine import row_result
from sluice.quarantine.catalog import Refused
from sluice.quarantine.decide import Who, decision, microseconds
from sluice.quarantine.edit import Wanted, without_nulls
from sluice.quarantine.options import parse
from sluice.quarantine.row_result import RowOutcome, RowResult

# Rows of one commit, which carries their decisions: the unit of work that a kill costs.
BATCH_ROWS = 500
Content = dict[str, Any]


def types_of(table: raw.RawTable, connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Columns that a correction may fill: the contract's, and those that were landed as text beside them."""
    promised = {column.name: column.type for column in table.contract.columns}
    found = connection.execute(f"describe select * from delta_scan({literal(str(table.path))})").fetchall()
    landed = {str(name): str(kind) for name, kind, *_ in found if name not in raw.ORIGIN}
    return {**promised, **{name: kind for name, kind in landed.items() if name not in promised}}


def starts(
    connection: duckdb.DuckDBPyConnection, table: raw.RawTable, rows: Sequence[Refused]
) -> dict[str, dict[str, Any] | None]:
    """What each row of one feed is before its correction, by quarantine id; None for a text that is no JSON object."""
    at_the_door = {row.quarantine_id: parse(row.original_text) for row in rows if row.place == "door"}
    found = {**at_the_door, **as_landed(connection, table.path, [row for row in rows if row.place == "warehouse"])}
    lost = [row.short for row in rows if row.place == "warehouse" and row.quarantine_id not in found]
    if lost:
        raise SluiceError(f"not in the raw table: {', '.join(lost[:5])}", where=str(table.path), hint="give the whole row: --row")
    return found


def as_landed(connection: duckdb.DuckDBPyConnection, path: Path, rows: Sequence[Refused]) -> dict[str, Content]:
    """Rows of a raw table by quarantine id, every value as text, so that no digit is lost; structs and lists as JSON."""
    if not rows:
        return {}
    connection.execute("create or replace temp table chosen (quarantine_id varchar, b varchar, f varchar, p bigint)")
    columns = list(zip(*((row.quarantine_id, row.batch_id, row.source_file, row.source_position) for row in rows), strict=True))
    connection.execute("insert into chosen select unnest($1), unnest($2), unnest($3), unnest($4)", [list(one) for one in columns])
    scan = f"delta_scan({literal(str(path))})"
    described = connection.execute(f"describe select * from {scan}").fetchall()
    image = ", ".join(
        f"{identifier(name)} := {_as_text(f'r.{identifier(name)}', parse_type(kind))}"
        for name, kind, *_ in described
        if name not in raw.ORIGIN
    )
    batches = listing(sorted({row.batch_id for row in rows}))
    found = connection.execute(f"""
        select chosen.quarantine_id, to_json(struct_pack({image}))::varchar
        from {scan} as r inner join chosen on r._batch_id = chosen.b and r._file = chosen.f and r._position = chosen.p
        where list_contains({batches}, r._batch_id)
    """).fetchall()
    return {quarantine_id: without_nulls(json.loads(text)) for quarantine_id, text in found}


def _as_text(value: str, kind: DuckDBPyType) -> str:
    if kind.id == "struct":
        parts = ", ".join(
            f"{identifier(name)} := {_as_text(f'{value}.{identifier(name)}', child)}" for name, child in fields(kind)
        )
        return f"case when {value} is not null then struct_pack({parts}) end"
    if kind.id == "list":
        return f"list_transform({value}, lambda x: {_as_text('x', fields(kind)[0][1])})"
    return f"{value}::varchar"


def landed_digests(connection: duckdb.DuckDBPyConnection, lake: Path, rows: Sequence[Refused]) -> dict[str, str]:
    """Digest of the correction that has landed, by quarantine id."""
    batches = sorted({row.correction_batch_id for row in rows if row.correction_batch_id})
    if not batches:
        return {}
    found = connection.execute(f"""
        with files as (
            select unnest(files) as file from delta_scan({literal(str(lake / "ops" / "batches"))})
            where list_contains({listing(batches)}, batch_id)
        )
        select file.file, file.digest from files
    """).fetchall()
    return {label.removeprefix("quarantine/").removesuffix(".json"): digest for label, digest in found}


def release(
    lake: Path,
    contract: Contract,
    wishes: Sequence[Wanted],
    landed: Mapping[str, str],
    who: Who,
    at: datetime,
    *,
    run_id: str,
    memory_limit: str | None = None,
) -> list[RowResult]:
    """Land the corrections of one feed and give a verdict for each; those that the door refuses do not land.

    The caller holds the lake's lock (`decide.deciding`) and has read the rows under it.
    """
    verdicts = [row_result.correction(wish.row, wish.digest, landed.get(wish.row.quarantine_id)) for wish in wishes]
    new = [wish for wish, verdict in zip(wishes, verdicts, strict=True) if verdict.is_new]
    if not new:
        return verdicts
    table = raw.RawTable(contract, lake)
    table.incoming.mkdir(parents=True, exist_ok=True)
    raw.ensure(table)
    raw.undo_half_batch(table)
    outcomes = {verdict.row.quarantine_id: verdict for verdict in verdicts}
    with connect(memory_limit=memory_limit, temp_directory=lake / ".incoming" / "spill") as connection:
        work = Work(table, connection, run_id, silent)
        for start in range(0, len(new), BATCH_ROWS):
            # Each commit of decisions is later than the one before: a build in between goes on from the last it saw.
            later = at + timedelta(microseconds=start)
            outcomes |= _land(work, new[start : start + BATCH_ROWS], who, later)
    return list(outcomes.values())


def _land(work: Work, wishes: Sequence[Wanted], who: Who, at: datetime) -> dict[str, RowResult]:
    """Land what the door takes of these corrections, as one batch, and tell why it refuses the others."""
    _check_marks(work, wishes)
    rows = _read(work, wishes)
    refused = _refused(work.connection, rows)
    outcomes = {
        wish.row.quarantine_id: RowResult(wish.row, RowOutcome.refused, f"the door refuses the corrected row: {refused[place]}")
        for place, wish in enumerate(wishes)
        if place in refused
    }
    good = [wish for place, wish in enumerate(wishes) if place not in refused]
    if good:
        rows = _read(work, good) if refused else rows
        batch = _batch(work, good, who, at)
        land(work, batch, rows, tally(work.connection, rows))
        why = f"landed in batch {batch.batch_id}"
        outcomes |= {wish.row.quarantine_id: RowResult(wish.row, RowOutcome.corrected, why) for wish in good}
    return outcomes


def _check_marks(work: Work, wishes: Sequence[Wanted]) -> None:
    delta = work.table.open()
    landed = [wish.row.short for wish in wishes if delta.transaction_version(wish.mark) is not None]
    if landed:
        raise SluiceError(
            f"corrections of {', '.join(landed)} have landed, but lake/ops/decisions does not know of them",
            where=str(work.table.path),
            hint="restore lake/ops; nothing was landed again",
        )


def _read(work: Work, wishes: Sequence[Wanted]) -> StagedRows:
    work.connection.execute("create or replace temp table lines (line varchar, __file bigint)")
    work.connection.execute("insert into lines select unnest($1), unnest(range(len($1)))", [[wish.text for wish in wishes]])
    return read_lines(work.connection, work.contract)


def _refused(connection: duckdb.DuckDBPyConnection, rows: StagedRows) -> dict[int, str]:
    found = connection.execute(f"select __file, reason, detail from ({rows.refused})").fetchall()
    return {place: f"{reason} ({detail})" for place, reason, detail in found}


def _batch(work: Work, wishes: Sequence[Wanted], who: Who, at: datetime) -> Batch:
    identity = "\n".join([work.contract.name, *(f"{wish.mark} {wish.digest}" for wish in wishes)])
    batch_id = hashlib.sha256(identity.encode()).hexdigest()[:20]
    entries = [decision(wish.row, RowOutcome.corrected, who, at) for wish in wishes]
    carried = [{**asdict(entry), "decided_at": microseconds(at), "correction_batch_id": batch_id} for entry in entries]
    return Batch(
        batch_id,
        tuple(wish.label for wish in wishes),
        tuple(wish.digest for wish in wishes),
        sum(len(wish.text.encode()) for wish in wishes),
        {wish.mark: 1 for wish in wishes},
        {"decisions": carried},
    )

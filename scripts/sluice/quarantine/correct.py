"""Corrected rows land by ingest, each once, together with the decision that says so.

A correction is a delivery of one JSON line. The commit that lands it carries `release:<quarantine id>:<decisions before>`
as an application transaction, and the decision in its record. So if it is interrupted, the row has landed once or not at
all, and the next command writes a decision that is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, listing, literal, parse_type
from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.core.progress import silent
from sluice.core.run_id import run_id
from sluice.ingest.casts import fields
from sluice.ingest.landing import Batch, Work, land
from sluice.ingest.readers.json import read_lines
from sluice.ingest.readers.mongodb import bson_lines
from sluice.ingest.rows import StagedRows, tally
from sluice.lake import raw
from sluice.quarantine import row_result
from sluice.quarantine.catalog import Refused
from sluice.quarantine.decide import Who, decision, next_time
from sluice.quarantine.edit import Edit, Wanted, corrected, without_nulls
from sluice.quarantine.row_result import RowOutcome, RowResult
from sluice.quarantine.typed_words import parse

# Rows per commit, which carries their decisions: an interruption loses the work of one commit.
BATCH_ROWS = 500
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (times in the lake are UTC without a zone)
Content = dict[str, Any]


def edited(connection: duckdb.DuckDBPyConnection, table: raw.RawTable, rows: Sequence[Refused], edit: Edit) -> list[Wanted]:
    """The rows of one feed after the edit, which may fill the columns of the contract and those that landed beside them."""
    promised = {column.name: column.type for column in table.contract.columns}
    types = {**_landed_types(connection, table.path), **promised}
    starts = {} if edit.whole is not None else _starts(connection, table, rows)
    return [_edited(row, starts.get(row.quarantine_id), edit, types) for row in rows]


def _edited(row: Refused, start: Content | None, edit: Edit, types: Mapping[str, str]) -> Wanted:
    try:
        return Wanted(row, corrected(start, edit, types))
    except SluiceError as error:
        raise SluiceError(f"{row.short} ({row.feed}): {error.what}", where=error.where, hint=error.hint) from None


def _landed_types(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    found = connection.execute(f"describe from delta_scan({literal(str(path))})").fetchall()
    return {str(name): str(kind) for name, kind, *_ in found if name not in raw.ORIGIN}


def _starts(connection: duckdb.DuckDBPyConnection, table: raw.RawTable, rows: Sequence[Refused]) -> dict[str, Content | None]:
    """What each row of one feed is before its correction, by quarantine id; None for a text that is not a JSON object."""
    in_warehouse = [row for row in rows if row.place == "warehouse"]
    landed = as_landed(connection, table.path, in_warehouse)
    lost = [row.short for row in in_warehouse if row.quarantine_id not in landed]
    if lost:
        raise SluiceError(f"not in the raw table: {', '.join(lost[:5])}", where=str(table.path), hint="give the whole row: --row")
    return {row.quarantine_id: landed.get(row.quarantine_id, as_delivered(row)) for row in rows}


def as_delivered(row: Refused) -> Content | None:
    """What a row refused at ingestion was, as ingest reads it; None for a text that is not a JSON object."""
    text = row.original_text
    if text and row.source_file.startswith(bson_lines.ORIGIN):
        need("pymongo", "documents", "a document of MongoDB")
        with suppress(ValueError, TypeError):
            text = bson_lines.plain(text)
    return parse(text)


def as_landed(connection: duckdb.DuckDBPyConnection, path: Path, rows: Sequence[Refused]) -> dict[str, Content]:
    """Rows of a raw table by quarantine id, every value as text, so that no digit is lost; structs and lists as JSON."""
    if not rows:
        return {}
    origins = zip(*((row.quarantine_id, row.batch_id, row.source_file, row.source_position) for row in rows), strict=True)
    types = {name: _as_text(parse_type(kind)) for name, kind in _landed_types(connection, path).items()}
    image = ", ".join(f"{identifier(name)} := r.{identifier(name)}::{kind}" for name, kind in types.items())
    batches = listing(sorted({row.batch_id for row in rows}))
    query = f"""
        with chosen as (select unnest($1) as quarantine_id, unnest($2) as b, unnest($3) as f, unnest($4) as p)
        select chosen.quarantine_id, to_json(struct_pack({image}))::varchar
        from delta_scan({literal(str(path))}) as r
        inner join chosen on r._batch_id = chosen.b and r._file = chosen.f and r._position = chosen.p
        where list_contains({batches}, r._batch_id)
    """
    found = connection.execute(query, [list(values) for values in origins]).fetchall()
    return {quarantine_id: without_nulls(json.loads(text)) for quarantine_id, text in found}


def _as_text(kind: DuckDBPyType) -> str:
    """The type with text in place of every plain type."""
    if kind.id == "struct":
        return f"struct({', '.join(f'{identifier(name)} {_as_text(child)}' for name, child in fields(kind))})"
    return f"{_as_text(fields(kind)[0][1])}[]" if kind.id == "list" else "varchar"


def _landed_digests(connection: duckdb.DuckDBPyConnection, lake: Path, rows: Sequence[Refused]) -> dict[str, str]:
    """Digest of the correction that has landed, by quarantine id."""
    batches = sorted({row.correction_batch_id for row in rows if row.correction_batch_id})
    if not batches:
        return {}
    query = f"""
        select unnest(files, recursive := true) from delta_scan({literal(str(lake / "ops" / "batches"))})
        where list_contains({listing(batches)}, batch_id)
    """
    found = connection.execute(f"select file, digest from ({query})").fetchall()
    return {label.removeprefix("quarantine/").removesuffix(".json"): digest for label, digest in found}


def release(connection: duckdb.DuckDBPyConnection, table: raw.RawTable, wishes: Sequence[Wanted], who: Who) -> list[RowResult]:
    """Land the corrections of one feed and give a verdict for each; a row that still breaks the contract does not land.

    The caller holds the lake's lock (`decide.deciding`) and has read the rows under it.
    """
    landed = _landed_digests(connection, table.lake, [wish.row for wish in wishes])
    verdicts = (row_result.correction(wish.row, wish.digest, landed.get(wish.row.quarantine_id)) for wish in wishes)
    outcomes = {verdict.row.quarantine_id: verdict for verdict in verdicts}
    new = [wish for wish in wishes if outcomes[wish.row.quarantine_id].is_new]
    if not new:
        return list(outcomes.values())
    table.incoming.mkdir(parents=True, exist_ok=True)
    raw.ensure(table)
    raw.undo_half_batch(table)
    work = Work(table, connection, run_id(), silent)
    at = next_time(connection, table.lake)
    for start in range(0, len(new), BATCH_ROWS):
        # Each commit of decisions is later than the one before: a build in between reads on from the last it saw.
        later = at + timedelta(microseconds=start)
        outcomes |= _land(work, new[start : start + BATCH_ROWS], who, later)
    return list(outcomes.values())


def _land(work: Work, wishes: Sequence[Wanted], who: Who, at: datetime) -> dict[str, RowResult]:
    """Land those that keep the contract as one batch, and say why the others do not."""
    _check_marks(work, wishes)
    rows = _read(work, wishes)
    refused = _refused(work.connection, rows)
    why = "the corrected row still breaks its contract"
    outcomes = {
        wishes[place].row.quarantine_id: RowResult(wishes[place].row, RowOutcome.refused, f"{why}: {reason}")
        for place, reason in refused.items()
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
            f"corrections of {', '.join(landed)} have landed, but lake/ops/decisions does not have them",
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
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    carried = [{**asdict(entry), "decided_at": microseconds, "correction_batch_id": batch_id} for entry in entries]
    return Batch(
        batch_id,
        tuple(wish.label for wish in wishes),
        tuple(wish.digest for wish in wishes),
        sum(len(wish.text.encode()) for wish in wishes),
        {wish.mark: 1 for wish in wishes},
        {"decisions": carried},
    )

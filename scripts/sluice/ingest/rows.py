"""What every reader gives, whatever the format: SQL of the good rows and of the refused ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.ingest.casts import Cast
from sluice.lake.contracts import RESERVED, Contract

# A file this full of one and the same fault is of another shape.
REFUSED_SHARE = 0.5
REFUSED_ROWS = 10
# SQL of no refused rows.
NOTHING = """
    select null::bigint as __file, null::bigint as __position, null::varchar as reason, null::varchar as column_name,
        null::varchar as detail, null::varchar as original_text where false
"""
# The type of what `refusal` gives.
REFUSAL = "struct(reason varchar, column_name varchar, detail varchar)"


class FilesRefusedError(Exception):
    """Some files of a batch are rejected; `why` has the reasons by label. The others can be read without them."""

    def __init__(self, why: dict[str, str]) -> None:
        super().__init__(", ".join(why))
        self.why = why


def check_columns(contract: Contract, names: Sequence[str]) -> None:
    """Raise SluiceError where `names` lack a promised column, or hold a new one that cannot be added."""
    missing = [name for name in contract.names if name not in names]
    if missing:
        raise SluiceError(f"columns that the contract promises are missing: {', '.join(missing)}; found {', '.join(names)}")
    check_new_names(contract, [name for name in names if name not in contract.names])


def check_new_names(contract: Contract, names: Sequence[str]) -> None:
    """Raise SluiceError for new columns whose names clash with the contract's or with ingest's own."""
    promised = {name.lower() for name in contract.names}
    clashes = [name for name in names if name.lower() in RESERVED or name.lower() in promised or not name.strip()]
    lowered = [name.lower() for name in names]
    clashes += [name for name in names if lowered.count(name.lower()) > 1]
    if clashes:
        raise SluiceError(
            f"columns {', '.join(map(repr, sorted(set(clashes))))} clash with a column of the contract or of ingest itself",
            hint="rename them in the source",
        )


@dataclass(frozen=True)
class StagedRows:
    """What a reader found in a batch's files.

    `good` selects the contract's columns, the new columns, __file and __position; `refused` selects __file, __position,
    reason, column_name, detail, original_text. `new_columns` are landed as text.
    """

    good: str
    refused: str
    new_columns: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """Rows of one file: landed, refused, and the most frequent fault with its count."""

    file_index: int
    landed: int
    refused: int
    worst: str
    worst_count: int

    @property
    def read(self) -> int:
        """Records that the file holds."""
        return self.landed + self.refused

    @property
    def misshapen(self) -> str:
        """Why the file is to be rejected: one fault affects at least half of its rows, and at least ten. Empty if it is not."""
        is_so = self.worst_count >= REFUSED_ROWS and self.worst_count >= REFUSED_SHARE * self.read
        return f"{self.worst_count} of {self.read} rows: {self.worst}" if is_so else ""


def refusal(contract: Contract, casts: Sequence[tuple[str, Cast, str]]) -> str:
    """SQL of the first reason why a row breaks its contract, as a struct; null for a good row.

    `casts` are (column, cast, text): `text` is the SQL of what was delivered, shown in the detail.
    """
    required = {column.name for column in contract.columns if column.required}
    types = {column.name: column.type for column in contract.columns}
    cases = [
        f"when {cast.misfit} then {_reason('wrong_type', column, _misfit(column, text, types[column]))}"
        for column, cast, text in casts
        if cast.misfit != "false"
    ]
    cases += [
        f"when {cast.value} is null then {_reason('missing_key', column, literal(f'{column} is required and empty'))}"
        for column, cast, _ in casts
        if column in required
    ]
    return f"case {' '.join(cases)} end" if cases else f"null::{REFUSAL}"


def _reason(reason: str, column: str, detail: str) -> str:
    return f"struct_pack(reason := {literal(reason)}, column_name := {literal(column)}, detail := {detail})"


def _misfit(column: str, text: str, kind: str) -> str:
    return f"concat({literal(f'{column}: ')}, {text}, {literal(f' does not fit {kind}')})"


def refused_rows(source: str, text: str) -> str:
    """SQL of the rows of `source` that have a __refusal; `text` is the SQL of what was delivered."""
    return (
        f"select __file, __position, __refusal.reason, __refusal.column_name, __refusal.detail, {text} as original_text"
        f" from {source} where __refusal is not null"
    )


def as_json(names: Sequence[str], values: Mapping[str, str] | None = None) -> str:
    """SQL of columns, or of the `values` by these names, as the text of a JSON object."""
    packed = ", ".join(f"{identifier(name)} := {values[name] if values else identifier(name)}" for name in names)
    return f"to_json(struct_pack({packed}))::varchar"


def tally(connection: duckdb.DuckDBPyConnection, rows: StagedRows) -> list[Tally]:
    """Count the rows of each file that has any."""
    query = f"""
        with good as (
            select __file, count(*) as landed from ({rows.good}) group by __file
        ),
        faults as (
            select __file, concat_ws(' ', reason, column_name) as fault, count(*) as n from ({rows.refused}) group by all
        ),
        bad as (
            select __file, sum(n)::bigint as refused, max_by(fault, (n, fault)) as worst, max(n) as worst_count
            from faults group by __file
        )
        select __file, coalesce(landed, 0), coalesce(refused, 0), coalesce(worst, ''), coalesce(worst_count, 0)
        from good full join bad using (__file) order by __file
    """
    return [Tally(*row) for row in connection.execute(query).fetchall()]


def columns_sql(names: Sequence[str]) -> str:
    """Names as a SQL select list."""
    return ", ".join(identifier(name) for name in names)

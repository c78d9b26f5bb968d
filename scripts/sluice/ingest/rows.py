"""What every reader gives, whatever the format: SQL of the good rows and of the refused ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


def column_faults(contract: Contract, names: Sequence[str], landed: Collection[str] = ()) -> list[str]:
    """Everything that speaks against a file with the columns `names`: promised ones missing, new ones that cannot be added.

    `landed` are the columns that the lake holds; a new one must not differ from them in case only.
    """
    missing = [name for name in contract.names if name not in names]
    faults = (
        [f"columns that the contract promises are missing: {', '.join(missing)}; found {', '.join(names)}"] if missing else []
    )
    return faults + new_name_faults(contract, [name for name in names if name not in contract.names], landed)


def new_name_faults(contract: Contract, names: Sequence[str], landed: Collection[str] = ()) -> list[str]:
    """What speaks against new columns: names that clash with the contract's, with ingest's own or with landed ones."""
    promised = {name.lower() for name in contract.names}
    clashes = [name for name in names if name.lower() in RESERVED or name.lower() in promised or not name.strip()]
    lowered = [name.lower() for name in names]
    clashes += [name for name in names if lowered.count(name.lower()) > 1]
    faults = []
    if clashes:
        listed = ", ".join(map(repr, sorted(set(clashes))))
        faults.append(f"columns {listed} clash with a column of the contract or of ingest itself: rename them in the source")
    spelled = {name.lower(): name for name in landed}
    faults += [
        f"column {name} has landed before as {spelled[name.lower()]}: keep one spelling in the source"
        for name in names
        if name not in clashes and spelled.get(name.lower(), name) != name
    ]
    return faults


def clashing(contract: Contract, names: Sequence[str], landed: Collection[str] = ()) -> list[str]:
    """Those of the new names that cannot be columns, sorted; of several that differ in case only, one can be."""
    spelled = {name.lower(): name for name in [*sorted(names, reverse=True), *landed]}
    return sorted(name for name in set(names) if new_name_faults(contract, [name]) or spelled[name.lower()] != name)


def raise_faults(faults: Sequence[str]) -> None:
    """Raise SluiceError that says all of them at once, if there are any."""
    if faults:
        raise SluiceError("; ".join(faults))


@dataclass(frozen=True)
class StagedRows:
    """What a reader found in a batch's files.

    `good` selects the contract's columns, the new columns, __file and __position; `refused` selects __file, __position,
    reason, column_name, detail, original_text. `new_columns` are landed as text.
    """

    good: str
    refused: str
    new_columns: tuple[str, ...]
    # SQL of what was delivered, byte by byte, over the columns of `refused`: for sources whose records are not text.
    original_bytes: str = "null::blob"


@dataclass(frozen=True)
class Tally:
    """Rows of one file: landed, refused, and the most frequent fault with its count.

    `example` is what the first row with that fault says, and `first` its position.
    """

    file_index: int
    landed: int
    refused: int
    worst: str
    worst_count: int
    example: str = ""
    first: int = 0

    @property
    def read(self) -> int:
        """Records that the file holds."""
        return self.landed + self.refused

    @property
    def misshapen(self) -> str:
        """Why the file is to be rejected: one fault affects at least half of its rows, and at least ten. Empty if it is not."""
        is_so = self.worst_count >= REFUSED_ROWS and self.worst_count >= REFUSED_SHARE * self.read
        return f"{self.worst_count} of {self.read} rows: {self.worst}, e.g. {self.example}" if is_so else ""


def refusal(contract: Contract, casts: Sequence[tuple[str, Cast, str]]) -> str:
    """SQL of why a row breaks its contract, as a struct; null for a good row.

    `casts` are (column, cast, text): `text` is the SQL of what was delivered, shown in the detail. The reason and the column
    are those of the first fault, the detail has them all.
    """
    required = {column.name for column in contract.columns if column.required}
    types = {column.name: column.type for column in contract.columns}
    misfits = {column: cast.misfit for column, cast, _ in casts if cast.misfit != "false"}
    empties = {column: f"{cast.value} is null" for column, cast, _ in casts if column in required}
    details = []
    for column, cast, text in casts:
        says = [f"when {misfits[column]} then {_misfit(column, text, types[column] + cast.written)}"] if column in misfits else []
        says += [f"when {empties[column]} then {literal(f'{column} is required and empty')}"] if column in empties else []
        details += [f"case {' '.join(says)} end"] if says else []
    detail = f"concat_ws('; ', {', '.join(details)})"
    cases = [_case("wrong_type", misfits, detail), _case("missing_key", empties, detail)]
    return f"case {' '.join(cases)} end" if details else f"null::{REFUSAL}"


def _case(reason: str, faults: Mapping[str, str], detail: str) -> str:
    """A branch of `refusal`: where one of the `faults` (SQL by column) holds, the first of them."""
    if not faults:
        return ""
    column = " ".join(f"when {broken} then {literal(name)}" for name, broken in faults.items())
    found = f"struct_pack(reason := {literal(reason)}, column_name := case {column} end, detail := {detail})"
    return f"when {' or '.join(faults.values())} then {found}"


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
            select __file, concat_ws(' ', reason, column_name) as fault, count(*) as n,
                min_by(left(detail, 200), __position) as example, min(__position) as first
            from ({rows.refused}) group by __file, fault
        ),
        bad as (
            select __file, sum(n)::bigint as refused, max_by(faults, (n, fault)) as worst
            from faults group by __file
        )
        select __file, coalesce(landed, 0), coalesce(refused, 0), coalesce(worst.fault, ''), coalesce(worst.n, 0),
            coalesce(worst.example, ''), coalesce(worst.first, 0)
        from good full join bad using (__file) order by __file
    """
    return [Tally(*row) for row in connection.execute(query).fetchall()]


def columns_sql(names: Sequence[str]) -> str:
    """Names as a SQL select list."""
    return ", ".join(identifier(name) for name in names)

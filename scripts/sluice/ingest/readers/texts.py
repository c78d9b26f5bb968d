"""Rows whose values are all text, as CSV files and workbooks give them: SQL that casts them, and finds what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier
from sluice.ingest.documents import cast_csv
from sluice.ingest.formats import Steps
from sluice.ingest.rows import as_json, refusal
from sluice.lake.contracts import Contract


def judged(
    contract: Contract, steps: Mapping[str, Steps], source: str, *, exponents: bool = False, carried: Sequence[str] = ()
) -> str:
    """SQL of every row of `source`: its values by column, __file, __refusal (null for a good row), and __rendered for a bad one.

    `source` has the texts t0, t1, ... and __file; `steps` say by column how they are read (`exponents` as in `cast_text`). The
    values are computed once, as v0, v1, ... Columns that are `carried` pass through.
    """
    types = contract.types
    values = {name: _typed(steps[name], kind) for name, kind in types.items()}
    casts = {
        name: steps[name].checked(cast_csv(steps[name].text, kind, typed=values[name], exponents=exponents))
        for name, kind in types.items()
    }
    checked = [(name, replace(casts[name], value=values[name]), steps[name].delivered) for name in types]
    landed = [f"{values[name]} as {identifier(name)}" for name in types]
    landed += [f"{step.text} as {identifier(name)}" for name, step in steps.items() if name not in types]
    spelled = [column for step in steps.values() for column in step.columns]
    computed = [f"{casts[name].value} as {values[name]}" for name in types if values[name] != steps[name].text]
    delivered = {name: step.delivered for name, step in steps.items()}
    return f"""
        select {", ".join([*landed, *carried])}, __file, __refusal,
            case when __refusal is not null then {as_json(list(steps), delivered)} end as __rendered
        from (
            select *, {refusal(contract, checked)} as __refusal
            from (select {", ".join(["*", *computed])} from (select {", ".join(["*", *spelled])} from ({source})))
        )
    """


def _typed(steps: Steps, kind: DuckDBPyType) -> str:
    """The column that holds the value of a text: the text itself where it is the value."""
    return steps.text if kind.id == "varchar" else f"v{steps.delivered.removeprefix('t')}"

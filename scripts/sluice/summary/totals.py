"""Small tables of the summary: models whose YAML asks for it by `config: meta: summary: {group_by: [...], sum: [...]}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from sluice.core.dbt import Mart
from sluice.core.duck import identifier
from sluice.core.errors import SluiceError

HINT = "write it as: config: {meta: {summary: {group_by: [columns], sum: [columns]}}}"


@dataclass(frozen=True)
class Totals:
    """Sums of a model's columns, one row per group; no rows where the model is not built."""

    relation: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def asked_for(models: Sequence[Mart], connection: duckdb.DuckDBPyConnection) -> list[Totals]:
    """The totals of every model that asks for them. Raises SluiceError where one asks in a way that can't be answered."""
    return [_totals(model, connection) for model in models if "summary" in model.meta]


def _totals(model: Mart, connection: duckdb.DuckDBPyConnection) -> Totals:
    groups, sums = _columns(model)
    selected = [*map(identifier, groups), *(f"sum({identifier(name)}) as {identifier(name)}" for name in sums)]
    schema, _, name = model.relation.partition(".")
    sql = f"select {', '.join(selected)} from {identifier(schema)}.{identifier(name)} group by all order by all"
    try:
        rows = connection.execute(sql).fetchall()
    except duckdb.CatalogException:
        rows = []
    except duckdb.Error as error:
        raise SluiceError(f"meta: summary can't be added up: {error}", where=model.relation, hint=HINT) from error
    return Totals(model.relation, (*groups, *sums), tuple(rows))


def _columns(model: Mart) -> tuple[list[str], list[str]]:
    asked = model.meta["summary"]
    keys = {"group_by", "sum"}
    if not isinstance(asked, Mapping) or set(asked) != keys or not all(_is_names(asked[key]) for key in keys) or not asked["sum"]:
        raise SluiceError("meta: summary is not understood", where=model.relation, hint=HINT)
    return list(asked["group_by"]), list(asked["sum"])


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def as_lines(totals: Totals) -> list[str]:
    """A table for people: numbers to the right, with thousands marked."""
    if not totals.rows:
        return [f"{totals.relation}: nothing to add up"]
    cells = [list(totals.columns), *([_text(value) for value in row] for row in totals.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [all(_is_number(value) or value is None for value in column) for column in zip(*totals.rows, strict=True)]
    return [totals.relation, *(f"  {_line(row, widths, right)}" for row in cells)]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = zip(row, widths, right, strict=True)
    return "  ".join(cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in cells).rstrip()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if _is_number(value) else str(value)

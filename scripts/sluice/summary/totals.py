"""Small tables of the summary: models whose YAML asks for it by `config: meta: summary: {group_by: [...], sum: [...]}`.

With `balance: <column>`, one of the sums is expected to be 0 in every group, and the summary says whether it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from sluice.core.dbt import Mart
from sluice.core.duck import identifier
from sluice.core.errors import SluiceError
from sluice.core.text import plural, table

HINT = "write it as: config: {meta: {summary: {group_by: [columns], sum: [columns], balance: column}}}; balance is optional"


@dataclass(frozen=True)
class Totals:
    """Sums of a model's columns, one row per group; no rows where the model is not built. `balance` is to be 0."""

    relation: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    balance: str | None = None

    @property
    def unbalanced(self) -> int:
        """The number of groups whose balance is not 0."""
        return sum(row[self.columns.index(self.balance)] != 0 for row in self.rows) if self.balance else 0


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
    return Totals(model.relation, (*groups, *sums), tuple(rows), model.meta["summary"].get("balance"))


def _columns(model: Mart) -> tuple[list[str], list[str]]:
    asked = model.meta["summary"]
    if not _is_understood(asked):
        raise SluiceError("meta: summary is not understood", where=model.relation, hint=HINT)
    return list(asked["group_by"]), list(asked["sum"])


def _is_understood(asked: Any) -> bool:
    keys = {"group_by", "sum"}
    if not isinstance(asked, Mapping) or set(asked) - {"balance"} != keys or not all(_is_names(asked[key]) for key in keys):
        return False
    return bool(asked["sum"]) and ("balance" not in asked or asked["balance"] in asked["sum"])


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def as_parts(found: Sequence[Totals], everything: bool) -> list[list[str]]:
    """A table for each model; those that balance are one line each together, unless everything is to be shown."""
    brief = [one for one in found if one.balance and one.rows and not everything]
    whole = [_table(one) for one in found if one not in brief]
    head = ["reconciliation (sluice summary --all shows all of it):"]
    return [*whole, [*head, *(f"  {_balance(one)}" for one in brief)]] if brief else whole


def _balance(found: Totals) -> str:
    groups = plural(len(found.rows), "group")
    if not found.unbalanced:
        return f"{found.relation}: {found.balance} is 0 in all {groups}"
    return f"{found.relation}: {found.balance} is NOT 0 in {found.unbalanced} of {groups}"


def _table(found: Totals) -> list[str]:
    if not found.rows:
        return [f"{found.relation}: nothing to add up"]
    columns = zip(found.columns, zip(*found.rows, strict=True), strict=True)
    names = [f">{name}" if all(_is_number(value) or value is None for value in values) else name for name, values in columns]
    rows = [["-" if value is None else value for value in row] for row in found.rows]
    return [found.relation, *(f"  {line}".rstrip() for line in table(names, rows))]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)

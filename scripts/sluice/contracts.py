"""Contracts: the columns, types and required keys of each raw table, read from the dbt source YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sluice.errors import SluiceError


@dataclass(frozen=True)
class Column:
    """A promised column: `type` is DuckDB's spelling; `required` means that null breaks the contract."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True)
class Contract:
    """What a raw table promises. `key` names the columns that identify a row; empty where the source has none."""

    source: str
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """`source.table`, the name that a feed refers to."""
        return f"{self.source}.{self.table}"

    def column(self, name: str) -> Column | None:
        """The promised column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


def load_contracts(project: Path) -> dict[str, Contract]:
    """Every contract under `project`/models, by `source.table`.

    Raises SluiceError where a YAML file cannot be read, a column has no data_type, or two contracts share a name.
    """
    contracts: dict[str, Contract] = {}
    for path in sorted((project / "models").rglob("*.yml")):
        for contract in _contracts_in(path):
            if contract.name in contracts:
                raise SluiceError(f"two contracts for {contract.name}", where=str(path), hint="keep one of them")
            contracts[contract.name] = contract
    return contracts


def _contracts_in(path: Path) -> Iterator[Contract]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SluiceError(f"not readable as YAML: {error}", where=str(path)) from error
    for source in document.get("sources") or []:
        for table in source.get("tables") or []:
            yield _contract(source["name"], table, path)


def _contract(source: str, table: dict[str, Any], path: Path) -> Contract:
    columns = tuple(_column(f"{source}.{table['name']}", column, path) for column in table.get("columns") or [])
    key = tuple(((table.get("config") or {}).get("meta") or {}).get("key") or ())
    unknown = set(key) - {column.name for column in columns}
    if unknown:
        raise SluiceError(f"key of {source}.{table['name']} names unknown columns {sorted(unknown)}", where=str(path))
    return Contract(source, table["name"], columns, key)


def _column(table: str, column: dict[str, Any], path: Path) -> Column:
    if "data_type" not in column:
        raise SluiceError(
            f"column {column.get('name')} of {table} has no data_type",
            where=str(path),
            hint="the contract needs a type for every column",
        )
    required = any(constraint.get("type") == "not_null" for constraint in column.get("constraints") or [])
    return Column(str(column["name"]), str(column["data_type"]), required)

"""Contracts: the columns, types and required keys of each raw table, read from the dbt source YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import parse_type
from sluice.core.errors import SluiceError
from sluice.core.yaml_model import read

# Column names that ingest itself uses, in the lake or on the way there.
RESERVED = {"_file", "_position", "_batch_id", "_loaded_at", "rowid", "file_index", "file_row_number"} | {
    f"__{name}"
    for name in (
        *("file", "position", "refusal", "rendered", "text", "ordinal", "place", "label", "shift", "first"),
        *("cursor", "ahead", "key", "content", "original", "copy", "alike", "latest", "landed", "quarantined"),
    )
}


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

    @property
    def names(self) -> tuple[str, ...]:
        """The promised columns' names, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def types(self) -> dict[str, DuckDBPyType]:
        """The promised columns' types by name, in their order."""
        return {column.name: parse_type(column.type, self.name) for column in self.columns}

    def unknown(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that are not promised, each once, sorted."""
        return tuple(sorted(set(names) - set(self.names)))


def load_contracts(project: Path) -> dict[str, Contract]:
    """Every contract under `project`/models, by `source.table`; sources with `meta: written_by: sluice` have none.

    Raises SluiceError where a YAML file cannot be read, a column has no data_type, or two contracts share a name.
    """
    contracts: dict[str, Contract] = {}
    for path in sorted((project / "models").rglob("*.yml")):
        for contract in _contracts_in(path):
            if contract.name in contracts:
                raise SluiceError(f"two contracts for {contract.name}", where=str(path), hint="keep one of them")
            contracts[contract.name] = contract
    return contracts


# Types that both DuckDB and Delta hold without changing a value.
_TYPES = {"smallint", "integer", "bigint", "decimal", "float", "double", "boolean", "varchar", "date", "timestamp", "blob"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _contracts_in(path: Path) -> Iterator[Contract]:
    try:
        for source in (read(path) or {}).get("sources") or []:
            if ((source.get("config") or {}).get("meta") or {}).get("written_by") == "sluice":
                continue  # lake/ops: no feed lands there
            for table in source.get("tables") or []:
                yield _contract(source["name"], table, path)
    except (KeyError, TypeError, AttributeError) as error:
        hint = "a source is a mapping with a name and tables, a table one with a name and columns"
        raise SluiceError(f"not a list of dbt sources: {error!r}", where=str(path), hint=hint) from error


def _contract(source: str, table: dict[str, Any], path: Path) -> Contract:
    for name in (source, table["name"]):
        if not NAME.fullmatch(name):
            raise SluiceError(f"{name!r} is not a name (letters, digits, underscore)", where=str(path))
    columns = tuple(_column(f"{source}.{table['name']}", column, path) for column in table.get("columns") or [])
    names = [column.name.lower() for column in columns]
    doubled = sorted({name for name in names if names.count(name) > 1} | RESERVED.intersection(names))
    if doubled:
        raise SluiceError(f"columns of {source}.{table['name']} twice, or ingest's own: {', '.join(doubled)}", where=str(path))
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
    kind = parse_type(str(column["data_type"]), f"{path}, column {column['name']} of {table}")
    if not _holds(kind):
        raise SluiceError(
            f"column {column['name']} of {table}: the lake cannot hold {kind}",
            where=str(path),
            hint=f"promise one of {', '.join(sorted(_TYPES))}, struct or list, and cast it in staging",
        )
    required = any(constraint.get("type") == "not_null" for constraint in column.get("constraints") or [])
    return Column(str(column["name"]), str(column["data_type"]), required)


def _holds(kind: DuckDBPyType) -> bool:
    if kind.id in ("struct", "list"):
        return all(_holds(child) for _, child in kind.children if isinstance(child, DuckDBPyType))
    return kind.id in _TYPES

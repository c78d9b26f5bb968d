"""The mart of refused rows: the model whose YAML says `config: meta: quarantine: true`, found in dbt's manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.dbt import artifact
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import relation_of
from sluice.environments.resolve import Located, holding

_HINT = "mark the one model that holds refused rows with `config: meta: quarantine: true`"
# docs/quarantine.md says what each column means. The mart's own status is that of its build, and not read.
_ROWS = """
    select quarantine_id, 'warehouse' as place, feed, entity, row_key::varchar as row_key, rule, reason, may_be_waived,
        amount::decimal(38, 4) as amount, currency_code, batch_id, source_file, source_position,
        first_refused_at as refused_at
    from {}
"""


@dataclass(frozen=True)
class QuarantineMart:
    """The mart in a warehouse file; its views know the warehouse by the name `database`."""

    file: Path
    database: str
    schema: str
    name: str


def find(located: Located) -> QuarantineMart:
    """The mart of a warehouse.

    Raises SluiceError where the manifest cannot be read, or where not exactly one model is marked as the mart.
    """
    target = located.described_in
    found = marked(target)
    if len(found) > 1:
        names = ", ".join(sorted(str(node["name"]) for node in found))
        raise SluiceError(f"more than one model is marked as the quarantine: {names}", where=str(target), hint=_HINT)
    if not found:
        raise SluiceError("no model of the project holds refused rows", where=str(target), hint=_HINT)
    (node,) = found
    return QuarantineMart(holding(located, [relation_of(node)]), node["database"], node["schema"], node["alias"])


def marked(target: Path) -> list[Mapping[str, Any]]:
    """The nodes of the models that are marked as the mart. Raises SluiceError where the manifest cannot be read."""
    models = [node for node in artifact(target, "manifest.json")["nodes"].values() if node["resource_type"] == "model"]
    return [node for node in models if ((node.get("config") or {}).get("meta") or {}).get("quarantine") is True]


def attach(connection: duckdb.DuckDBPyConnection, mart: QuarantineMart) -> str:
    """Attach the warehouse, and give SQL of the mart's rows.

    Raises SluiceError where the file cannot be opened, or where the mart has not been built or lacks a column.
    """
    where, name = str(mart.file), f"{mart.schema}.{mart.name}"
    try:
        connection.execute(f"attach {literal(where)} as {identifier(mart.database)} (read_only)")
    except duckdb.Error as error:
        is_locked = "lock" in str(error).lower()
        hint = "wait until the build has ended, or use --place ingestion" if is_locked else "is it a DuckDB file?"
        raise SluiceError(f"cannot be opened: {str(error).splitlines()[0]}", where=where, hint=hint) from None
    rows = _ROWS.format(".".join(identifier(part) for part in (mart.database, mart.schema, mart.name)))
    try:
        connection.execute(f"describe {rows}")
    except duckdb.CatalogException:
        hint = "run: sluice build, or use --place ingestion"
        raise SluiceError(f"{name} has not been built yet", where=where, hint=hint) from None
    except duckdb.BinderException as error:
        raise SluiceError(
            f"{name} lacks a column: {str(error).splitlines()[0]}", where=where, hint="see docs/quarantine.md"
        ) from None
    return rows

"""A look at a warehouse file that costs the same at every size: what is in it, and whether it answers when it is alone."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.store import digest
from sluice.store.standalone import ALIAS, opened, why_not
from sluice.store.store import FileSummary


def look(file: Path) -> FileSummary:
    """Open the file where nothing else can be reached, and bind every view: a table is in the file, a view may read outside.

    Raises SluiceError where the file does not open.
    """
    has_log = file.with_name(f"{file.name}.wal").exists()
    try:
        size = file.stat().st_size
        with opened(file) as connection:
            relations = frozenset(f"{schema}.{name}" for schema, name in digest.listed(connection, ALIAS))
            tried = {f"{schema}.{name}": why_not(connection, schema, name, rows=0) for schema, name in _views(connection)}
    except (OSError, duckdb.Error) as error:
        said = str(error).splitlines()[0]
        raise SluiceError(f"the warehouse file does not open: {said}", where=str(file), hint="see: sluice releases") from error
    return FileSummary(size, relations, {name: why for name, why in tried.items() if why}, has_log)


def _views(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(f"""
        select schema_name, view_name from duckdb_views()
        where database_name = {literal(ALIAS)} and not internal and not temporary
    """).fetchall()

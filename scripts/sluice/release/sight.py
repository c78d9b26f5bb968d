"""A look at a warehouse file that costs the same at every size: what is in it, and whether it answers when it is alone."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sluice.duck import identifier, literal
from sluice.errors import SluiceError
from sluice.release import digest
from sluice.release.place import Sight

_ALIAS = "seen"


def look(file: Path) -> Sight:
    """Open the file where nothing else can be reached, and bind every view: a table is in the file, a view may read outside.

    Raises SluiceError where the file does not open.
    """
    has_log = file.with_name(f"{file.name}.wal").exists()
    try:
        size = file.stat().st_size
        with duckdb.connect(config={"autoload_known_extensions": False, "autoinstall_known_extensions": False}) as connection:
            connection.execute(f"attach {literal(str(file))} as {_ALIAS} (read_only)")
            connection.execute("set enable_external_access = false")
            relations = frozenset(f"{schema}.{name}" for schema, name in digest.listed(connection, _ALIAS))
            tried = {f"{schema}.{name}": _why_not(connection, schema, name) for schema, name in _views(connection)}
    except (OSError, duckdb.Error) as error:
        said = str(error).splitlines()[0]
        raise SluiceError(f"the warehouse file does not open: {said}", where=str(file), hint="see: sluice releases") from error
    return Sight(size, relations, {name: why for name, why in tried.items() if why}, has_log)


def _views(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(f"""
        select schema_name, view_name from duckdb_views()
        where database_name = {literal(_ALIAS)} and not internal and not temporary
    """).fetchall()


def _why_not(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str:
    try:
        connection.execute(f"select * from {_ALIAS}.{identifier(schema)}.{identifier(name)} limit 0")
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""

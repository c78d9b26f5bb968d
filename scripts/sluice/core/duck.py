"""DuckDB connections as this project opens them, its extensions, and safe spelling of names and values in SQL."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.errors import SluiceError
from sluice.core.extras import missing
from sluice.core.paths import extensions_root

# What one command takes of the machine's memory; beyond it DuckDB spills to disk. For dbt, profiles.yml has the default.
MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class _Carrier:
    """The package that carries the signed binary of an extension, its file inside the package, and the extra that installs it."""

    package: str
    stem: str
    extra: str = ""


# By DuckDB's name of the extension.
_CARRIERS = {
    "delta": _Carrier("duckdb_extension_delta", "delta"),
    "excel": _Carrier("duckdb_extension_excel", "excel", "feeds"),
    "httpfs": _Carrier("duckdb_extension_httpfs", "httpfs", "s3"),
    "postgres_scanner": _Carrier("duckdb_extension_postgres", "postgres", "feeds"),
}


_OF_BACKTRACE = re.compile(r"\s+(\d+: \S|at \S+:\d+:\d+$)")


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool | None) -> str:
    """`value` as a SQL literal; text is quoted, None becomes null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


def listing(values: Sequence[str]) -> str:
    """Text values as a SQL list literal."""
    return "[" + ", ".join(literal(value) for value in values) + "]"


def is_duckdb(file: Path) -> bool:
    """Whether a file begins as one of DuckDB does. It is not opened with DuckDB, whose lock would stop a build that begins."""
    with file.open("rb") as opened:
        return opened.read(12)[8:] == b"DUCK"


def parse_type(text: str, where: str = "") -> DuckDBPyType:
    """DuckDB's type for its spelling in a contract. Raises SluiceError for one that DuckDB does not know."""
    try:
        return duckdb.sqltype(text)
    except duckdb.Error as error:
        raise SluiceError(f"{text!r} is not a DuckDB type", where=where, hint="fix data_type in the contract") from error


def link_extensions(root: Path | None = None) -> list[Path]:
    """Link the extension binaries of the installed packages to where DuckDB looks for them; return the links.

    LOAD does not look inside packages, and a download at run time can fail.
    Raises SluiceError where a package is of another version of DuckDB.
    """
    return [_link(name, root) for name, carrier in _CARRIERS.items() if importlib.util.find_spec(carrier.package)]


def _version_and_platform() -> tuple[str, str]:
    row = duckdb.sql("select version(), (select platform from pragma_platform())").fetchone()
    assert row is not None
    return str(row[0]), str(row[1])


def _link(name: str, root: Path | None = None) -> Path:
    carrier = _CARRIERS[name]
    spec = importlib.util.find_spec(carrier.package)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise missing(carrier.package, carrier.extra, f"DuckDB's extension {name}")
    version, platform = _version_and_platform()
    source = Path(next(iter(places))) / "extensions" / version / f"{carrier.stem}.duckdb_extension"
    if not source.exists():
        what = f"{carrier.package} carries no extension for DuckDB {version}"
        raise SluiceError(what, where=str(source), hint="install both in the same version; in a clone of Sluice: make setup")
    folder = (root or extensions_root()) / version / platform
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f"{name}.duckdb_extension"
    if not link.exists() or os.path.realpath(link) != os.path.realpath(source):
        fresh = link.with_suffix(f".{os.getpid()}")
        fresh.symlink_to(source)
        fresh.replace(link)
    return link


def connect(
    path: str = ":memory:",
    *,
    read_only: bool = False,
    extensions: Sequence[str] = (),
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection in UTC that loads `extensions` from the project's own folder and never downloads any.

    `memory_limit` is DuckDB's spelling ('2GB'); beyond it, work spills into `temp_directory`.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "extension_directory": str(extensions_root().absolute()),
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    if temp_directory:
        config["temp_directory"] = str(temp_directory)
    connection = duckdb.connect(path, read_only=read_only, config=config)
    connection.execute("set TimeZone = 'UTC'")
    for name in extensions:
        _load(connection, name)
    return connection


def without_backtrace(text: str) -> str:
    """An error's text without the lines in which DuckDB's delta extension lists where in its own code it came from."""
    return "\n".join(line for line in text.splitlines() if not _OF_BACKTRACE.match(line))


def unreadable(error: duckdb.Error, file: Path) -> SluiceError:
    """The error to raise if a warehouse file cannot be opened or read."""
    line = str(error).splitlines()[0]
    if "lock" in line:
        hint = "wait until dbt (or another writer) has finished, then run it again"
        return SluiceError("another process is writing to the warehouse", where=str(file), hint=hint)
    hint = "name a warehouse that dbt built"
    if "version number" in line:
        own = ".".join(duckdb.__version__.split(".")[:2])
        setting = f"storage_compatibility_version: v{own}.0"
        hint = f"a newer DuckDB wrote it: add config_options: {{{setting}}} to dbt's profile, and build it again"
    return SluiceError(f"the file cannot be read as a warehouse: {line}", where=str(file), hint=hint)


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        connection.execute(f"load {identifier(name)}")
    except duckdb.IOException:
        _link(name)
        connection.execute(f"load {identifier(name)}")

"""Pins: the version at which each Delta table of the lake is read, so that a build sees the same data from start to end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from sluice.core.errors import SluiceError
from sluice.lake.lock import writing
from sluice.lake.opening import open_table

# Read by the macro source().
VARIABLE = "SLUICE_PINS"


def taken(lake: Path, patience: float = 60.0, *, is_read: bool = False) -> dict[str, int]:
    """The version of every Delta table below the lake's root, by its path there: all of one moment.

    Taken under the lake's lock, because an ingest lands its batch, the quarantine and the record of it one after the other.
    A project may have no lake: then there are only the tables of the history. Raises SluiceError when another command still
    writes after `patience` seconds, a table is damaged, or, where the project reads its tables (`is_read`), there is none.
    """
    with writing(lake, patience):
        found = versions(lake)
    if is_read and all(path.startswith("ops/") for path in found):
        raise SluiceError("there is no Delta table in the lake", where=str(lake), hint="run: sluice setup, sluice ingest FEEDS")
    return found


def versions(lake: Path) -> dict[str, int]:
    """The same without a lock: tables that are written to together may be of different moments."""
    logs = sorted(lake.glob("**/_delta_log"))
    return {log.parent.relative_to(lake).as_posix(): open_table(log.parent).version() for log in logs}


def environment(lake: Path, pins: Mapping[str, int] | None) -> dict[str, str]:
    """The environment variables with which dbt reads the lake at these versions; None: as it is then."""
    if pins is None:
        return {"SLUICE_LAKE": str(lake)}
    places = {f"{lake}/{path}": version for path, version in pins.items()}
    return {"SLUICE_LAKE": str(lake), VARIABLE: json.dumps(places)}


def read_by(manifest: Mapping[str, Any], pins: Mapping[str, int]) -> dict[str, int]:
    """The pinned tables that the sources of a dbt manifest read."""
    places = [_place(source) for source in manifest["sources"].values()]
    return {path: version for path, version in pins.items() if any(place.endswith(f"/{path}')") for place in places)}


def _place(source: Mapping[str, Any]) -> str:
    """Where dbt-duckdb reads a source: its `external_location`, with the table's name put in."""
    meta = {**source.get("source_meta", {}), **source.get("meta", {}), **source.get("config", {}).get("meta", {})}
    known = {**meta, "name": source["name"], "identifier": source["identifier"], "schema": source["schema"]}
    try:
        return str(meta.get("external_location", "")).format_map(known)
    except (KeyError, ValueError, IndexError):
        return ""


def all_there(lake: Path, pins: Mapping[str, int]) -> None:
    """Raise SluiceError, naming each, if a table no longer has its version or lacks files of it."""
    gone = [f"{path} at version {version}: {why}" for path, version in pins.items() if (why := _missing(lake / path, version))]
    if gone:
        hint = "vacuumed or deleted files cannot be read: restore the lake from a backup, or rebuild a later release"
        raise SluiceError(
            "\n  ".join(["the lake no longer has what the release was made of:", *gone]), where=str(lake), hint=hint
        )


def _missing(table: Path, version: int) -> str:
    try:
        delta = DeltaTable(str(table), version=version)
    except TableNotFoundError:
        return "the table is gone"
    except DeltaError as error:
        return str(error).splitlines()[0]
    absent = [uri for uri in delta.file_uris() if not Path(uri).exists()]
    return f"{len(absent)} of its files are gone, such as {Path(absent[0]).name}" if absent else ""

"""Setup: what has to be on disk before dbt and DuckDB can work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sluice.core.duck import link_extensions
from sluice.core.errors import SluiceError
from sluice.core.paths import lake_root, warehouse_root
from sluice.ingest.run import prepare
from sluice.lake.contracts import load_contracts
from sluice.lake.lock import writing


@dataclass(frozen=True)
class Ready:
    """Where the lake and the warehouse are, the raw tables of the lake, and the DuckDB extensions that were linked."""

    lake: str
    warehouse: str
    tables: tuple[str, ...]
    extensions: tuple[str, ...]


def setup() -> Ready:
    """Link DuckDB's extensions and create the lake's tables, empty where there is no data yet.

    Raises SluiceError where an extension is of another version of DuckDB, and, when all others are created, for the tables of
    the lake that are damaged or contradict their contract.
    """
    links = link_extensions()
    warehouse_root().mkdir(parents=True, exist_ok=True)
    contracts = load_contracts(Path())
    with writing(lake_root()):
        broken = list(prepare(lake_root(), contracts).values())
    if broken:
        raise SluiceError(
            "; ".join(f"{error.what} ({error.where})" for error in broken) if len(broken) > 1 else broken[0].what,
            where=broken[0].where if len(broken) == 1 else str(lake_root()),
            hint=broken[0].hint,
        )
    return Ready(str(lake_root()), str(warehouse_root()), tuple(contracts), tuple(link.stem for link in links))

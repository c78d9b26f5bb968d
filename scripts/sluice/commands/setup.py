"""`sluice setup`: what has to be on disk before dbt and DuckDB can work."""

from __future__ import annotations

from pathlib import Path

import typer


def setup() -> None:
    """Link DuckDB's extensions into the project and make the lake's tables, empty where there is no data yet."""
    from sluice.core.duck import link_extensions
    from sluice.core.paths import lake_root, warehouse_root
    from sluice.ingest.run import prepare
    from sluice.lake.contracts import load_contracts
    from sluice.lake.lock import writing

    link_extensions()
    warehouse_root().mkdir(parents=True, exist_ok=True)
    contracts = load_contracts(Path())
    with writing(lake_root()):
        broken = prepare(lake_root(), contracts)
    for error in broken.values():
        raise error
    typer.echo(f"ready: {len(contracts)} raw tables in {lake_root()}", err=True)

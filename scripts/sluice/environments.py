"""Which warehouse file a name on the command line means."""

from __future__ import annotations

from pathlib import Path

from sluice.errors import SluiceError
from sluice.paths import warehouse_root

# The environments that are a file of their own name in the warehouse folder.
_FILES = ("dev",)


def warehouse_file(name: str) -> Path:
    """The DuckDB file of an environment (`dev`), or the file itself. Raises SluiceError where there is none."""
    path = warehouse_root() / f"{name}.duckdb" if name in _FILES else Path(name)
    if path.is_file():
        return path
    if name in _FILES:
        raise SluiceError(f"the environment {name} has not been built", where=str(path), hint="run: sluice build")
    hint = f"name a DuckDB file, or an environment: {', '.join(_FILES)}"
    raise SluiceError(f"{name} is {'a folder' if path.is_dir() else 'not there'}", where=str(path), hint=hint)

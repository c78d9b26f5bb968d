"""What a name on the command line means: the least that building needs; the branch that moves pointers brings the whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sluice.errors import SluiceError
from sluice.paths import warehouse_root
from sluice.release.record import FILE, NAME, Record, load


@dataclass(frozen=True)
class Located:
    """A warehouse file; of a candidate or release also its folder, its record and dbt's artifacts."""

    name: str
    file: Path
    folder: Path | None = None
    record: Record | None = None
    artifacts: Path | None = None


def locate(name: str) -> Located:
    """An environment, a release id or the unique beginning of one, `candidate` (the newest), or a DuckDB file's path.

    Raises SluiceError where there is no such thing, or more than one.
    """
    file = warehouse_root() / f"{name}.duckdb"
    if file.exists():
        return _in_folder(name, file.resolve().parent) if file.is_symlink() else Located(name, file)
    if name in ("dev", "prod", "staging"):
        hint = "run: sluice build" if name == "dev" else f"run: sluice build --env {name}"
        raise SluiceError(f"the environment {name} has not been built", where=str(file), hint=hint)
    if Path(name).is_file():
        return Located(name, Path(name))
    found = _folders(name)
    if len(found) == 1:
        return _in_folder(name, found[0])
    hint = "name an environment (dev, prod), a release or candidate by the beginning of its id, or a DuckDB file"
    raise SluiceError(f"{name} is {'not unique' if found else 'not there'}", where=str(warehouse_root()), hint=hint)


def _folders(name: str) -> list[Path]:
    root = warehouse_root()
    candidates = sorted(folder for folder in (root / "candidates").glob("[0-9]*") if (folder / NAME).exists())
    if name == "candidate":
        return candidates[-1:]
    return [folder for folder in [*candidates, *(root / "releases").glob("[0-9]*")] if folder.name.startswith(name)]


def _in_folder(name: str, folder: Path) -> Located:
    return Located(name, folder / FILE, folder, load(folder), folder)

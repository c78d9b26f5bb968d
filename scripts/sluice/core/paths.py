"""Where the project is, and where state lives on disk: the lake, the warehouse, DuckDB's extensions.

Commands work in the project's folder: defaults, and relative paths in environment variables and in YAML, start there.
"""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import chdir
from pathlib import Path

from sluice.core.errors import SluiceError

DBT, SLUICE = "dbt_project.yml", "environments.yml"
# What marks a project, the surest mark first: a dbt package below the project has only the second.
MARKS = ((DBT, SLUICE), (DBT,), (SLUICE,))


def project(start: Path | None = None) -> Path | None:
    """The folder of the project that `start`, by default the current folder, is in."""
    start = (start or Path()).absolute()
    for names in MARKS:
        for folder in (start, *start.parents):
            if all((folder / name).is_file() for name in names):
                return folder
    return None


def in_project(*, needed: bool = True) -> chdir[Path]:
    """Work in the project's folder, then return. Raises SluiceError outside of a project, unless it is not needed."""
    folder = project()
    if folder is None and needed:
        hint = f"change to the project's folder (it has {DBT}), or to any folder inside it"
        raise SluiceError("this folder is not inside a Sluice project", where=str(Path.cwd()), hint=hint)
    return chdir(folder or Path())


def typed(text: str | Path) -> Path:
    """A path that a user typed, who starts where he is, as one that starts at the project's folder."""
    folder = project()
    if not isinstance(text, str) or folder is None or folder == Path.cwd() or Path(text).is_absolute():
        return Path(text)
    return Path(os.path.relpath(text, folder))


def typed_name(text: str) -> str:
    """A name as it is; as `typed` where it is a path."""
    return str(typed(text)) if is_path(text) or (Path(text).is_file() and project() != Path.cwd()) else text


def pasted(path: Path) -> str:
    """A path for a command line that a user pastes where he is: relative in the project's folder, else absolute."""
    is_here = os.path.realpath(os.environ.get("PWD", ".")) == os.path.realpath(".")
    return shlex.quote(str(path if is_here else path.absolute()))


def program(name: str) -> str | None:
    """A program of the project's .venv, else one on PATH, as a user can paste it; None where there is none."""
    own = Path(".venv") / "bin" / name
    return pasted(own) if own.exists() else name if shutil.which(name) else None


def is_path(name: str) -> bool:
    """Whether a name can only be that of a file."""
    return os.sep in name or name.endswith((".duckdb", ".db"))


def target_root() -> Path:
    """dbt's target folder: DBT_TARGET_PATH, by default `target`."""
    return Path(os.environ.get("DBT_TARGET_PATH", "target"))


def lake_root() -> Path:
    """Folder of the Delta tables: SLUICE_LAKE, by default `lake`. Raises SluiceError for a path that Delta Lake misreads."""
    return _usable(Path(os.environ.get("SLUICE_LAKE", "lake")), "%[]\\|^", "Delta Lake", "SLUICE_LAKE")


def warehouse_root() -> Path:
    """Folder of the DuckDB files: SLUICE_WAREHOUSE, by default `warehouse`. Raises SluiceError for a path that dbt misreads."""
    return _usable(Path(os.environ.get("SLUICE_WAREHOUSE", "warehouse")), "#?", "dbt-duckdb", "SLUICE_WAREHOUSE")


def _usable(root: Path, misread: str, who: str, setting: str) -> Path:
    """A path without any of the signs that `who` misreads, because it makes a URL of a path."""
    whole = str(root.absolute())
    for sign in misread:
        if sign in whole:
            hint = f"move the project, or set {setting} to another folder"
            raise SluiceError(f"{who} cannot work in a folder whose path holds {sign}", where=whole, hint=hint)
    return root


def extensions_root() -> Path:
    """DuckDB's extension directory: SLUICE_EXTENSIONS, by default `.duckdb/extensions`."""
    return Path(os.environ.get("SLUICE_EXTENSIONS", ".duckdb/extensions"))

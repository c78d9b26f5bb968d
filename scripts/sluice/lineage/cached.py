"""What was traced is kept: by a digest of the SQL, of what it reads, and of this package."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sluice.core.paths import target_root
from sluice.lineage.columns import NotTracedError, Query, trace
from sluice.lineage.influence import Traced
from sluice.lineage.tables import Tables

_WORD = re.compile(r"\w+")


def lineage_cache() -> Path | None:
    """The folder in which commands keep what they traced, where dbt has a target folder. It can be deleted at any time."""
    return target_root() / "lineage" if target_root().is_dir() else None


def cached(sql: str, tables: Tables, folder: Path | None) -> Query:
    """The lineage of a query, from the folder if it is there. Raises NotTracedError as `trace` does."""
    if folder is None:
        return trace(sql, tables)
    file = folder / f"{_digest(sql, tables)}.json"
    found = _kept(file)
    if found is None:
        found = _traced(sql, tables)
        _keep(file, found)
    return _query(found)


def _digest(sql: str, tables: Tables) -> str:
    words = {word.lower() for word in _WORD.findall(sql)}
    read = [(place, name) for place, name in tables.ids.items() if place[1] in words] if words else []
    schema = [
        (place, name, list(tables.columns.get(name, ())), name in tables.open, _sorted_keys(tables, name))
        for place, name in [*sorted(read), *((("", text), name) for name, text in sorted(tables.inline.items()))]
    ]
    return hashlib.sha256(json.dumps([_version(), sql, schema]).encode()).hexdigest()


def _sorted_keys(tables: Tables, name: str) -> list[list[str]]:
    return sorted(sorted(key) for key in tables.keys.get(name, ()))


@once
def _version() -> str:
    """A digest of the code that traces, and the version of sqlglot: another one may find something else."""
    texts = [file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))]
    return f"{version('sqlglot')} {hashlib.sha256(b''.join(texts)).hexdigest()}"


def _traced(sql: str, tables: Tables) -> dict[str, Any]:
    try:
        query = trace(sql, tables)
    except NotTracedError as error:
        return {"error": str(error)}
    return {
        "columns": [[name, list(_leaves(made))] for name, made in query.columns.items()],
        "rows": list(_leaves(query.rows)),
        "keys": [sorted(key) for key in query.keys],
    }


def _leaves(made: Traced) -> Iterator[list[object]]:
    return ([*leaf, mask] for leaf, mask in made.leaves.items())


def _query(found: dict[str, Any]) -> Query:
    if "error" in found:
        raise NotTracedError(found["error"])
    columns = {name: _made(leaves) for name, leaves in found["columns"]}
    return Query(columns, _made(found["rows"]), tuple(frozenset(key) for key in found["keys"]))


def _made(leaves: list[list[Any]]) -> Traced:
    return Traced({(unique_id, name): mask for unique_id, name, mask in leaves})


def _kept(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _keep(file: Path, found: dict[str, Any]) -> None:
    """Write it at once as a whole. What cannot be written is traced again next time."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{hashlib.sha256(str(id(found)).encode()).hexdigest()[:8]}")
        part.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")
        part.replace(file)
    except OSError:
        return

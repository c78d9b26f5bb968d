"""The record of a candidate or release: release.json, as frozen data, read and written only in the shape of its schema."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sluice.core.errors import SluiceError

NAME = "release.json"
FILE = "warehouse.duckdb"
# The artifacts of dbt that a release keeps.
ARTIFACTS = ("manifest.json", "run_results.json")
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Code:
    """The code that built it: commit of its checkout (None outside git), and whether the checkout differed from it."""

    commit: str | None
    is_dirty: bool


@dataclass(frozen=True)
class Relation:
    """A table or view: its rows, its columns as (name, type), and the digest of all that stands in it."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    digest: str


@dataclass(frozen=True)
class Dbt:
    """The dbt run: how many nodes ended how, as {"model.success": 12}."""

    invocation_id: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class File:
    """The warehouse file; `sha256` is None where nobody needed it (it is taken for an upload)."""

    bytes: int
    sha256: str | None = None


@dataclass(frozen=True)
class Audit:
    """What `sluice audit` said of the whole file, and the digest that it judged."""

    run_id: str
    status: str
    checks: int
    failed: int
    warned: int
    seconds: float
    digest: str


@dataclass(frozen=True)
class Record:
    """What a release is made from and what is in it. `built_at` and `digest` are None until it is whole.

    `lake` has the version of every Delta table by its path below the lake's root; `parent` is the release whose file the
    candidate started from, or was to follow; times are UTC, ISO 8601 with Z.
    """

    release_id: str
    project: str
    code: Code
    lake: Mapping[str, int]
    parent: str | None
    environment: str
    full_refresh: bool
    built_by: str
    started_at: str
    duckdb: str
    built_at: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    dbt: Dbt | None = None
    left_out: tuple[str, ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    digest: str | None = None
    file: File | None = None
    audit: Audit | None = None
    schema_version: int = SCHEMA_VERSION

    def timed(self, **seconds: float) -> Record:
        """The record with durations added."""
        return replace(self, seconds={**self.seconds, **{name: round(value, 3) for name, value in seconds.items()}})


def load(path: Path) -> Record:
    """The record in a file, or in the folder that holds it. Raises SluiceError where it is absent or not as its schema says."""
    path = path / NAME if path.is_dir() else path
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SluiceError(f"the record of the release cannot be read: {error.strerror}", where=str(path)) from error
    return loads(text, str(path))


def loads(text: str, where: str = "") -> Record:
    """The record in a text."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SluiceError(f"the record of the release is no JSON: {error}", where=where, hint=_HINT) from error
    _validate(document, where)
    return _record(document, where)


def dump(record: Record, path: Path) -> None:
    """Write the record into a file, or the folder given; whole or not at all, also when the machine goes down."""
    path = path / NAME if path.is_dir() else path
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(dumps(record, str(path)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def dumps(record: Record, where: str = "") -> str:
    """The record as text. Raises SluiceError where its schema would not take it."""
    document = json.loads(json.dumps(asdict(record)))
    _validate(document, where)
    _record(document, where)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


_HINT = "the file was changed by hand or by another version of sluice; build a new candidate: sluice build --env <environment>"


def _validate(document: Any, where: str) -> None:
    import jsonschema

    schema = json.loads(Path(__file__).with_name("release.schema.json").read_text(encoding="utf-8"))
    fault = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document))
    if fault is not None:
        place = "/".join(map(str, fault.absolute_path)) or "the whole"
        raise SluiceError(f"the record of the release is not valid: {place}: {fault.message[:200]}", where=where, hint=_HINT)


def _record(document: Mapping[str, Any], where: str) -> Record:
    known = {
        "code": Code(**document["code"]),
        "dbt": Dbt(**document["dbt"]) if document["dbt"] else None,
        "left_out": tuple(document["left_out"]),
        "relations": {name: _relation(name, relation, where) for name, relation in document["relations"].items()},
        "file": File(**document["file"]) if document["file"] else None,
        "audit": Audit(**document["audit"]) if document["audit"] else None,
    }
    return Record(**{**document, **known})


def _relation(name: str, document: Mapping[str, Any], where: str) -> Relation:
    pairs = document["columns"]
    if not all(isinstance(pair, list) and [type(part) for part in pair] == [str, str] for pair in pairs):
        what = f"the record of the release is not valid: relations/{name}/columns: these are no pairs of name and type"
        raise SluiceError(what, where=where, hint=_HINT)
    return Relation(document["rows"], tuple((column, kind) for column, kind in pairs), document["digest"])

"""The record of a candidate or release: release.json, read and written only if it has the shape that these types state."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import sentence

NAME = "release.json"
# What readers open: the public relations.
FILE = "warehouse.duckdb"
# The whole file that dbt built: the next build starts from it. No reader needs it, and it goes before the release does.
WORK = "work.duckdb"
# The artifacts of dbt that a release keeps.
ARTIFACTS = ("manifest.json", "run_results.json")

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
ReleaseId = Annotated[str, Field(pattern="^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")]
Moment = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")]
Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


# Keys that records of older versions do not have.
_LATER = ("acknowledged", "target", "vars", "work", "digest_version", "models", "challengers")


class _Strict:
    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, json_schema_serialization_defaults_required=True)


@dataclass(frozen=True)
class Code(_Strict):
    """The code that built it: the commit (None outside git), and whether the checkout differed from it."""

    commit: Annotated[str, Field(pattern="^[0-9a-f]{40,64}$")] | None
    is_dirty: bool


@dataclass(frozen=True)
class Relation(_Strict):
    """A table or view: its number of rows, its columns as (name, type), and the digest of its content."""

    rows: Count
    columns: tuple[tuple[str, str], ...]
    digest: Sha256


@dataclass(frozen=True)
class Dbt(_Strict):
    """The dbt run: the number of nodes by type and status, as {"model.success": 12}, and the DuckDB that it ran in.

    Sluice may have another DuckDB; where `duckdb` is empty, an older version has written the record, and both are the same.
    """

    invocation_id: str
    counts: Mapping[str, Count]
    duckdb: str = ""


@dataclass(frozen=True)
class File(_Strict):
    """A warehouse file; of older records `sha256` is None, unless they were uploaded."""

    bytes: Count
    sha256: Sha256 | None


@dataclass(frozen=True)
class Audit(_Strict):
    """The result of `sluice audit` on the whole file, and the digest that it judged.

    `failing` names what was judged and did not hold: a data test of dbt by its name, an expectation as `model.check`.
    Checks that had nothing to look at (`not_run`) passed nothing and failed nothing. `charts` are the series in `failing`.
    """

    run_id: Name
    status: Literal["pass", "fail"]
    checks: Count
    failed: Count
    warned: Count
    seconds: Seconds
    digest: Sha256
    not_run: Count = 0
    failing: tuple[Name, ...] = ()
    charts: tuple[Name, ...] = ()


@dataclass(frozen=True)
class Acknowledgement(_Strict):
    """A false alarm, answered: the failed check, why it may pass, who said so and when.

    Releases that are built up to the day `until` (UTC) take it over from the one that they follow.
    """

    check: Name
    why: Name
    by: Name
    at: Moment
    until: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None


@dataclass(frozen=True)
class Model(_Strict):
    """A trained model that belongs to a release: `features` are the columns of the mart `relation` that it reads.

    `trained_on` is the release whose data it learned from, None for a file without a record; `files` are those of its folder.
    `misfit` says why it does not fit the marts of this release: then the gate is closed.
    """

    version: Name
    relation: Name
    features: tuple[Name, ...]
    trained_on: ReleaseId | None
    files: Mapping[Name, File]
    misfit: str = ""


@dataclass(frozen=True)
class Record(_Strict):
    """What a release is made from and what it contains. `built_at` and `digest` are None until the build has finished.

    `lake` has the version of every Delta table by its path below the lake's root; `parent` is the release whose file the
    candidate started from, or follows; `left_out` are public views that read something outside the file and so are not in it;
    `target` and `vars` are those of dbt (None: an older sluice built it, with the profile's own target); `relations`, `digest`
    and `file` are those of the file that readers open, `work` is the whole file that dbt built (None in older records: there,
    readers have the whole file); `digest_version` is how digests were made; `models` are trained models by name, `challengers`
    those that only run beside them; times are UTC, ISO 8601 with Z.
    """

    release_id: ReleaseId
    project: Name
    code: Code
    lake: Mapping[str, Count]
    parent: ReleaseId | None
    environment: Name
    full_refresh: bool
    built_by: Name
    started_at: Moment
    duckdb: Name
    built_at: Moment | None = None
    seconds: Mapping[str, Seconds] = field(default_factory=dict)
    dbt: Dbt | None = None
    left_out: tuple[str, ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    digest: Sha256 | None = None
    file: File | None = None
    audit: Audit | None = None
    acknowledged: tuple[Acknowledgement, ...] = ()
    target: Name | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    work: File | None = None
    digest_version: Literal[1, 2] = 1
    models: Mapping[str, Model] = field(default_factory=dict)
    challengers: Mapping[str, Model] = field(default_factory=dict)
    schema_version: Literal[1] = 1

    @property
    def answered(self) -> frozenset[str]:
        """The checks that may fail in this release, because somebody has acknowledged them."""
        return frozenset(one.check for one in self.acknowledged)

    def timed(self, **seconds: float) -> Record:
        """The record with durations added."""
        return replace(self, seconds={**self.seconds, **{name: round(value, 3) for name, value in seconds.items()}})


@cache
def adapter() -> TypeAdapter[Record]:
    """Reads and writes records as JSON; its JSON schema is docs/schemas/release.schema.json."""
    return TypeAdapter(Record)


def folders(root: Path) -> list[Path]:
    """The folders below `root` that hold a record, and those that this user may not look into, in the order of their names."""
    return sorted(folder for folder in root.glob("[!.]*") if _has_record(folder))


def _has_record(folder: Path) -> bool:
    try:
        (folder / NAME).stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def load(path: Path) -> Record:
    """The record in a file, or in the folder that holds it. Raises SluiceError if it is missing or not valid."""
    path = path / NAME if path.is_dir() else path
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SluiceError(f"the record of the release cannot be read: {error.strerror}", where=str(path)) from error
    return loads(text, str(path))


def loads(text: str, where: str = "") -> Record:
    """The record in a text. Every key has to be there, also those with a default, but for those that came later."""
    try:
        record = adapter().validate_json(text)
    except ValidationError as error:
        raise _invalid(sentence(error.errors()[0]), where) from error
    missing = [one.name for one in fields(Record) if one.name not in _LATER and one.name not in json.loads(text)]
    if missing:
        raise _invalid(f"`{missing[0]}` is missing", where)
    return record


def work_in(folder: Path, record: Record) -> Path | None:
    """The whole file that dbt built, in the folder of a release or candidate; None if it is gone.

    In records of older versions that is the file that readers open.
    """
    work = folder / WORK
    return work if work.is_file() else folder / FILE if record.work is None else None


def dump(record: Record, path: Path) -> None:
    """Write the record into a file, or the folder given; whole or not at all, even if the machine crashes."""
    path = path / NAME if path.is_dir() else path
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(dumps(record, str(path)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def dumps(record: Record, where: str = "") -> str:
    """The record as text. Raises SluiceError if it is not valid."""
    document = adapter().dump_python(record, mode="json", warnings=False)
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    loads(text, where)
    return text


def _invalid(why: str, where: str) -> SluiceError:
    hint = "the file was changed by hand or by another version of sluice; build a new candidate: sluice build --env <environment>"
    return SluiceError(f"the record of the release is not valid: {why}", where=where, hint=hint)

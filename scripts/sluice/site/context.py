"""What a page is made from, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from sluice.environments.context import Context
from sluice.environments.listing import EnvironmentRow, ReleaseRow
from sluice.environments.resolve import Located

NO_MANIFEST: Mapping[str, Any] = MappingProxyType({"metadata": {}, "nodes": {}, "sources": {}, "exposures": {}, "groups": {}})


@dataclass(frozen=True)
class Shown:
    """The warehouse file that readers of the environment open, and dbt's manifest of it."""

    located: Located
    manifest: Mapping[str, Any]

    @property
    def file(self) -> Path:
        """The file, attached to the connection as the database `shown`."""
        return self.located.file

    @property
    def folder(self) -> Path:
        """Where its artifacts are, and of a release its audit."""
        return self.located.described_in

    @property
    def release_id(self) -> str | None:
        """Its release; None where it is a file."""
        return self.located.record.release_id if self.located.record else None


@dataclass(frozen=True)
class Judged:
    """The newest candidate or release of the environment that was audited: also one that was refused."""

    folder: Path
    release_id: str
    is_shown: bool

    @property
    def report(self) -> Path:
        """What the audit said, as JSON."""
        return self.folder / "audit" / "audit.json"


@dataclass(frozen=True)
class Site:
    """Everything that pages are made from. Times are UTC, without a zone; `made_at` is now.

    `db` has the tables of lake/ops by their names (`runs`, `steps`, ...), `incidents_now`, `nights` (the runs of the
    environment from its data to its readers), and the file of `shown` as the database `shown`. Pages only read it.
    """

    project: Path
    name: str
    made_at: datetime
    context: Context
    environment: str
    environments: tuple[EnvironmentRow, ...]
    releases: tuple[ReleaseRow, ...]
    shown: Shown | None
    judged: Judged | None
    db: duckdb.DuckDBPyConnection

    @property
    def manifest(self) -> Mapping[str, Any]:
        """dbt's manifest of what is shown; an empty one before the first build."""
        return self.shown.manifest if self.shown else NO_MANIFEST

    def rows(self, query: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a query."""
        found = self.db.execute(query, values)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@dataclass(frozen=True)
class Json:
    """A value that is JSON already."""

    text: str


@dataclass(frozen=True)
class DataFile:
    """A value that a page's script loads when it is wanted: `data/<name>.js`."""

    name: str
    value: Any


@dataclass(frozen=True)
class Asset:
    """A script or a style sheet in a package; copied to `assets/<file>`, and linked by the page."""

    package: str
    file: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page. `lead` says in a sentence what it answers; the parts of `body` are HTML."""

    slug: str
    title: str
    lead: str
    body: Iterable[str]
    data: Sequence[DataFile] = ()
    assets: Sequence[Asset] = field(default=())

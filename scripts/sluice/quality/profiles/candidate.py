"""The profile of a candidate, in lake/ops/profiles: one scan for each public relation that its parent does not have as well."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sluice.core import dbt
from sluice.core.duck import MEMORY_LIMIT, connect, identifier, literal
from sluice.core.errors import is_interrupt
from sluice.core.manifest import BUILT, folded, relation_of
from sluice.core.run_id import run_id
from sluice.history import ledger, recording
from sluice.history.kinds import ProfileEntry, ValueCount
from sluice.quality import personal
from sluice.quality.profiles import scan, weight
from sluice.store.record import FILE, Record, Relation

# What an entry says of a column without any of its values.
_COUNTS = ("row_count", "bytes", "null_count", "distinct_count")


@dataclass(frozen=True)
class Known:
    """What dbt's manifest says of a relation: the names of personal columns, folded, and the column of its time."""

    personal: frozenset[str] = frozenset()
    time_column: str | None = None


def profile(folder: Path, record: Record, parent: Record | None, lake: Path) -> list[ProfileEntry]:
    """The entries of a candidate: one for each public relation, and one for each of its columns.

    A relation with the digest that it has in `parent` is not scanned: the entries of that release are taken over. Where
    dbt could not build everything there is nothing to profile. Raises duckdb.Error and SluiceError where a file cannot be read.
    """
    if not (folder / FILE).is_file():
        return []
    known = _known(dbt.artifact(folder, "manifest.json"))
    same = [name for name, one in record.relations.items() if parent and _is_same(name, one, record, parent)]
    before = _before(lake, parent, same)
    with connect(memory_limit=os.environ.get("SLUICE_MEMORY", MEMORY_LIMIT)) as connection:
        connection.execute(f"attach {literal(str(folder / FILE))} as profiled (read_only)")
        found = _Scans(connection, record, known, datetime.now(UTC).replace(tzinfo=None))
        return [entry for name in record.relations for entry in found.taken_over(before.get(name, ())) or found.scanned(name)]


def append(folder: Path, record: Record, parent: Record | None, lake: Path) -> None:
    """Profile a candidate and append the entries to the history; where that is not possible, a note says so."""
    try:
        found = profile(folder, record, parent, lake)
    except Exception as error:
        if is_interrupt(error):
            raise
        recording.tell(f"{record.release_id} was not profiled: {str(error).splitlines()[0] if str(error) else error!r}")
        return
    recording.write(lake, found, transaction=f"profile {record.release_id}")


def _is_same(name: str, relation: Relation, record: Record, parent: Record) -> bool:
    """Whether the parent has the relation with the same rows: digests are comparable within one version of each program."""
    of_parent = parent.relations.get(name)
    is_alike = (record.duckdb, record.digest_version) == (parent.duckdb, parent.digest_version)
    return is_alike and of_parent is not None and of_parent.digest == relation.digest


def _before(lake: Path, parent: Record | None, names: Sequence[str]) -> dict[str, list[ProfileEntry]]:
    """The entries of the parent, by relation."""
    if parent is None or not names:
        return {}
    found: dict[str, list[ProfileEntry]] = {}
    with connect(extensions=["delta"]) as connection:
        asked = f"select * from ({ledger.query(lake, ProfileEntry)}) where release_id = ? and list_contains(?, relation)"
        rows = connection.execute(asked, [parent.release_id, list(names)])
        keys = [column[0] for column in rows.description or ()]
        for row in rows.fetchall():
            entry = _entry(dict(zip(keys, row, strict=True)))
            found.setdefault(entry.relation, []).append(entry)
    return found


def _entry(fields: Mapping[str, Any]) -> ProfileEntry:
    frequent = tuple(ValueCount(**one) for one in fields["frequent"] or ())
    return ProfileEntry(**{**fields, "frequent": frequent, "quantiles": tuple(fields["quantiles"] or ())})


class _Scans:
    """Makes the entries of one candidate."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, record: Record, known: Mapping[str, Known], measured_at: datetime
    ) -> None:
        self._connection, self._record, self._known = connection, record, known
        self._common: dict[str, Any] = {
            "run_id": run_id(),
            "environment": record.environment,
            "release_id": record.release_id,
            "measured_at": measured_at,
            "parent_release_id": record.parent,
        }
        self._bytes = weight.of_tables(connection, "profiled")

    def taken_over(self, entries: Sequence[ProfileEntry]) -> list[ProfileEntry]:
        """The entries of the parent as entries of this candidate; what has become personal since is left out."""
        return [self._shown(replace(entry, **self._common)) for entry in entries]

    def _shown(self, entry: ProfileEntry) -> ProfileEntry:
        if folded(entry.column_name or "") not in self._of(entry.relation).personal:
            return entry
        return ProfileEntry(
            **self._common,
            relation=entry.relation,
            column_name=entry.column_name,
            data_type=entry.data_type,
            **{name: getattr(entry, name) for name in _COUNTS},
        )

    def _of(self, name: str) -> Known:
        return self._known.get(folded(name), Known())

    def scanned(self, name: str) -> Iterator[ProfileEntry]:
        """The entries of a relation, measured."""
        relation, known = self._record.relations[name], self._of(name)
        schema, _, table = name.partition(".")
        place = f"profiled.{identifier(schema)}.{identifier(table)}"
        columns = scan.columns_of(self._connection, place, relation.columns, known.personal)
        asked = scan.query(place, columns, relation.rows, known.time_column, is_view=name not in self._bytes)
        cursor = self._connection.execute(asked)
        row = dict(zip([column[0] for column in cursor.description or ()], cursor.fetchone() or (), strict=True))
        common = {**self._common, "relation": name, "row_count": row["row_count"]}
        own: dict[str, Any] = {
            "column_name": None,
            "data_type": None,
            "bytes": self._bytes.get(name),
            "newest_at": row["newest_at"],
        }
        yield ProfileEntry(**common, **own)
        for number, column in enumerate(columns):
            yield ProfileEntry(**common, **scan.of_column(column, number, row))


def _known(manifest: Mapping[str, Any]) -> dict[str, Known]:
    """What is known of each relation, by its name, folded. What a node upstream marks as personal is personal below, too."""
    nodes = {**(manifest.get("sources") or {}), **manifest["nodes"]}
    return {
        folded(relation_of(node)): Known(
            personal.of_nodes([node, *(nodes[one] for one in _upstream(name, nodes))]).columns,
            (node.get("config") or {}).get("event_time"),
        )
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in BUILT and "schema" in node
    }


def _upstream(name: str, nodes: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The nodes that a node depends on, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        read = (nodes[waiting.pop()].get("depends_on") or {}).get("nodes") or []
        new = {one for one in read if one in nodes} - found
        found |= new
        waiting += new
    return found

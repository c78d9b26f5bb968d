"""What the catalog says: nodes, their columns and checks, and the edges between columns. Times are UTC, without a zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sluice.lineage.edges import Edge


@dataclass(frozen=True, kw_only=True)
class Check:
    """A data test, unit test or expectation of a node, and how it ended the last time; `status` is None if it never ran.

    `name` is its claim; `reads` are the columns of the node that it names. `observed` and `expected` are JSON, and None where
    they may quote personal data.
    """

    name: str
    kind: str
    column: str | None = None
    reads: tuple[str, ...] = ()
    severity: str = "error"
    status: str | None = None
    failures: int | None = None
    checked_at: datetime | None = None
    observed: str | None = None
    expected: str | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column. `hidden` says why no value of it is shown; then `examples` are empty.

    `examples` are its most frequent values, or its least and greatest. `in_warehouse` is False for a column that the YAML
    describes and the relation lacks, and None where nobody looked.
    """

    name: str
    data_type: str = ""
    description: str = ""
    constraints: tuple[str, ...] = ()
    hidden: str = ""
    examples: tuple[str, ...] = ()
    is_range: bool = False
    null_share: float | None = None
    distinct: int | None = None
    in_warehouse: bool | None = None


@dataclass(frozen=True)
class Incident:
    """An open incident of a node: its id, its title, and whether it blocks (`error`) or warns."""

    incident_id: str
    title: str
    severity: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """A model, seed, snapshot, source or exposure.

    `label` is what people call an exposure. `anchor` names it on the page: `model.fct_payments`. `layer` is the folder below
    `models`, or the kind of other nodes. `is_contracted` says that a build, or of a source its ingestion, refuses what differs
    from the described columns. `newest_at` is the newest time in its rows, `arrived_at` when its last rows were delivered
    (sources) or it was last built; `late_after` is the age in hours, of `arrived_at`, from which dbt warns and from which it
    fails; `due` is when it has to be there.
    """

    unique_id: str
    anchor: str
    kind: str
    name: str
    layer: str
    label: str = ""
    owner: str = ""
    description: str = ""
    schema: str = ""
    relation: str = ""
    materialized: str = ""
    tags: tuple[str, ...] = ()
    path: str = ""
    access: str = ""
    version: str = ""
    is_contracted: bool = False
    deprecated_on: str = ""
    parents: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    checks: tuple[Check, ...] = ()
    is_followed: bool = False
    rows: int | None = None
    bytes: int | None = None
    measured_at: datetime | None = None
    newest_at: datetime | None = None
    arrived_at: datetime | None = None
    late_after: tuple[float | None, float | None] = (None, None)
    due: str = ""
    incidents: tuple[Incident, ...] = ()
    build_status: str = ""
    build_seconds: float | None = None
    raw_sql: str = ""
    compiled_sql: str = ""
    url: str = ""
    maturity: str = ""
    use: str = ""


@dataclass(frozen=True)
class Catalog:
    """Every node, parents before children, and the edges between their columns.

    `untraced` says of models why their columns could not be followed; everything that reads from those counts as affected.
    """

    project: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    untraced: Mapping[str, str] = field(default_factory=dict)

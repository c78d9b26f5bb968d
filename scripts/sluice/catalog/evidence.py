"""What is known of a project's relations besides its manifest: columns in the warehouse, profiles, results, deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sluice.catalog.facts import Incident

# A relation's `schema.name` and a column's name, folded; the relation's own entry has no column ("").
Place = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """Rows of the history as mappings, the newest of each thing. All of it may be empty: the catalog then says less.

    `columns`: by relation (`schema.name`, folded) the names and types that the warehouse has. `profiles`: by place, an entry of
    lake/ops/profiles. `checks`: by kind, claim and model, one of lake/ops/checks. `builds`: by unique id, one of
    lake/ops/nodes. `deliveries`: by `source.table`, when rows arrived last, and how many there are. `due`: by relation, folded,
    when it has to be there. `incidents`: by unique id, those that are open.
    """

    columns: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    profiles: Mapping[Place, Mapping[str, Any]] = field(default_factory=dict)
    checks: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    builds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    deliveries: Mapping[str, tuple[datetime, int]] = field(default_factory=dict)
    due: Mapping[str, str] = field(default_factory=dict)
    incidents: Mapping[str, tuple[Incident, ...]] = field(default_factory=dict)

"""What the catalog needs besides the manifest: from the history, and from the release, which is only read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Incident
from sluice.core.due import due_marts
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded
from sluice.site.context import Site

# Of each check, the last result in the environment; of an environment without any, the last one anywhere.
_CHECKS = """
with judged as (
    select checks.*, steps.environment
    from checks left join (select distinct invocation_id, environment from steps where invocation_id is not null) as steps
        on checks.run_id = steps.invocation_id
)
select * from judged
where environment = $environment or not exists (from judged where environment = $environment)
qualify row_number() over (partition by kind, check_name, model, column_name order by checked_at desc) = 1
"""
_BUILDS = """
select * from nodes where environment = $environment
qualify row_number() over (partition by unique_id order by started_at desc nulls last) = 1
"""
_PROFILES = """
select * from profiles
where environment = $environment and release_id = coalesce($release, release_id)
qualify measured_at = max(measured_at) over (partition by relation)
"""
_DELIVERIES = """
select feed, max(loaded_at) as loaded_at, sum(rows_landed)::bigint as landed from batches where rows_landed > 0 group by feed
"""
_INCIDENTS = """
select node, incident_id, title, severity from incidents_now
where is_latest and state in ('open', 'acknowledged') and environment = $environment order by severity, opened_at, incident_id
"""
_COLUMNS = """
select schema_name, table_name, column_name, data_type from duckdb_columns()
where database_name = 'shown' and not internal order by schema_name, table_name, column_index
"""


# The rows of tables, as DuckDB estimates them: where no profile has counted them.
_SIZES = "select schema_name, table_name, estimated_size from duckdb_tables() where database_name = 'shown' and not internal"


def evidence(site: Site) -> Evidence:
    """What is known of the relations of the site's environment."""
    asked = {"environment": site.environment}
    profiles = site.rows(_PROFILES, {**asked, "release": site.shown.release_id if site.shown else None})
    return Evidence(
        columns=_columns(site) if site.shown else {},
        profiles={
            **(_sizes(site) if site.shown else {}),
            **{(folded(row["relation"]), folded(row["column_name"] or "")): row for row in profiles},
        },
        checks=dict(_checks(site.rows(_CHECKS, asked))),
        builds={row["unique_id"]: row for row in site.rows(_BUILDS, asked)},
        deliveries={row["feed"]: (row["loaded_at"], row["landed"]) for row in site.rows(_DELIVERIES)},
        due=_due(site),
        incidents=_incidents(site.rows(_INCIDENTS, asked)),
    )


def _columns(site: Site) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in site.rows(_COLUMNS):
        found[folded(f"{row['schema_name']}.{row['table_name']}")].append((row["column_name"], row["data_type"]))
    return {name: tuple(columns) for name, columns in found.items()}


def _sizes(site: Site) -> dict[tuple[str, str], Mapping[str, Any]]:
    tables = site.rows(_SIZES)
    return {(folded(f"{row['schema_name']}.{row['table_name']}"), ""): {"row_count": row["estimated_size"]} for row in tables}


def _checks(rows: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    """A test of several models is one of each."""
    for row in rows:
        for model in row["model"].split(", "):
            yield (row["kind"], row["check_name"], model), row


def _due(site: Site) -> dict[str, str]:
    """When relations have to be there; nothing where a declaration is not valid, which the page Today says."""
    try:
        return {folded(one.relation): str(one.due) for one in due_marts(site.manifest)}
    except SluiceError:
        return {}


def _incidents(rows: list[dict[str, Any]]) -> dict[str, tuple[Incident, ...]]:
    found: dict[str, list[Incident]] = defaultdict(list)
    for row in rows:
        found[row["node"]].append(Incident(row["incident_id"], row["title"], row["severity"]))
    return {node: tuple(some) for node, some in found.items()}

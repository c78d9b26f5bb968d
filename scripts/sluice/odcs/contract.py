"""A contract of ODCS 3.1 for a mart, or for a source with its tables. Nothing in it depends on a release or on the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.core.manifest import folded, relation_of
from sluice.odcs import expected, parties, quality
from sluice.odcs.promised import Column, Found, columns_of, grain, kept, meta_of, properties
from sluice.odcs.quality import Rules
from sluice.quality.expectations.declared import AuditedModel

API = "v3.1.0"
SUFFIX = ".odcs.yaml"
MARTS, SOURCES = "marts", "sources"


@dataclass(frozen=True)
class Contract:
    """A contract: the file's name below the folder, its content, and how many rules can be run, and how many only read."""

    path: str
    content: Found
    tables: int
    rules: int
    unrun: int


@dataclass(frozen=True)
class Project:
    """What contracts are made from.

    `environment` is whose data they are about. Paths are from the project's folder: `database` is the file that readers open,
    `lake` the lake's folder, `files` are those that have sources, by the name of the database. `built` has the columns of the
    relations, folded; `audited` are the models with expectations by unique id.
    """

    manifest: Mapping[str, Any]
    environment: str
    database: str
    lake: str
    files: Mapping[str, str]
    built: Mapping[str, Sequence[tuple[str, str]]]
    audited: Mapping[str, AuditedModel]

    @property
    def name(self) -> str:
        """The name of the dbt project."""
        return str((self.manifest.get("metadata") or {}).get("project_name") or "project")

    @property
    def known(self) -> Collection[str]:
        """The relations that readers have."""
        return self.built.keys()


def of_mart(unique_id: str, project: Project) -> Contract:
    """The contract of a model that readers have."""
    node = project.manifest["nodes"][unique_id]
    relation = relation_of(node)
    rules = quality.of_tests(unique_id, project.manifest, project.known)
    if unique_id in project.audited:
        expected.add(project.audited[unique_id], rules, project.known)
    columns = columns_of(node, project.built.get(folded(relation), ()))
    table = str(node.get("alias") or node["name"])
    content = {
        **_head(node, relation, project),
        "description": kept(purpose=node.get("description"), usage=_usage(unique_id, project)),
        **parties.team(node, project.manifest),
        "servers": [_duckdb(node["schema"], project)],
        "schema": [_table(node, table, columns, rules, _references(unique_id, project))],
        **kept(
            slaProperties=parties.on_time(unique_id, table, project.manifest),
            customProperties=_custom(consumers=parties.consumers(unique_id, project.manifest)),
        ),
    }
    return _contract(f"{MARTS}/{relation}{SUFFIX}", content, [rules])


def of_source(nodes: Sequence[Mapping[str, Any]], project: Project) -> Contract:
    """The contract of a source of dbt, with all its tables."""
    first = nodes[0]
    name = str(first["source_name"])
    found = [quality.of_tests(one["unique_id"], project.manifest, project.known) for one in nodes]
    tables = [
        _table(one, str(one.get("identifier") or one["name"]), columns_of(one), rules, {})
        for one, rules in zip(nodes, found, strict=True)
    ]
    content = {
        **_head(first, name, project),
        "description": kept(purpose=first.get("source_description")),
        **parties.team(first, project.manifest),
        "servers": [where] if (where := _where(first, project)) else [],
        "schema": tables,
        **kept(slaProperties=[one for node in nodes for one in parties.freshness(node)]),
    }
    return _contract(f"{SOURCES}/{name}{SUFFIX}", content, found)


def _contract(path: str, content: Found, found: Sequence[Rules]) -> Contract:
    runnable = sum(rules.count("library", "sql") for rules in found)
    content = {key: value for key, value in content.items() if value not in ({}, [])}
    return Contract(path, content, len(content["schema"]), runnable, sum(rules.count("text", "custom") for rules in found))


def _head(node: Mapping[str, Any], name: str, project: Project) -> Found:
    version = node.get("version")
    return {
        "apiVersion": API,
        "kind": "DataContract",
        "id": f"{project.name}.{name}",
        "name": name,
        "version": f"{version}.0.0" if version else "1.0.0",
        "status": "deprecated" if node.get("deprecation_date") else "active",
        "domain": str(node.get("group") or node["schema"]),
        "dataProduct": project.name,
        **kept(tags=sorted(node.get("tags") or [])),
    }


def _usage(unique_id: str, project: Project) -> str | None:
    names = parties.consumers(unique_id, project.manifest)
    return f"Read by: {', '.join(names)}." if names else None


def _duckdb(schema: str, project: Project) -> Found:
    return {"server": project.environment, "type": "duckdb", "database": project.database, "schema": schema}


def _where(node: Mapping[str, Any], project: Project) -> Found | None:
    """Where a source is: in the lake, else in a DuckDB file; None where it is elsewhere."""
    location = str(meta_of(node).get("external_location") or "")
    if location.startswith("delta_scan("):
        lake = project.lake if Path(project.lake).is_absolute() else f"./{project.lake}"
        return {"server": "lake", "type": "local", "path": f"{lake}/raw/{node['source_name']}/{{model}}", "format": "delta"}
    if location or meta_of(node).get("plugin"):
        return None
    file = project.files.get(str(node.get("database"))) or project.files.get("")
    return {"server": "sources", "type": "duckdb", "database": file, "schema": node["schema"]} if file else None


def _table(node: Mapping[str, Any], name: str, columns: Sequence[Column], rules: Rules, references: Found) -> Found:
    kind = str((node.get("config") or {}).get("materialized") or "table")
    return kept(
        name=name,
        physicalName=name,
        physicalType="view" if kind == "view" else "table",
        logicalType="object",
        description=node.get("description"),
        dataGranularityDescription=grain(node.get("description")),
        tags=sorted(node.get("tags") or []),
        properties=properties(node, columns, rules.of_columns, references),
        quality=rules.of_table,
        # Of what is delivered: the raw table keeps every version of a row, so it is not its primary key.
        customProperties=_custom(key=list(meta_of(node).get("key") or [])),
    )


def _references(unique_id: str, project: Project) -> Found:
    """The relationships of columns: dbt's tests and foreign keys that say in which other mart a value is."""
    found: Found = {}
    for test in project.manifest["nodes"].values():
        metadata = test.get("test_metadata") or {}
        if test.get("attached_node") != unique_id or metadata.get("name") != "relationships" or metadata.get("namespace"):
            continue
        others = [name for name in (test.get("depends_on") or {}).get("nodes", []) if name != unique_id]
        node = project.manifest["nodes"].get(others[0]) if len(others) == 1 else None
        if node is not None and folded(relation_of(node)) in project.known:
            to = _reference(node, str(metadata["kwargs"]["field"]))
            found.setdefault(folded(str(test["column_name"])), []).append({"type": "foreignKey", "to": to})
    return found


def _reference(node: Mapping[str, Any], column: str) -> str:
    """A column of another contract."""
    table = node.get("alias") or node["name"]
    return f"{relation_of(node)}{SUFFIX}#/schema/{table}/properties/{column}"


def _custom(**known: Any) -> list[Found]:
    return [{"property": name, "value": value} for name, value in known.items() if value]

"""The lineage of what a name means: an environment, a release, a candidate or a file that dbt built."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from sluice.candidate import compiled
from sluice.core import dbt, duck
from sluice.core.errors import SluiceError
from sluice.core.manifest import ManifestModel, fields_of
from sluice.core.progress import Tell, silent
from sluice.environments.resolve import Located, locate, whole
from sluice.lineage.cached import lineage_cache
from sluice.lineage.graph import Graph, graph_of
from sluice.lineage.proof.result import Proof
from sluice.lineage.proof.run import prove


def manifest_of(located: Located) -> dict[str, Any]:
    """Its manifest. Of a release, with the SQL that reads no earlier state of the same model, where it is kept."""
    manifest = dbt.artifact(located.described_in, "manifest.json")
    kept = located.folder / compiled.NAME if located.folder else None
    if kept is not None and kept.is_file():
        for unique_id, sql in json.loads(kept.read_text(encoding="utf-8")).items():
            if unique_id in manifest["nodes"]:
                manifest["nodes"][unique_id]["compiled_code"] = sql
    return manifest


def graph_in(located: Located, manifest: Mapping[str, Any]) -> Graph:
    """Its graph. Columns of seeds and sources that are not described are those in the file, if it can be opened."""
    return graph_of(manifest, cache=lineage_cache(), known=_columns(whole(located) or located.file, manifest))


def proved(name: str, select: Sequence[str], memory_limit: str, tell: Tell = silent) -> tuple[Proof, Located]:
    """Prove the lineage of models on the rows that a name means. Raises SluiceError if nothing is selected."""
    located = locate(name, tell)
    manifest = manifest_of(located)
    graph = graph_in(located, manifest)
    models = [one for one in graph.order() if _is_selected(graph, one, select)]
    if not models:
        raise SluiceError(f"no model is selected by {' '.join(select)}", where="--select", hint="use a name, fct_* or tag:<tag>")
    return prove(graph, whole(located) or located.file, models, memory_limit, tell), located


def _is_selected(graph: Graph, unique_id: str, select: Sequence[str]) -> bool:
    node = graph.nodes[unique_id]
    is_built = node["resource_type"] == "model" and (node.get("config") or {}).get("materialized") != "ephemeral"
    return is_built and (not select or any(ManifestModel(**fields_of(node)).is_selected_by(word) for word in select))


def _columns(file: Path, manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """The columns in a file of what dbt did not make by SQL, by unique id."""
    try:
        with duck.connect(str(file), read_only=True) as connection:
            rows = connection.execute(
                """select lower(schema_name), lower(table_name), list(lower(column_name) order by column_index)
                from duckdb_columns() where not internal and database_name = current_database() group by all"""
            ).fetchall()
    except (duckdb.Error, OSError):
        return {}
    found = {(schema, table): columns for schema, table, columns in rows}
    places = {
        unique_id: (node["schema"].lower(), str(node.get("alias") or node.get("identifier") or node["name"]).lower())
        for kind in ("nodes", "sources")
        for unique_id, node in (manifest.get(kind) or {}).items()
        if node["resource_type"] in ("seed", "source")
    }
    return {unique_id: found[place] for unique_id, place in places.items() if place in found}

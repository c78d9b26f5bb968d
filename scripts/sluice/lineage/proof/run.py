"""The proof of the lineage of a whole project, on the file that dbt built."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from sluice.core.progress import Tell, silent
from sluice.lineage.columns import Query
from sluice.lineage.graph import Graph
from sluice.lineage.proof.model import ModelProver
from sluice.lineage.proof.result import ModelProof, Proof
from sluice.lineage.proof.stage import Stage


def prove(graph: Graph, file: Path, models: Collection[str], memory_limit: str, tell: Tell = silent) -> Proof:
    """Change each column of what the models read, on the rows in a file that dbt built; the file is only read."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="sluice-prove-") as scratch:
        stage = Stage(file, graph, memory_limit, Path(scratch))
        try:
            found = []
            for at, name in enumerate(models):
                tell(graph.label(name), at / len(models))
                found.append(_of_model(stage, graph, name))
        finally:
            stage.close()
    return Proof(tuple(found), {name: graph.label(name) for name in graph.nodes}, round(time.monotonic() - started, 1))


def _of_model(stage: Stage, graph: Graph, name: str) -> ModelProof:
    query: Query | None = graph.queries.get(name)
    if query is None:
        return ModelProof(name, graph.label(name), skipped=graph.untraced.get(name) or "it has no SQL")
    if graph.nodes[name]["resource_type"] == "snapshot":
        return ModelProof(name, graph.label(name), skipped="a snapshot keeps versions, which its query does not give")
    return ModelProver(stage, graph, name, query).prove()

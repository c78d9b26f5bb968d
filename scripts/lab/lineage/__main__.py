"""Follow the columns of many models, without a cache and with one, and print the processor seconds.

    PYTHONPATH=scripts .venv/bin/python -m lab.lineage warehouse/releases/<release>/manifest.json --models 300

The models are those of a manifest, repeated under other schemas until there are as many as asked for.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sluice.lineage.edges import Lineage, column_edges


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--models", type=int, default=300)
    options = parser.parse_args(arguments)
    manifest = json.loads(options.manifest.read_text(encoding="utf-8"))
    _say("as it is, without a cache", lambda: column_edges(manifest))
    many = repeated(manifest, options.models)
    with TemporaryDirectory() as folder:
        _say("repeated, without a cache", lambda: column_edges(many, cache=Path(folder)))
        _say("repeated, from the cache", lambda: column_edges(many, cache=Path(folder)))


def _say(what: str, run: Callable[[], Lineage]) -> None:
    started = time.process_time()
    found = run()
    seconds = time.process_time() - started
    models = [name for name in found.columns if name.startswith("model.")]
    columns = sum(len(found.columns[name]) for name in models)
    print(f"{what}: {len(models)} models, {columns:,} columns, {len(found.edges):,} edges: {seconds:.2f} s CPU")


def repeated(manifest: dict[str, Any], models: int) -> dict[str, Any]:
    """The manifest with its nodes several times, until it has so many models: each copy in schemas and ids of its own."""
    own = sum(node["resource_type"] == "model" for node in manifest["nodes"].values())
    schemas = sorted({node["schema"] for node in manifest["nodes"].values()})
    copies = [_copy(manifest, schemas, at) for at in range(-(-models // own))]
    nodes = {name: node for copy in copies for name, node in copy["nodes"].items()}
    sources = {name: node for copy in copies for name, node in copy["sources"].items()}
    spare = iter([name for name, node in reversed(nodes.items()) if node["resource_type"] == "model"])
    for _ in range(own * len(copies) - models):
        del nodes[next(spare)]
    return {**manifest, "nodes": nodes, "sources": sources, "exposures": {}}


def _copy(manifest: dict[str, Any], schemas: Sequence[str], at: int) -> dict[str, Any]:
    text = json.dumps({"nodes": manifest["nodes"], "sources": manifest["sources"]})
    for schema in schemas:
        text = text.replace(f'\\"{schema}\\".', f'\\"{schema}_{at}\\".').replace(
            f'"schema": "{schema}"', f'"schema": "{schema}_{at}"'
        )
    for kind in ("model", "seed", "source", "snapshot", "test"):
        text = text.replace(f'"{kind}.', f'"{kind}.copy_{at}_')
    found: dict[str, Any] = json.loads(text)
    return found


if __name__ == "__main__":
    main()

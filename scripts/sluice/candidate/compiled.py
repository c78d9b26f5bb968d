"""compiled.json: a project's SQL as dbt compiles it on an empty warehouse, kept with a release for pull requests to compare with.

A build's own SQL is not that: an incremental model is compiled in another way where its table exists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sluice.candidate import pins
from sluice.core import dbt
from sluice.core.dbt_profile import Choice, derived
from sluice.core.paths import extensions_root
from sluice.core.progress import silent
from sluice.lineage.macros import asks_the_warehouse
from sluice.store.record import FILE

NAME = "compiled.json"
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?")
_A_COMPILATION = timedelta(minutes=10)
# How dbt's errors name a node: "in model orders (models/orders.sql)".
_AT_NODE = re.compile(r"\bin \w+ (\S+) \(([^)]+)\)")
# With more than this left out, another try is not worth its time.
_LEFT_OUT = 500


def compile_on_nothing(
    session: dbt.Session,
    root: Path,
    lake: Path,
    pinned: Mapping[str, int] | None,
    verb: str = "compile",
    *,
    project: Path = Path(),
    choice: Choice | None = None,
) -> dbt.Invocation:
    """Compile a project, the session's, as a candidate: on an empty warehouse in `root`; what was parsed there is used again.

    dbt stops at a node that needs rows to be compiled. Such nodes are left out: the manifest has no SQL of them.
    """
    root.mkdir(parents=True, exist_ok=True)
    left_out: dict[str, list[str]] = {}
    while True:
        for name in (FILE, f"{FILE}.wal", "target/manifest.json"):
            (root / name).unlink(missing_ok=True)
        without = ["--exclude", *(f"fqn:{'.'.join(fqn)}" for fqn in left_out.values())] if left_out else []
        done = call(session, root, lake, pinned, [verb, *without], project=project, choice=choice)
        failing = _need_rows(done, root) if done.code and verb == "compile" and len(left_out) < _LEFT_OUT else {}
        if failing.keys() <= left_out.keys():
            return done
        left_out |= failing


def _need_rows(done: dbt.Invocation, root: Path) -> dict[str, list[str]]:
    """The selector of each node that dbt could not compile, and of all others that ask the warehouse, by unique id."""
    if not (root / "target" / "manifest.json").is_file():  # dbt could not even parse
        return {}
    manifest = dbt.artifact(root / "target", "manifest.json")
    named = {(found[1], found[2]) for error in done.errors for found in _AT_NODE.finditer(error)}
    failing = {name for name, node in manifest["nodes"].items() if (node["name"], node["original_file_path"]) in named}
    asking = {name for name, node in manifest["nodes"].items() if asks_the_warehouse(node, manifest)} if failing else set()
    return {name: manifest["nodes"][name]["fqn"] for name in sorted(failing | asking)}


def call(
    session: dbt.Session,
    root: Path,
    lake: Path,
    pinned: Mapping[str, int] | None,
    command: Sequence[str],
    *,
    project: Path = Path(),
    choice: Choice | None = None,
) -> dbt.Invocation:
    """Another command of dbt, in the same place."""
    profile = derived(project, root / "profile", root / FILE, choice=choice)
    paths = ["--target-path", str(root / "target"), "--log-path", str(root / "logs")]
    return session.invoke([*command, *profile, *paths], silent, environment=places(lake, pinned))


def places(lake: Path, pinned: Mapping[str, int] | None) -> dict[str, str]:
    """The environment variables with which dbt finds the lake, at these versions, and DuckDB's extensions."""
    return {**pins.environment(lake, pinned), "SLUICE_EXTENSIONS": str(extensions_root().absolute())}


def manifest_in(root: Path) -> dict[str, Any]:
    """The manifest that a compilation in `root` left, with steady SQL. Raises SluiceError if there is none."""
    manifest = dbt.artifact(root / "target", "manifest.json")
    for node in manifest["nodes"].values():
        if node.get("compiled_code"):
            node["compiled_code"] = steady(node["compiled_code"], manifest["metadata"])
    return manifest


def keep(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write the SQL of a manifest into a candidate's folder."""
    found = {name: node["compiled_code"] for name, node in manifest["nodes"].items() if node.get("compiled_code")}
    (folder / NAME).write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def steady(sql: str, metadata: Mapping[str, Any]) -> str:
    """Compiled SQL without what differs in every run: its time and its id."""
    run_at = datetime.fromisoformat(metadata["generated_at"]).replace(tzinfo=None)

    def moment(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[0])
        return "(the moment of the run)" if abs(at - run_at) < _A_COMPILATION else found[0]

    return _MOMENT.sub(moment, sql.replace(metadata.get("invocation_id") or "(no id)", "(the run's id)"))

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
from sluice.store.record import FILE

NAME = "compiled.json"
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?")
_A_COMPILATION = timedelta(minutes=10)


def compile_on_nothing(
    session: dbt.Session,
    root: Path,
    lake: Path,
    pinned: Mapping[str, int],
    verb: str = "compile",
    *,
    project: Path = Path(),
    choice: Choice | None = None,
) -> dbt.Invocation:
    """Compile a project, the session's, as a candidate: on an empty warehouse in `root`; what was parsed there is used again."""
    root.mkdir(parents=True, exist_ok=True)
    for name in (FILE, f"{FILE}.wal", "target/manifest.json"):
        (root / name).unlink(missing_ok=True)
    return call(session, root, lake, pinned, [verb], project=project, choice=choice)


def call(
    session: dbt.Session,
    root: Path,
    lake: Path,
    pinned: Mapping[str, int],
    command: Sequence[str],
    *,
    project: Path = Path(),
    choice: Choice | None = None,
) -> dbt.Invocation:
    """Another command of dbt, in the same place."""
    profile = derived(project, root / "profile", root / FILE, choice=choice)
    paths = ["--target-path", str(root / "target"), "--log-path", str(root / "logs")]
    return session.invoke([*command, *profile, *paths], silent, environment=places(lake, pinned))


def places(lake: Path, pinned: Mapping[str, int]) -> dict[str, str]:
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

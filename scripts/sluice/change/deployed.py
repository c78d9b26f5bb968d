"""What of the code a release changed for its environment, for lake/ops/deployments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sluice.change.modified import modified
from sluice.core.errors import SluiceError
from sluice.core.manifest import BUILT
from sluice.core.run_id import run_id
from sluice.environments.context import Context
from sluice.gate.publish import MoveResult
from sluice.history.kinds_of_code import DeploymentEntry
from sluice.store.record import Code, Record

# What dbt made of the code with the data of a day: the versions of tables, for example.
_OF_A_DAY = ("compiled", "compiled_code", "compiled_path")


def deployment(context: Context, moved: MoveResult) -> DeploymentEntry:
    """What a publish or a promotion brought, beside the release that it replaced."""
    now, before = _record(context, moved.release_id), _record(context, moved.from_release_id)
    return DeploymentEntry(
        run_id=run_id(),
        environment=moved.environment,
        release_id=moved.release_id,
        from_release_id=moved.from_release_id,
        code_commit=now.code.commit if now else None,
        from_code_commit=before.code.commit if before else None,
        changed=_changed(context, before, now) if before and now else None,
    )


def _changed(context: Context, before: Record, now: Record) -> tuple[str, ...] | None:
    if _is_surely(before.code, now.code):
        return ()
    try:
        manifests = [json.loads(context.store.text(one.release_id, "manifest.json")) for one in (before, now)]
        return changed_nodes(*manifests)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SluiceError):
        return None  # a manifest that is not there, or not of a dbt that we know: the release was published nevertheless


def _is_surely(before: Code, now: Code) -> bool:
    return before.commit == now.commit is not None and not before.is_dirty and not now.is_dirty


def changed_nodes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """dbt's ids of the models, seeds and snapshots whose code differs between two manifests so that rows may.

    Their text, macros, configuration and contract are compared; values of project variables are not in a manifest.
    """
    found = modified({**old, "nodes": _code_of(old)}, {**new, "nodes": _code_of(new)})
    return tuple(one.unique_id for one in found if one.touches_data and one.kind in BUILT)


def _code_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    built = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    return {name: {key: value for key, value in node.items() if key not in _OF_A_DAY} for name, node in built.items()}


def _record(context: Context, release_id: str | None) -> Record | None:
    try:
        return context.store.record(release_id) if release_id else None
    except SluiceError:
        return None

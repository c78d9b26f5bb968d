"""Whether a trained model fits the marts of another build: its features are there, and mean what they meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluice.core.errors import SluiceError
from sluice.model.declared import Declaration, declared, names


def is_declared(name: str, manifest: Mapping[str, Any]) -> bool:
    """Whether a project still declares a model of this name."""
    return name in names(manifest)


def misfit(name: str, facts: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Why a model does not fit what a manifest describes, as the end of a sentence; empty where it does."""
    try:
        declaration = declared(manifest, name)
    except SluiceError as error:
        return f"cannot be served: {error.what} ({error.where})"
    return _misfit(facts, declaration)


def _misfit(facts: Mapping[str, Any], declaration: Declaration) -> str:
    relation = declaration.features_relation
    if facts["reads"]["features"] != relation:
        return f"reads {facts['reads']['features']}, and the declaration names {relation}"
    if gone := [one for one in facts["features"] if one not in declaration.columns]:
        return f"reads {', '.join(gone)} of {relation}, which this build does not have"
    changed = [one for one in facts["features"] if facts["definitions"][one] != declaration.definitions.get(one)]
    if changed:
        return f"learned another definition of {', '.join(changed)} of {relation} than this build has"
    return ""

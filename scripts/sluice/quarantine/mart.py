"""The mart of refused rows: the model whose YAML says `config: meta: quarantine: true`, found in dbt's manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.core.dbt import artifact
from sluice.core.errors import SluiceError

# What the mart must have; docs/quarantine.md says what each means. Its status is the build's own and not needed here.
COLUMNS = (
    "quarantine_id", "feed", "entity", "row_key", "rule", "reason", "may_be_waived", "amount", "currency_code", "batch_id",
    "source_file", "source_position", "first_refused_at",
)  # fmt: skip


@dataclass(frozen=True)
class QuarantineMart:
    """Where it stands: `database` is the name under which its warehouse must be attached, `relation` schema and name."""

    database: str
    schema: str
    name: str

    @property
    def relation(self) -> str:
        """`schema.name`, for people."""
        return f"{self.schema}.{self.name}"


def find(target: Path) -> QuarantineMart | None:
    """The mart of the project whose manifest is in `target`; None where there is none.

    Raises SluiceError where the manifest cannot be read, or where more than one model says that it is the mart.
    """
    found = [node for node in _models(target) if _meta(node).get("quarantine") is True]
    if len(found) > 1:
        names = ", ".join(sorted(str(node["name"]) for node in found))
        raise SluiceError(f"more than one model is the quarantine: {names}", where=str(target), hint="mark one of them only")
    return next((QuarantineMart(node["database"], node["schema"], node["alias"]) for node in found), None)


def _models(target: Path) -> list[Mapping[str, Any]]:
    return [node for node in artifact(target, "manifest.json")["nodes"].values() if node["resource_type"] == "model"]


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = (node.get("config") or {}).get("meta") or {}
    return meta

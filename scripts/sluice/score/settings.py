"""What a project declares of live scores: `config: meta: score` of the exposure that declares the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.yaml_model import tried
from sluice.features.live_sql import Described


@dataclass(frozen=True)
class ScoreSettings:
    """Where events come from, which model describes one, and where scores go.

    `rows` is the dbt model that describes a raw row as an event, `where` its boolean column that says whether a row is one,
    `refused` its column with the reason why a row does not count. `without` names models of other sources on the way there.
    `position` is its column that carries `_position` of the raw row.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    feed: Annotated[str, Field(pattern=r"^\w+\.\w+$", description="the feed of format kafka, as source.table")]
    rows: str
    where: str = ""
    refused: str = ""
    without: tuple[str, ...] = ()
    position: str = "source_position"
    table: Annotated[str, Field(pattern=r"^\w+\.\w+$", description="raw table of scores, as source.table")] = "risk.scores"
    topic: Annotated[str, Field(description="where scores go; none if empty")] = ""
    commit_seconds: Annotated[float, Field(gt=0, description="how often scores are committed to the lake")] = 10.0

    @property
    def described(self) -> Described:
        """Which model describes a raw row."""
        return Described(self.feed, self.rows, self.where, self.refused, self.without, self.position)


def names(manifest: Mapping[str, Any]) -> list[str]:
    """The models whose scores are declared."""
    return [str(one["name"]) for one in (manifest.get("exposures") or {}).values() if "score" in _meta(one)]


def declared(manifest: Mapping[str, Any], name: str) -> ScoreSettings:
    """What the exposure of the model `name` declares. Raises SluiceError where it declares nothing, or makes a mistake."""
    found = {str(one["name"]): one for one in (manifest.get("exposures") or {}).values() if "score" in _meta(one)}
    if name not in found:
        hint = "declare config.meta.score in the exposure of the model (docs/score.md)"
        raise SluiceError(f"no live scores are declared for a model {name}", hint=did_you_mean(name, list(found), hint))
    settings, mistakes = tried(ScoreSettings, _meta(found[name])["score"])
    if settings is None:
        where = f"exposure {name} in {found[name].get('original_file_path') or 'dbt'}, config.meta.score"
        raise SluiceError("; ".join(mistakes), where=where, hint="docs/score.md lists the keys")
    return settings


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}

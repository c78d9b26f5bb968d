"""Features as the YAML of a mart declares them under `config: meta: features`, read from dbt's manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import tried, unknown

EVER = "ever"
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_WINDOW = re.compile(r"(\d+) (second|minute|hour|day|week)s?")
Aggregate = Literal["count", "sum", "mean", "min", "max", "count_distinct", "seconds_since_last", "seconds_since_first"]
# Aggregates of the events themselves, which need no value.
_OF_EVENTS = ("count", "seconds_since_last", "seconds_since_first")
_CLOSED = ConfigDict(extra="forbid")


def _window(text: str) -> str:
    if text != EVER and not _WINDOW.fullmatch(text):
        raise ValueError(f"{text!r} is not a window; write '1 hour', '7 days' or 'ever'")
    return text


def microseconds(window: str) -> int | None:
    """The length of a window; None for `ever`."""
    found = _WINDOW.fullmatch(window)
    return int(found.group(1)) * _UNITS[found.group(2)] * 1_000_000 if found else None


@dataclass(frozen=True)
class Feature:
    """One aggregate of the events of an entity in the window [t - window, t), or a ratio of two others.

    `where` names a boolean column of the events: only events of which it is true count.
    """

    __pydantic_config__ = _CLOSED

    name: str
    entity: str = ""
    window: Annotated[str, AfterValidator(_window)] = EVER
    aggregate: Aggregate | None = None
    value: str = ""
    where: str = ""
    ratio: tuple[str, str] | None = None
    description: str = ""

    @property
    def length(self) -> int | None:
        """The window in microseconds; None for `ever`."""
        return microseconds(self.window)


@dataclass(frozen=True)
class Features:
    """What a mart declares: `events` is the model of everything that happened, `of` the kind of event that has features."""

    __pydantic_config__ = _CLOSED

    events: str
    at: str
    id: str
    of: str
    entities: Mapping[str, str]
    features: tuple[Feature, ...]
    columns: tuple[str, ...] = ()
    kind: str = "event_kind"
    description: Annotated[str, Field(description="for readers of the YAML")] = field(default="")

    @property
    def names(self) -> tuple[str, ...]:
        """All features in their order: the columns of the event itself, then what is declared."""
        return (*self.columns, *(feature.name for feature in self.features))

    @property
    def aggregates(self) -> tuple[Feature, ...]:
        """The features that look back at other events."""
        return tuple(feature for feature in self.features if feature.ratio is None)

    @property
    def ratios(self) -> dict[str, tuple[str, str]]:
        """The two parts of each ratio, by its name."""
        return {feature.name: feature.ratio for feature in self.features if feature.ratio}

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that aggregates read, each once."""
        return tuple(dict.fromkeys(feature.value for feature in self.aggregates if feature.value))

    @property
    def filters(self) -> tuple[str, ...]:
        """The boolean columns that decide which events count, each once."""
        return tuple(dict.fromkeys(feature.where for feature in self.aggregates if feature.where))

    @property
    def longest(self) -> int:
        """The longest window that ends, in microseconds."""
        return max((feature.length or 0 for feature in self.aggregates), default=0)


def declared(manifest: Mapping[str, Any], model: str) -> Features:
    """What the model of this name declares. Raises SluiceError where it declares no features, or makes a mistake."""
    found = all_declared(manifest)
    if model not in found:
        what, hint = unknown("mart of features", model, tuple(found))
        raise SluiceError(what, where="config: meta: features", hint=hint)
    return found[model]


def all_declared(manifest: Mapping[str, Any]) -> dict[str, Features]:
    """Every declaration of the project, by model. Raises SluiceError that names each mistake of one."""
    return {
        node["name"]: _checked(_meta(node)["features"], node)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "features" in _meta(node)
    }


def node_of(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The node of the model with this name. Raises SluiceError where the project has none."""
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    if name not in models:
        what, hint = unknown("model", name, tuple(models))
        raise SluiceError(what, where="manifest.json", hint=hint)
    return dict(models[name])


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _checked(content: Any, node: Mapping[str, Any]) -> Features:
    made, mistakes = tried(Features, content)
    if made is not None:
        mistakes = _mistakes(made)
    if made is None or mistakes:
        raise SluiceError("; ".join(mistakes), where=f"{node.get('original_file_path')}: features of {node['name']}")
    return made


def _mistakes(features: Features) -> list[str]:
    names = list(features.names)
    doubled = sorted({name for name in names if names.count(name) > 1})
    found = [f"two features are called {name}" for name in doubled]
    for feature in features.features:
        found += _mistakes_of_ratio(feature, names) if feature.ratio else _mistakes_of(feature, features)
    return found


def _mistakes_of(feature: Feature, features: Features) -> list[str]:
    found = []
    if feature.aggregate is None:
        found.append(f"{feature.name} needs an aggregate or a ratio")
    elif not feature.value and feature.aggregate not in _OF_EVENTS:
        found.append(f"{feature.name}: {feature.aggregate} needs a value, the name of a column of {features.events}")
    elif feature.value and feature.aggregate in _OF_EVENTS:
        found.append(f"{feature.name}: {feature.aggregate} takes no value")
    if feature.entity not in features.entities:
        found.append(f"{feature.name}: " + "; ".join(unknown("entity", feature.entity, tuple(features.entities))))
    return found


def _mistakes_of_ratio(feature: Feature, names: list[str]) -> list[str]:
    parts = feature.ratio or ()
    wrong = [part for part in parts if part not in names]
    found = [f"{feature.name}: " + "; ".join(unknown("feature", part, names)) for part in wrong]
    if feature.aggregate or feature.entity:
        found.append(f"{feature.name} is a ratio, so it has no entity and no aggregate")
    return found

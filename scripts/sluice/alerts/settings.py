"""alerts.yml: where alerts are sent, which go where, and how long a run may wait for the receivers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from sluice.alerts.channels import CHANNELS
from sluice.alerts.channels.protocol import Channel, Strict
from sluice.alerts.incident import Incident
from sluice.core.errors import SluiceError
from sluice.core.yaml_model import checked, place, read, unknown

NAME = "alerts.yml"
# Seconds that a run waits for receivers, all of them together. They are asked at the same time.
SECONDS = 20
LONGEST = 300


@dataclass(frozen=True)
class Route(Strict):
    """Incidents that match all of these go to the channels `to`. Patterns are as in a shell: `finance*`.

    `node` matches a node's unique id or what people call it, `tag` a tag of it. An alert waits `hold_minutes`: what is resolved
    by then is never sent.
    """

    to: tuple[str, ...]
    environment: str = "*"
    severity: Literal["error", "warn", "*"] = "*"
    owner: str = "*"
    node: str = "*"
    tag: str = "*"
    hold_minutes: Annotated[int, Field(strict=True, ge=0, le=24 * 60)] = 0

    @property
    def hold(self) -> timedelta:
        """How long an alert waits."""
        return timedelta(minutes=self.hold_minutes)

    def takes(self, incident: Incident) -> bool:
        """Whether an incident matches."""
        return (
            fnmatchcase(incident.environment, self.environment)
            and self.severity in ("*", incident.severity)
            and (self.owner == "*" or fnmatchcase((incident.owner or "").lower(), self.owner.lower()))
            and any(fnmatchcase(name, self.node) for name in (incident.node, incident.name))
            and (self.tag == "*" or any(fnmatchcase(tag, self.tag) for tag in incident.tags))
        )


@dataclass(frozen=True)
class _Document(Strict):
    channels: dict[str, dict[str, Any]]
    routes: tuple[Route, ...]
    seconds: Annotated[int, Field(strict=True, ge=1, le=LONGEST)] = SECONDS


@dataclass(frozen=True)
class Settings:
    """The content of alerts.yml; without the file, incidents are kept and nothing is sent."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    routes: Sequence[Route] = ()
    seconds: int = SECONDS

    def route(self, incident: Incident) -> dict[str, timedelta]:
        """The channels that an incident goes to, and how long its alerts wait: of several routes, the shortest time."""
        found: dict[str, timedelta] = {}
        for route in self.routes:
            for name in route.to if route.takes(incident) else ():
                found[name] = min(route.hold, found.get(name, route.hold))
        return found


def load(path: Path = Path(NAME)) -> Settings:
    """The settings of a project. Raises SluiceError, with file and line, if the file is not valid."""
    if not path.exists():
        return Settings()
    document = checked(_Document, read(path), path)
    channels = {name: _channel(name, dict(entry), path) for name, entry in document.channels.items()}
    for number, route in enumerate(document.routes):
        for name in route.to:
            if name not in channels:
                what, hint = unknown("channel", name, list(channels))
                raise SluiceError(what, where=place(path, "routes", number, "to"), hint=hint)
    return Settings(channels, document.routes, document.seconds)


def _channel(name: str, entry: dict[str, Any], path: Path) -> Channel:
    where = ("channels", name)
    if "kind" not in entry:
        raise SluiceError("`kind` is missing", where=place(path, *where), hint=f"one of: {', '.join(CHANNELS)}")
    kind = str(entry.pop("kind"))
    if kind not in CHANNELS:
        what, hint = unknown("kind", kind, list(CHANNELS))
        raise SluiceError(what, where=place(path, *where, "kind"), hint=hint)
    return checked(CHANNELS[kind], entry, path, *where)


def json_schema() -> str:
    """The JSON schema of alerts.yml, for editors: docs/schemas/alerts.schema.json."""
    kinds = {name: TypeAdapter(kind).json_schema() for name, kind in CHANNELS.items()}
    whole = TypeAdapter(_Document).json_schema()
    shared = {name: part for schema in (*kinds.values(), whole) for name, part in schema.pop("$defs", {}).items()}
    for name, schema in kinds.items():
        schema["properties"] |= {"kind": {"const": name, "description": "Where it is sent."}}
        schema["required"].append("kind")
    whole["properties"]["channels"] = {"type": "object", "additionalProperties": {"oneOf": list(kinds.values())}}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**head, **whole, "title": "Alerts of Sluice", "$defs": shared}, indent=2) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")

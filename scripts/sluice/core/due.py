"""When marts have to be there: `config: {meta: {due: "06:30 Europe/Berlin"}}` of a model, or of an exposure that reads models.

Without a zone, the time is UTC. What an exposure says counts for every model that it names; of several, the earliest counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluice.core.errors import SluiceError
from sluice.core.manifest import is_relation, relation_of

HINT = 'write a time, and a zone where it is not UTC: due: "06:30 Europe/Berlin"'
_FORM = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?: (\S+))?")


@dataclass(frozen=True)
class Due:
    """Every day at this time of a zone."""

    at: time
    zone: str = "UTC"

    def on(self, day: date) -> datetime:
        """The moment on a day of the zone, in UTC without a zone."""
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC).replace(tzinfo=None)

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.zone}"


@dataclass(frozen=True)
class DueMart:
    """A relation, when it has to be there, and who says so: itself, or an exposure."""

    relation: str
    due: Due
    said_by: str
    owner: str | None


def parse(text: object, where: str) -> Due:
    """A due time from its text. Raises SluiceError where it is not one."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise SluiceError(f"meta: due is {text!r}, which is not a time", where=where, hint=HINT)
    zone = found[3] or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SluiceError(f"meta: due names {zone!r}, which is not a time zone", where=where, hint=HINT) from error
    return Due(time(int(found[1]), int(found[2])), zone)


def due_marts(manifest: Mapping[str, Any]) -> list[DueMart]:
    """What has to be there when, by relation. Raises SluiceError for a text that is not a time."""
    earliest: dict[str, DueMart] = {}
    for one in _declared(manifest):
        known = earliest.get(one.relation)
        # Which of two zones is earlier depends on the day: the first of January decides.
        if known is None or one.due.on(date(2025, 1, 1)) < known.due.on(date(2025, 1, 1)):
            earliest[one.relation] = one
    return sorted(earliest.values(), key=lambda one: one.relation)


def _declared(manifest: Mapping[str, Any]) -> Iterator[DueMart]:
    for node in manifest["nodes"].values():
        if (text := _due(node)) is not None and is_relation(node):
            yield DueMart(relation_of(node), parse(text, str(node.get("original_file_path") or node["name"])), "", None)
    for exposure in (manifest.get("exposures") or {}).values():
        if (text := _due(exposure)) is None:
            continue
        due = parse(text, f"{exposure.get('original_file_path') or ''} {exposure['name']}".strip())
        for name in (exposure.get("depends_on") or {}).get("nodes") or []:
            node = manifest["nodes"].get(name)
            if node is not None and is_relation(node):
                yield DueMart(relation_of(node), due, str(exposure.get("label") or exposure["name"]), _owner(exposure))


def _due(node: Mapping[str, Any]) -> object | None:
    meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
    return meta.get("due")


def _owner(exposure: Mapping[str, Any]) -> str | None:
    owner = exposure.get("owner") or {}
    return owner.get("name") or owner.get("email")

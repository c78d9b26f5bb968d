"""Who answers for a table, where to ask, who reads it, and until when it has to be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluice.odcs.promised import Found, kept, meta_of


def team(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> Found:
    """The team and the support of a node, from its group or the owner that its `meta` names."""
    group = _group(node.get("group") or meta_of(node).get("owner"), manifest)
    owner = group.get("owner") or {}
    name = owner.get("name") or group.get("name") or meta_of(node).get("owner")
    mails = owner.get("email") or []
    mails = [mails] if isinstance(mails, str) else list(mails)
    members = [{"username": mail, "role": "owner"} for mail in mails]
    support = [{"channel": mail, "url": f"mailto:{mail}", "tool": "email", "scope": "interactive"} for mail in mails]
    return kept(team=kept(name=name and str(name), description=group.get("description"), members=members), support=support)


def _group(name: Any, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (one for one in (manifest.get("groups") or {}).values() if one["name"] == name)
    return next(found, {})


def readers(unique_id: str, manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The exposures that read a node themselves."""
    for exposure in (manifest.get("exposures") or {}).values():
        if unique_id in (exposure.get("depends_on") or {}).get("nodes", []):
            yield exposure


def consumers(unique_id: str, manifest: Mapping[str, Any]) -> list[str]:
    """What people call those exposures."""
    return sorted(str(one.get("label") or one["name"]) for one in readers(unique_id, manifest))


def on_time(unique_id: str, table: str, manifest: Mapping[str, Any]) -> list[Found]:
    """Until when a mart has to be there: what its exposures say by `meta: {by: "08:00", zone: Europe/Berlin}`."""
    found = []
    for exposure in readers(unique_id, manifest):
        meta = meta_of(exposure)
        if meta.get("by"):
            label = exposure.get("label") or exposure["name"]
            text = f"for {label}, by {meta['by']} {meta.get('zone') or 'UTC'}"
            found.append({"property": "timeOfAvailability", "value": str(meta["by"]), "element": table, "description": text})
    return found


def freshness(node: Mapping[str, Any]) -> list[Found]:
    """How old the newest row of a source may be, by dbt's `freshness`: the time at which it is an error, else the warning."""
    limits = node.get("freshness") or {}
    column = node.get("loaded_at_field")
    for name in ("error_after", "warn_after"):
        limit = limits.get(name) or {}
        if limit.get("count") and column:
            unit = str(limit.get("period") or "day")[0]
            return [{"property": "freshness", "value": limit["count"], "unit": unit, "element": f"{node['name']}.{column}"}]
    return []

"""Which nodes of a project may give another result although neither code nor lake changed: those that ask a clock or read files.

Decided from dbt's manifest of a build. What cannot be told counts as moving.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sluice.lineage.macros import DBTS_OWN, macros_of

Node = Mapping[str, Any]

# Comments say nothing; text in quotes is kept, because what looks like a comment there is none.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<comment>\{#.*?#\}|/\*.*?\*/|--[^\n]*)", re.DOTALL)
_CLOCK = re.compile(
    r"\b(?:current_date|current_time|current_timestamp\w*|current_localtime\w*|localtime|localtimestamp|get_current_time\w*"
    r"|transaction_timestamp|statement_timestamp|clock_timestamp|uuidv7|gen_uuidv7|run_started_at|invocation_id)\b"
    r"|\b(?:now|today|age)\s*\(|\bmodules\.(?:datetime|pytz)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:read_\w+|parquet_scan|iceberg_scan|postgres_(?:scan|query)\w*|mysql_(?:scan|query)\w*|sqlite_scan|glob|getenv"
    r"|sniff_csv|http_\w+)\s*\(|(?<!distinct\s)\bfrom\s+'[^'\s~]+'|\battach\s+(?:database\b|if\b|')",
    re.IGNORECASE,
)
# A table of the lake that is read as it is, and not at the version that the release notes.
_UNPINNED = re.compile(r"delta_scan\s*\(\s*'(?:[^']|'')*'\s*\)")


def moving(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The unique ids of such nodes, and why."""
    nodes = {**manifest["nodes"], **(manifest.get("unit_tests") or {})}
    return {name: why for name, node in nodes.items() if (why := _why(node, manifest))}


def _why(node: Node, manifest: Mapping[str, Any]) -> str:
    config = node.get("config") or {}
    if node["resource_type"] == "snapshot" or config.get("incremental_strategy") == "microbatch":
        return "it depends on the clock"
    if node.get("language", "sql") != "sql":
        return "it is not SQL"
    text = _without_comments("\n".join(_texts(node, manifest)))
    if found := _CLOCK.search(text):
        return f"it depends on the clock ({found[0].strip(' (')})"
    if found := _ASIDE.search(text) or _UNPINNED.search(_without_comments(node.get("compiled_code") or "")):
        return f"it reads something other than the lake ({found[0].strip(' (')})"
    return ""


def _texts(node: Node, manifest: Mapping[str, Any]) -> list[str]:
    """What a node says: its code, its hooks, its SQL, and the macros of the project that it calls."""
    config = node.get("config") or {}
    macros = (manifest["macros"].get(name, {}) for name in macros_of(node, manifest) if not name.startswith(DBTS_OWN))
    hooks = json.dumps([config.get("pre-hook"), config.get("post-hook")], default=str)
    given = json.dumps([node.get("given"), node.get("expect")], default=str) if node["resource_type"] == "unit_test" else ""
    return [
        node.get("raw_code") or "",
        node.get("compiled_code") or "",
        hooks,
        given,
        *(macro.get("macro_sql") or "" for macro in macros),
    ]


def _without_comments(text: str) -> str:
    return _TOKEN.sub(lambda found: " " if found["comment"] else found[0], text)

"""Which macros a node uses, also those that dbt does not record, and which changed macros dbt itself calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# Packages whose macros come with dbt, not with the project.
DBTS_OWN = ("macro.dbt.", "macro.dbt_duckdb.")
# dbt calls these for every node, and what they say is in the manifest: the name of the relation.
_SHOWN = re.compile(r"generate_(?:schema|alias|database)_name\w*|test_\w+")


def changed_macros(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Macros whose text differs between two manifests."""
    before, after = ({name: macro["macro_sql"] for name, macro in side["macros"].items()} for side in (old, new))
    return frozenset(name for name in {**before, **after} if before.get(name) != after.get(name))


def overriding(changed: frozenset[str], manifest: Mapping[str, Any]) -> frozenset[str]:
    """Changed macros that replace one of dbt's own: dbt calls them for any node, and does not record it."""
    own = {_bare(name) for name in manifest["macros"] if name.startswith(DBTS_OWN)}
    return frozenset(
        name for name in changed if not name.startswith(DBTS_OWN) and _bare(name) in own and not _SHOWN.fullmatch(_bare(name))
    )


def _bare(name: str) -> str:
    """A macro's name without its package and the prefix for adapter.dispatch."""
    return re.sub(r"^(?:default|duckdb)__", "", name.rsplit(".", 1)[-1])


def macros_of(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> frozenset[str]:
    """Every macro that a node calls, also through others.

    dbt records only the calls that it makes while it parses: none behind `is_incremental()`, in a hook, or by the name of a
    materialization or a strategy. These are found in the text.
    """
    reached: set[str] = set()
    waiting = [*((node.get("depends_on") or {}).get("macros") or []), *_called_in(_calls_of(node), manifest)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            macro = manifest["macros"].get(name, {})
            waiting += (macro.get("depends_on") or {}).get("macros") or []
            if not name.startswith(DBTS_OWN):
                waiting += _called_in(macro.get("macro_sql") or "", manifest)
    return frozenset(reached)


def _calls_of(node: Mapping[str, Any]) -> str:
    config = node.get("config") or {}
    hooks = json.dumps([config.get("pre-hook"), config.get("post-hook")], default=str)
    made = [f"materialization_{config.get('materialized')}_{engine}(" for engine in ("default", "duckdb")]
    return " ".join([node.get("raw_code") or "", hooks, f"get_incremental_{config.get('incremental_strategy')}_sql(", *made])


def _called_in(text: str, manifest: Mapping[str, Any]) -> list[str]:
    """Macros of the project, or of a package of it, that a text seems to call."""
    words = set(re.findall(r"(\w+)\s*\(", text))
    return [name for name in manifest["macros"] if not name.startswith(DBTS_OWN) and name.rsplit(".", 1)[-1] in words]


# What may give another result in a build than in a compilation on an empty warehouse.
_HIDING = re.compile(
    r"run_query|statement\s*\(|load_result|load_relation|\badapter\b(?!\.dispatch)|\bgraph\b|sql_header|\btarget\b|\bflags\b"
    r"|selected_resources|invocation_args_dict|should_full_refresh"
)


def may_hide(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether a node, or a macro that it calls, uses something that a compilation on an empty warehouse does not have."""
    texts = [
        node.get("raw_code") or "",
        *(manifest["macros"].get(name, {}).get("macro_sql", "") for name in macros_of(node, manifest)),
    ]
    return any(_HIDING.search(text) for text in texts)

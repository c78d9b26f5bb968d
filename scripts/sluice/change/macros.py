"""Which macros differ between two manifests, which of them dbt itself calls, and what a compilation does not show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sluice.lineage.macros import DBTS_OWN, macros_of

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

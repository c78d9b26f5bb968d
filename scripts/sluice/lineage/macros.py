"""Which macros a node uses, also those that dbt does not record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Packages whose macros come with dbt, not with the project.
DBTS_OWN = ("macro.dbt.", "macro.dbt_duckdb.")


def macros_of(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> frozenset[str]:
    """Every macro that a node calls, also through others.

    dbt records only the calls that it makes while it parses: none behind `is_incremental()`, in a hook, by the name of a
    materialization or a strategy, or of a macro that is handed on as a value. These are found in the text.
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


_ASKS = re.compile(r"\brun_query\b|\bstatement\s*\(|\bload_(?:result|relation)\b|\badapter\s*\.(?!\s*(?:dispatch|quote)\b)")


def asks_the_warehouse(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether a node, or a macro of a package or the project that it calls, seems to ask the warehouse while it is compiled."""
    called = (name for name in macros_of(node, manifest) if not name.startswith(DBTS_OWN))
    texts = [node.get("raw_code") or "", *(manifest["macros"].get(name, {}).get("macro_sql", "") for name in called)]
    return any(_ASKS.search(text) for text in texts)


def _calls_of(node: Mapping[str, Any]) -> str:
    config = node.get("config") or {}
    hooks = [hook.get("sql") if isinstance(hook, dict) else hook for kind in _HOOKS for hook in _listed(config.get(kind))]
    made = [f"materialization_{config.get('materialized')}_{engine}(" for engine in ("default", "duckdb")]
    strategy = f"get_incremental_{config.get('incremental_strategy')}_sql("
    return " ".join([node.get("raw_code") or "", *map(str, hooks), strategy, *made])


_HOOKS = ("pre-hook", "post-hook")


def _listed(hooks: Any) -> list[Any]:
    return hooks if isinstance(hooks, list) else [hooks] if hooks else []


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_BY_NAME = re.compile(r"(?:\bcontext\s*(?:\[|\.get\s*\()|\bdispatch\s*\()\s*['\"](\w+)['\"]")
# A word of Jinja, with what is before its dot; not the name of an argument.
_WORD = re.compile(r"(?<![\w.])(?:(\w+)\.)?([A-Za-z_]\w*)\b(?!\s*=(?!=))")
# Names that a text gives to other things: of loops, of `set`, and of arguments.
_OWN = re.compile(r"\bfor\s+([\w\s,()]+?)\s+in\b|\bset\s+([\w\s,]+?)\s*(?:=|-?%)|\b(?:macro\s+\w+|call)\s*\(([^)]*)\)")


def _called_in(text: str, manifest: Mapping[str, Any]) -> list[str]:
    """Macros of the project, or of a package of it, that a text seems to call, or to hand to something that does."""
    words = set(re.findall(r"(\w+)\s*\(", text)) | set(_BY_NAME.findall(text)) | _handed_on(text, manifest)
    return [name for name in manifest["macros"] if not name.startswith(DBTS_OWN) and name.rsplit(".", 1)[-1] in words]


def _handed_on(text: str, manifest: Mapping[str, Any]) -> set[str]:
    """Words in Jinja that may be the name of a macro: not in quotes, not something of something, not given to another thing."""
    code = " ".join(_QUOTED.sub("''", tag) for tag in _JINJA.findall(text))
    own = {word for found in _OWN.findall(code) for word in re.findall(r"\w+", " ".join(found))}
    packages = {"", *(name.split(".")[1] for name in manifest["macros"])}
    return {word for before, word in _WORD.findall(code) if before in packages and (before or word not in own)}

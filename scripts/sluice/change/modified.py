"""Which nodes of a project differ between two manifests, and why. dbt's state:modified sees neither variables nor large seeds.

Everything here is decided from the manifests; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.change.macros import changed_macros, may_hide, overriding
from sluice.core.manifest import BUILT
from sluice.lineage.macros import macros_of

Node = Mapping[str, Any]

# Keys of a config that change no row: who owns it, who may read it, how it is shown or tested.
_PROPERTIES = {
    "meta", "tags", "docs", "group", "access", "persist_docs", "severity", "store_failures", "static_analysis", "event_time",
    "freshness", "loaded_at_field", "loaded_at_query",
}  # fmt: skip
# For nodes without SQL of their own: the kind of reason, the keys that are compared, whether they touch data, and the detail.
_WITHOUT_SQL: dict[str, tuple[str, tuple[str, ...], bool, str | None]] = {
    "seed": ("seed", ("checksum",), True, "its rows"),
    "unit_test": ("body", ("given", "expect", "overrides", "model"), False, ""),
    "exposure": ("exposure", ("depends_on", "type", "url", "owner", "label"), False, None),
    "source": ("source", ("relation_name", "external"), True, "where it is read from"),
}
_KINDS = ("nodes", "sources", "exposures", "unit_tests")


@dataclass(frozen=True)
class Reason:
    """`kind`: added, removed, body, layout (spacing, comments), macro, variables, config, contract, relation, seed, source, ...

    `touches_data` is False if it cannot change a row: descriptions, tags, tests, layout.
    """

    kind: str
    detail: str = ""
    touches_data: bool = True


@dataclass(frozen=True)
class Modified:
    """A node that differs, and every reason why."""

    unique_id: str
    kind: str
    name: str
    reasons: tuple[Reason, ...]

    @property
    def touches_data(self) -> bool:
        """Whether its rows may differ."""
        return any(reason.touches_data for reason in self.reasons) and self.kind in (*BUILT, "source", "operation")


def modified(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    variables: Sequence[str] = (),
    seed_changed: Callable[[Node], bool] = bool,
    by_dbt: frozenset[str] = frozenset(),
) -> list[Modified]:
    """What differs between two manifests.

    `variables` are the names whose values differ; `seed_changed` says for a seed too large for dbt's checksum whether its
    file differs (by default it does); `by_dbt` is what dbt calls modified, which is left out only where both manifests say the
    same of it: dbt compares a date in YAML with the text that a manifest has of it.
    """
    changed = changed_macros(old, new)
    found = []
    for kind in _KINDS:
        before, after = old.get(kind) or {}, new.get(kind) or {}
        for unique_id in sorted({**before, **after}):
            one, two = before.get(unique_id), after.get(unique_id)
            node = two or one
            assert node is not None
            reasons = [*_reasons(one, two, (old, new), changed, variables, seed_changed)]
            # dbt calls tests of a modified node modified, too: that says nothing about them.
            is_test = node["resource_type"] in ("test", "unit_test")
            if not reasons and unique_id in by_dbt and not is_test and not _is_the_same(one, two):
                reasons = [Reason("dbt", "dbt calls it modified")]
            if reasons:
                found.append(Modified(unique_id, node["resource_type"], node["name"], tuple(reasons)))
    return found


# What a manifest says of a run, not of the code.
_OF_A_RUN = {
    "created_at", "compiled", "compiled_code", "compiled_path", "extra_ctes", "extra_ctes_injected", "build_path", "root_path",
    "deferred",
}  # fmt: skip


def _is_the_same(old: Node | None, new: Node | None) -> bool:
    return old is not None and new is not None and not set(changed_keys(old, new)) - _OF_A_RUN


def _reasons(
    old: Node | None,
    new: Node | None,
    manifests: tuple[Mapping[str, Any], Mapping[str, Any]],
    macros: frozenset[str],
    variables: Sequence[str],
    seed_changed: Callable[[Node], bool],
) -> Iterator[Reason]:
    if old is None or new is None:
        yield Reason("added" if old is None else "removed")
        return
    yield from _of_the_code(old, new)
    behind = [*_of_what_it_uses(old, new, manifests, macros, variables)]
    yield from behind
    if not behind and old.get("raw_code") == new.get("raw_code") and _differs_where_both_are_compiled(old, new):
        yield Reason("sql", "its compiled SQL differs: something that it uses has changed")
    if new["resource_type"] == "seed" and _is_unhashed(new) and seed_changed(new):
        yield Reason("seed", "its rows")
    yield from _of_the_config(old, new)
    yield from _of_the_contract(old, new)
    yield from _of_the_relation(old, new)
    yield from _of_the_description(old, new)


def _is_unhashed(node: Node) -> bool:
    """The checksum of a seed beyond 1 MiB is made from its path."""
    return (node.get("checksum") or {}).get("name") == "path"


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any], keys: Iterable[str] = ()) -> list[str]:
    """The keys, by default all in order, whose values differ."""
    return [key for key in keys or sorted({**before, **after}) if before.get(key) != after.get(key)]


def _of_the_code(old: Node, new: Node) -> Iterator[Reason]:
    kind = new["resource_type"]
    if kind in _WITHOUT_SQL:
        reason, keys, touches, detail = _WITHOUT_SQL[kind]
        changed = changed_keys(old, new, keys)
        if changed:
            yield Reason(reason, ", ".join(changed) if detail is None else detail, touches)
    elif old.get("raw_code") != new.get("raw_code"):
        same = _is_sql(old, new) and all(_squeezed(old.get(key) or "") == _squeezed(new.get(key) or "") for key in _CODE)
        yield Reason("layout", "spacing and comments only", touches_data=False) if same else Reason("body")
    elif (old.get("test_metadata") or {}) != (new.get("test_metadata") or {}):
        yield Reason("body", "its arguments", touches_data=False)


# Kept unchanged: text in quotes, and comments that contain Jinja.
_KEPT = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|/\*.*?\*/"
_TOKEN = re.compile(rf"(?P<kept>{_KEPT})|(?P<space>(?:\s|\{{#.*?#\}}|--(?:(?!\{{[{{%#])[^\n])*(?=\n|\Z))+)", re.DOTALL)


def _squeezed(code: str) -> str:
    """Code without comments, and with each run of spaces outside quotes as one."""
    return _TOKEN.sub(lambda found: found["kept"] or " ", code).strip()


_CODE = ("raw_code", "compiled_code")


def _is_sql(*nodes: Node) -> bool:
    """Whether spaces between words say nothing, as they do in Python."""
    return all(node.get("language", "sql") == "sql" for node in nodes)


def _is_compiled_alike(old: Node, new: Node) -> bool:
    one, two = (node.get("compiled_code") or "" for node in (old, new))
    return one == two or (_is_sql(old, new) and _squeezed(one) == _squeezed(two))


def _differs_where_both_are_compiled(old: Node, new: Node) -> bool:
    """A node that asks the warehouse while dbt compiles it may be compiled on one side only, which says nothing."""
    return all(node.get("compiled_code") for node in (old, new)) and not _is_compiled_alike(old, new)


def _of_what_it_uses(
    old: Node, new: Node, manifests: tuple[Mapping[str, Any], Mapping[str, Any]], macros: frozenset[str], variables: Sequence[str]
) -> Iterator[Reason]:
    """Changed macros and variables that a node uses; they touch no data if its compiled SQL is the same."""
    of_dbt = overriding(macros, manifests[1]) if new["resource_type"] in BUILT else frozenset()
    used = macros_of(new, manifests[1])
    named = ((macros_of(old, manifests[0]) | used) & macros) | of_dbt
    read = _named_in(new, used, manifests[1], variables)
    if named or read:
        touches = bool(of_dbt) or not _is_same_sql(old, new, manifests[1])
        if named:
            yield Reason("macro", ", ".join(sorted(name.rsplit(".", 1)[-1] for name in named)), touches)
        if read:
            yield Reason("variables", ", ".join(read), touches)


def _named_in(node: Node, macros: Iterable[str], manifest: Mapping[str, Any], variables: Sequence[str]) -> list[str]:
    """Variables that the code, or a macro that it calls, names."""
    texts = [node.get("raw_code") or "", *(manifest["macros"].get(name, {}).get("macro_sql", "") for name in macros)]
    return [name for name in variables if any(re.search(rf"['\"]{re.escape(name)}['\"]", text) for text in texts)]


def _is_same_sql(old: Node, new: Node, manifest: Mapping[str, Any]) -> bool:
    """Whether the SQL compiled on an empty warehouse is the same, and shows everything."""
    is_shown = bool(new.get("compiled_code")) and new.get("language") == "sql" and is_visible(old, new, {"macro"}, manifest)
    return is_shown and _is_compiled_alike(old, new)


def _of_the_config(old: Node, new: Node) -> Iterator[Reason]:
    changed = [key for key in changed_keys(old.get("config") or {}, new.get("config") or {}) if key != "contract"]
    data = [key for key in changed if key not in _PROPERTIES]
    if data:
        yield Reason("config", ", ".join(data))
    if len(data) < len(changed):
        yield Reason("properties", ", ".join(key for key in changed if key in _PROPERTIES), touches_data=False)


def _of_the_contract(old: Node, new: Node) -> Iterator[Reason]:
    columns = changed_keys(_promised(old), _promised(new))
    if columns:
        yield Reason("contract", ", ".join(columns))
    elif changed_keys(old, new, ("constraints", "primary_key")):
        yield Reason("contract", "its key or constraints")
    elif changed_keys(old.get("contract") or {}, new.get("contract") or {}, ("enforced",)):
        yield Reason("contract", "whether it is enforced")


def _promised(node: Node) -> dict[str, Any]:
    """Type and constraints of each column that has any."""
    promised = {
        name: (column.get("data_type"), column.get("constraints") or None) for name, column in (node.get("columns") or {}).items()
    }
    return {name: both for name, both in promised.items() if any(both)}


def _of_the_relation(old: Node, new: Node) -> Iterator[Reason]:
    was, now = (".".join(str(node.get(name)) for name in ("schema", "alias")) for node in (old, new))
    if new["resource_type"] in BUILT and was != now:
        yield Reason("relation", f"{was} -> {now}")


def _of_the_description(old: Node, new: Node) -> Iterator[Reason]:
    before, after = (
        [node.get("description"), *((name, one.get("description")) for name, one in (node.get("columns") or {}).items())]
        for node in (old, new)
    )
    if before != after:
        yield Reason("description", "", touches_data=False)


def is_visible(old: Node, new: Node, kinds: set[str], manifest: Mapping[str, Any]) -> bool:
    """Whether the SQL that dbt compiles on an empty warehouse shows the whole difference between two versions of a model.

    It does not if hooks or macros that query the warehouse use what changed, nor if the Jinja of an incremental model
    changed: later runs have other SQL.
    """
    behind = kinds & {"macro", "variables", "dbt"}
    config = new.get("config") or {}
    if behind and (config.get("pre-hook") or config.get("post-hook")):
        return False
    if behind and may_hide(new, manifest):
        return False
    return config.get("materialized") != "incremental" or (not behind and _only_sql_changed(old, new))


def _only_sql_changed(old: Node, new: Node) -> bool:
    """Whether no line with Jinja, and none between an opening and a closing tag, differs."""
    before, after = (_outside_jinja(node.get("raw_code") or "") for node in (old, new))
    return [line for line, inside in before if inside] == [line for line, inside in after if inside]


def _outside_jinja(code: str) -> list[tuple[str, bool]]:
    """Each line, and whether it has Jinja in it or around it."""
    depth, found = 0, []
    for line in code.splitlines():
        opened = len(re.findall(r"\{%-?\s*(?:if|for|macro|call|filter|set\s+\w+\s*-?%)", line))
        closed = len(re.findall(r"\{%-?\s*end\w+", line))
        found.append((line, depth > 0 or "{{" in line or "{%" in line or "}}" in line or "%}" in line))
        depth += opened - closed
    return found

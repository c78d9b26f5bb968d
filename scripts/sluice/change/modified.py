"""Which nodes of a project differ between two manifests, and why. dbt's state:modified sees less: no variables, no large seeds.

Everything here looks at data only; nothing is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.change.macros import changed_macros, macros_of, may_hide, overriding

Node = Mapping[str, Any]

# What may be in a config and changes no row: who owns it, who may read it, how it is shown or tested.
_TELLING = {
    "meta",
    "tags",
    "docs",
    "group",
    "access",
    "persist_docs",
    "severity",
    "store_failures",
    "static_analysis",
    "event_time",
    "freshness",
    "loaded_at_field",
    "loaded_at_query",
}
_MADE = ("model", "seed", "snapshot")
_KINDS = ("nodes", "sources", "exposures", "unit_tests")


@dataclass(frozen=True)
class Reason:
    """`kind`: added, removed, body, layout (spacing, comments), macro, variables, config, contract, relation, seed, source, ...

    `touches_data` is False for what can't change a row: descriptions, tags, tests, layout.
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
        """Whether what it makes may be different."""
        return any(reason.touches_data for reason in self.reasons) and self.kind in (
            "model",
            "seed",
            "snapshot",
            "source",
            "operation",
        )


def modified(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    variables: Sequence[str] = (),
    seed_changed: Callable[[Node], bool] = bool,
    by_dbt: frozenset[str] = frozenset(),
) -> list[Modified]:
    """What differs between two manifests.

    `variables` are the names whose values differ; `seed_changed` tells of a seed too large for dbt's checksum whether
    its file differs (not asked, it does); `by_dbt` is what dbt calls modified, which is never left out.
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
            # Tests of a modified node are modified, to dbt: that says nothing about them.
            if not reasons and unique_id in by_dbt and node["resource_type"] not in ("test", "unit_test"):
                reasons = [Reason("dbt", "dbt calls it modified")]
            if reasons:
                found.append(Modified(unique_id, node["resource_type"], node["name"], tuple(reasons)))
    return found


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
    behind = [*_of_what_is_called(old, new, manifests, macros, variables)]
    yield from behind
    if not behind and old.get("raw_code") == new.get("raw_code") and _compiled(old) != _compiled(new):
        yield Reason("sql", "its compiled SQL differs: something that it is made with has changed")
    if new["resource_type"] == "seed" and _is_unhashed(new) and seed_changed(new):
        yield Reason("seed", "its rows")
    yield from _of_the_config(old, new)
    yield from _of_the_contract(old, new)
    yield from _of_the_relation(old, new)
    yield from _of_what_is_told(old, new)


def _is_unhashed(node: Node) -> bool:
    """dbt takes the path of a seed beyond 1 MiB for its checksum."""
    return (node.get("checksum") or {}).get("name") == "path"


def _of_the_code(old: Node, new: Node) -> Iterator[Reason]:
    kind = new["resource_type"]
    if kind == "seed":
        if old.get("checksum") != new.get("checksum"):
            yield Reason("seed", "its rows")
    elif kind == "unit_test":
        if _written(old, ("given", "expect", "overrides", "model")) != _written(new, ("given", "expect", "overrides", "model")):
            yield Reason("body", "", touches_data=False)
    elif kind in ("source", "exposure"):
        yield from _of_the_rest(old, new)
    elif old.get("raw_code") != new.get("raw_code"):
        same = _squeezed(old.get("raw_code") or "") == _squeezed(new.get("raw_code") or "") and _compiled(old) == _compiled(new)
        yield Reason("layout", "spacing and comments only", touches_data=False) if same else Reason("body")
    elif (old.get("test_metadata") or {}) != (new.get("test_metadata") or {}):
        yield Reason("body", "its arguments", touches_data=False)


def _of_the_rest(old: Node, new: Node) -> Iterator[Reason]:
    if new["resource_type"] == "exposure":
        names = ("depends_on", "type", "url", "owner", "label")
        changed = [name for name in names if old.get(name) != new.get(name)]
        if changed:
            yield Reason("exposure", ", ".join(changed), touches_data=False)
    elif any(old.get(name) != new.get(name) for name in ("relation_name", "external")):
        yield Reason("source", "where it is read from")


def _written(node: Node, names: Sequence[str]) -> str:
    return json.dumps([node.get(name) for name in names], sort_keys=True, default=str)


# What is kept as it is: text in quotes, and comments that contain Jinja.
_KEPT = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|/\*.*?\*/"
_TOKEN = re.compile(rf"(?P<kept>{_KEPT})|(?P<space>(?:\s|\{{#.*?#\}}|--(?:(?!\{{[{{%#])[^\n])*(?=\n|\Z))+)", re.DOTALL)


def _squeezed(code: str) -> str:
    """Code without comments, and with every run of spaces outside of quotes as one."""
    return _TOKEN.sub(lambda found: found["kept"] or " ", code).strip()


def _compiled(node: Node) -> str:
    return _squeezed(node.get("compiled_code") or "")


def _of_what_is_called(
    old: Node, new: Node, manifests: tuple[Mapping[str, Any], Mapping[str, Any]], macros: frozenset[str], variables: Sequence[str]
) -> Iterator[Reason]:
    """Changed macros and variables that a node is made with; they touch no data where its SQL shows that nothing differs."""
    of_dbt = overriding(macros, manifests[1]) if new["resource_type"] in _MADE else frozenset()
    used = macros_of(new, manifests[1])
    named = ((macros_of(old, manifests[0]) | used) & macros) | of_dbt
    told = _named_in(new, used, manifests[1], variables)
    if named or told:
        touches = bool(of_dbt) or not _is_same_sql(old, new, manifests[1])
        if named:
            yield Reason("macro", ", ".join(sorted(name.rsplit(".", 1)[-1] for name in named)), touches)
        if told:
            yield Reason("variables", ", ".join(told), touches)


def _named_in(node: Node, macros: Iterable[str], manifest: Mapping[str, Any], variables: Sequence[str]) -> list[str]:
    """Variables that the code, or a macro that it calls, says the name of."""
    texts = [node.get("raw_code") or "", *(manifest["macros"].get(name, {}).get("macro_sql", "") for name in macros)]
    return [name for name in variables if any(re.search(rf"['\"]{re.escape(name)}['\"]", text) for text in texts)]


def _is_same_sql(old: Node, new: Node, manifest: Mapping[str, Any]) -> bool:
    """Whether what is compiled on an empty warehouse is the same, and is all there is to see."""
    is_shown = bool(new.get("compiled_code")) and new.get("language") == "sql" and is_visible(old, new, {"macro"}, manifest)
    return is_shown and _compiled(old) == _compiled(new)


def _of_the_config(old: Node, new: Node) -> Iterator[Reason]:
    before, after = (dict(node.get("config") or {}) for node in (old, new))
    changed = sorted(name for name in {**before, **after} if before.get(name) != after.get(name) and name != "contract")
    data = [name for name in changed if name not in _TELLING]
    if data:
        yield Reason("config", ", ".join(data))
    if len(data) < len(changed):
        yield Reason("properties", ", ".join(name for name in changed if name in _TELLING), touches_data=False)


def _of_the_contract(old: Node, new: Node) -> Iterator[Reason]:
    before, after = (_promised(node) for node in (old, new))
    columns = sorted(name for name in {**before, **after} if before.get(name) != after.get(name))
    if columns:
        yield Reason("contract", ", ".join(columns))
    elif any(old.get(name) != new.get(name) for name in ("constraints", "primary_key")):
        yield Reason("contract", "its key or constraints")
    elif (old.get("contract") or {}).get("enforced") != (new.get("contract") or {}).get("enforced"):
        yield Reason("contract", "whether it is enforced")


def _promised(node: Node) -> dict[str, Any]:
    """Type and constraints of each column that has any."""
    columns = (node.get("columns") or {}).items()
    return {
        name: (column.get("data_type"), _written(column, ("constraints",)))
        for name, column in columns
        if column.get("data_type") or column.get("constraints")
    }


def _of_the_relation(old: Node, new: Node) -> Iterator[Reason]:
    was, now = (".".join(str(node.get(name)) for name in ("schema", "alias")) for node in (old, new))
    if new["resource_type"] in ("model", "seed", "snapshot") and was != now:
        yield Reason("relation", f"{was} -> {now}")


def _of_what_is_told(old: Node, new: Node) -> Iterator[Reason]:
    def told(node: Node) -> list[Any]:
        columns = {name: column.get("description") for name, column in (node.get("columns") or {}).items()}
        return [node.get("description"), columns]

    if told(old) != told(new):
        yield Reason("description", "", touches_data=False)


def is_visible(old: Node, new: Node, kinds: set[str], manifest: Mapping[str, Any]) -> bool:
    """Whether the SQL that dbt compiles on an empty warehouse shows the whole difference of two versions of a model.

    It doesn't where hooks or macros that ask the warehouse are made with what changed, nor where an incremental model's
    Jinja did: later runs have SQL of their own.
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

"""Whether what has to balance balances: the models that say so by `meta: summary` with a `balance`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sluice.core.dbt import Mart
from sluice.core.duck import connect
from sluice.core.manifest import relation_of
from sluice.core.text import cell, plural
from sluice.environments.resolve import holding
from sluice.page.document import code, folded, table
from sluice.site import parts
from sluice.site.context import Site
from sluice.site.parts import Tile
from sluice.summary.totals import Totals, asked_for


def tiles(found: Sequence[Totals]) -> list[Tile]:
    """Whether everything balances; nothing where no model says what has to."""
    if not found:
        return []
    wrong = sum(one.unbalanced for one in found)
    groups = sum(len(one.rows) for one in found)
    value = f"{plural(wrong, 'group')} off" if wrong else "balances"
    return [Tile("Reconciliation", value, f"{plural(groups, 'group')} added up", "bad" if wrong else "good", "#reconciliation")]


def section(found: Sequence[Totals]) -> str:
    """Each model's sums, those that do not balance opened."""
    return parts.section("Reconciliation", "".join(map(_one, found)), anchor="reconciliation")


def _one(found: Totals) -> str:
    wrong = found.unbalanced
    told = f"is 0 in all {plural(len(found.rows), 'group')}" if not wrong else f"is not 0 in {wrong} of {len(found.rows)}"
    word = f'<span class="{"bad" if wrong else "good"}">{escape(told)}</span>'
    rows = [[escape(cell(value)) for value in row] for row in found.rows]
    numbers = [at for at, _ in enumerate(found.columns) if at >= 1 and all(_is_number(row[at]) for row in found.rows)]
    head = f"{code(found.relation)}: {escape(found.balance or '')} {word}"
    return folded(head, table(found.columns, rows, numbers=numbers, name=found.relation), is_open=bool(wrong))


def _is_number(value: object) -> bool:
    return value is None or not isinstance(value, str | bool)


def read(site: Site) -> tuple[Totals, ...]:
    """Of the file that readers open, or of the one that it was made from, where a model is not public."""
    models = _asking(site.manifest)
    if site.shown is None or not models:
        return ()
    file = holding(site.shown.located, [model.relation for model in models])
    with connect(str(file), read_only=True) as connection:
        return tuple(one for one in asked_for(models, connection) if one.balance and one.rows)


def _asking(manifest: Mapping[str, Any]) -> list[Mart]:
    """The models that say what has to balance, by relation."""
    found = []
    for node in manifest["nodes"].values():
        meta = (node.get("config") or {}).get("meta") or {}
        if node["resource_type"] == "model" and (meta.get("summary") or {}).get("balance"):
            found.append(Mart(str(node["name"]), str(node.get("database") or ""), relation_of(node), meta))
    return sorted(found, key=lambda one: one.relation)

"""A manifest of a project that is as large as asked for, with its column lineage: the same for the same numbers."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from sluice.lineage.edges import ROWS, Edge, Lineage


def _listed(text: str) -> list[str]:
    return re.findall(r"\w+", text)


_DOMAINS = _listed("sales web payments stock growth finance support logistics returns campaigns risk people")
_THINGS = _listed(
    "orders items payments refunds sessions events customers products prices carts baskets shipments parcels invoices credits"
    " coupons vouchers tickets calls emails visits searches clicks reviews ratings stores shelves suppliers contracts deliveries"
    " returns complaints subscriptions plans accounts ledgers budgets targets forecasts rates currencies countries regions"
)
_WAYS = _listed("daily weekly monthly judged united screened matched counted priced dated joined latest by_day by_country")
_MEASURES = _listed(
    "amount count share rate price cost margin tax discount quantity weight length duration score rank balance limit"
)
_SUFFIXES = _listed("net gross reporting first last total average median previous expected actual open closed due paid")
_KEYS = _listed(
    "id code key status type kind name source_system currency_code country_code created_at updated_at valid_from valid_to"
)
_PROSE = _listed(
    "amount of the row before and after tax in the currency of the order as delivered by source system with late changes"
    " counted once per day for every customer who has bought something since launch without test accounts number used when"
    " parcel leaves warehouse agreed with finance see handbook chapter value may be missing while nobody has confirmed it"
)


@dataclass(frozen=True)
class Size:
    """How many models, and how many columns each has."""

    models: int = 3000
    columns: int = 20
    seed: int = 1


def manifest_of(size: Size) -> tuple[dict[str, Any], Lineage]:
    """A manifest of models in four layers that read up to three earlier ones, and an edge or two for each column."""
    dice = random.Random(size.seed)
    nodes: dict[str, Any] = {}
    order: list[str] = []
    edges: list[Edge] = []
    for number in range(size.models):
        parents = (
            dice.sample(order[-400:], min(len(order[-400:]), dice.choice((1, 1, 2, 3)))) if number > size.models // 10 else []
        )
        node = _model(number, size, parents, dice)
        edges += _edges(node, [nodes[parent] for parent in parents], dice)
        nodes[node["unique_id"]] = node
        order.append(node["unique_id"])
    groups = {
        f"group.large.{name}": {"name": name, "owner": {"name": f"Team {name}", "email": f"{name}@example.com"}}
        for name in _DOMAINS
    }
    tests = {test["unique_id"]: test for one in nodes.values() for test in _tests(one)}
    exposures = {one["unique_id"]: one for number in range(size.models // 50) for one in [_exposure(number, order, dice)]}
    found = {
        "metadata": {"project_name": "large"},
        "nodes": {**nodes, **tests},
        "sources": {},
        "exposures": exposures,
        "groups": groups,
    }
    return found, Lineage(tuple(sorted(edges)), {}, {})


def _model(number: int, size: Size, parents: list[str], dice: random.Random) -> dict[str, Any]:
    layer = ("staging", "intermediate", "marts", "reports")[min(3, number * 4 // size.models)]
    domain, thing = dice.choice(_DOMAINS), dice.choice(_THINGS)
    name = f"{layer[:3]}_{domain}__{thing}_{dice.choice(_WAYS)}_{number}"
    columns = {column: _column(column, dice) for column in _names(thing, size.columns, dice)}
    reads = "\n".join(
        f"import_{at} as (\n\n    select * from {{{{ ref('{one.split('.')[-1]}') }}}}\n\n)," for at, one in enumerate(parents)
    )
    lines = [f"        {column}::{one['data_type']} as {column}, -- {_prose(dice, 4)}" for column, one in columns.items()]
    sql = (
        f"with\n\n{reads}\n\nrenamed as (\n\n    select\n"
        + "\n".join(lines)
        + f"\n    from import_0\n    where {next(iter(columns))} is not null\n\n)\n\nselect * from renamed"
    )
    return {
        "unique_id": f"model.large.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": domain if layer != "staging" else "staging",
        "fqn": ["large", layer, domain, name],
        "description": f"One row per {thing[:-1]} of {domain}. {_prose(dice, 14)}",
        "columns": columns,
        "config": {
            "materialized": dice.choice(("view", "table", "incremental")),
            "group": domain,
            "contract": {"enforced": layer == "marts"},
        },
        "tags": dice.sample(("daily", "hourly", "weekly", "finance", "public", "slow"), 2),
        "depends_on": {"nodes": parents},
        "original_file_path": f"models/{layer}/{domain}/{name}.sql",
        "raw_code": sql,
        "compiled_code": sql.replace("{{ ref('", '"large"."main"."').replace("') }}", '"'),
    }


def _names(thing: str, wanted: int, dice: random.Random) -> list[str]:
    names = dict.fromkeys([f"{thing[:-1]}_id", *dice.sample(_KEYS, 5)])
    while len(names) < wanted:
        names[f"{dice.choice(_THINGS)[:-1]}_{dice.choice(_MEASURES)}_{dice.choice(_SUFFIXES)}"] = None
    return list(names)[:wanted]


def _column(name: str, dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(("varchar", "bigint", "decimal(18, 4)", "timestamp", "date", "boolean"))
    # One column in three has a text of its own, the others share one, as doc blocks do.
    text = _prose(dice, 9) if dice.random() < 1 / 3 else f"The {name.replace('_', ' ')} of a row."
    return {"name": name, "data_type": kind, "description": text}


def _prose(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_PROSE, k=words)).capitalize() + "."


def _edges(node: dict[str, Any], parents: list[dict[str, Any]], dice: random.Random) -> list[Edge]:
    found = []
    for parent in parents:
        names = list(parent["columns"])
        found += [Edge(parent["unique_id"], one, node["unique_id"], ROWS, "indirect", "join") for one in dice.sample(names, 2)]
    for column in node["columns"]:
        for parent in dice.sample(parents, min(len(parents), dice.choice((1, 1, 2)))):
            found.append(
                Edge(parent["unique_id"], dice.choice(list(parent["columns"])), node["unique_id"], column, "direct", "identity")
            )
    return found


def _tests(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "unique_id": f"test.large.every_{column}_of_{node['name']}_is_there",
            "resource_type": "test",
            "name": f"every_{column}_of_{node['name']}_is_there",
            "attached_node": node["unique_id"],
            "column_name": column,
            "config": {"severity": "error"},
        }
        for column in list(node["columns"])[:2]
    ]


def _exposure(number: int, order: list[str], dice: random.Random) -> dict[str, Any]:
    name = f"{dice.choice(_THINGS)}_dashboard_{number}"
    return {
        "unique_id": f"exposure.large.{name}",
        "resource_type": "exposure",
        "name": name,
        "type": "dashboard",
        "owner": {"name": "Analysts", "email": "analysts@example.com"},
        "description": _prose(dice, 10),
        "fqn": ["large", name],
        "depends_on": {"nodes": dice.sample(order[-500:], 3)},
    }

"""The features as window functions over all events: what a mart computes, and what both live ways have to equal."""

from __future__ import annotations

from sluice.features.declared import Feature, Features

_INTERVAL = "interval '{window}'"


def query(features: Features, events: str) -> str:
    """SQL of the id and every declared feature of each event in the relation `events`."""
    columns = [f"{_of(feature, features)} as {feature.name}" for feature in features.aggregates]
    ratios = [f"{a}::double / nullif({b}::double, 0) as {name}" for name, (a, b) in features.ratios.items()]
    listed = ",\n    ".join([features.id, features.kind, features.at, *features.columns, *columns])
    return f"select *, {', '.join(ratios)} from (\n  select\n    {listed}\n  from {events}\n)"


def of_arrived(features: Features, events: str, arrived: str) -> str:
    """SQL of the same for the events in `arrived`, from those `events` alone that share an entity with one of them."""
    aggregates: list[str] = []
    tables, joined = [], [arrived]
    for number, (entity, key) in enumerate(features.entities.items()):
        own = tuple(feature for feature in features.aggregates if feature.entity == entity)
        columns = [features.id, *(f"{_of(feature, features)} as {feature.name}" for feature in own)]
        # An event without the entity is not among those that share it; its row comes from `arrived`.
        near = f"(select * from {events} where {key} in (select {key} from {arrived}))"
        inner = f"select {', '.join(columns)} from {near}"
        tables.append(f"e{number} as (select * from ({inner}) where {features.id} in (select {features.id} from {arrived}))")
        joined.append(f"left join e{number} on e{number}.{features.id} = {arrived}.{features.id}")
        aggregates += [f"e{number}.{feature.name}" for feature in own]
    ratios = [f"{a}::double / nullif({b}::double, 0) as {name}" for name, (a, b) in features.ratios.items()]
    everything = f"select {', '.join([f'{arrived}.{features.id}', *features.columns, *aggregates])} from {' '.join(joined)}"
    listed = ", ".join([features.id, *features.names])
    return f"with {', '.join(tables)} select {listed} from (select *, {', '.join(ratios)} from ({everything}))"


def _of(feature: Feature, features: Features) -> str:
    key, at = features.entities[feature.entity], features.at
    start = "unbounded" if feature.length is None else _INTERVAL.format(window=feature.window)
    over = f"over (partition by {key} order by {at} range between {start} preceding and interval 1 microsecond preceding)"
    where = f"filter (where {feature.where})" if feature.where else ""
    if feature.aggregate == "count":
        return _known(key, f"count(*) {where} {over}")
    if feature.aggregate == "count_distinct":
        return _known(key, f"count(distinct {feature.value}) {where} {over}")
    if feature.aggregate == "mean":
        total, count = (f"{name}({feature.value}) {where} {over}" for name in ("sum", "count"))
        return _known(key, f"({total})::double / nullif(({count})::double, 0)")
    if feature.aggregate in ("seconds_since_last", "seconds_since_first"):
        name = "max" if feature.aggregate == "seconds_since_last" else "min"
        return _known(key, f"(epoch_us({at}) - epoch_us({name}({at}) {where} {over})) / 1000000")
    return _known(key, f"{feature.aggregate}({feature.value}) {where} {over}")


def _known(key: str, aggregate: str) -> str:
    """Of an entity that is not known, nothing is known."""
    return f"case when {key} is not null then {aggregate} end"

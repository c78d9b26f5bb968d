"""The rows behind a point: a query that a reader can copy and, of series that fail or warn, some of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded, personal_columns
from sluice.core.text import value
from sluice.environments.resolve import locate
from sluice.quality.charts.declared import Follow, FollowedModel, declared
from sluice.site.context import Judged
from sluice.site.health.series import Series

SHOWN = 8  # rows of a series
_MOST = 20  # series whose rows are shown


@dataclass(frozen=True)
class Behind:
    """The query of a series, with `:day` where the day goes, and the rows of its worst point."""

    query: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    hidden: tuple[str, ...] = ()


def read(judged: Judged, manifest: Mapping[str, Any], series: Sequence[Series]) -> dict[int, Behind]:
    """What is behind each series that a model follows, by its number. Series of runs have no rows."""
    try:
        models = {model.relation: model for model in declared(manifest)}
        file = locate(judged.release_id).file
    except SluiceError:  # a declaration that an audit reports
        return {}
    found: dict[int, Behind] = {}
    shown = 0
    with connect(str(file), read_only=True) as connection:
        for one in series:
            model = models.get(one.relation)
            query = _query(model, one) if model else None
            if model is None or query is None:
                continue
            with_rows = one.state in ("fail", "warn") and one.found.get("worst") and shown < _MOST
            found[one.number] = _rows(connection, query, one, manifest, model) if with_rows else Behind(query)
            shown += bool(with_rows)
    return found


def _query(model: FollowedModel, one: Series) -> str | None:
    """The rows of a day: those that meet the condition, or all that are measured."""
    for follow in model.follows:
        if _dimension(follow) == _names(one) and one.found.get("measure") in follow.measured:
            return _text(model, follow, one)
    return None


def _dimension(follow: Follow) -> tuple[str, ...]:
    return follow.by


def _names(one: Series) -> tuple[str, ...]:
    """The columns that tell the series from others."""
    given = str(one.found.get("dimension") or "")
    return tuple(part.partition("=")[0] for part in given.split(",")) if given else ()


def _text(model: FollowedModel, follow: Follow, one: Series) -> str:
    measure = follow.measured[str(one.found["measure"])]
    conditions = [f"({follow.at})::date = date ':day'"]
    values = [part.partition("=")[2] for part in str(one.found.get("dimension") or "").split(",")]
    for column, given in zip(follow.by, values, strict=False):
        is_null = given == "(null)"
        conditions.append(f"{identifier(column)} is null" if is_null else f"{identifier(column)} = {literal(given)}")
    conditions += [f"({follow.where})"] if follow.where else []
    conditions += [f"({measure.condition})"] if measure.condition else []
    return f"select *\nfrom {model.relation}\nwhere " + "\n    and ".join(conditions)


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, one: Series, manifest: Mapping[str, Any], model: FollowedModel
) -> Behind:
    """Some rows of the strongest point, without the columns that hold personal data."""
    day = datetime.fromisoformat(str(one.found["worst"]["at"])).date()
    try:
        found = connection.execute(f"{query.replace(':day', str(day))}\nlimit {SHOWN}")
        columns = [column[0] for column in found.description or ()]
        rows = found.fetchall()
    except duckdb.Error:  # a model that is not public, or a column that has gone
        return Behind(query)
    secret = personal_columns(manifest["nodes"][model.unique_id])
    kept = [at for at, name in enumerate(columns) if folded(name) not in secret]
    return Behind(
        query,
        tuple(columns[at] for at in kept),
        tuple(tuple(value(None if row[at] is None else str(row[at])) for at in kept) for row in rows),
        tuple(name for name in columns if folded(name) in secret),
    )

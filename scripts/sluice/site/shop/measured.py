"""Asks the release for what is shown: one query for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from sluice.core.duck import identifier
from sluice.core.errors import SluiceError
from sluice.site.context import Site
from sluice.site.shop.declared import Show, Shown

HINT = "write SQL on the columns of the model; y is an aggregate, such as sum(amount)"


@dataclass(frozen=True)
class Measured:
    """Rows of (x, y), (x, series, y) or the columns of a table. `weeks` is y over the last seven days, and the seven before."""

    shown: Shown
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    weeks: tuple[Any, Any] | None = None
    left_out: int = 0


def measure(site: Site, shown: Shown) -> Measured:
    """Raises SluiceError, with the place of the declaration, where the release cannot answer."""
    show = shown.show
    try:
        found = site.db.execute(query(shown))
        columns = tuple(column[0] for column in found.description or ())
        rows = tuple(found.fetchall())
        kept = rows[: show.most] if show.kind in ("bar", "table") else rows
        return Measured(shown, columns, kept, _weeks(site, shown, rows), len(rows) - len(kept))
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise SluiceError(f"{show.title} cannot be shown: {said}", where=f"{shown.place}, show", hint=HINT) from error


def query(shown: Shown) -> str:
    """SQL of what is shown."""
    show = shown.show
    where = f"\nwhere {show.where}" if show.where else ""
    source = f"from {_relation(shown)}{where}"
    if show.kind == "table":
        order = f"\norder by {show.order}" if show.order else ""
        return f"select {', '.join(show.columns)}\n{source}{order}"
    groups = f"({show.x}) as x" + (f", ({show.series}) as series" if show.series else "")
    order = f", {show.order} as sluice_order" if show.order else ""
    ordered = "sluice_order, x" if show.order else "x" if show.kind in ("line", "cohort", "funnel") else "y desc nulls last, x"
    names = "x, series, y" if show.series else "x, y"
    grouped = "x, series" if show.series else "x"
    return (
        f"select {names} from (\nselect {groups}, {show.y} as y{order}\n{source}\ngroup by {grouped}\n)"
        f"\nwhere x is not null\norder by {ordered}{', series' if show.series else ''}"
    )


def _relation(shown: Shown) -> str:
    schema, _, name = shown.relation.partition(".")
    return f"shown.{identifier(schema)}.{identifier(name)}"


def _weeks(site: Site, shown: Shown, rows: Sequence[tuple[Any, ...]]) -> tuple[Any, Any] | None:
    """The whole of the last seven days of a line by day, and of the seven before: y is asked again, so that shares are right."""
    days = [row[0] for row in rows if isinstance(row[0], date)]
    if shown.show.kind != "line" or not days or (max(days) - min(days)).days < 14:
        return None
    last = max(days)
    where = f"({shown.show.where}) and " if shown.show.where else ""

    def over(first: date, end: date) -> Any:
        between = f"({shown.show.x})::date between date '{first:%Y-%m-%d}' and date '{end:%Y-%m-%d}'"
        row = site.db.execute(f"select {shown.show.y} from {_relation(shown)} where {where}{between}").fetchone()
        return row[0] if row else None

    week = timedelta(days=6)
    return over(last - week, last), over(last - week - timedelta(days=7), last - timedelta(days=7))


def names_of(show: Show) -> tuple[str, ...]:
    """Column heads of its table."""
    return tuple(name for name in (show.x, show.series, show.y) if name)

"""A warehouse of one table, core.sales, and the manifest of a project that follows it: what tests of charts need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from sluice.quality.charts.declared import FollowedModel, declared
from sluice.quality.charts.judged import Wish, judge
from sluice.quality.charts.result import ChartFindings, SeriesResult

TODAY = date(2026, 3, 2)


def manifest(follow: Any, **config: Any) -> dict[str, Any]:
    """dbt's manifest of a project whose only model, core.sales, is public and follows this; None: it says nothing."""
    node = {
        "unique_id": "model.shop.sales",
        "resource_type": "model",
        "name": "sales",
        "schema": "core",
        "alias": "sales",
        "access": "public",
        "group": "money",
        "patch_path": "shop://models/_core.yml",
        "columns": {"email": {"config": {"meta": {"pii": "contact"}}}},
        "config": {"materialized": "table", "meta": {} if follow is None else {"follow": follow}, **config},
    }
    groups = {"group.shop.money": {"name": "money", "owner": {"email": "money@shop.example"}}}
    return {"nodes": {"model.shop.sales": node}, "groups": groups}


@dataclass
class Followed:
    """A warehouse file below `root`; days are counted from the first of January 2026."""

    root: Path

    @property
    def file(self) -> Path:
        """The warehouse."""
        return self.root / "shop.duckdb"

    def build(self, sql: str) -> None:
        """Make core.sales from a query."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(f"create schema if not exists core; create or replace table core.sales as {sql}")

    def sell(self, counts: Sequence[int], **shops: Sequence[int]) -> None:
        """So many sales on each day since the first of January: of the shop `web`, and of others by their names."""
        days = [(at, shop, count) for shop, of in {"web": counts, **shops}.items() for at, count in enumerate(of)]
        listed = ", ".join(f"({at}, '{shop}', {count})" for at, shop, count in days)
        self.build(f"""
            select date '2026-01-01' + day as sold_on, shop, 10.0 as amount
            from (values {listed}) as days (day, shop, number), range(number)
        """)

    def models(self, follow: Any) -> list[FollowedModel]:
        """What the project follows; `at` is sold_on."""
        return declared(manifest(follow, event_time="sold_on"))

    def judge(
        self,
        follow: Any = True,
        *,
        today: date = TODAY,
        known: str | None = None,
        keep: str | None = None,
        phases: Sequence[tuple[str, datetime]] = (),
        runs: str = "",
    ) -> ChartFindings:
        """Judge it; `known` and `keep` are names of files with points."""
        places = [self.root / name if name else None for name in (known, keep)]
        owners = {"core.sales": "money@shop.example"}
        wish = Wish(self.file, self.models(follow), today, places[0], phases, places[1], runs, owners)
        return judge(wish)

    def series(self, follow: Any = True, **more: Any) -> Mapping[str, SeriesResult]:
        """The results by metric, without `core.sales.`."""
        return {one.metric.removeprefix("core.sales."): one for one in self.judge(follow, **more).series}

    def points(self, follow: Any = True, **more: Any) -> Mapping[str, list[tuple[Any, ...]]]:
        """The points that were measured: for each metric the day, the value and the denominator."""
        self.judge(follow, keep="points.parquet", **more)
        with duckdb.connect() as connection:
            found = connection.execute(f"""
                select metric, list((substr(measured_at::date::varchar, 6), value, denominator) order by measured_at)
                from read_parquet('{self.root / "points.parquet"}') group by metric order by metric
            """).fetchall()
        return {metric.removeprefix("core.sales."): points for metric, points in found}

"""(i) What the charts of an audit cost: 2,004 series of 400 days in one file, and the night after.

As a program: the arguments are the warehouse file, the last day, the points of the night before ("" for none), the file
for the points of this one, and the file for the figures.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import duckdb

from lab.bench.process import measure

SHOPS, DAYS, ROWS = 500, 400, 10  # of a day and shop
LAST = date(2026, 3, 31)
# Four measures of each shop and of all together: 2,004 series.
MEASURES = {
    "rows": "count",
    "returned": {"condition": "is_returned", "direction": "up", "severity": "error"},
    "mean_amount": {"value": "avg(amount)"},
    "pieces": {"value": "sum(pieces)", "denominator": "count(*)"},
}
_FACTS = """
create schema core;
create table core.fct_sales as
select
    (date '{last}' - day::integer)::timestamp + to_seconds(hash(row, 1) % 86400) as sold_at, 'shop ' || shop as shop,
    round(20 * exp((hash(row, 2) % 1000) / 400 - 1.25), 2)::decimal(18, 2) as amount, 1 + hash(row, 3) % 4 as pieces,
    hash(row, 4) % 20 = 0 as is_returned
from (
    select row, row % {shops} as shop, row // {shops} % {days} as day, row // {shops} // {days} as number
    from range({rows}) as rows (row)
)
-- Not each shop is equally busy, Sunday is half a day, and each has sold something.
where number = 0
    or (hash(shop, day, row) % 10 < 3 + shop % 7 and (isodow(date '{last}' - day::integer) < 7 or hash(row, 5) % 2 = 0))
"""
_HEAD = """
## (i) The charts of an audit

{series:,} series of {days} days from {facts:,} rows: all that `sluice audit` does with them, in a process of its own. It starts,
measures, judges each point by those before it, compares with the points of the night before and keeps them. *The engine* is the
judgement alone, in SQL. The aim is 10 processor seconds. {runs} run(s) on {on}, medians.

| night | processor seconds | seconds | the engine | measuring | the rest | start | peak MiB | load |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def bench_charts(root: Path, runs: int) -> dict[str, Any]:
    """The first night, without points to compare with, and the one after it."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    file = root / "sales.duckdb"
    facts = _fill(file)
    nights = [_night(file, root, number) for number in range(runs)]
    found = {name: _median([night[name] for night in nights]) for name in nights[0]}
    series = found["first"].pop("series")
    found["one more day"].pop("series")
    shutil.rmtree(root)
    return {"on": f"{datetime.now(UTC):%Y-%m-%d}", "runs": runs, "days": DAYS, "facts": facts, "series": series, "nights": found}


def _fill(file: Path) -> int:
    with duckdb.connect(str(file)) as connection:
        connection.execute(_FACTS.format(last=LAST, shops=SHOPS, days=DAYS + 1, rows=SHOPS * (DAYS + 1) * ROWS))
        row = connection.execute("select count(*) from core.fct_sales").fetchone()
    assert row
    return int(row[0])


def _night(file: Path, root: Path, number: int) -> dict[str, dict[str, float]]:
    """Both nights; what was built is the same, so the first one looks at it a day earlier."""
    first, second = root / f"first-{number}.parquet", root / f"second-{number}.parquet"
    return {
        "first": _judged(file, LAST, "", first, root / "told.json"),
        "one more day": _judged(file, LAST + timedelta(days=1), str(first), second, root / "told.json"),
    }


def _judged(file: Path, today: date, known: str, keep: Path, told: Path) -> dict[str, float]:
    cost = measure([sys.executable, "-m", "lab.bench.charts", str(file), str(today), known, str(keep), str(told)], os.environ)
    found: dict[str, float] = json.loads(told.read_text(encoding="utf-8"))
    rest = cost.processor_seconds - sum(found[part] for part in ("engine", "measuring", "start"))
    load = round(os.getloadavg()[0], 1)
    whole = {"processor_seconds": cost.processor_seconds, "seconds": cost.seconds, "peak_mib": cost.peak_mib, "load": load}
    return found | whole | {"rest": round(rest, 2)}


def _median(nights: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(night[name] for night in nights), 2) for name in nights[0]}


def section(report: Mapping[str, Any]) -> str:
    """The part of docs/bench.md; nothing where it was not measured."""
    charts = report.get("charts")
    if not charts:
        return ""
    return _HEAD.format(**charts) + "".join(_rows(charts["nights"]))


def _rows(nights: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for name, night in nights.items():
        parts = [f"{night[part]:.1f}" for part in ("processor_seconds", "seconds", "engine", "measuring", "rest", "start")]
        peak, load = f"{night['peak_mib']:,.0f}", f"{night['load']}"
        yield f"| {' | '.join([name, *parts, peak, load])} |\n"


# in the measured process


def main(arguments: list[str]) -> None:
    """Judge one night, and write the figures to a file."""
    _, file, today, known, keep, told = arguments
    from sluice.charts import engine
    from sluice.quality.charts import judged
    from sluice.quality.charts.declared import declared

    spent = {"start": time.process_time(), "engine": 0.0, "measuring": 0.0}
    _clock(spent, "engine", engine, "judge")
    _clock(spent, "measuring", judged, "measure")
    wish = judged.Wish(
        Path(file), declared(_manifest()), date.fromisoformat(today), Path(known) if known else None, keep=Path(keep)
    )
    found = judged.judge(wish)
    assert not found.count("not_run"), "a series was too short"
    figures = {part: round(seconds, 3) for part, seconds in spent.items()} | {"series": len(found.series)}
    Path(told).write_text(json.dumps(figures), encoding="utf-8")


def _manifest() -> dict[str, Any]:
    """What dbt would say of a project with this one model."""
    follow = {"at": "sold_at", "by": "shop", "most": SHOPS, "measures": MEASURES}
    node = {
        "resource_type": "model", "name": "fct_sales", "database": "sales", "schema": "core", "alias": "fct_sales",
        "config": {"materialized": "table", "enabled": True, "meta": {"follow": follow}}, "columns": {}, "tags": [],
        "original_file_path": "models/fct_sales.sql", "fqn": ["shop", "fct_sales"], "access": "public", "group": None,
        "unique_id": "model.shop.fct_sales", "package_name": "shop",
    }  # fmt: skip
    return {"nodes": {"model.shop.fct_sales": node}, "sources": {}, "groups": {}, "exposures": {}}


def _clock(spent: dict[str, float], part: str, module: Any, name: str) -> None:
    """Let a function of a module add the processor seconds that it uses to its part."""
    function: Callable[..., Any] = getattr(module, name)

    @wraps(function)
    def call(*given: Any, **options: Any) -> Any:
        before = time.process_time()
        try:
            return function(*given, **options)
        finally:
            spent[part] += time.process_time() - before

    setattr(module, name, call)


if __name__ == "__main__":
    main(sys.argv)

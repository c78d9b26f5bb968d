"""A project with a long history, written in seconds: runs, nodes of each build, followed series, releases."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import write_deltalake

from lab.tiny_releases import ReleaseShop, shop_in
from sluice.core.duck import literal
from sluice.history import ledger
from sluice.history.kinds import KINDS, Entry
from sluice.lake.opening import open_table
from sluice.quality.charts.result import POINTS

LAST = datetime.fromisoformat("2026-03-01T02:00:00")
LAYERS = 5
SHOWN = [{"title": "Rows by day", "kind": "line", "x": "day_on", "y": "sum(amount)", "series": "channel"}]


def project_in(root: Path, days: int, models: int, series: int) -> ReleaseShop:
    """A project whose last release follows so many series, and whose history has a run for each day."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "dbt_project.yml").write_text("name: large_shop\n")
    (root / "environments.yml").write_text("environments: {prod: {kind: pointer}, dev: {kind: file}}\n")
    shop = replace(shop_in(root), fill=_warehouse(days))
    made = _manifest(models)
    for number in range(10):
        release_id = shop.candidate()
        folder = shop.context.candidates / release_id
        (folder / "manifest.json").write_text(json.dumps(made))
        if number == 9:
            _followed(folder / "audit", days, series, models)
        shop.publish(release_id, why="nightly")
    shutil.rmtree(root / "lake" / "ops", ignore_errors=True)
    ledger.ensure(shop.context.lake)
    _history(shop.context.lake, days, models)
    return shop


def _warehouse(days: int) -> Any:
    def fill(path: Path, number: int, rows: int) -> None:  # noqa: ARG001
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"""
                create schema core;
                create table core.m_0 as
                    select date '2025-01-01' + day::integer as day_on, channel, 100.0 + {number} as amount
                    from range({days}) as days (day), (values ('web'), ('app')) as channels (channel);
            """)

    return fill


def _manifest(models: int) -> dict[str, Any]:
    """Models in layers, each made of two of the layer before."""
    nodes = {}
    wide = max(1, models // LAYERS)
    for number in range(models):
        above = [f"model.shop.m_{(number - wide + n) % models}" for n in (0, 1)] if number >= wide else []
        nodes[f"model.shop.m_{number}"] = {
            "unique_id": f"model.shop.m_{number}", "resource_type": "model", "name": f"m_{number}", "schema": "core",
            "alias": f"m_{number}", "access": "public", "depends_on": {"nodes": sorted(set(above))},
            "columns": {f"c_{n}": {"name": f"c_{n}", "description": "A column.", "data_type": "varchar"} for n in range(12)},
            "description": "One row per thing.", "original_file_path": f"models/m_{number}.sql",
            "config": {"materialized": "table", "meta": {"show": SHOWN} if number == 0 else {}},
        }  # fmt: skip
    return {"metadata": {"project_name": "large_shop"}, "nodes": nodes, "sources": {}, "exposures": {}, "groups": {}}


def _followed(folder: Path, days: int, series: int, models: int) -> None:
    """The points and the report of an audit: one series in fifty signals."""
    name = f"'core.m_' || (n % {models}) || '.' || if(n % 2 = 0, 'rows', 'share') || '{{shop=' || n || '}}'"
    points = folder / POINTS
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select
                    {name} as metric, if(n % 2 = 0, 'count', 'p') as kind,
                    timestamp '2025-01-01' + interval 1 day * day as measured_at,
                    0 as phase, round(if(n % 2 = 0, 100 + 20 * hash_part, 40 + 20 * hash_part))::double as value,
                    if(n % 2 = 0, null, 100)::double as denominator, day as baseline, hash_part * 2 as z,
                    if(n % 50 = 0 and day = {days} - 1, 2, 0) as level, day = {days} - 1 as is_new
                from (
                    select n, day, (hash(n * 1000 + day) % 1000) / 500.0 - 1 as hash_part
                    from range({series}) as series (n), range({days}) as days (day)
                )
                order by metric, measured_at
            ) to {literal(str(points))} (format parquet, compression zstd)
        """)
        metrics = connection.execute(f"select n, {name} from range({series}) as series (n)").fetchall()
    worst = {
        "at": "2026-02-28T00:00:00", "level": "block", "hurts": True, "is_new": True, "value": 1.0, "usual": 9.0, "lower": 5.0,
        "upper": 13.0, "strength": 5.0, "rules": ["point"], "before": None,
    }  # fmt: skip
    found = [
        {
            "metric": metric, "relation": f"core.m_{n % models}", "model": f"m_{n % models}", "measure": "rows",
            "dimension": f"shop={n}", "kind": "count", "severity": "warn", "direction": "both", "owner": None,
            "status": "warn" if n % 50 == 0 else "pass", "points": days, "new": 1, "signalled": int(n % 50 == 0),
            "worst": worst if n % 50 == 0 else None, "since": None, "remark": "",
        }
        for n, metric in metrics
    ]  # fmt: skip
    (folder / "audit.json").write_text(json.dumps({"charts": {"series": found, "notes": [], "seconds": 1.0}}))


def _history(lake: Path, days: int, models: int) -> None:
    """A run for each day, with its four steps and its models."""
    start = LAST - timedelta(days=days - 1)
    at = f"timestamp '{start}' + interval 1 day * day"
    run = f"select day, 'r' || day as run_id, 'b' || day as invocation_id, {at} as started_at from range({days}) as days (day)"
    queries = {
        "runs": f"""
            select run_id, 'run' as command, 'prod' as environment, started_at, 90 + day % 20 as seconds,
                if(day % 40 = 39, 'failed', 'done') as outcome, (day % 40 = 39)::bigint as exit_code, 'job:nightly' as actor,
                '1' as sluice_version
            from ({run})
        """,
        "steps": f"""
            select run_id, step, invocation_id, 'prod' as environment, started_at, seconds, 'done' as outcome, 0 as exit_code
            from ({run}), (values ('ingest', 10), ('build', 60), ('audit', 15), ('publish', 5)) as steps (step, seconds)
        """,
        "nodes": f"""
            select run_id, invocation_id, 'prod' as environment, 'model.shop.m_' || n as unique_id, 'model' as kind,
                'm_' || n as name, 'core.m_' || n as relation, 'success' as status,
                started_at + interval 1 second * (n / 5) as started_at, 0.1 + (hash(n + day) % 100) / 50.0 as seconds
            from ({run}), range({models}) as nodes (n)
        """,
        "profiles": f"""
            select run_id, 'prod' as environment, 'x' || day as release_id, started_at as measured_at, 'core.m_' || n as relation,
                1000 + day as row_count, 100000 as bytes, started_at - interval 3 hour as newest_at
            from ({run}), range({models}) as nodes (n)
        """,
    }
    for kind in KINDS:
        if kind.TABLE in queries:
            _written(lake, kind, queries[kind.TABLE])


def _written(lake: Path, kind: type[Entry], query: str) -> None:
    values = ", ".join(f"null::{type} as {name}" for name, type in ledger.columns(kind).items())
    schema = pa.schema(open_table(lake / "ops" / kind.TABLE).schema().to_arrow())
    with duckdb.connect() as connection:
        found = connection.execute(f"select {values} where false union all by name ({query})").to_arrow_table()
    rows = found.select([field.name for field in schema]).cast(schema)
    write_deltalake(str(lake / "ops" / kind.TABLE), rows, mode="append")

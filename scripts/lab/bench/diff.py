"""Part (e): a diff of two tables, beside a bare DuckDB full join of the same tables.

Run as a program for one of the ways: `python -m lab.bench.diff <way> <folder> <told>`, so that each is a separate process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from lab.bench.process import measure

LIMIT = "2GB"
# What happens to the second table: amount says which rows change.
CASES = {
    "a row in a thousand": "range % 1000 = 7",
    "a row in ten": "range % 10 = 7",
    "every row": "true",
    "none": "false",
}
_VALUES = ("customer_id", "channel", "country", "currency", "line_count", "is_paid", "ordered_at", "ordered_on")
_AMOUNTS = tuple(f"amount_{n}" for n in range(4))


def make_table(file: Path, rows: int, changed: str | None) -> None:
    """Orders of that many rows; with `changed`, some have another amount, one in a thousand is missing and one is new."""
    add = f" + case when {changed} then 1 else 0 end" if changed else ""
    gone = "where range % 1000 <> 3" if changed not in (None, "false") else ""
    more = f"union all select range from range({rows}, {rows + rows // 1000})" if gone else ""
    amounts = ", ".join(
        f"((hash(range + {n}) % 100000) / 100 {add if n == 0 else ''})::decimal(18, 4) as amount_{n}" for n in range(4)
    )
    with duckdb.connect(str(file), config={"memory_limit": LIMIT}) as connection:
        connection.execute(f"""
            create schema core;
            create table core.orders as
            select 'shop:' || range as order_id, 'c' || hash(range) % 50000 as customer_id,
                ['web', 'store', 'app', 'phone'][1 + range % 4] as channel, ['DE', 'FR', 'AT'][1 + range % 3] as country,
                'EUR' as currency, hash(range) % 7 as line_count, range % 5 = 0 as is_paid,
                timestamp '2024-01-01' + to_seconds(range % 30000000) as ordered_at, ordered_at::date as ordered_on, {amounts}
            from (select range from range({rows}) {gone} {more})
        """)


def _manifest(folder: Path) -> None:
    node = {
        "unique_id": "model.bench.orders", "resource_type": "model", "name": "orders", "schema": "core", "alias": "orders",
        "access": "public", "columns": {}, "constraints": [{"type": "primary_key", "columns": ["order_id"]}],
        "config": {"materialized": "table"}, "depends_on": {"nodes": []},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"nodes": {node["unique_id"]: node}}))


def bench_diff(root: Path, rows: int, runs: int) -> dict[str, Any]:
    """Median seconds and peak memory of a diff in each case, and its ratio to the full join, by pairs."""
    root = root / f"diff_{rows}"
    _manifest(root)
    before = root / "before.duckdb"
    if not before.exists():
        make_table(before, rows, None)
    found: dict[str, Any] = {"rows": rows, "load_1_minute": round(os.getloadavg()[0], 1)}
    for case, changed in CASES.items():
        after = root / "after.duckdb"
        after.unlink(missing_ok=True)
        make_table(after, rows, changed)
        pairs = [(_once("join", root), _once("ours", root)) for _ in range(runs)]
        after.unlink()
        ratios = sorted(ours[0] / join[0] for join, ours in pairs)
        middle = sorted(pairs, key=lambda pair: pair[1][0])[len(pairs) // 2]
        found[case] = {
            "seconds": round(middle[1][0], 2), "join_seconds": round(middle[0][0], 2),
            "ratio": round(ratios[len(ratios) // 2], 2),
            "peak_mib": round(max(ours[1] for _, ours in pairs)), "join_peak_mib": round(max(join[1] for join, _ in pairs)),
        }  # fmt: skip
    return found


_HEAD = """
## (e) A diff

Two tables of 13 columns with a text key, {runs} run(s) on {made_on}, each way in a separate process that limits DuckDB to 2 GB.
The baseline is a full join of the two on the key that counts, per column, the rows that differ. A diff adds sums, means,
distinct values, the direction of changes in each column, and samples. The aim is 2 times the join at 10,000,000 rows. Except
for *none*, one row in a thousand was removed and as many were added.

| rows | changed | seconds | full join | ratio | peak MiB | peak MiB of the join | load |
| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def section(report: Mapping[str, Any]) -> str:
    """The section of docs/bench.md with these figures."""
    if not report.get("diffs"):
        return ""
    rows = [
        f"| {found['rows']:,} | {case} | {one['seconds']:,.1f} | {one['join_seconds']:,.1f} | {one['ratio']:.2f} |"
        f" {one['peak_mib']:,} | {one['join_peak_mib']:,} | {found['load_1_minute']} |\n"
        for found in report["diffs"]
        for case in CASES
        if (one := found.get(case))
    ]
    return _HEAD.format(runs=report["diff_runs"], made_on=report["diffed_on"]) + "".join(rows)


def _once(way: str, root: Path) -> tuple[float, float]:
    """Seconds of the work, without the start of Python and imports, and the peak memory of the process."""
    told = root / f"{way}.json"
    cost = measure([sys.executable, "-m", "lab.bench.diff", way, str(root), str(told)], os.environ)
    return float(json.loads(told.read_text())["seconds"]), cost.peak_mib


def _join(root: Path) -> float:
    """A hand-written query: both tables joined on the key, and per column how many differ."""
    columns = ", ".join(f"count(*) filter (a.{name} is distinct from b.{name})" for name in (*_VALUES, *_AMOUNTS))
    with duckdb.connect(config={"memory_limit": LIMIT, "temp_directory": str(root / "spill")}) as connection:
        connection.execute("set preserve_insertion_order = false")
        for name, file in (("a", "before"), ("b", "after")):
            connection.execute(f"attach '{root / file}.duckdb' as {name} (read_only)")
        started = time.monotonic()
        connection.execute(
            "select count(*) filter (a.order_id is null), count(*) filter (b.order_id is null),"
            f" {columns} from a.core.orders a full join b.core.orders b on a.order_id = b.order_id"
        ).fetchall()
        return time.monotonic() - started


def _ours(root: Path) -> float:
    from sluice.diff.run import diff
    from sluice.diff.side import side

    started = time.monotonic()
    a, b = (side(str(root / f"{name}.duckdb"), root, root) for name in ("before", "after"))
    diff(a, b, memory_limit=LIMIT)
    return time.monotonic() - started


def main(arguments: list[str]) -> None:
    """Run one way, and write its seconds to a file."""
    way, root, told = arguments[1], Path(arguments[2]), Path(arguments[3])
    told.write_text(json.dumps({"seconds": _join(root) if way == "join" else _ours(root)}))


if __name__ == "__main__":
    main(sys.argv)

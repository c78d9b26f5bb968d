"""Part (d): an audit of 50 expectations, beside one query that computes the same figures, GX's own way, and GX on pandas.

Run as a program for one of the ways: `python -m lab.bench.audit <way> <file>`, so that each is a separate process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import duckdb

from lab.bench.process import measure

_SET = ["web", "store", "app", "phone"]
_MONEY = ("price", "cost", "discount", "shipping", "tax", "total")
_TEXT = ("order_id", "channel", "country", "email", "sku")
# Each expectation, and the same figure as a hand-written expression.
CHECKS: list[tuple[str, dict[str, Any], str]] = [
    ("ExpectTableRowCountToBeBetween", {"min_value": 1}, "count(*)"),
    ("ExpectColumnValuesToBeUnique", {"column": "order_id"}, "count(order_id) - count(distinct order_id)"),
    ("ExpectColumnUniqueValueCountToBeBetween", {"column": "customer", "min_value": 1}, "count(distinct customer)"),
    (
        "ExpectColumnDistinctValuesToBeInSet",
        {"column": "channel", "value_set": _SET},
        f"count(distinct channel) filter (where channel not in {tuple(_SET)})",
    ),
    (
        "ExpectColumnValuesToBeInSet",
        {"column": "channel", "value_set": _SET},
        f"count(*) filter (where channel not in {tuple(_SET)})",
    ),
    (
        "ExpectColumnValuesToMatchRegex",
        {"column": "email", "regex": "@shop"},
        "count(*) filter (where not regexp_matches(email, '@shop'))",
    ),
    (
        "ExpectColumnValuesToMatchLikePattern",
        {"column": "sku", "like_pattern": "sku-%"},
        "count(*) filter (where sku not like 'sku-%')",
    ),
    ("ExpectColumnMedianToBeBetween", {"column": "price", "min_value": 0}, "median(price)"),
    ("ExpectColumnMaxToBeBetween", {"column": "sold_at", "min_value": "2024-01-01"}, "max(sold_at)"),
    ("ExpectColumnMinToBeBetween", {"column": "sold_at", "min_value": "2024-01-01"}, "min(sold_at)"),
    *[
        ("ExpectColumnValuesToNotBeNull", {"column": name}, f"count(*) filter (where {name} is null)")
        for name in (*_TEXT, *_MONEY)
    ],
    *[
        ("ExpectColumnValuesToBeBetween", {"column": name, "min_value": 0}, f"count(*) filter (where {name} < 0)")
        for name in _MONEY
    ],
    *[("ExpectColumnMeanToBeBetween", {"column": name, "min_value": 0}, f"avg({name})") for name in _MONEY],
    *[("ExpectColumnStdevToBeBetween", {"column": name, "min_value": 0}, f"stddev_samp({name})") for name in _MONEY],
    *[("ExpectColumnSumToBeBetween", {"column": name, "min_value": 0}, f"sum({name})") for name in _MONEY],
    *[
        ("ExpectColumnValueLengthsToBeBetween", {"column": name, "min_value": 1}, f"count(*) filter (where length({name}) < 1)")
        for name in _TEXT
    ],
]
LIMIT = "2GB"


def make_table(file: Path, rows: int) -> None:
    """A table of orders of that size."""
    amounts = ", ".join(f"((hash(range + {n}) % 100000) / 100)::decimal(18, 4) as {name}" for n, name in enumerate(_MONEY))
    with duckdb.connect(str(file), config={"memory_limit": LIMIT}) as connection:
        connection.execute(f"""
            create or replace table main.orders as
            select 'order-' || range as order_id, hash(range) % 50000 as customer, {_SET}[1 + range % 4] as channel,
                ['DE', 'FR', 'AT'][1 + range % 3] as country, 'c' || hash(range) % 50000 || '@shop.example' as email,
                'sku-' || range % 3000 as sku, {amounts}, timestamp '2024-01-01' + to_seconds(range % 30000000) as sold_at
            from range({rows})
        """)


def bench_audit(root: Path, rows: int, runs: int) -> dict[str, Any]:
    """Seconds and peak memory of each way, the median run of each, and ratios to the single query, by pairs."""
    root.mkdir(parents=True, exist_ok=True)
    file = root / f"audit_{rows}.duckdb"
    if not file.exists():
        make_table(file, rows)
    ways = ["query", "ours", "gx"] + (["pandas"] if rows <= 1_000_000 else [])
    taken: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
    for _ in range(runs):
        for way in ways:
            taken[way].append(_once(way, file))
    single = [inside for _, inside, _ in taken["query"]]
    found: dict[str, Any] = {"rows": rows, "expectations": len(CHECKS), "load_1_minute": round(os.getloadavg()[0], 1)}
    for way, costs in taken.items():
        ratios = sorted(inside / one for (_, inside, _), one in zip(costs, single, strict=True))
        whole = sorted(seconds for seconds, _, _ in costs)
        middle = sorted(costs, key=lambda cost: cost[1])[len(costs) // 2]
        found[way] = {
            "seconds": round(middle[1], 2), "with_start": round(whole[len(whole) // 2], 2),
            "ratio": round(ratios[len(ratios) // 2], 2), "peak_mib": round(max(peak for _, _, peak in costs)),
        }  # fmt: skip
    return found


def _once(way: str, file: Path) -> tuple[float, float, float]:
    """Wall seconds of the process, those of the work without the start of Python and imports, and the peak memory."""
    told = file.with_suffix(f".{way}.json")
    cost = measure([sys.executable, "-m", "lab.bench.audit", way, str(file), str(told)], os.environ)
    return cost.seconds, float(json.loads(told.read_text())["seconds"]), cost.peak_mib


def _query(file: Path) -> float:
    with duckdb.connect(str(file), read_only=True, config={"memory_limit": LIMIT}) as connection:
        connection.execute("set preserve_insertion_order = false")
        started = time.monotonic()
        connection.execute(f"select {', '.join(figure for _, _, figure in CHECKS)} from main.orders").fetchall()
        return time.monotonic() - started


def _judge(file: Path, way: str) -> float:
    from sluice.quality.expectations.quiet import quiet_gx

    with quiet_gx():
        import great_expectations.expectations as gxe
        from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine

        from sluice.quality.expectations import evaluate
        from sluice.quality.expectations.scan import DuckDBScanEngine

        class AsShipped(SqlAlchemyExecutionEngine):
            """GX's own engine, with the one change without which it does not work on DuckDB, and its regex."""

            def execute_query(self, query: Any) -> Any:
                with self.get_connection() as connection:
                    return connection.execute(query).freeze()()

        patterns = ("ExpectColumnValuesToMatchRegex", "ExpectColumnValuesToMatchLikePattern")
        # GX refuses patterns on DuckDB: its own way is measured without them.
        chosen = [check for check in CHECKS if way == "ours" or check[0] not in patterns]
        suite = [getattr(gxe, kind)(**given, meta={evaluate.CHECK: str(n)}) for n, (kind, given, _) in enumerate(chosen)]
        kind = DuckDBScanEngine if way == "ours" else AsShipped
        with evaluate.opened(file, LIMIT) as connection:
            found = evaluate.judged(connection, "main", "orders", ["order_id"], suite, kind)
        wrong = [name for name, result in found.results.items() if not result.success]
        assert not wrong, [
            (suite[int(name)].expectation_type, str(found.results[name].exception_info)[-300:]) for name in wrong[:3]
        ]
        return found.seconds


def _pandas(file: Path) -> float:
    from sluice.quality.expectations.quiet import quiet_gx

    with quiet_gx():
        import great_expectations as gx
        import great_expectations.expectations as gxe

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = cast("Any", {"globally": False})
        started = time.monotonic()
        with duckdb.connect(str(file), read_only=True) as connection:
            frame = connection.execute("from main.orders").df()
        asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("orders")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        kinds = [(kind, given) for kind, given, _ in CHECKS if "LikePattern" not in kind]
        suite = gx.ExpectationSuite("orders", expectations=[getattr(gxe, kind)(**given) for kind, given in kinds])
        batch.validate(suite)
        return time.monotonic() - started


def main(arguments: Mapping[int, str] | list[str]) -> None:
    """Run one way, and write its seconds to a file."""
    way, file, told = arguments[1], Path(arguments[2]), Path(arguments[3])
    seconds = _query(file) if way == "query" else _pandas(file) if way == "pandas" else _judge(file, way)
    told.write_text(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv)

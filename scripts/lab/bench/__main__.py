"""`make bench`: what Sluice costs beside bare DuckDB, as ratios of medians from one run.

For each size, demo deliveries without faults are generated once (kept under bench-data/), then:
  (a) ingest of CSV and of Parquet, against DuckDB's COPY of the same files to Parquet;
  (b) dbt build, against the SQL that it compiled, run statement by statement in one connection;
  (c) one more day on that build, against a full one;
  with seconds and peak memory of each step, so that growth with size is visible. And, for tables of --rows:
  (d) an audit of 50 expectations, against one query that computes the same figures, GX's own way, and GX on pandas;
  (e) a diff of two such tables, against a bare full join of them;
  (f) a reader during a full build, against an idle machine; publish and rollback of warehouses of --moved orders;
  (g) ingest of many CSV files, against dlt's Arrow path into a Delta table;
  (h) what `sluice run` spends on its history, at the first of --orders; and the history of 1,000 runs;
  (i) the charts of an audit: 2,004 series of 400 days;
  (j) a stream: --events of JSON from a Kafka broker into the lake (Java 17 and Maven).
Every measured step is a separate process; its wall time and peak memory come from the operating system.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.bench.audit import bench_audit
from lab.bench.charts import bench_charts
from lab.bench.diff import bench_diff
from lab.bench.dlt_pair import bench_dlt
from lab.bench.history import bench_age, bench_history
from lab.bench.page import page
from lab.bench.process import Cost, Ratio, compare, measure
from lab.bench.quick import bench_quick
from lab.bench.readers import bench_moves, bench_readers
from lab.bench.shop import LARGE, BenchShop, make_shop
from lab.bench.streams import bench_streams
from lab.places import BIN

PYTHON = sys.executable
HERE = Path(__file__).parent
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


def environment(shop: BenchShop, lake: Path, warehouse: Path) -> dict[str, str]:
    """The environment variables that give Sluice and dbt a separate state."""
    return {
        **os.environ,
        "SLUICE_LAKE": str(lake),
        "SLUICE_WAREHOUSE": str(warehouse),
        "DEMO": str(shop.folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def dbt(state: Path, *arguments: str) -> list[str]:
    """A dbt command line with target and logs below `state`."""
    paths = ["--target-path", str(state / "target"), "--log-path", str(state / "logs")]
    return [str(BIN / "dbt"), "--quiet", *arguments, *paths]


def bench_ingest(shop: BenchShop, state: Path, kind: str, runs: int) -> Ratio:
    """(a) `kind` is csv or parquet."""
    feeds = shop.feeds(kind)
    ours, theirs = [], []
    for _ in range(runs):
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        env = environment(shop, state / "lake", state)
        measure([str(BIN / "sluice"), "setup"], env)
        ours.append(measure([str(BIN / "sluice"), "ingest", str(feeds)], env))
        theirs.append(measure([PYTHON, str(HERE / "copy_files.py"), str(feeds), str(state / "copied")], env))
    return compare(ours, theirs)


def bench_builds(shop: BenchShop, state: Path, runs: int, parts: str) -> dict[str, Any]:
    """(b) and (c), on one lake: all days but the last, then the last on the last build of (b).

    A build that an earlier call with `--keep` has left is used again by (c).
    """
    env, left = environment(shop, shop.lake, state), state / "full.json"
    found: dict[str, Any] = {}
    if "b" in parts or not left.exists():
        found, full = bench_full_build(shop, state, env, runs)
        left.write_text(json.dumps(asdict(full)), encoding="utf-8")
    if "c" in parts:
        full = Cost(**json.loads(left.read_text(encoding="utf-8")))
        shop.add_to_lake(env)
        found |= bench_next_day(shop, state, env, full)
        left.unlink()
    return found


def bench_full_build(shop: BenchShop, state: Path, env: Mapping[str, str], runs: int) -> tuple[dict[str, Any], Cost]:
    """(b) A full dbt build with its data tests, beside its SQL; the seconds of each node; the cost of the last build.

    Unit tests run on no data and are left out on both sides.
    """
    found: dict[str, Any] = {}
    with shop.without_last_day():
        found["b_ingest_all"] = asdict(shop.fill_lake(env))
        ours, theirs = [], []
        for _ in range(runs):
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir(parents=True)
            ours.append(measure(dbt(state, "build", *WITHOUT_UNIT_TESTS), env))
            found["b_nodes"] = seconds_of_nodes(state / "target")
            bare = [PYTHON, str(HERE / "run_compiled.py"), str(state / "target"), str(state / "dev.duckdb")]
            theirs.append(measure([*bare, str(state / "bare.duckdb")], env))
            (state / "bare.duckdb").unlink()
    found["b_dbt_build"] = asdict(compare(ours, theirs))
    return found, ours[-1]


def seconds_of_nodes(target: Path) -> dict[str, float]:
    """Seconds of each node of dbt's last run by its name, the slowest first."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    found = {str(node["unique_id"]).split(".")[2]: round(float(node["execution_time"]), 2) for node in results}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def bench_next_day(shop: BenchShop, state: Path, env: Mapping[str, str], full: Cost) -> dict[str, Any]:
    """(c) The last day, in the lake by now, built on the days before, whose build cost `full`; with tests, and models only."""
    before, warehouse = state / "before.duckdb", state / "dev.duckdb"
    shutil.copyfile(warehouse, before)
    found = {"models_and_tests": asdict(compare([measure(dbt(state, "build", *WITHOUT_UNIT_TESTS), env)], [full]))}
    nodes = seconds_of_nodes(state / "target")
    if shop.orders < LARGE:  # at that size, the full run takes as long as everything else together
        before.replace(warehouse)
        night = measure(dbt(state, "run"), env)
        found["models"] = asdict(compare([night], [measure(dbt(state, "run", "--full-refresh"), env)]))
    return {"c_next_day": found, "c_nodes": nodes}


def bench_size(orders: int, days: int, root: Path, runs: int, parts: str, *, keep: bool = False) -> dict[str, Any]:
    """All requested parts at one size. With `keep`, the warehouse stays for a later call."""
    shop, made = make_shop(orders, days, root)
    result: dict[str, Any] = {"orders": orders, "days": days, "deliveries_mib": shop.mib()}
    result["on"] = dict.fromkeys(sorted(set(parts) & set("abc")), f"{datetime.now(UTC):%Y-%m-%d}")
    if made:
        result["demo"] = asdict(made)
    if "a" in parts:
        result["a_ingest_csv"] = asdict(bench_ingest(shop, shop.state / "a", "csv", runs))
        result["a_ingest_parquet"] = asdict(bench_ingest(shop, shop.state / "a", "parquet", runs))
    if "b" in parts or "c" in parts:
        result |= bench_builds(shop, shop.state, runs, parts)
    if not keep:
        shutil.rmtree(shop.state, ignore_errors=True)
    return result


def machine() -> Mapping[str, str | int | None]:
    """The machine that the figures were measured on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()}


def main() -> None:
    """Run the benchmark and write its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1_000_000, 10_000_000], help="rows of the tables of parts d and e"
    )
    parser.add_argument(
        "--moved", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000], help="orders of the warehouses of part f"
    )
    parser.add_argument("--events", type=int, default=5_000_000, help="messages of part j")
    parser.add_argument("--parts", default="abcdefghij")
    parser.add_argument("--keep", action="store_true", help="leave the build of part b for a later call with part c alone")
    parser.add_argument("--data", type=Path, default=Path("bench-data"))
    parser.add_argument("--out", type=Path, default=Path("docs/bench.json"))
    parser.add_argument(
        "--quick",
        nargs="?",
        const="HEAD",
        metavar="COMMIT",
        help="print what this checkout costs beside a commit (HEAD), on a small shop, and end",
    )
    options = parser.parse_args()
    if options.quick:
        print(bench_quick(options.quick, options.data.absolute(), min(options.runs, 2)))
        return
    report: dict[str, Any] = {"machine": machine(), "runs": options.runs}
    if options.out.exists():
        before = json.loads(options.out.read_text(encoding="utf-8"))
        # Sizes and parts that were not requested keep their figures.
        report = {**before, **(report if set(options.parts) & set("abc") else {})}
    for orders in options.orders if set(options.parts) & set("abc") else []:
        sizes = {size["orders"]: size for size in report.get("sizes", [])}
        kept = sizes.get(orders, {})
        measured = bench_size(orders, options.days, options.data.absolute(), options.runs, options.parts, keep=options.keep)
        sizes[orders] = kept | measured | {"on": kept.get("on", {}) | measured["on"]}
        report["sizes"] = [size for _, size in sorted(sizes.items())]
        _write(report, options.out)
    if "d" in options.parts:
        report["audits"] = [bench_audit(options.data.absolute(), rows, options.runs) for rows in options.rows]
        report["audit_runs"] = options.runs
        report["audited_on"] = f"{datetime.now(UTC):%Y-%m-%d}"
        _write(report, options.out)
    if "e" in options.parts:
        report["diffs"] = [bench_diff(options.data.absolute(), rows, options.runs) for rows in options.rows]
        report["diff_runs"] = options.runs
        report["diffed_on"] = f"{datetime.now(UTC):%Y-%m-%d}"
        _write(report, options.out)
    for part, bench in (
        ("f", _bench_releases),
        ("g", _bench_dlt),
        ("h", _bench_history),
        ("i", _bench_charts),
        ("j", _bench_streams),
    ):
        if part in options.parts:
            bench(options, report)


def _bench_releases(options: argparse.Namespace, report: dict[str, Any]) -> None:
    """(f) Both halves; the readers need a shop and its build, so they use --orders."""
    data, today = options.data.absolute(), f"{datetime.now(UTC):%Y-%m-%d}"
    moves = [bench_moves(orders, max(options.runs, 5), data / "moves") for orders in options.moved]
    report |= {"moves": moves, "moved_on": today}
    _write(report, options.out)
    report |= {"readers": [], "read_on": today}
    for orders in options.orders:
        shop, _ = make_shop(orders, options.days, data)
        found = bench_readers(shop, shop.state / "f", environment(shop, shop.lake, shop.state / "f"))
        report["readers"].append({"orders": orders, **found})
        _write(report, options.out)


def _bench_dlt(options: argparse.Namespace, report: dict[str, Any]) -> None:
    report["dlt"] = bench_dlt(options.data.absolute() / "dlt_pair", options.runs)
    report["dlt_on"] = f"{datetime.now(UTC):%Y-%m-%d}"
    _write(report, options.out)


def _bench_history(options: argparse.Namespace, report: dict[str, Any]) -> None:
    """(h) The history of the smallest shop; other sizes keep their figures."""
    data = options.data.absolute()
    shop, _ = make_shop(options.orders[0], options.days, data)
    state = shop.state / "h"
    found = bench_history(shop, state, environment(shop, state / "lake", state / "warehouse")) | {"days": options.days}
    sizes = {size["orders"]: size for size in report.get("history", [])} | {shop.orders: found}
    report["history"] = [size for _, size in sorted(sizes.items())]
    _write(report, options.out)
    report["history_age"] = bench_age(data)
    _write(report, options.out)


def _bench_charts(options: argparse.Namespace, report: dict[str, Any]) -> None:
    report["charts"] = bench_charts(options.data.absolute() / "charts", options.runs)
    _write(report, options.out)


def _bench_streams(options: argparse.Namespace, report: dict[str, Any]) -> None:
    report["streams"] = bench_streams(options.data.absolute() / "streams", options.events, options.runs)
    report["streams_on"] = f"{datetime.now(UTC):%Y-%m-%d}"
    _write(report, options.out)


_OTHERS = {"f": _bench_releases, "g": _bench_dlt, "h": _bench_history, "i": _bench_charts, "j": _bench_streams}


def _write(report: Mapping[str, Any], out: Path) -> None:
    out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    out.with_suffix(".md").write_text(page(report), encoding="utf-8")
    print(json.dumps(report, indent=2), flush=True)


if __name__ == "__main__":
    main()

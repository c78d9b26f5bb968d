"""Part (f): how a full build slows down a reader, and how long publish and rollback take, by the size of the warehouse.

Run as a program, it is the reader: `python -m lab.bench.readers <file> <pause>`. It opens the file, queries it and closes it,
every <pause> seconds until SIGTERM, and then prints the milliseconds of each round as JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from lab.bench.diff import make_table
from lab.bench.process import measure
from lab.bench.shop import BenchShop
from lab.places import BIN, REPOSITORY
from lab.tiny_releases import shop_in
from sluice.gate.rollback import rollback

FEEDS = REPOSITORY / "feeds" / "demo.yml"
IDLE_SECONDS = 30.0
PAUSE = 0.05
# What a dashboard queries: a figure of the last days, and a single order.
QUERIES = (
    "select channel, count(*), sum(order_amount_reporting) from core.fct_orders group by channel order by all",
    "select * from core.fct_orders where order_id = (select 'shop:' || {order})",
)


def bench_readers(shop: BenchShop, state: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """p50 and p95 of a reader that opens prod for each query: without other work, and during a full build of prod."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    env = {**env, "SLUICE_LAKE": str(shop.lake), "SLUICE_WAREHOUSE": str(state), "SLUICE_ACTOR": "user:bench"}
    measure([str(BIN / "sluice"), "ingest", str(FEEDS)], env)
    measure([str(BIN / "sluice"), "run", "--env", "prod"], env)
    prod = state / "prod.duckdb"
    with _reading(prod) as idle:
        time.sleep(IDLE_SECONDS)
    with _reading(prod) as busy:
        build = measure([str(BIN / "sluice"), "build", "--env", "prod", "--full-refresh"], env)
    found: dict[str, Any] = {"idle": _figures(idle), "during_build": _figures(busy), "build_seconds": round(build.seconds, 1)}
    size = prod.stat().st_size >> 20
    shutil.rmtree(state)
    ratio = round(found["during_build"]["p95"] / found["idle"]["p95"], 2)
    return {**found, "ratio": ratio, "warehouse_mib": size, "load_1_minute": round(os.getloadavg()[0], 1)}


def bench_moves(orders: int, runs: int, root: Path) -> dict[str, Any]:
    """Median and longest milliseconds of publish and rollback, for a warehouse of one mart with this number of orders."""
    took: dict[str, list[float]] = {"publish": [], "publish_trail": [], "rollback": [], "rollback_trail": []}
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        shop = shop_in(Path(folder))
        shop.fill = _fill
        shop.published(rows=orders)
        for _ in range(runs):
            candidate = shop.candidate(rows=orders)
            os.sync()  # a build ends minutes before its publish: its file is on the disk by then
            for verb in ("publish", "rollback"):
                started = time.perf_counter()
                done = shop.publish(candidate) if verb == "publish" else rollback(shop.context, "prod", "bad")
                took[f"{verb}_trail"].append((time.perf_counter() - started) * 1000)
                took[verb].append(sum(done.seconds.values()) * 1000)
            shop.store.remove(candidate)
        size = shop.store.summary(str(shop.store.pointer("prod").release_id)).bytes >> 20
    figures = {name: {"median": round(statistics.median(one), 1), "max": round(max(one), 1)} for name, one in took.items()}
    return {"orders": orders, "mib": size, "runs": runs, "load_1_minute": round(os.getloadavg()[0], 1), **figures}


def _fill(file: Path, number: int, rows: int) -> None:
    """The orders of part e, 13 columns; every release has the same, because nothing here reads them."""
    del number
    file.parent.mkdir(parents=True)
    make_table(file, rows, None)


@contextmanager
def _reading(file: Path) -> Iterator[list[float]]:
    """Run a reader during the block; afterwards, the list holds the milliseconds of each of its rounds."""
    command = [sys.executable, "-m", "lab.bench.readers", str(file), str(PAUSE)]
    found: list[float] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            yield found
        finally:
            reader.send_signal(signal.SIGTERM)
            out, _ = reader.communicate()
    if reader.returncode:
        raise SystemExit(f"benchmark stopped: the reader ended with exit code {reader.returncode}")
    found += json.loads(out)


def _figures(milliseconds: list[float]) -> dict[str, Any]:
    cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
    return {"queries": len(milliseconds), "p50": round(cuts[9], 1), "p95": round(cuts[18], 1)}


def section(report: Mapping[str, Any]) -> str:
    """The section of docs/bench.md with these figures."""
    return _felt(report) + _moves(report)


_FELT = """
## (f) Readers and releases

Measured on {made_on}. A reader opens `prod.duckdb` with one thread, queries a sum over all orders and one order by its id, closes
it, and waits {pause:g} seconds: {idle:g} seconds without other work, then while `sluice build --env prod --full-refresh` runs.
Milliseconds include opening the file. An error would end the benchmark. The aim is a p95 of 1.5 times the idle one.

| orders | warehouse MiB | p50 idle | p95 idle | p50 during the build | p95 during the build | ratio | build s | load |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""
_MOVED = """
Publish and rollback of a synthetic warehouse, in a process that has already imported everything. The warehouse is the table of
part e with this number of orders, already on disk; {runs} run(s) on {made_on}, median (maximum) milliseconds. *The move* is the
gate, placing the file, and the pointer; *in all* includes the audit trail in the lake. The aim is 50 ms at every size.

| orders | file MiB | publish: the move | in all | rollback: the move | in all | load |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def _felt(report: Mapping[str, Any]) -> str:
    if not report.get("readers"):
        return ""
    rows = [
        f"| {one['orders']:,} | {one['warehouse_mib']:,} | {one['idle']['p50']:,} | {one['idle']['p95']:,} |"
        f" {one['during_build']['p50']:,} | {one['during_build']['p95']:,} | {one['ratio']:.2f} | {one['build_seconds']:,} |"
        f" {one['load_1_minute']} |\n"
        for one in report["readers"]
    ]
    return _FELT.format(made_on=report["read_on"], pause=PAUSE, idle=IDLE_SECONDS) + "".join(rows)


def _moves(report: Mapping[str, Any]) -> str:
    if not report.get("moves"):
        return ""
    columns = ("publish", "publish_trail", "rollback", "rollback_trail")
    rows = [
        f"| {one['orders']:,} | {one['mib']:,} | "
        + " | ".join(f"{one[name]['median']:,} ({one[name]['max']:,})" for name in columns)
        + f" | {one['load_1_minute']} |\n"
        for one in report["moves"]
    ]
    return _MOVED.format(made_on=report["moved_on"], runs=report["moves"][0]["runs"]) + "".join(rows)


def main(file: str, pause: str) -> None:
    """Read until SIGTERM."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    took: list[float] = []
    dice = random.Random(1)  # not used for security
    while not told:
        started = time.perf_counter()
        with duckdb.connect(file, read_only=True, config={"threads": 1}) as connection:
            for query in QUERIES:
                connection.execute(query.format(order=dice.randrange(1, 100_000))).fetchall()
        took.append(round((time.perf_counter() - started) * 1000, 2))
        if len(took) == 1:
            print("reading", flush=True)
        time.sleep(float(pause))
    print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

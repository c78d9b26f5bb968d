"""docs/bench.md, written from the figures in docs/bench.json, so that no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.bench import charts, dlt_pair, history, readers, streams
from lab.bench.diff import section
from lab.bench.shop import LARGE

_STEPS = (
    ("a_ingest_csv", "(a) ingest of the CSV feeds", "DuckDB `COPY` of the same files", "2"),
    ("a_ingest_parquet", "(a) ingest of the same as Parquet", "DuckDB `COPY` of the same files", "1.5"),
    ("b_dbt_build", "(b) `dbt build` with data tests", "its compiled SQL in one connection", "1.3 at 10,000,000"),
)
_AIMS = {"models": "0.1", "models_and_tests": "0.15"}
_SLOWEST = 15
_NODES_HEAD = """
## Where a full build spends its time

Seconds of dbt's nodes in the last run of (b), the slowest at the largest size first; two run at a time. bench.json has them all.

"""
_NIGHT_HEAD = """
The same of one more day, with tests:

"""
_HEAD = """# What it costs

Written by `make bench`; do not edit. Measured on {cores} cores ({machine}, Python {python}), {runs} run(s) each; a ratio is the
median of the ratios of pairs of runs. Each step is a separate process. Its time includes start-up, which dominates at small
sizes. *CPU* are processor seconds of all cores, and the ratio of these: they say more than seconds where the machine had
other work to do.

"""
_TAIL = """
`make bench` measures 100,000 and 1,000,000 orders. `make bench ARGS="--orders 10000000"` measures the largest size, and
`--parts a` only the first part. (b) builds all days but the last; (c) adds the last day to that build by `dbt run` (or `dbt
build` without unit tests), beside `dbt run --full-refresh` (or the full build of (b)).
"""


_AUDIT_HEAD = """
## (d) An audit

{expectations} expectations on one table, {runs} run(s) on {made_on}, each way in a separate process. *Seconds* is the time of the
work, *with start* that of the process, which needs two or three seconds to import Great Expectations on an idle machine. The
baseline computes the same figures in a single scan; the aim for `sluice audit` is 3 times that. GX's own way (its SQL engine,
with the change without which it does not work on DuckDB) leaves out the two patterns, which it refuses. GX on pandas leaves
out LIKE and is measured up to 1,000,000 rows. All but pandas limit DuckDB to 2 GB.

| rows | way | seconds | with start | ratio | peak MiB | load |
| ---: | --- | ---: | ---: | ---: | ---: | ---: |
"""
_WAYS = {"query": "one query", "ours": "`sluice audit`'s way", "gx": "GX's own way", "pandas": "GX on pandas"}


def page(report: Mapping[str, Any]) -> str:
    """The page's text."""
    lines = [_HEAD.format(runs=report["runs"], **report["machine"])]
    lines.append("| orders x days | step | seconds | CPU | beside | seconds | CPU | ratio | CPU | aim | peak MiB | on |\n")
    lines.append("| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- | ---: | --- |\n")
    for size in report.get("sizes", []):
        lines += _rows(size)
    note = f"\n{report['note']}\n" if "note" in report else ""
    parts = [_nodes(report), _audits(report), section(report), readers.section(report), dlt_pair.section(report)]
    parts += [history.section(report), charts.section(report), streams.section(report)]
    return "".join([*lines, note, _TAIL, *parts])


def _nodes(report: Mapping[str, Any]) -> str:
    """The slowest nodes of the full build and of one more day at each size; bench.json has all of them."""
    return _slowest(report, "b_nodes", _NODES_HEAD) + _slowest(report, "c_nodes", _NIGHT_HEAD)


def _slowest(report: Mapping[str, Any], key: str, head: str) -> str:
    sizes = [size for size in report.get("sizes", []) if key in size]
    if not sizes:
        return ""
    names = list(sizes[-1][key])[:_SLOWEST]
    rows = [[f"`{name}`", *(f"{size[key].get(name, 0):,.1f}" for size in sizes)] for name in names]
    rows.append(["all nodes", *(f"{sum(size[key].values()):,.1f}" for size in sizes)])
    table = [["node", *(f"{size['orders']:,} orders" for size in sizes)], ["---", *("---:" for _ in sizes)], *rows]
    return head + "".join(f"| {' | '.join(cells)} |\n" for cells in table)


def _audits(report: Mapping[str, Any]) -> str:
    audits = report.get("audits")
    if not audits:
        return ""
    head = _AUDIT_HEAD.format(expectations=audits[0]["expectations"], runs=report["audit_runs"], made_on=report["audited_on"])
    rows = [
        f"| {audit['rows']:,} | {name} | {audit[way]['seconds']:,.1f} | {audit[way]['with_start']:,.1f} |"
        f" {audit[way]['ratio']:.2f} | {audit[way]['peak_mib']:,} | {audit['load_1_minute']} |\n"
        for audit in audits
        for way, name in _WAYS.items()
        if way in audit
    ]
    return head + "".join(rows)


def _rows(size: Mapping[str, Any]) -> Sequence[str]:
    name, on = f"{size['orders']:,} x {size['days']}", size["on"]
    rows = [_row(name, step, size[key], beside, aim, on[key[0]]) for key, step, beside, aim in _STEPS if key in size]
    for key, step, part in (("demo", "`sluice demo`", ""), ("b_ingest_all", "`sluice ingest` of all days but the last", "b")):
        if key in size:
            cost = size[key]
            cells = f"{cost['seconds']:,.1f} | {_maybe(cost, 'processor_seconds', '.1f')} | | | | | | | {cost['peak_mib']:,.0f}"
            rows.append(f"| {name} | {step} | {cells} | {on.get(part, '')} |\n")
    for key, ratio in size.get("c_next_day", {}).items():
        step = f"(c) one more day, {key.replace('_', ' ')}"
        aim = _AIMS[key] if size["orders"] < LARGE else "0.05"
        rows.append(_row(name, step, ratio, "full rebuild", aim, on["c"]))
    return rows


def _row(name: str, step: str, ratio: Mapping[str, Any], beside: str, aim: str, on: str) -> str:
    ours, theirs = (_maybe(ratio, key, ",.1f") for key in ("processor_seconds", "yardstick_processor_seconds"))
    return (
        f"| {name} | {step} | {ratio['seconds']:,.1f} | {ours} | {beside} | {ratio['yardstick_seconds']:,.1f} | {theirs} |"
        f" {ratio['ratio']:.2f} | {_maybe(ratio, 'processor_ratio', '.2f')} | {aim} | {ratio['peak_mib']:,.0f} | {on} |\n"
    )


def _maybe(figures: Mapping[str, Any], key: str, spec: str) -> str:
    """A figure; empty where it was measured before there was such a figure."""
    return format(figures[key], spec) if key in figures else ""

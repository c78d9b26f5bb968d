"""docs/campaign.md, written from the figures in docs/campaign.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = """# Readers during publishes, rollbacks and crashes

Written by `make campaign`; do not edit. On {made_on}, {cores} cores, load average {load_1_minute}: {readers} readers
queried `prod.duckdb` without pause for {seconds:,} seconds, while the following happened, in an order determined by a seed:

| what | times |
| --- | ---: |
"""
_READERS = """
A publisher is killed by SIGKILL before one of its file operations, chosen at random. Another publisher then repeats the same
move. The refused candidates have no audit, a failed audit, a failed test, a change after their audit, or another parent than
the current release; each contains rows that no reader may ever see.

Each query reads a third of the rows of two marts, {rows:,} rows each, and a view, in separate statements. Every row carries the
mark of its release; two marks in one connection are a mixture. *p50* and *p95* are milliseconds of such a query; for readers
that open the file for each query, they include opening it. A test verifies that these readers would notice a publisher that
copies over the file, writes it block by block, removes it first, or skips the gate.

| a connection lives | connections | queries | releases seen | errors | mixtures | p50 | p95 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""
_TOOK = """
Duration of the moves, with all readers on the same cores. *By child*: the gate, writing to disk and the audit trail, in a process
that has already imported everything; *by command*: `sluice publish` or `sluice rollback`, including the start of Python.

| move | times | median ms | longest ms |
| --- | ---: | ---: | ---: |
"""


def page(report: Mapping[str, Any]) -> str:
    """The page's text."""
    head = _HEAD.format(**{**report, "readers": len(report["readers"])})
    done = "".join(f"| {step} | {times} |\n" for step, times in report["done"].items())
    readers = "".join(_row(reader) for reader in report["readers"])
    took = "".join(
        f"| {way} | {one['times']} | {one['median_ms']:,} | {one['max_ms']:,} |\n" for way, one in report["took"].items()
    )
    note = f"\n{report['note']}\n" if report.get("note") else ""
    return head + done + _READERS.format(**report) + readers + _verdict(report["findings"]) + _TOOK + took + note


def _row(reader: Mapping[str, Any]) -> str:
    life = reader["life_seconds"]
    lives = "to the end" if life is None else f"about {life:g} s" if life else "one query"
    return (
        f"| {lives} | {reader['connections']:,} | {reader['queries']:,} | {reader['releases_seen']} | {reader['errors']} |"
        f" {reader['mixtures']} | {reader['p50']:,} | {reader['p95']:,} |\n"
    )


def _verdict(findings: Mapping[str, Any]) -> str:
    """The number of findings, and the first of each kind."""
    parts = [f"{len(told)} {kind}" + (f" (first: {told[0]})" if told else "") for kind, told in findings.items()]
    return f"\nIn all: {', '.join(parts)}.\n"

"""docs/campaign.md, written from the figures in docs/campaign.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = """# Readers while everything happens to the releases

Written by `make campaign`; do not edit. On {made_on}, {cores} cores, load of the last minute {load_1_minute}: {readers} readers
queried `prod.duckdb` without pause for {seconds:,} seconds, while this happened, in an order given by a seed:

| what | times |
| --- | ---: |
"""
_READERS = """
A publisher is killed by SIGKILL before one of its steps on files, at random, and the same is then done again by another.
Refused were candidates without an audit, with a failed one, with a failed test, changed after their audit, and built from
another release than the current one; each has rows that no reader may ever see.

Each query reads a third of the rows of two marts, {rows:,} rows each, and a view, in statements of their own. Every row bears
the mark of its release; two marks in one connection are a mixture. *p50* and *p95* are milliseconds of such a query, for
readers that open the file for each one with the opening. That these readers notice is a test, too: of a publisher that
copies over the file, one that writes it block by block, one that removes it first, and one that asks no gate.

| a connection lives | connections | queries | releases seen | errors | mixtures | p50 | p95 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""
_TOOK = """
What the moves took, with all readers on the same cores. *By child*: in a process that has everything imported, the gate, the
writing to disk and the audit trail; *by command*: `sluice publish` or `sluice rollback` with the start of Python.

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
    """How many, and the first of each kind."""
    parts = [f"{len(told)} {kind}" + (f" (first: {told[0]})" if told else "") for kind, told in findings.items()]
    return f"\nIn all: {', '.join(parts)}.\n"

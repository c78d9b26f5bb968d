"""(h) What the history costs: its share of a night, how lake/ops grows, and whether a long history makes it slower."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from lab.bench.process import measure
from lab.bench.shop import BenchShop
from lab.places import REPOSITORY
from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.drift import runs_series
from sluice.history.kinds import Entry, NodeEntry, ProfileEntry, RunEntry, StepEntry, ValueCount
from sluice.quality.charts.judged import Wish, judge

KINDS = (RunEntry, StepEntry, NodeEntry, ProfileEntry)
RUNS, WINDOW = 1000, 50
# As `sluice run` leaves them in the demo project.
STEPS, NODES, COLUMNS = 4, 400, 300
_HEAD = """
## (h) The history

Processor seconds that the steps of `sluice run` spend on their history (`lake/ops`): on runs and steps, the nodes of dbt, the
profiles of the candidate's tables, and commits; the aim is 5 % of the run. Measured on {on} inside of the run, in the demo
project. *Growth* is what the run left of these in `lake/ops`.

| orders | night | history | the run | share | profiles | nodes | runs and steps | commits | growth |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""
_AGE_HEAD = """
{runs:,} runs of {steps} steps, {nodes} nodes and the profiles of {columns} columns, one after the other into one lake. *To judge*
is what an audit spends on the series of runs, of which each column has some:

| runs | processor seconds to record one | to read the last profile | to judge | files that are read | files | MiB |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def bench_history(shop: BenchShop, state: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Two nights of a demo shop, measured inside of `sluice run`. `env` leads to a lake and a warehouse below `state`."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    places = {"DBT_TARGET_PATH": str(state / "target"), "DBT_LOG_PATH": str(state / "logs"), "SLUICE_ACTOR": "user:bench"}
    own = {**env, **places, "PYTHONPATH": str(REPOSITORY / "scripts")}
    with shop.without_last_day():
        nights = {"first": _night(state, own)}
    nights["one more day"] = _night(state, own)
    shutil.rmtree(state)
    return {"orders": shop.orders, "on": f"{datetime.now(UTC):%Y-%m-%d}", "nights": nights}


def _night(state: Path, env: Mapping[str, str]) -> dict[str, Any]:
    before = _weight(state / "lake" / "ops")
    program = Path(__file__).with_name("timed_run.py")
    measure([sys.executable, str(program), str(state / "run.json"), str(REPOSITORY / "feeds" / "demo.yml")], env, REPOSITORY)
    after = _weight(state / "lake" / "ops")
    growth = {"files": after[0] - before[0], "bytes": after[1] - before[1]}
    found: dict[str, Any] = json.loads((state / "run.json").read_text(encoding="utf-8"))
    return found | {"growth": growth}


def _weight(ops: Path) -> tuple[int, int]:
    """Files and bytes of the tables that this part is about."""
    files = [file for kind in KINDS for file in (ops / kind.TABLE).rglob("*") if file.is_file()]
    return len(files), sum(file.stat().st_size for file in files)


def bench_age(root: Path, runs: int = RUNS) -> list[dict[str, Any]]:
    """Processor seconds to record a run, and to read the profile of the last one, as the history grows."""
    lake = root / "history_age"
    shutil.rmtree(lake, ignore_errors=True)
    marks = sorted({WINDOW, runs // 4, runs // 2, runs})
    found, spent = [], list[float]()
    for number in range(1, runs + 1):
        before = time.process_time()
        for entries in _run(number):
            ledger.append(lake, entries)
        spent.append(time.process_time() - before)
        if number in marks:
            files, size = _weight(lake / "ops")
            read = sum(len(DeltaTable(str(lake / "ops" / kind.TABLE)).file_uris()) for kind in KINDS)
            window = spent[-WINDOW:]
            found.append(
                {"runs": number, "record": round(sum(window) / len(window), 4), "read": _reading(lake, number),
                 "judge": _judging(lake), "files_read": read, "files": files, "mib": round(size / 2**20, 1)}
            )  # fmt: skip
    shutil.rmtree(lake)
    return found


def _reading(lake: Path, number: int) -> float:
    """Processor seconds to read the last profile, as the next build does."""
    before = time.process_time()
    with connect(extensions=["delta"]) as connection:
        query = f"select count(*) from ({ledger.query(lake, ProfileEntry)}) where release_id = ?"
        assert connection.execute(f"{query} and column_name is not null", [f"r{number:06}"]).fetchone() == (COLUMNS,)
    return round(time.process_time() - before, 3)


def _judging(lake: Path) -> float:
    """Processor seconds that an audit spends on the series of runs."""
    file = lake / "empty.duckdb"
    duckdb.connect(str(file)).close()
    before = time.process_time()
    found = judge(Wish(file, [], date(2026, 3, 1), runs=runs_series(lake, "prod")))
    assert len(found.series) >= COLUMNS
    return round(time.process_time() - before, 2)


def _run(number: int) -> Iterator[list[Entry]]:
    """What one run leaves, table by table."""
    at = datetime(2026, 1, 1) + timedelta(hours=number)  # noqa: DTZ001  # as the lake has it
    run, release = f"run{number:06}", f"r{number:06}"
    step = StepEntry(
        run_id=run, step="build", invocation_id=run, environment="prod", release_id=release, started_at=at, seconds=9.5,
        outcome="done", exit_code=0, detail=None,
    )  # fmt: skip
    node = NodeEntry(
        run_id=run, invocation_id=run, environment="prod", release_id=release, unique_id="", kind="model", name="", relation=None,
        status="success", started_at=at, seconds=0.5, failures=None,
    )  # fmt: skip
    yield [replace(node, unique_id=f"model.shop.node_{one}", name=f"node_{one}", seconds=one / number) for one in range(NODES)]
    profile = ProfileEntry(
        run_id=run, environment="prod", release_id=release, parent_release_id=f"r{number - 1:06}", measured_at=at, relation="",
        column_name="", data_type="DOUBLE", row_count=1000 * number, null_count=number % 7, distinct_count=number, least="1",
        greatest=f"{number}", mean=number / 3, total=number * 7.0, quantiles=tuple(number * one / 10 for one in range(11)),
        frequent=tuple(ValueCount(value=f"value {one}", rows=number + one) for one in range(10)), bytes=9000 * number,
    )  # fmt: skip
    columns = [replace(profile, relation=f"core.table_{one // 10}", column_name=f"column_{one % 10}") for one in range(COLUMNS)]
    tables = [replace(one, column_name=None, quantiles=(), frequent=()) for one in columns if one.column_name == "column_0"]
    yield [*columns, *tables]
    for _ in range(STEPS):
        yield [step]
    yield [
        RunEntry(
            run_id=run, command="run", environment="prod", release_id=release, started_at=at, seconds=60.0, outcome="done",
            exit_code=0, detail=None, actor="job:nightly", code_commit="0" * 40, is_dirty=False, sluice_version="1",
        )
    ]  # fmt: skip


def section(report: Mapping[str, Any]) -> str:
    """The part of docs/bench.md; nothing where it was not measured."""
    sizes = report.get("history", [])
    lines = [_HEAD.format(on=sizes[-1]["on"])] if sizes else []
    lines += [_row(f"{size['orders']:,}", name, night) for size in sizes for name, night in size["nights"].items()]
    if age := report.get("history_age"):
        lines.append(_AGE_HEAD.format(runs=age[-1]["runs"], steps=STEPS, nodes=NODES, columns=COLUMNS))
        lines += [_line(_of_age(one)) for one in age]
    return "".join(lines)


def _of_age(one: Mapping[str, Any]) -> list[str]:
    figures = [f"{one['runs']:,}", f"{one['record']:.3f}", f"{one['read']:.2f}", f"{one['judge']:.1f}"]
    return [*figures, f"{one['files_read']}", f"{one['files']:,}", f"{one['mib']}"]


def _row(size: str, name: str, night: Mapping[str, Any]) -> str:
    parts, grown = night["parts"], night["growth"]
    spent = sum(parts.values())
    cells = [size, name, f"{spent:.2f}", f"{night['whole']:.1f}", f"{spent / night['whole']:.1%}"]
    cells += [f"{parts[part]:.2f}" for part in ("profiles", "nodes", "runs and steps", "commits")]
    return _line([*cells, f"{grown['files']} files, {grown['bytes'] / 1024:,.0f} KiB"])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"

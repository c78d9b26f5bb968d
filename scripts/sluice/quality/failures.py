"""What went wrong in a dbt run, as people want it: the claim that does not hold, how often, and rows that show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.dbt import Ending
from sluice.core.duck import connect, identifier, literal
from sluice.core.paths import program
from sluice.core.text import columns, plural, table
from sluice.core.text import value as shortened
from sluice.quality.dbt_results import Ended, Run

SAMPLE_ROWS = 5
WIDTH = 100  # of a page, where there is no terminal
NOT_REPORTED = (
    "telling",
    "personal",
    "made_by",
    "tested",
    "materialized",
    "unique_id",
    "started_at",
    "relation",
)  # fields of a node that reports do not have
CELL = 28  # of a value in a table


@dataclass(frozen=True)
class FailingRows:
    """A few failing rows, the telling columns first; `query` gives them all."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    query: str


@dataclass(frozen=True)
class Problem:
    """A node that did not end well, with failing rows where dbt has stored them."""

    ended: Ended
    sample: FailingRows | None


@dataclass(frozen=True)
class Failures:
    """All problems of a run, errors first, and how many nodes were skipped because of them."""

    run: Run
    problems: tuple[Problem, ...]
    skipped: int


def collect(run: Run, warehouse: Path) -> Failures:
    """The problems of a run that wrote to a file, or to one in a folder, `warehouse`; it is opened only where there are some."""
    failed, warned = (sorted(run.ended(one), key=lambda node: node.name) for one in (Ending.failed, Ending.warned))
    bad, skipped = [*failed, *warned], len(run.ended(Ending.skipped))
    file = warehouse / run.warehouse if warehouse.is_dir() else warehouse
    if not any(node.failures and node.stored for node in bad) or not file.exists():
        return Failures(run, tuple(Problem(node, None) for node in bad), skipped)
    with connect() as connection:
        # dbt names the database in what it stored; the file may have been renamed since.
        connection.execute(f"attach {literal(str(file))} as {identifier(Path(run.warehouse).stem)} (read_only)")
        return Failures(run, tuple(Problem(node, _sample(node, connection, file)) for node in bad), skipped)


def _sample(node: Ended, connection: duckdb.DuckDBPyConnection, file: Path) -> FailingRows | None:
    """Failing rows; None where dbt stored none, or where they can't be read."""
    if not node.failures or not node.stored:
        return None
    try:
        there = [column[0] for column in connection.execute(f"from {node.stored} limit 0").description or ()]
        columns = [*(column for column in node.telling if column in there)]
        columns += [column for column in there if column not in columns]
        listed = ", ".join(map(identifier, columns))
        rows = connection.execute(f"select {listed} from {node.stored} order by all limit {SAMPLE_ROWS}").fetchall()
    except duckdb.Error:
        return None
    shell = f"{program('duckdb') or 'duckdb'} -readonly {file} -c 'from {_plain(node.stored)}'"
    shown = tuple(node.personal.row(columns, row, node.made_by) for row in rows)
    return FailingRows(tuple(columns), shown, shell)


def _plain(relation: str) -> str:
    """`checks.name` of `"dev"."checks"."name"`, which has to be quoted for no shell."""
    parts = [part.strip('"') for part in relation.split('"."')]
    return ".".join(parts[1:] if len(parts) == 3 and all(part.isidentifier() for part in parts) else [relation])


def built_as_text(run: Run) -> str:
    """What dbt made and checked: `12 models (9 table, 3 view), 2 seeds, 40 data tests passed, 1 warning, in 12.3 s of dbt`."""
    good = run.ended(Ending.good)
    models = [node.materialized or "" for node in good if node.kind == "model"]
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(models).most_common() if kind)
    made = [f"{plural(len(models), 'model')}{f' ({kinds})' if kinds else ''}"] if models else []
    others = Counter(node.kind for node in good if node.kind != "model")
    made += [f"{plural(others[kind], kind)}" for kind in ("seed", "snapshot", "function") if others[kind]]
    made += [f"{plural(others[kind], kind.replace('_', ' '))} passed" for kind in ("data_test", "unit_test") if others[kind]]
    counts = ((Ending.warned, "{} warned"), (Ending.failed, "{} FAILED"), (Ending.skipped, "{} skipped"))
    made += [text.format(len(run.ended(ending))) for ending, text in counts if run.ended(ending)]
    return f"{', '.join(made) or 'nothing'}, in {run.seconds:.1f} s of dbt"


def as_fields(failures: Failures) -> dict[str, Any]:
    """For programs: the same keys when all is well."""
    run = failures.run
    passed = sum(node.status == "pass" for node in run.nodes)
    problems = [_object(problem) for problem in failures.problems]
    return {"run_id": run.id, "seconds": run.seconds, "passed": passed, "skipped": failures.skipped, "problems": problems}


def _object(problem: Problem) -> dict[str, Any]:
    ended = {key: value for key, value in asdict(problem.ended).items() if key not in NOT_REPORTED}
    return {**ended, "sample": asdict(problem.sample) if problem.sample else None}


def as_text(failures: Failures) -> str:
    """For people: nothing, when all is well."""
    lines = [line for problem in failures.problems for line in [*_lines(problem), ""]]
    if failures.skipped:
        lines.append(f"{failures.skipped} skipped, because something that they read or test failed")
    return "\n".join(lines).rstrip()


def _lines(problem: Problem) -> Iterator[str]:
    node, sample = problem.ended, problem.sample
    yield _heading(node)
    if sample:
        yield from (f"  {line}" for line in _table(sample))
        yield f"  all of them: {sample.query}"
    elif node.kind != "data_test" or node.status == "error":
        yield from (f"  {line}".rstrip() for line in node.message.splitlines())
        yield f"  in {node.file}"


def _heading(node: Ended) -> str:
    """What it is and how bad: `failed: every_shop_sells_once (sales): 3 rows, severity error`."""
    verdict = {"warn": "warning", "fail": "failed"}.get(node.status, "error")
    of = f" ({node.model})" if node.model and node.model != node.name else ""
    if node.kind != "data_test" or node.status == "error":
        return f"{verdict}: {node.kind.replace('_', ' ')} {node.name}{of}"
    return f"{verdict}: {node.name}{of}: {plural(node.failures or 0, 'row')}, severity {node.severity}"


def _table(sample: FailingRows) -> list[str]:
    """The rows below their columns' names, as many columns as fit; the rest are counted."""
    names = [shortened(name, CELL) for name in sample.columns]
    rows = [[shortened("null" if value is None else " ".join(str(value).split()), CELL) for value in row] for row in sample.rows]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    room = (columns() or WIDTH) - 2 - len("  (+99 columns)")
    fitting = [count for count in range(1, len(widths) + 1) if sum(widths[:count]) + 2 * (count - 1) <= room]
    shown = max(fitting, default=1)
    head, *lines = table(names[:shown], [row[:shown] for row in rows])
    more = len(widths) - shown
    return [head + (f"  (+{plural(more, 'column')})" if more else ""), *lines]

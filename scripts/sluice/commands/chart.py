"""`sluice chart`: any series on a control chart, and the proof of its error rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import MemoryLimit
from sluice.commands.output import note
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.paths import typed

if TYPE_CHECKING:
    from sluice.charts.result import Chart
    from sluice.charts.series import Phase


class ChartFormat(StrEnum):
    """Text for people, SVG for pages, JSON for programs."""

    text = "text"
    svg = "svg"
    json = "json"


def chart(
    source: Annotated[
        str | None, typer.Option("--from", metavar="FILE|FOLDER|QUERY", help="Where the series are: a file, files, or SQL.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="value, amount, count, p (a share), u (a rate), t or g (time, or count, between rare events).")
    ] = "value",
    database: Annotated[
        Path | None, typer.Option(parser=typed, metavar="FILE", help="The DuckDB file that a query reads. It is only read.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Default: the first date or timestamp, else row order.")
    ] = None,
    value: Annotated[str | None, typer.Option(metavar="COLUMN", help="Default: 'value', else the first number.")] = None,
    denominator: Annotated[str | None, typer.Option(metavar="COLUMN", help="What a share or a rate is of.")] = None,
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="One series for each of its values.")] = None,
    phase: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE=REASON", help="A known change: the baseline starts again at this date. Repeatable."),
    ] = None,
    memory: Annotated[int | None, typer.Option(min=30, help="Points that a baseline remembers. Default: all of a phase.")] = None,
    textbook: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Classical chart instead: limits at 3 sigma from the first N points of a phase."),
    ] = None,
    points: Annotated[bool, typer.Option("--points", help="With --format json: every point, not only signals.")] = False,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: Annotated[ChartFormat, typer.Option("--format", help="Format of the result.")] = ChartFormat.text,
    out: Annotated[
        Path | None,
        typer.Option(parser=typed, metavar="FILE|FOLDER", help="Write here; SVG of several series: a folder."),
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Simulate, and compare false alarms and detection with theory; writes Markdown.")
    ] = False,
    series: Annotated[int, typer.Option(min=100, help="With --prove: series in each simulation.")] = 1000,
) -> None:
    """Chart series: each point is judged by the points before it, with limits that fit the length of that baseline.

    A point signals at two levels: look (one false alarm in 370 points) and block (one in 20,000). One setting for all
    series. Exit code 0 also when points signal; 2 when a series cannot be read.
    """
    if prove:
        from sluice.charts.prove import report

        _write(report(series), out)
        return
    if source is None:
        raise SluiceError("nothing to chart was named", where="--from", hint="name a file, a folder or a query")
    from sluice.charts.columns import Columns
    from sluice.charts.run import charts
    from sluice.charts.series import is_query
    from sluice.charts.settings import Settings

    settings = Settings(memory=float(memory)) if memory else Settings()
    given = source if is_query(source) else str(typed(source))
    columns = Columns(time, value, denominator, by)
    found, notes = charts(
        given, kind, database=database, columns=columns, phases=[_phase(text) for text in phase or []],
        settings=settings, textbook=textbook, memory_limit=memory_limit, every_point=points or output is not ChartFormat.json,
    )  # fmt: skip
    note(notes)
    if output is ChartFormat.svg:
        _write_svg(found, out)
    elif output is ChartFormat.json:
        from sluice.charts.run import fields
        from sluice.core.document import document

        told = [fields(one, every_point=points) for one in found]
        _write(document({"source": source, "phases": phase or [], "series": told}), out)
    else:
        from sluice.charts.text import as_text

        _write("\n\n\n".join(as_text(one) for one in found), out)


def _phase(text: str) -> Phase:
    from sluice.charts.series import Phase

    since, _, reason = text.partition("=")
    if not reason:
        raise SluiceError(f"{text!r} has no reason", where="--phase", hint="write --phase 2026-03-01=reason")
    return Phase(since, reason)


def _write_svg(found: Sequence[Chart], out: Path | None) -> None:
    from sluice.charts.svg import as_svg

    if len(found) > 1 or (out is not None and out.suffix != ".svg"):
        _write_each({one.metric: as_svg(one) for one in found}, out)
    else:
        _write(as_svg(found[0]), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")


def _write_each(texts: dict[str, str], out: Path | None) -> None:
    if out is None or out.is_file():
        raise SluiceError(f"{len(texts)} series need a folder", where="--out", hint="name a folder: --out charts")
    taken = Counter[str]()
    for name, text in texts.items():
        safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
        taken[safe.lower()] += 1
        again = taken[safe.lower()]
        _write(text, out / (f"{safe}.svg" if again == 1 else f"{safe}~{again}.svg"))

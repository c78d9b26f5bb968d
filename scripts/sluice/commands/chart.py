"""`sluice chart`: any series on a control chart, and the proof of its error rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluice.commands.options import MemoryLimit
from sluice.commands.output import note
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.paths import typed

if TYPE_CHECKING:
    from sluice.charts.result import Chart
    from sluice.charts.series import Phase
    from sluice.charts.settings import Settings


class ChartFormat(StrEnum):
    """Text for people, SVG for pages, JSON for programs."""

    text = "text"
    svg = "svg"
    json = "json"


class Direction(StrEnum):
    """Which way a series has to go to signal."""

    both = "both"
    up = "up"
    down = "down"


def _series(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Which series", **more)


def _judge(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel="How it is judged", **more)


def _result(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel="The result", **more)


_FROM = _series("--from", metavar="FILE|FOLDER|QUERY", help="Where the series are: a file, files, or SQL.")
_DATABASE = _series(parser=typed, metavar="FILE", help="The DuckDB file that a query reads. It is only read.")
_TIME = _series(metavar="COLUMN", help="Default: the first date or timestamp, else row order.")
_VALUE = _series(metavar="COLUMN", help="Default: 'value', else the first number.")
_DENOMINATOR = _series(metavar="COLUMN", help="What a share or a rate is of.")
_BY = _series(metavar="COLUMN", help="One series for each of its values.")
_KIND = _judge(help="value, amount, count, p (a share), u (a rate), t or g (time, or count, between rare events).")
_DIRECTION = _judge(help="What signals: both, or only what is high (up) or low (down), which is then found sooner.")
_PHASE = _judge(metavar="DATE=REASON", help="A known change: the baseline starts again at this date. Repeatable.")
_MEMORY = _judge(min=30, help="Points that a baseline remembers. Default: all of a phase.")
_TEXTBOOK = _judge(min=2, metavar="N", help="Classical chart instead: limits at 3 sigma from the first N points of a phase.")
_FORMAT = _result("--format", help="Format of the result.")
_POINTS = _result("--points", help="With --format json: every point, not only signals.")
_OUT = _result(parser=typed, metavar="FILE|FOLDER", help="Write here; SVG of several series: a folder.")
_PROVE = typer.Option(
    "--prove",
    rich_help_panel="The proof",
    help="Simulate, and compare false alarms and detection with theory; writes Markdown.",
)
_SIMULATED = typer.Option(min=100, rich_help_panel="The proof", help="With --prove: series in each simulation.")


def chart(
    source: Annotated[str | None, _FROM] = None,
    database: Annotated[Path | None, _DATABASE] = None,
    time: Annotated[str | None, _TIME] = None,
    value: Annotated[str | None, _VALUE] = None,
    denominator: Annotated[str | None, _DENOMINATOR] = None,
    by: Annotated[str | None, _BY] = None,
    kind: Annotated[str, _KIND] = "value",
    direction: Annotated[Direction, _DIRECTION] = Direction.both,
    phase: Annotated[list[str] | None, _PHASE] = None,
    memory: Annotated[int | None, _MEMORY] = None,
    textbook: Annotated[int | None, _TEXTBOOK] = None,
    output: Annotated[ChartFormat, _FORMAT] = ChartFormat.text,
    points: Annotated[bool, _POINTS] = False,
    out: Annotated[Path | None, _OUT] = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    prove: Annotated[bool, _PROVE] = False,
    series: Annotated[int, _SIMULATED] = 1000,
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

    found, notes = charts(
        source if is_query(source) else str(typed(source)), kind, database=database,
        columns=Columns(time, value, denominator, by), phases=[_phase(text) for text in phase or []],
        settings=_settings(direction, memory, textbook), textbook=textbook, memory_limit=memory_limit,
        every_point=points or output is not ChartFormat.json,
    )  # fmt: skip
    note(notes)
    if output is ChartFormat.svg:
        _write_svg(found, out)
    elif output is ChartFormat.json:
        _write(_as_json(found, source, phase or [], every_point=points), out)
    else:
        from sluice.charts.text import as_text

        _write("\n\n\n".join(as_text(one) for one in found), out)


def _settings(direction: Direction, memory: int | None, textbook: int | None) -> Settings:
    from dataclasses import replace

    from sluice.charts.settings import Settings

    if textbook is not None and direction is not Direction.both:
        hint = "leave out --direction or --textbook"
        raise SluiceError("a classical chart has limits on both sides", where="--direction", hint=hint)
    settings = Settings.one_sided(direction.value)
    return settings if memory is None else replace(settings, memory=float(memory))


def _as_json(found: Sequence[Chart], source: str, phases: Sequence[str], *, every_point: bool) -> str:
    from sluice.charts.run import fields
    from sluice.core.document import document

    told = [fields(one, every_point=every_point) for one in found]
    return document({"source": source, "phases": list(phases), "series": told})


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

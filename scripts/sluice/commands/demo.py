"""`sluice demo`: make the demo shop's data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.options import Format, FormatOption
from sluice.commands.output import show
from sluice.core.paths import typed
from sluice.core.progress import on_stderr

FIRST_DAY = datetime(2025, 1, 1)  # noqa: DTZ001  (a day, not a moment)


def demo(
    orders: Annotated[int, typer.Option(help="Number of orders.")] = 10_000,
    days: Annotated[int, typer.Option(help="Number of days, with one delivery each.")] = 30,
    seed: Annotated[int, typer.Option(help="Seed of the data: the same seed gives the same bytes.")] = 1,
    out: Annotated[
        Path, typer.Option(parser=typed, metavar="FOLDER", help="Folder to write to: empty, new, or an earlier demo.")
    ] = Path("demo"),
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = FIRST_DAY,
    fraud: Annotated[float, typer.Option(help="How many times as often as usual a thief comes: 0 to 20.")] = 1.0,
    faults: Annotated[str, typer.Option(help="Faults to put in: none, default, or kind=rate,kind=rate.")] = "default",
    force: Annotated[bool, typer.Option("--force", help="Replace a complete demo.")] = False,
    threads: Annotated[int | None, typer.Option(help="Number of threads. Default: all cores.")] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(envvar="SLUICE_MEMORY", help="Memory for DuckDB; beyond it, work spills to the folder. Default: 4GB."),
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Make the demo shop's data: shop, payments, web and fx, delivered day by day, with faults and a list of them."""
    from sluice.demo import DemoOptions, generate, parse_faults
    from sluice.demo.report import as_text

    options = DemoOptions(
        orders=orders,
        days=days,
        seed=seed,
        start=start.date(),
        fraud=fraud,
        faults=parse_faults(faults),
        threads=threads,
        memory_limit=memory_limit or DemoOptions.memory_limit,
    )
    with on_stderr("demo") as tell:
        report = generate(options, out, force=force, tell=tell)
    show(output, report, as_text)

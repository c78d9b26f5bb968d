"""`sluice demo`: make the demo shop's data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.formats import Format

FIRST_DAY = datetime(2025, 1, 1)  # noqa: DTZ001  (a day, not a moment)


def demo(
    orders: Annotated[int, typer.Option(help="How many orders.")] = 10_000,
    days: Annotated[int, typer.Option(help="How many days, one delivery each.")] = 30,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    out: Annotated[Path, typer.Option(help="Directory to write into: empty, new, or an earlier demo.")] = Path("demo"),
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = FIRST_DAY,
    faults: Annotated[str, typer.Option(help="none, default, or kind=rate,kind=rate.")] = "default",
    force: Annotated[bool, typer.Option("--force", help="Replace a complete demo that is there.")] = False,
    threads: Annotated[int | None, typer.Option(help="How many threads (default: all cores).")] = None,
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills into OUT.")] = "4GB",
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Make the demo shop: shop, payments, web and fx, delivered day by day, with faults and the truth about them."""
    from sluice.core.progress import on_stderr
    from sluice.demo import DemoOptions, generate, parse_faults
    from sluice.demo.report import as_json, as_text

    options = DemoOptions(
        orders=orders,
        days=days,
        seed=seed,
        start=start.date(),
        faults=parse_faults(faults),
        threads=threads,
        memory_limit=memory_limit,
    )
    with on_stderr("demo") as tell:
        report = generate(options, out, force=force, tell=tell)
    typer.echo(as_json(report) if output is Format.json else as_text(report))

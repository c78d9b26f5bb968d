"""`python -m lab.alarms`: every day of a shop's history judged by the control charts, and each alarm explained."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.alarms.found import Found, history
from lab.alarms.page import causes, section, unexplained
from sluice.core import log
from sluice.core.errors import SluiceError

CAUSES = Path(__file__).with_name("causes.yml")
_MARK = "<!-- Below: written by python -m lab.alarms; do not edit. -->\n"


def alarms(
    built: Annotated[list[str], typer.Argument(help="Shops as NAME=FOLDER, or NAME=FOLDER:SOURCE for one of several in it.")],
    known: Annotated[Path, typer.Option("--causes", help="Causes that are known, by shop.")] = CAUSES,
    page: Annotated[Path | None, typer.Option(help="Also write the tables into this page, below its mark.")] = None,
) -> None:
    """Judge each day by the days before it, and say which would have stopped a release or warned.

    A folder has a warehouse/dev.duckdb that dbt built, and target/manifest.json.
    Exit code 1 if an alarm would have stopped a release, or its cause is not known.
    """
    explained = causes(known)
    shops = [_history(one) for one in built]
    text = "\n".join(section(shop, explained) for shop in shops)
    typer.echo(text, nl=False)
    if page is not None:
        head = page.read_text(encoding="utf-8").partition(_MARK)[0]
        page.write_text(f"{head}{_MARK}\n{text}", encoding="utf-8")
    stopped = any(alarm.severity == "error" for shop in shops for alarm in shop.alarms)
    if stopped or any(unexplained(shop, explained) for shop in shops):
        raise typer.Exit(1)


def _history(told: str) -> Found:
    name, _, place = told.partition("=")
    folder, _, source = place.partition(":")
    return history(name, Path(folder), source or None)


def main() -> None:
    """Read the options and judge; a mistake prints three short lines on stderr and exits with code 2."""
    try:
        typer.run(alarms)
    except SluiceError as error:
        sys.exit(log.explain(error))


if __name__ == "__main__":
    main()

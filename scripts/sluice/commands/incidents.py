"""`sluice incidents`: what is wrong, one incident for each cause."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOption, Format, FormatOption
from sluice.commands.output import register
from sluice.commands.output import show as print_result

app = typer.Typer(help="List and answer what runs found wrong, one incident for each cause.", no_args_is_help=True)

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="An incident's id, or the start of it.", autocompletion=complete.incidents)
]


def list_(
    environment: EnvOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """List the incidents that are open or acknowledged, the worst first."""
    from sluice.alerts import book, report
    from sluice.core.paths import lake_root

    found = book.read(lake_root(), environment, ended=every)
    print_result(output, {"incidents": found}, lambda _: report.list_text(found, _now()))


def show(incident_id: IdArgument, output: FormatOption = Format.text) -> None:
    """Show an incident: its findings, since when, who reads what it touches, and what to do next."""
    from sluice.alerts import book, report
    from sluice.core.paths import lake_root

    found = book.find(lake_root(), incident_id)
    print_result(output, found, lambda _: report.show_text(found))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


register(app, None, list_, name="list")
register(app, None, show)

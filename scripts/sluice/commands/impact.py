"""`sluice impact`: what a change would touch, before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import ReportFormat, ReportFormatOption
from sluice.core.errors import SluiceError
from sluice.core.progress import on_stderr
from sluice.core.text import coloured

if TYPE_CHECKING:
    from sluice.core.dbt_profile import Choice


def impact(
    base: Annotated[str, typer.Option(help="The branch or commit to compare the working tree with, such as origin/main.")],
    output: ReportFormatOption = ReportFormat.text,
    variables: Annotated[
        str | None,
        typer.Option("--vars", metavar="YAML", help="dbt's --vars. Default: those of dev in environments.yml."),
    ] = None,
) -> None:
    """Show which nodes differ from a commit and why, and the columns, models, exposures and owners downstream.

    The nodes are those of dbt's state:modified, without the ones whose SQL stays equal, and with what dbt's state does
    not see: sluice build --env pr-12 builds them, and everything downstream.

    If the current branch started from an earlier commit of the base, that one is compared. dbt compiles both on an empty
    warehouse of their own, with the packages of each; nothing is built, and the target's DuckDB file is not opened. Exit code
    0, or 2 when one of them cannot be parsed.
    """
    from sluice.change.impact import impact as run
    from sluice.change.impact_report import write

    with on_stderr("impact") as tell:
        found = run(base, _choice(variables), tell)
    typer.echo(coloured(write(found, output.value)))


def _choice(variables: str | None) -> Choice:
    """How dbt is called: as for dev, with other variables if any are given. Raises SluiceError if these are not a mapping."""
    import yaml

    from sluice.core.dbt_profile import Choice
    from sluice.environments.policy import load

    own = next((one.choice for one in load().environments if one.name == "dev"), Choice())
    if variables is None:
        return own
    try:
        given = yaml.safe_load(variables)
    except yaml.YAMLError:
        given = None
    if not isinstance(given, dict):
        raise SluiceError(f"{variables} is not a YAML mapping", where="--vars", hint="write it as for dbt: --vars '{a: 1}'")
    return Choice(own.target, given)

"""`sluice build`: dbt build with progress, quiet in logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

    from sluice.progress import Tell


def build(
    select: Annotated[list[str] | None, typer.Option(help="dbt's node selection.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models from nothing.")] = False,
) -> None:
    """Build and test every model in the dev warehouse. Exit code 1 when a model or test failed, 2 when dbt could not run."""
    from dbt.cli.main import dbtRunner

    from sluice.paths import warehouse_root
    from sluice.progress import on_stderr

    warehouse_root().mkdir(parents=True, exist_ok=True)
    with on_stderr("dbt build") as tell:
        result = dbtRunner(callbacks=[lambda event: _show(event, tell)]).invoke(arguments(select or [], full_refresh))
    if not result.success:
        raise typer.Exit(2 if result.exception else 1)


def arguments(select: list[str], full_refresh: bool) -> list[str]:
    """dbt's command line for a build."""
    selection = ["--select", *select] if select else []
    return ["--quiet", "build", *selection, *(["--full-refresh"] if full_refresh else [])]


def _show(event: EventMsg, tell: Tell) -> None:
    if event.info.name == "LogStartLine":
        tell(event.data.description, (event.data.index - 1) / max(event.data.total, 1))

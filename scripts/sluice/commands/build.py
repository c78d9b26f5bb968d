"""`sluice build`: dbt build with progress; what failed, with rows that show it; every check into the lake's history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.formats import Format


def build(
    select: Annotated[list[str] | None, typer.Option(help="dbt's node selection.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models from nothing.")] = False,
    target: Annotated[Path, typer.Option(envvar="DBT_TARGET_PATH", help="dbt's target folder.")] = Path("target"),
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Build and test every model in the dev warehouse; print each test that failed, with a sample of its rows.

    Exit code 1 when a model or test failed, 2 when dbt could not run. Warnings are printed and fail nothing.
    """
    from sluice import checks, failures
    from sluice.paths import lake_root, warehouse_root

    warehouse_root().mkdir(parents=True, exist_ok=True)
    _expire_waivers(lake_root())
    code = _run(arguments(select or [], full_refresh, target), target)
    run = checks.read(target)
    checks.append(run, lake_root())
    found = failures.collect(run, warehouse_root())
    told = failures.as_json(found) if output is Format.json else failures.as_text(found)
    if told:
        typer.echo(told)
    if code:
        raise typer.Exit(1)


def arguments(select: Sequence[str], full_refresh: bool, target: Path) -> list[str]:
    """dbt's command line for a build."""
    selection = ["--select", *select] if select else []
    return ["build", *selection, *(["--full-refresh"] if full_refresh else []), "--target-path", str(target)]


def _run(command: Sequence[str], target: Path) -> int:
    """Run dbt; its exit code, 0 or 1. Raises SluiceError where it could not run, or left no results of this run."""
    from sluice import dbt
    from sluice.errors import SluiceError
    from sluice.progress import on_stderr

    with on_stderr("dbt build") as tell:
        done = dbt.invoke(command, tell)
    results = target / "run_results.json"
    fresh = results.exists() and dbt.artifact(target, "run_results.json")["metadata"]["invocation_id"] == done.id
    if done.code not in (0, 1) or not fresh:
        said = "\n".join(done.errors) or f"it ended with exit code {done.code}"
        raise SluiceError(
            f"dbt could not run\n{said}", hint="mend what dbt names, then run it again; dbt debug looks at the setup"
        )
    return done.code


def _expire_waivers(lake: Path) -> None:
    """Waivers whose time is over end before dbt looks at them: a build depends on code and lake, on no clock."""
    from sluice.quarantine import expire

    expire(lake, datetime.now(UTC).replace(tzinfo=None))

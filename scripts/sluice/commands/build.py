"""`sluice build`: dbt build with progress; what failed, with rows that show it; every check into the lake's history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.formats import Format

if TYPE_CHECKING:
    from sluice.environments.context import Context
    from sluice.environments.trail import Attempt
    from sluice.quality.failures import Failures


def build(
    select: Annotated[list[str] | None, typer.Option(help="dbt's node selection; for dev only.")] = None,
    environment: Annotated[
        str, typer.Option("--env", help="dev; prod, staging: a candidate beside its release; pr-12: what a change touches.")
    ] = "dev",
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models from nothing.")] = False,
    target: Annotated[Path, typer.Option(envvar="DBT_TARGET_PATH", help="dbt's target folder, for dev.")] = Path("target"),
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
    base: Annotated[
        str | None, typer.Option(help="For pr-12: what stands for the rest, an environment or a release; else prod.")
    ] = None,
) -> str | None:
    """Build and test every model, in the dev warehouse or in a candidate; print each test that failed, with its rows.

    A candidate is a file aside, built from the environment's current release and the lake as it is now; nobody reads it
    before it is audited and published; its id is given. A pull request environment (pr-12) holds what differs from the
    base release, and all that is made from it; the rest is read from that release. Exit code 1 when a model or test
    failed, 2 when it could not be built. Warnings are printed and fail nothing.
    """
    from sluice.core.errors import SluiceError
    from sluice.environments import trail
    from sluice.environments.context import here

    context = here()
    context.warehouse.mkdir(parents=True, exist_ok=True)
    with trail.attempt(context.lake, context.actor, "build", environment=environment) as attempt:
        context.policy.allow(environment, "build", context.actor)
        _expire_waivers(context.lake)
        if context.policy.environment(environment).is_family:
            is_good = _slim(context, attempt, environment, base or "prod", select or [], output)
        elif base is not None:
            raise SluiceError(f"{environment} has no base", where="--base", hint="it is for pull request environments: pr-12")
        elif environment == "dev":
            is_good = _dev(select or [], full_refresh, target, output)
        else:
            is_good = _candidate(context, attempt, environment, select or [], full_refresh, output)
        if not is_good:
            attempt.detail = "a model or test failed"
            raise typer.Exit(1)
    return attempt.release_id


def _dev(select: Sequence[str], full_refresh: bool, target: Path, output: Format) -> bool:
    from sluice.core import dbt
    from sluice.core.paths import warehouse_root
    from sluice.core.progress import on_stderr

    with on_stderr("dbt build") as tell:
        done = dbt.invoke(arguments(select, full_refresh, target), tell)
    dbt.results_of(done, target)
    found = _recorded(target, warehouse_root())
    _print_failures(found, output)
    return done.code == 0


def arguments(select: Sequence[str], full_refresh: bool, target: Path) -> list[str]:
    """dbt's command line for a build of dev."""
    selection = ["--select", *select] if select else []
    return ["build", *selection, *(["--full-refresh"] if full_refresh else []), "--target-path", str(target)]


def _candidate(
    context: Context, attempt: Attempt, environment: str, select: Sequence[str], full_refresh: bool, output: Format
) -> bool:
    from sluice.candidate import build, report
    from sluice.candidate.plan import plan
    from sluice.core.errors import SluiceError
    from sluice.core.progress import on_stderr
    from sluice.quality import failures

    if select:
        raise SluiceError("a candidate is always whole", where="--select", hint="leave it out, or build dev")
    with on_stderr(f"candidate for {environment}") as tell:
        built = build.build(plan(environment, context, full_refresh=full_refresh, tell=tell), tell)
    attempt.release_id, attempt.from_release_id = built.record.release_id, built.record.parent
    found = _recorded(built.folder, built.folder, built.record.release_id)
    for name in built.removed:
        typer.echo(f"removed {name}: a candidate whose build was broken off", err=True)
    if output is Format.json:
        typer.echo(report.built_as_json(built, json.loads(failures.as_json(found))))
    else:
        _print_failures(found, output)
        typer.echo(report.built_as_text(built))
    return built.is_good


def _slim(context: Context, attempt: Attempt, environment: str, base: str, select: Sequence[str], output: Format) -> bool:
    from sluice.change import pull_request, pull_request_report
    from sluice.core.errors import SluiceError
    from sluice.core.progress import on_stderr
    from sluice.environments.resolve import locate
    from sluice.quality import failures

    if select:
        raise SluiceError(f"what {environment} holds is found out", where="--select", hint="leave it out, or build dev")
    with on_stderr(environment) as tell:
        built = pull_request.build(environment, locate(base, tell), context, tell)
    attempt.from_release_id = built.slim.base
    has_run = (built.artifacts / "run_results.json").is_file()
    found = _recorded(built.artifacts, built.file.parent, environment) if has_run else None
    if output is Format.json:
        typer.echo(pull_request_report.as_json(built, json.loads(failures.as_json(found)) if found else None))
    else:
        if found:
            _print_failures(found, output)
        typer.echo(pull_request_report.as_text(built))
    return built.is_good


def _recorded(artifacts: Path, warehouse: Path, name: str | None = None) -> Failures:
    """The problems of the run; every check of it is in lake/ops, under the warehouse's name or the one given."""
    from sluice.core.paths import lake_root
    from sluice.quality import dbt_results, failures

    run = dbt_results.read(artifacts)
    dbt_results.append(replace(run, warehouse=name) if name else run, lake_root())
    return failures.collect(run, warehouse)


def _print_failures(found: Failures, output: Format) -> None:
    from sluice.quality import failures

    told = failures.as_json(found) if output is Format.json else failures.as_text(found)
    if told:
        typer.echo(told)


def _expire_waivers(lake: Path) -> None:
    """Waivers whose time is over end before dbt looks at them: a build depends on code and lake, on no clock."""
    from sluice.quarantine import expire

    expire(lake, datetime.now(UTC).replace(tzinfo=None))

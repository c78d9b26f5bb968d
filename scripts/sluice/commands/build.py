"""`sluice build`: dbt build with progress, what failed, and rows that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOption, Format, FormatOption, FullRefresh, Target
from sluice.commands.output import end, note, show
from sluice.core.progress import on_stderr

if TYPE_CHECKING:
    from sluice.steps.build import BuildReport


def build(
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            "-s",
            help="dbt's node selection, such as stg_orders+ or tag:daily; for dev.",
            autocompletion=complete.models,
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", help="dbt's selection of nodes to leave out; for dev.", autocompletion=complete.models),
    ] = None,
    selector: Annotated[
        str | None, typer.Option("--selector", help="The name of a selector in dbt's selectors.yml; for dev.")
    ] = None,
    environment: EnvOption = "dev",
    full_refresh: FullRefresh = False,
    target: Target = None,
    output: FormatOption = Format.text,
    base: Annotated[
        str | None,
        typer.Option(
            help="For a pull request environment: the release that has the unbuilt models, by id or environment. Default: prod.",
            autocompletion=complete.warehouses,
        ),
    ] = None,
) -> None:
    """Build and test every model; print each test that failed, with its rows.

    --env dev, the default, is dbt build on the dev warehouse; state: in a selection needs DBT_STATE, as in dbt. --env prod or
    staging builds a candidate: a separate file, made from the environment's current release and the lake as it is now,
    that nobody reads until it is audited and published. --env pr-12 is dbt's slim CI: it builds state:modified+ against
    the base release and defers to that release for the rest. It also finds what dbt's state does not see, and reads
    sources as the release did, so that each difference comes from the change. An environment with `select` in
    environments.yml, such as ops, is built of these nodes, aside, and then replaces the last. Exit code 1 when a model
    or test failed, 2 when it could not be built. Warnings are printed and fail nothing.
    """
    from sluice.steps.build import build as step

    name = environment or "dev"
    with on_stderr("dbt build" if name == "dev" else f"build of {name}") as tell:
        done = step(
            name,
            select=_words(select),
            exclude=_words(exclude),
            selector=selector,
            full_refresh=full_refresh,
            base=base,
            target=target,
            tell=tell,
        )
    show_build(done, output)
    end(done.exit_code)


def _words(given: list[str] | None) -> list[str]:
    """As dbt takes them: several in one text, or the option several times."""
    return [word for text in given or [] for word in text.split()]


def show_build(done: BuildReport, output: str) -> None:
    """Print what was built, and what failed."""
    note(f"removed {name}: a candidate whose build was interrupted" for name in getattr(done.made, "removed", ()))
    note(getattr(done.made, "remarks", ()))
    note(f"new since the current release: {why}" for why in done.new)
    show(output, fields(done), lambda _: _text(done))


def fields(done: BuildReport) -> dict[str, Any]:
    """A build as JSON has it."""
    from sluice.quality.failures import as_fields

    dbt = as_fields(done.failures) if done.failures else None
    if done.made is None:
        return dbt or {}
    from sluice.candidate.build import Candidate
    from sluice.change.pull_request import PullRequestBuild
    from sluice.core.document import fields as of

    if isinstance(done.made, PullRequestBuild):
        made = done.made
        return {"file": made.file, "artifacts": made.artifacts, "is_good": made.is_good, **of(made.contents), "dbt": dbt}
    return {**of(done.made), "dbt": dbt} if isinstance(done.made, Candidate) else dict(of(done.made))


def _text(done: BuildReport) -> str:
    from sluice.quality import failures

    found = failures.as_text(done.failures) if done.failures else ""
    made = [f"built {failures.built_as_text(done.failures.run)}"] if done.failures else []
    return "\n".join([*([found, ""] if found else []), *made, *_end(done)])


def _end(done: BuildReport) -> list[str]:
    """What was made of it, where it is, and what comes next."""
    from sluice.candidate import report
    from sluice.candidate.build import Candidate
    from sluice.candidate.unchanged import Unchanged
    from sluice.change import pull_request_report

    if isinstance(done.made, Unchanged):
        return [f"nothing new since release {done.made.release_id}: nothing was built"]
    file = [f"file: {done.file}"] if done.file else []
    if done.made is None:
        look = "sluice audit dev; sluice diff prod dev; sluice summary dev" if done.environment == "dev" else ""
        following = (look or f"sluice summary {done.environment}") if done.is_good else "fix what failed, build again"
        return [*file, f"next: {following}"]
    if isinstance(done.made, Candidate):
        return [*file, report.built_as_text(done.made)]
    return [*file, pull_request_report.as_text(done.made)]

"""`sluice rebuild`: a release built again from its record."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.options import AnyEnvOption, Format, FormatOption, any_argument, one_name
from sluice.commands.output import end, show
from sluice.core.progress import on_stderr


def rebuild(
    release: Annotated[str | None, any_argument("A release by its id, or an environment that points to one.")] = None,
    environment: AnyEnvOption = None,
    compare: Annotated[bool, typer.Option("--compare", help="Compare every mart with the release's, and keep nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also when it was built with uncommitted changes.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """Build a release again from its commit and its versions of the lake, from scratch, as a new candidate.

    Exit code 1 where a mart differs (the rebuilt file is kept then) or a test failed; 2 where it cannot be built again.
    """
    from sluice.candidate.report import built_as_text, comparison_as_text
    from sluice.steps.release import rebuild as step

    with on_stderr("rebuild") as tell:
        done = step(one_name(release, environment), compare=compare, force=force, tell=tell)
    if done.comparison:
        show(output, done.comparison, comparison_as_text)
    else:
        show(output, done.candidate, built_as_text, dbt=None)
    end(done.exit_code)

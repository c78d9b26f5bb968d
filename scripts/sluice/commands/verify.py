"""`sluice verify` and `sluice rebuild`: whether a release is what its record says, and whether it can be built again."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.options import AnyEnvOption, Format, FormatOption, MemoryLimit, any_argument, one_name
from sluice.commands.output import end, show
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.progress import on_stderr


def verify(
    release: Annotated[
        str | None, any_argument("A release or candidate by its id, or an environment that points to one.")
    ] = None,
    environment: AnyEnvOption = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: FormatOption = Format.text,
) -> None:
    """Compute the digest of every relation again, and compare it with the release's record.

    Exit code 1 where something differs, with the relations that do; 2 where it cannot be compared.
    """
    from sluice.candidate.report import verified_as_text
    from sluice.steps.release import verify as step

    with on_stderr("verify") as tell:
        found = step(one_name(release, environment), memory_limit=memory_limit, tell=tell)
    show(output, found, verified_as_text)
    end(1 if found.differences else 0)


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

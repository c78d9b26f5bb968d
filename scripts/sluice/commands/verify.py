"""`sluice verify`: whether a release is what its record says."""

from __future__ import annotations

from typing import Annotated

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

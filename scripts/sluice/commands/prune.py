"""`sluice prune`: what environments.yml no longer keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.options import Format, FormatOption
from sluice.commands.output import end, note, show


def prune(
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it, they are only listed.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """Remove the releases, candidates and pull request environments that environments.yml no longer keeps.

    Without --yes, only list them, and why the others stay. What an environment points to, what it would roll back to, and
    what somebody has open always stays. Exit code 1 when it is refused, or something could not be removed.
    """
    from sluice.environments.context import here
    from sluice.gate.prune import prune as step
    from sluice.gate.report import pruned_as_text

    done = step(here(), yes)
    show(output, done, pruned_as_text, bytes=sum(one.thing.bytes for one in done.going))
    note(done.notes)
    end(int(any("was not removed" in text for text in done.notes)))

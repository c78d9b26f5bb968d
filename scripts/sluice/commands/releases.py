"""`sluice envs`, `releases`, `prune` and `drop`: what there is, and what may go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import EnvOption, Format, FormatOption, environment_argument, one_name
from sluice.commands.output import end, note, show

if TYPE_CHECKING:
    from sluice.gate.prune import Pruned


def envs(output: FormatOption = Format.text) -> None:
    """List environments: the release or file of each, since when, by whom and why."""
    from sluice.environments.context import here
    from sluice.environments.listing import environments, environments_text

    rows = environments(here())
    show(output, {"environments": rows}, lambda _: environments_text(rows, datetime.now(UTC)))


def releases(output: FormatOption = Format.text) -> None:
    """List candidates and releases, newest first: age, size, audit, code, who, why, and which environment points there."""
    from sluice.environments.context import here
    from sluice.environments.listing import releases as listed
    from sluice.environments.listing import releases_text

    rows = listed(here())
    show(output, {"releases": rows}, lambda _: releases_text(rows, datetime.now(UTC)))


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

    done = step(here(), yes)
    show(output, done, _pruned_text, bytes=sum(one.thing.bytes for one in done.going))
    note(done.notes)
    end(int(any("was not removed" in text for text in done.notes)))


def _pruned_text(done: Pruned) -> str:
    from sluice.core.text import size, table

    verb = "removed" if done.is_done else "would go"
    rows = [
        (one.thing.name, one.thing.kind, "stays" if one.is_kept else verb, size(one.thing.bytes), one.why)
        for one in done.decisions
    ]
    total = f"{len(done.going)} of {len(done.decisions)} {verb}, {size(sum(one.thing.bytes for one in done.going))}"
    hint = "" if done.is_done or not done.going else "; sluice prune --yes removes them"
    return "\n".join([*(table(["name", "kind", "outcome", ">size", "why"], rows) if rows else []), total + hint])


def drop(
    name: Annotated[str | None, environment_argument("The environment, such as pr-12.")] = None,
    environment: EnvOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Remove the file of an environment and what belongs to it. It is no error if there is none.

    Exit code 1 when it is refused: it points to releases, somebody has it open, or environments.yml does not allow it.
    """
    from sluice.environments.context import here
    from sluice.gate.prune import drop as step

    dropped = one_name(name, environment)
    was_there = step(here(), dropped)
    text = f"{dropped} is removed" if was_there else f"{dropped} did not exist"
    show(output, {"environment": dropped, "was_there": was_there}, lambda _: text)

"""`sluice silence`: incidents that nobody is to be told of until a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import By, EnvOption, Format, FormatOption
from sluice.commands.output import register
from sluice.commands.output import show as print_result

app = typer.Typer(help="Keep alerts about incidents back until a time.", no_args_is_help=True)


def add(
    until: Annotated[str, typer.Option(metavar="TIME", help="Its end: 2027-01-31 (00:00 UTC), 3d or 12h.")],
    why: Annotated[str, typer.Option(help="Why nobody is to be told.")],
    node: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only incidents of this node: core.fct_orders, raw.*, model.shop.*.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only incidents of which every finding is of such a check.")
    ] = None,
    owner: Annotated[str | None, typer.Option(metavar="PATTERN", help="Only incidents of this owner.")] = None,
    environment: EnvOption = None,
    by: By = None,
    output: FormatOption = Format.text,
) -> None:
    """Keep alerts back of incidents that match all patterns. Runs and `sluice incidents list` still show them.

    At its end, what is still open is sent. What was sent before is still resolved. `answer` in environments.yml says who may,
    for all environments that the silence covers.
    """
    from sluice.alerts import silence
    from sluice.alerts.silence import Patterns
    from sluice.core.actor import actor
    from sluice.core.paths import lake_root
    from sluice.environments import policy
    from sluice.quarantine.typed_words import until as read_until

    now = _now()
    patterns = Patterns(environment, node, check, owner)
    added = silence.add(lake_root(), policy.load(), patterns, read_until(until, now), actor(by), why, now)
    print_result(output, added, lambda _: f"silence {added.silence_id}, until {added.until_at:%Y-%m-%d %H:%M} UTC")


def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """List the silences that are active."""
    from sluice.alerts import report, silence
    from sluice.alerts.opened import opened
    from sluice.core.paths import lake_root

    now = _now()
    with opened(lake_root()) as lake:
        found = [one for one in silence.read(lake) if every or not one.is_over(now)]
    print_result(output, {"silences": found}, lambda _: report.silences_text(found, now))


def end(
    silence_id: Annotated[
        str, typer.Argument(metavar="ID", help="A silence's id, or the start of it.", autocompletion=complete.silences)
    ],
    why: Annotated[str, typer.Option(help="Why it ends before its time.")],
    by: By = None,
    output: FormatOption = Format.text,
) -> None:
    """End a silence before its time. The next run, or `sluice incidents send`, sends what is still open."""
    from sluice.alerts import silence
    from sluice.alerts.opened import opened
    from sluice.core.actor import actor
    from sluice.core.paths import lake_root
    from sluice.environments import policy

    with opened(lake_root()) as lake:
        ended = silence.end(lake, policy.load(), silence_id, actor(by), why, _now())
    print_result(output, ended, lambda _: f"silence {ended.silence_id} has ended")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


register(app, None, add)
register(app, None, list_, name="list")
register(app, None, end)

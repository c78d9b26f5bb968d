"""False alarms that somebody has acknowledged: what a later release takes over, and the commands that answer one."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sluice.core.errors import SluiceError
from sluice.environments.context import Context
from sluice.store.record import Acknowledgement

_NAMED = 3
_OF_CHARTS = "a chart starts again at that day, and judges nothing for 14 days; with --once only these points may pass"


def taken_over(release_id: str | None, context: Context) -> tuple[Acknowledgement, ...]:
    """What a candidate that follows a release takes over from it: acknowledgements whose last day is not over."""
    if release_id is None:
        return ()
    try:
        found = context.store.record(release_id).acknowledged
    except SluiceError:  # the build itself says what is wrong with that release
        return ()
    return tuple(one for one in found if one.until and one.until >= today())


def today() -> str:
    """The day, in UTC, as acknowledgements have it."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def how_to_answer(checks: Sequence[str], release_id: str, charts: Collection[str] = ()) -> list[str]:
    """The commands that let failed checks pass, a line each; none if nothing can be answered. `charts` are series."""
    commands = [f'  sluice ack {shlex.quote(check)} --release {release_id} --why "..."' for check in checks[:_NAMED]]
    more = [f"  ... and {len(checks) - _NAMED} more"] if len(checks) > _NAMED else []
    charted = [_OF_CHARTS] if any(check in charts for check in checks) else []
    return ["if it is a false alarm, say why, and it may pass:", *commands, *more, *charted] if checks else []


def told(acknowledged: Sequence[Acknowledgement]) -> list[str]:
    """Acknowledgements for people, a line each."""
    return [
        f"acknowledged: {one.check}, by {one.by} on {one.at[:10]}{f', until {one.until}' if one.until else ''}: {one.why}"
        for one in acknowledged
    ]

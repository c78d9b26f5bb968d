"""`sluice ack`: a failed check is a false alarm, and the candidate may be published with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import Format, FormatOption
from sluice.commands.output import show

if TYPE_CHECKING:
    from sluice.gate.acknowledge import Acknowledged


def ack(
    check: Annotated[str, typer.Argument(help="The failed check: a data test, an expectation as model.check, or a series.")],
    candidate: Annotated[
        str,
        typer.Option("--release", metavar="ID", help="The candidate in which it failed.", autocompletion=complete.candidates),
    ],
    why: Annotated[str, typer.Option(help="Why it is a false alarm; recorded in the audit trail.")],
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="Also for the releases that follow, up to this day: 2026-12-31.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Of a chart: accept these points only, and do not start it again from there.")
    ] = False,
    output: FormatOption = Format.text,
) -> None:
    """Let a failed check of a candidate pass, with a reason that is recorded and shown. Who may publish may do so.

    A control chart starts again at the first day that alarmed, also for later releases: what is usual is found again from
    the days since then. With --once it goes on as it was.

    Exit code 1 when it is refused. An error of dbt, a broken contract, or a check that could not be judged cannot be
    acknowledged.
    """
    from sluice.steps import release

    show(output, release.acknowledge(check, candidate, why=why, until=until, once=once), _as_text)


def _as_text(done: Acknowledged) -> str:
    span = f", and in releases built up to {done.until}" if done.until else ""
    lines = [f"{done.check} may fail in {done.release_id}{span}"]
    if done.phase_since:
        lines.append(f"its chart starts again on {done.phase_since}")
    if done.failing:
        return "\n".join([*lines, f"still failing: {', '.join(done.failing)}"])
    following = f"publish {done.release_id} --env {done.environment}" if done.is_audited else f"audit {done.release_id}"
    return "\n".join([*lines, f"next: sluice {following}"])

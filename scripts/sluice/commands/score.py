"""`sluice score`: events of a topic scored as they come."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluice.commands import complete
from sluice.commands.options import Format, FormatOption
from sluice.commands.output import show
from sluice.core import log

if TYPE_CHECKING:
    from sluice.score.measured import Measured
    from sluice.steps.score import ScoreReport

_SECONDS = 10.0


def score(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The exposure that declares the model and its scores.")],
    feeds: Annotated[list[Path] | None, typer.Argument(metavar="FEEDS", help="Files with the feed of the topic.")] = None,
    env: Annotated[
        str, typer.Option("--env", help="Environment whose release serves.", autocompletion=complete.environments)
    ] = "prod",
    brokers: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Brokers, in place of a feeds file.")] = None,
    topic: Annotated[str | None, typer.Option(help="Topic of the events, in place of a feeds file.")] = None,
    to: Annotated[str | None, typer.Option(metavar="TOPIC", help="Topic of the scores. Default: as declared.")] = None,
    challenger: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="A release or candidate whose model scores in the shadow. Default: the challenger that the release has.",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End at the end of the topic.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """Score events of a topic as they come, with the model of the release that an environment points to.

    Scores go to a topic at once, and to the lake exactly once. When the environment points to another release, that one
    serves from the next message on; if it cannot be loaded, the one before goes on and an incident is opened. Ends on SIGTERM
    and Ctrl-C, with everything committed.
    """
    from sluice.steps.score import Where
    from sluice.steps.score import score as step
    from sluice.stream.run import until_stopped

    where = Where(tuple(feeds or ()), brokers, topic, to, challenger)
    with until_stopped() as stop:
        report = step(model, env, where, stop=stop, until_end=once, tell=_Teller().tell)
    show(output, report, _as_text)


class _Teller:
    """Says every ten seconds what was done since."""

    def __init__(self) -> None:
        self._last, self._scored = time.monotonic(), 0

    def tell(self, measured: Measured) -> None:
        """Print a line, if it is time."""
        now = time.monotonic()
        if now - self._last < _SECONDS:
            return
        since = measured.scored - self._scored
        p50, p99 = measured.latency(0.5), measured.latency(0.99)
        log.note(f"{since / (now - self._last):.0f} scores a second, p50 {_ms(p50)}, p99 {_ms(p99)}, {measured.alerts} alerts")
        self._last, self._scored = now, measured.scored


def _as_text(report: ScoreReport) -> str:
    lines = [
        f"{report.model} {report.model_version} of release {report.release_id}",
        f"{report.messages} messages, {report.events} events, {report.scored} scored, {report.alerts} alerts",
    ]
    if report.refused:
        lines.append(f"{report.refused} messages break the contract: they are in quarantine")
    if report.latency_p50 is not None:
        lines.append(f"from produced to scored: p50 {_ms(report.latency_p50)}, p99 {_ms(report.latency_p99)}")
    return "\n".join(lines)


def _ms(value: Any) -> str:
    return "-" if value is None else f"{value:.1f} ms"

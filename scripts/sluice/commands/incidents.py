"""`sluice incidents`: what is wrong, one incident for each cause."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import By, EnvOption, EnvOrDefault, Format, FormatOption
from sluice.commands.output import end, register
from sluice.commands.output import show as print_result
from sluice.core.errors import UNUSABLE

app = typer.Typer(help="List and answer what runs found wrong, one incident for each cause.", no_args_is_help=True)

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="An incident's id, or the start of it.", autocompletion=complete.incidents)
]
WhyOption = Annotated[str | None, typer.Option(help="What is known about it, for whoever looks at it next.")]
BadFromOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="Time of the first row that is wrong, UTC."),
]


def list_(
    environment: EnvOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """List the incidents that are open or acknowledged, the worst first."""
    from sluice.alerts import book, report, silence
    from sluice.alerts.opened import opened
    from sluice.core.paths import lake_root

    with opened(lake_root()) as lake:
        found, silences = book.read(lake, environment, ended=every), silence.read(lake)
    print_result(output, {"incidents": found}, lambda _: report.list_text(found, silences, _now()))


def show(incident_id: IdArgument, output: FormatOption = Format.text) -> None:
    """Show an incident: its findings, since when, who reads what it touches, and what to do next."""
    from sluice.alerts import book, report
    from sluice.alerts.opened import opened
    from sluice.core.paths import lake_root

    with opened(lake_root()) as lake:
        found = book.find(lake, incident_id)
    print_result(output, found, lambda _: report.show_text(found))


def ack(
    incident_id: IdArgument,
    why: WhyOption = None,
    bad_from: BadFromOption = None,
    by: By = None,
    output: FormatOption = Format.text,
) -> None:
    """Say that somebody works on an incident. The channels that know of it get a message; later runs still resolve it.

    A failed check is let pass by `sluice ack`, and not by this. `answer` in environments.yml says who may.
    """
    _answer("acknowledged", incident_id, why, by, output, bad_from)


def close(
    incident_id: IdArgument,
    why: WhyOption = None,
    bad_from: BadFromOption = None,
    by: By = None,
    output: FormatOption = Format.text,
) -> None:
    """End an incident that no run resolves. The next run that finds it opens it again.

    `answer` in environments.yml says who may.
    """
    _answer("closed", incident_id, why, by, output, bad_from)


def _answer(event: str, incident_id: str, why: str | None, by: str | None, output: Format, bad_from: datetime | None) -> None:
    from sluice.alerts import answer, report
    from sluice.alerts.incident import Event
    from sluice.alerts.opened import opened
    from sluice.core.actor import actor
    from sluice.core.paths import lake_root
    from sluice.environments import policy

    with opened(lake_root()) as lake:
        found = answer.answer(lake, policy.load(), incident_id, Event(event), actor(by), why, _now(), bad_from)
    print_result(output, found, lambda _: f"{report.short(found)} is {found.state}: {found.title}")


def send(output: FormatOption = Format.text) -> None:
    """Send the alerts that are due and not sent yet, as each run does at its end.

    Exit code 1 where a channel did not take all of them; they are sent by the next run, or when this is run again.
    """
    from sluice.alerts import report, settings
    from sluice.alerts.opened import opened
    from sluice.alerts.send import send as carry_out
    from sluice.core.paths import lake_root

    with opened(lake_root()) as lake:
        sent = carry_out(lake, settings.load())
    print_result(output, sent, lambda _: report.sent_text(sent))
    end(int(bool(sent.unsent)))


def update(
    environment: EnvOrDefault = "prod",
    output: FormatOption = Format.text,
) -> None:
    """Update the incidents by what the steps of a run have found, and send the alerts, as `sluice run` does at its end.

    For a scheduler that runs the steps as commands of their own: it gives them all the same SLUICE_RUN_ID, and runs this last,
    whatever became of them. What could not be sent changes nothing about the exit code.
    """
    from sluice.alerts import report
    from sluice.alerts.after import after_run
    from sluice.core.paths import lake_root

    told = after_run(lake_root(), environment)
    print_result(output, told, lambda _: report.told_text(told) or "no incident is open")
    end(0 if told.is_updated else UNUSABLE)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


register(app, None, list_, name="list")
register(app, None, show, ack, close, update, send)

"""Sending what is in the outbox: every channel at the same time, tried again after a while, within a stated time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from sluice.alerts import book, outbox, plan, silence
from sluice.alerts.channels.protocol import Channel, UnsentError, hidden
from sluice.alerts.message import of_json
from sluice.alerts.opened import OpenLake
from sluice.alerts.plan import Alert
from sluice.alerts.settings import Settings
from sluice.core.run_id import run_id
from sluice.history.kinds import AlertEntry

# Seconds for one answer, and before the first repetition; each further one waits up to twice as long, a random part of it.
ANSWER, PAUSE = 5.0, 0.5


@dataclass(frozen=True)
class Sent:
    """How many alerts were sent, and why others were not, by channel; those are sent later."""

    sent: int = 0
    dropped: int = 0
    waiting: int = 0
    unsent: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Try:
    """One attempt to send an alert; `why` is None where it was sent."""

    alert: Alert
    seconds: float
    why: str | None


def send(lake: OpenLake, settings: Settings, now: datetime | None = None) -> Sent:
    """Plan what is missing, and send what is due. What could not be sent stays in the outbox for the next command.

    It ends after `settings.seconds` at the latest, whatever the receivers do; a receiver that is asked then is not waited for.
    Raises SluiceError where another command is sending, or the outbox cannot be read or written.
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    with outbox.sending(lake.path):
        known = outbox.read(lake)
        if settings.channels:
            known += _queued(lake, known, settings, now)
        gone = plan.dropped(known, now)
        outbox.append(lake.path, [plan.entry(one, _kind(settings, one), run_id(), "dropped", now, why) for one, why in gone])
        open_ = [one for one in known if one.is_pending and one not in [alert for alert, _ in gone]]
        due = [one for one in open_ if one.due_at <= now]
        tried = _carried_out(lake.path, due, settings)
    return Sent(
        sum(one.why is None for one in tried.values()), len(gone), len(open_) - len(due), tuple(_unsent(due, tried, settings))
    )


def _queued(lake: OpenLake, known: Sequence[Alert], settings: Settings, now: datetime) -> list[Alert]:
    missing = plan.planned(book.read(lake, ended=True), known, settings, silence.read(lake), now)
    outbox.append(lake.path, [plan.entry(one, _kind(settings, one), run_id(), "queued", now) for one in missing])
    return missing


def _kind(settings: Settings, alert: Alert) -> str:
    channel = settings.channels.get(alert.channel)
    return type(channel).__name__.removesuffix("Channel").lower() if channel else ""


def _carried_out(lake: Path, due: Sequence[Alert], settings: Settings) -> dict[str, _Try]:
    """Send, and write after each answer what became of the alert; the last try of each, by its id."""
    until = time.monotonic() + settings.seconds
    answers: Queue[_Try | None] = Queue()
    running = 0
    for name, channel in settings.channels.items():
        mine = [one for one in due if one.channel == name]
        if mine:
            # A daemon: a receiver that never answers does not keep the process alive.
            Thread(target=_serve, args=(channel, mine, until, answers.put), daemon=True).start()
            running += 1
    found: dict[str, _Try] = {}
    for one in _until(answers, running, until):
        found[one.alert.alert_id] = one
        outbox.append(lake, [_entry_of(one, settings)])
    return found


def _until(answers: Queue[_Try | None], running: int, until: float) -> Iterator[_Try]:
    """What the threads answer, until all have ended or the time is over; None is the end of one."""
    while running and (left := until - time.monotonic()) > 0:
        try:
            one = answers.get(timeout=left)
        except Empty:
            return
        if one is None:
            running -= 1
        else:
            yield one


def _serve(channel: Channel, alerts: Sequence[Alert], until: float, put: Callable[[_Try | None], None]) -> None:
    """Send the alerts of a channel one after the other; of an incident, nothing follows what could not be sent."""
    stuck: set[str] = set()
    try:
        for alert in alerts:
            if alert.incident_id not in stuck and not _insisted(channel, alert, until, put):
                stuck.add(alert.incident_id)
    finally:
        put(None)


def _insisted(channel: Channel, alert: Alert, until: float, put: Callable[[_Try | None], None]) -> bool:
    """Try until it is sent, trying does not help, or the time is over."""
    pause = PAUSE
    while True:
        alert, begun = replace(alert, attempt=alert.attempt + 1), time.monotonic()
        error = _attempt(channel, alert, min(ANSWER, max(until - begun, 0.1)))
        put(_Try(alert, time.monotonic() - begun, None if error is None else hidden(str(error), channel)))
        if error is None:
            return True
        wait = error.after if error.after is not None else pause * random.uniform(0.5, 1)  # noqa: S311  # not a secret
        if error.is_final or time.monotonic() + wait >= until:
            return False
        time.sleep(wait)
        pause *= 2


def _attempt(channel: Channel, alert: Alert, timeout: float) -> UnsentError | None:
    try:
        channel.send(of_json(alert.body), timeout)
    except UnsentError as error:
        return error
    except Exception as error:  # noqa: BLE001  # whatever it is, the other alerts are sent
        return UnsentError(f"{type(error).__name__}: {error}", is_final=True)
    return None


def _entry_of(one: _Try, settings: Settings) -> AlertEntry:
    now = datetime.now(UTC).replace(tzinfo=None)
    event = "sent" if one.why is None else "failed"
    return plan.entry(one.alert, _kind(settings, one.alert), run_id(), event, now, one.why, round(one.seconds, 3))


def _unsent(due: Sequence[Alert], tried: Mapping[str, _Try], settings: Settings) -> Iterator[tuple[str, str]]:
    """A line for each channel that has not taken everything."""
    for name in dict.fromkeys(one.channel for one in due):
        mine = [one for one in due if one.channel == name and (one.alert_id not in tried or tried[one.alert_id].why)]
        if mine:
            why = next((said.why for one in mine if (said := tried.get(one.alert_id)) and said.why), None)
            gone = None if name in settings.channels else "the channel is not in alerts.yml any more"
            yield name, f"{len(mine)} not sent: {gone or why or f'no answer within {settings.seconds} s'}"

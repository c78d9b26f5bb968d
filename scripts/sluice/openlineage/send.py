"""Sending events: appended to a file, or posted one by one; what was not taken stays in the outbox for the next command."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.alerts.channels.http import call
from sluice.alerts.channels.protocol import HIDDEN, UnsentError
from sluice.core.errors import SluiceError
from sluice.openlineage import outbox
from sluice.openlineage.event import Event
from sluice.openlineage.settings import SECONDS, File, Http


@dataclass
class Sent:
    """How many events were taken; `refused` were answered with an error that another try does not change, `why` says how."""

    sent: int = 0
    refused: int = 0
    waiting: int = 0
    dropped: int = 0
    why: str = ""

    @property
    def notes(self) -> list[str]:
        """A line for each thing that did not go well."""
        lines = []
        if self.waiting:
            lines.append(f"{self.waiting} events of OpenLineage wait in the outbox: {self.why}; the next command tries again")
        if self.refused:
            lines.append(f"the receiver of OpenLineage refused {self.refused} events for good: {self.why}")
        if self.dropped:
            lines.append(f"{self.dropped} old files of events were dropped from the outbox: more than {outbox.MOST_FILES} wait")
        return lines


# Answers that are about one event, and not about the address, the key or the load: it is not tried again.
_OF_THE_EVENT = ("400 ", "413 ", "422 ")


def to_file(transport: File, name: str, events: Sequence[Event]) -> Sent:
    """Append events to the file, or write them into one of their own. Raises SluiceError where that is not possible."""
    path = Path(transport.log_file_path).expanduser()
    path = path if transport.append else path.with_name(f"{path.name}-{name}.json")
    text = "".join(f"{outbox.as_line(event)}\n" for event in events)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        what = f"events of OpenLineage cannot be written: {error.strerror}"
        raise SluiceError(what, where=str(path), hint="name another `log_file_path` in openlineage.yml") from error
    return Sent(sent=len(events))


def to_receiver(transport: Http, lake: Path, seconds: float = SECONDS) -> Sent:
    """Post what waits, oldest first, until the receiver does not answer or `seconds` are over.

    Raises SluiceError where another command is sending, or the outbox cannot be read or written.
    """
    done, until = Sent(), time.monotonic() + seconds
    with outbox.sending(lake):
        for path in outbox.too_many(lake):
            path.unlink(missing_ok=True)
            done.dropped += 1
        for path in outbox.waiting(lake):
            events = outbox.read(path).events
            left = events if done.waiting else _posted(transport, events, until, done)
            done.waiting += len(left)
            if not left or len(left) < len(events):
                outbox.keep(path, left)
    return done


def _posted(transport: Http, events: Sequence[Event], until: float, done: Sent) -> Sequence[Event]:
    """Post events one after the other; those that are left where the receiver takes no more."""
    for number, event in enumerate(events):
        why = _attempt(transport, event, until)
        if why is None:
            done.sent += 1
        elif why.startswith(_OF_THE_EVENT):
            done.refused, done.why = done.refused + 1, why
        else:
            done.why = why
            return events[number:]
    return ()


def _attempt(transport: Http, event: Event, until: float) -> str | None:
    """Post one event; why it was not taken, without the key."""
    left = until - time.monotonic()
    if left <= 0:
        return f"{SECONDS} s were not enough"
    try:
        call("POST", transport.address, event, headers=transport.headers, timeout=min(transport.timeout, max(left, 0.1)))
    except UnsentError as error:
        why = str(error)
        for value in transport.headers.values():
            why = why.replace(value.removeprefix("Bearer "), HIDDEN)
        return why
    return None

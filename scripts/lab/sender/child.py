"""Nights that are killed: reads `<lake> <steps> <night>` a line, and prints how each night ended and the steps that it took.

Each night is a process of its own. Before the step with that number it is killed by SIGKILL: before a file is opened or
renamed, a lock is taken, the history is written to, the receiver is connected to or sent anything, and after each of the last
two. In night n the check of node n fails, and that of node n-1 does not fail any more.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sluice.alerts import book, send
from sluice.alerts.channels import http
from sluice.alerts.channels.protocol import Secret
from sluice.alerts.channels.webhook import WebhookChannel
from sluice.alerts.finding import Evidence, Finding
from sluice.alerts.kin import Kin
from sluice.alerts.opened import opened
from sluice.alerts.settings import Route, Settings
from sluice.alerts.settle import Run, settle
from sluice.history import ledger

FIRST = datetime(2026, 1, 1, 3, tzinfo=UTC).replace(tzinfo=None)
URL = "SLUICE_LAB_RECEIVER"
# Names of Python's audit events, and of those that this program raises itself.
STEPS = frozenset({"open", "os.rename", "os.mkdir", "fcntl.flock", "http.client.connect", "http.client.send", "lab"})
_CODE = 9


class Killed:
    """Counts steps, and kills the process before the one that is not to be taken."""

    def __init__(self, lake: str, left: int) -> None:
        self.lake, self.left, self.steps, self.is_on = lake, left, 0, True
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """One of Python's audit events."""
        if self.is_on and event in STEPS and (event not in ("open", "os.rename", "os.mkdir") or self.lake in str(arguments)):
            self.steps += 1
            if self.steps > self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def _watched(module: Any, name: str) -> None:
    """Raise an audit event before and after each call of a function."""
    real = getattr(module, name)

    def call(*arguments: Any, **options: Any) -> Any:
        sys.audit("lab", f"before {name}")
        found = real(*arguments, **options)
        sys.audit("lab", f"after {name}")
        return found

    setattr(module, name, call)


def night(lake: Path, number: int) -> None:
    """One night: update the incidents, send the alerts."""
    now = FIRST + timedelta(days=number)
    node = f"model.shop.m{number}"
    failed = Finding(node=node, check="c", kind="data_test", severity="error", step="build", sentence=node, since=now)
    evidence = Evidence((failed,), frozenset({"build"}))
    settings = Settings({"hook": WebhookChannel(Secret(URL))}, (Route(("hook",)),))
    with opened(lake) as found:
        with book.writing(lake):
            events = settle(Run(f"night-{number}", "prod", now), evidence, book.read(found), Kin())
            book.append(lake, events)
        send.send(found, settings, now)


def main() -> None:
    """Run the nights that are asked for."""
    _watched(ledger, "append")
    _watched(http, "call")
    for line in sys.stdin:
        lake, left, number = line.rsplit(" ", 2)
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            code = _CODE
            try:
                killed = Killed(lake, int(left))
                night(Path(lake), int(number))
                killed.is_on, code = False, 0
                os.write(writer, str(killed.steps).encode())
            finally:
                os._exit(code)
        os.close(writer)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(ended, os.read(reader, 20).decode() or "0", flush=True)
        os.close(reader)


if __name__ == "__main__":
    main()

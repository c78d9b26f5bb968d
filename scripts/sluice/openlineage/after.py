"""After a command, whatever its outcome: its events made, and sent or kept to be sent."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sluice.core import log
from sluice.core.errors import in_one_line
from sluice.core.paths import in_project, lake_root, project
from sluice.core.run_id import run_id

if TYPE_CHECKING:
    from sluice.openlineage.settings import Settings

FILE = "openlineage.yml"


def after_command(since: datetime, *, is_waiting: bool = True) -> None:
    """Tell what the command that began at `since` (UTC, without a zone) did; nothing where no events are asked for.

    Unless it `is_waiting`, no receiver is asked: what is to be sent waits for the next command. Nothing that goes wrong here is
    raised, and no exit code changes: it is reported on stderr.
    """
    if project() is None:
        return
    try:
        with in_project():
            notes = _told(since, is_waiting=is_waiting) if _is_asked_for() else []
    except BaseException as error:  # noqa: BLE001  # in_one_line raises again what is not to be caught
        notes = [f"no event of OpenLineage was sent: {in_one_line(error)}"]
    for note in notes:
        log.note(note)


def _is_asked_for() -> bool:
    """Whether somebody may have said where events go: who has not does not wait for the modules that make them."""
    names = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    places = (Path(FILE), Path.home() / ".openlineage" / FILE)
    return any(os.environ.get(name) for name in names) or any(path.is_file() for path in places)


def _told(since: datetime, *, is_waiting: bool) -> list[str]:
    """Make the events and send them; a line for each thing that did not go well."""
    from sluice.openlineage import settings

    chosen = settings.load()
    return _sent(chosen, since, is_waiting=is_waiting) if chosen else []


def _sent(chosen: Settings, since: datetime, *, is_waiting: bool) -> list[str]:
    from sluice.candidate.plan import project_name
    from sluice.openlineage import event, gathered, outbox, send, told
    from sluice.openlineage.names import Names
    from sluice.openlineage.settings import File
    from sluice.openlineage.source_code import code_here

    lake, run = lake_root(), run_id()
    left = gathered.left_by(lake, run, since)
    if not left.steps:
        return []
    names = Names(chosen.namespace or project_name(Path()))
    made = event.in_order(told.told(told.Telling(left, names, code_here(), event.outer(os.environ))))
    name = f"{since:%Y%m%dT%H%M%S%fZ}-{run}"
    if isinstance(chosen.transport, File):
        return send.to_file(chosen.transport, name, made).notes
    outbox.put(lake, name, made)
    return send.to_receiver(chosen.transport, lake).notes if is_waiting else []

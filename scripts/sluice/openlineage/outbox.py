"""The outbox in lake/openlineage: what is to be sent is there before it is sent, one file for each command, until it was sent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.core.locks import locked
from sluice.openlineage.event import Event

PATIENCE = 1.0
# What has waited longer is of no use to a receiver, and would fill the disk.
MOST_FILES = 500


@dataclass(frozen=True)
class Waiting:
    """The events of a command that have not been sent, oldest first."""

    path: Path
    events: tuple[Event, ...]


def folder(lake: Path) -> Path:
    """Where the files are."""
    return lake / "openlineage"


@contextmanager
def sending(lake: Path) -> Iterator[None]:
    """Hold the outbox, so that two commands do not send the same. Raises SluiceError where another command holds it."""
    folder(lake).mkdir(parents=True, exist_ok=True)
    with locked(folder(lake) / ".lock", "sending events of OpenLineage", PATIENCE):
        yield


def put(lake: Path, name: str, events: Sequence[Event]) -> Path:
    """Keep the events of a command until they are sent. Raises SluiceError where they cannot be written."""
    path = folder(lake) / f"{name}.ndjson"
    _write(path, events)
    return path


def waiting(lake: Path) -> list[Path]:
    """The files that wait, oldest first: their names begin with a time."""
    return sorted(folder(lake).glob("*.ndjson"))


def read(path: Path) -> Waiting:
    """What a file holds; a line that is damaged is passed over."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return Waiting(path, tuple(events))


def keep(path: Path, events: Sequence[Event]) -> None:
    """What of a file has not been sent; none removes the file."""
    if events:
        _write(path, events)
    else:
        path.unlink(missing_ok=True)


def too_many(lake: Path) -> list[Path]:
    """The oldest files beyond MOST_FILES."""
    return waiting(lake)[:-MOST_FILES]


def _write(path: Path, events: Sequence[Event]) -> None:
    """Put the file in place whole."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.writelines(f"{as_line(event)}\n" for event in events)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        what = f"events of OpenLineage cannot be written: {error.strerror}"
        raise SluiceError(what, where=str(path), hint="make room, or give the right to write") from error


def as_line(event: Event) -> str:
    """An event in one line."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)

"""Which files somebody has open: DuckDB's locks, and on Linux what /proc shows. It sees this machine only."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_LOCK = struct.Struct("hhqqi4x")


def holders(files: Iterable[Path]) -> dict[Path, int]:
    """The files that are open, each with the id of a process that has it (0 or less: one outside of this container).

    A file that this process has open with DuckDB loses its lock by being looked at, so it is taken from /proc alone.
    """
    if sys.platform != "linux":
        return {}
    wanted = {_identity(path): path for path in files if path.is_file()}
    found = {wanted[identity]: process for identity, process in _open_files() if identity in wanted}
    locked = {path: _locked_by(path) for path in wanted.values() if path not in found}
    return found | {path: process for path, process in locked.items() if process is not None}


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _open_files() -> Iterator[tuple[tuple[int, int], int]]:
    """What each process has open, as far as we may look."""
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            opened = list(folder.iterdir())
        except OSError:
            continue
        for link in opened:
            try:
                yield _identity(link), int(folder.parent.name)
            except OSError:
                continue


def _locked_by(path: Path) -> int | None:
    """The process whose lock stands against a writer's: every DuckDB connection holds one, a read only one too."""
    with path.open("rb") as file:
        asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = _LOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else process

"""The output directory: whether it may be written, what is replaced, when it is complete."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.demo.tables import TABLES

MARKER = ".sluice-demo.json"
UNFINISHED = ".sluice-demo.unfinished"
WORK = ".sluice-demo.work"


def claim(out: Path, *, force: bool = False) -> Path:
    """Make ``out`` ready for a new demo and return its work folder.

    An empty or absent directory is taken; an unfinished demo is replaced; a complete one only with ``force``. Only what
    a demo writes is ever removed. Raises SluiceError for anything else.
    """
    _check(out, force)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / UNFINISHED).write_text("a demo is being made here, or was interrupted\n", encoding="utf-8")
        (out / MARKER).unlink(missing_ok=True)
        for name in sorted({table.source for table in TABLES} | {"truth", WORK}):
            if (out / name).exists():
                shutil.rmtree(out / name)
        (out / WORK).mkdir()
        (out / "truth").mkdir()
    except OSError as error:
        raise SluiceError(f"can't write the demo: {error}", where=str(out)) from error
    return out / WORK


def _check(out: Path, force: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise SluiceError("the output is a file, not a directory", where=str(out), hint="choose another --out")
    if (out / UNFINISHED).exists() or not any(out.iterdir()):
        return
    if not (out / MARKER).exists():
        raise SluiceError("the output directory contains something else", where=str(out), hint="choose an empty --out")
    if not force:
        raise SluiceError("there is a demo here already", where=str(out), hint="replace it with --force, or choose another --out")


def finish(out: Path, parameters: dict[str, object]) -> None:
    """Mark the demo as complete; the marker is written last."""
    (out / MARKER).write_text(json.dumps(parameters, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (out / UNFINISHED).unlink()


def clear_work(out: Path) -> None:
    """Remove the work folder, whatever is in it."""
    shutil.rmtree(out / WORK, ignore_errors=True)

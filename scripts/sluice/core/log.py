"""What commands say on stderr: text for people, or with SLUICE_LOG=json one JSON object a line.

Results are not part of it: they go to stdout.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from sluice.core.errors import SluiceError
from sluice.core.redact import redacted
from sluice.core.run_id import run_id
from sluice.core.text import coloured

VARIABLE = "SLUICE_LOG"
FORMATS = ("text", "json")
Level = Literal["info", "warning", "error"]

_command = ContextVar("command", default="")
_step = ContextVar("step", default="")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """A line of the log: `time` is UTC, `step` the part of the command that was being done, `share` how much of it is done.

    Of errors, `where` and `hint` say what the text says; `seconds` is how long a step took. What does not apply is left out.
    """

    time: datetime
    level: Level
    run_id: str
    command: str
    message: str
    step: str | None = None
    where: str | None = None
    hint: str | None = None
    share: float | None = None
    seconds: float | None = None


def is_json() -> bool:
    """Whether lines are JSON."""
    return os.environ.get(VARIABLE) == "json"


def begin(command: str) -> None:
    """Lines are of this command from now on, also what libraries log, warn of, or fail with.

    Raises SluiceError where SLUICE_LOG names another format than `text` and `json`.
    """
    _command.set(command)
    chosen = os.environ.get(VARIABLE) or FORMATS[0]
    if chosen not in FORMATS:
        raise SluiceError(f"{chosen!r} is not a format of the log", where=VARIABLE, hint=f"use {' or '.join(FORMATS)}")
    if is_json():
        logging.basicConfig(level=logging.WARNING, handlers=[_Library()], force=True)
        logging.captureWarnings(True)
        sys.excepthook = _unexpected


@contextmanager
def step(name: str) -> Iterator[None]:
    """Lines of the block are of this step."""
    before = _step.set(name)
    try:
        yield
    finally:
        _step.reset(before)


def say(text: str, *, share: float | None = None, seconds: float | None = None) -> None:
    """A line about what is done; as text, it is `text` alone."""
    if is_json():
        _write("info", text, share=share, seconds=seconds)
    else:
        _print(text)


def note(text: str) -> None:
    """What is worth knowing, and does not end the command."""
    if is_json():
        _write("warning", text)
    else:
        _print(f"note: {text}")


def explain(error: SluiceError) -> int:
    """What ended the command, as text in up to three short lines; give its exit code."""
    if is_json():
        _write("error", f"{error.word}: {error.what}", where=error.where or None, hint=error.hint or None)
    else:
        lines = {error.word: error.what, "where": error.where, "what to do": error.hint}
        _print(coloured("\n".join(f"{word}: {said}" for word, said in lines.items() if said), sys.stderr))
    return error.code


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(level: Level, message: str, **more: str | float | None) -> None:
    line = LogLine(
        time=datetime.now(UTC),
        level=level,
        run_id=_run_id(),
        command=_command.get(),
        message=message,
        step=_step.get() or None,
        **more,  # type: ignore[arg-type]  # the last fields of LogLine
    )
    fields = {name: redacted(value) if isinstance(value, str) else value for name, value in asdict(line).items()}
    fields["time"] = line.time.isoformat(timespec="milliseconds")
    _print(json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False))


def _run_id() -> str:
    try:
        return run_id()
    except SluiceError:  # the error that is being said
        return ""


class _Library(logging.Handler):
    """What libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        _write(level, f"{record.name}: {record.getMessage()}")


def _unexpected(kind: type[BaseException], _: BaseException, trace: TracebackType | None) -> None:
    """A fault of this program. What the exception says may hold values of rows, and is left out."""
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
    hint = f"run it again with {VARIABLE}=text to see what the exception says"
    _write("error", f"a fault of sluice: {kind.__name__}", where="; ".join(places[-5:]), hint=hint)

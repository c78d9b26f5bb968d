"""Records each command in lake/ops/runs and each of its steps in lake/ops/steps, however they end.

A step is a function with the decorator `as_step`, or a block of `step`. Whatever runs inside it adds what it learns by
`learn`, and writes other kinds of entries by `write`. Nothing here changes how a command ends: what cannot be written is
printed on stderr, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sluice import __version__
from sluice.core import actor as who
from sluice.core import git, log
from sluice.core.errors import FAILED, INTERRUPTED, UNUSABLE, RefusedError, SluiceError, is_interrupt
from sluice.core.paths import lake_root
from sluice.core.run_id import one_run, run_id
from sluice.core.system import of_system
from sluice.history.kinds import Entry, RunEntry, StepEntry

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Part:
    """A run, or a step of it, that goes on: what is learned on the way goes into its row."""

    name: str
    environment: str | None = None
    release_id: str | None = None
    invocation_id: str | None = None
    actor: str | None = None
    detail: str | None = None
    outcome: str = "done"
    exit_code: int = 0
    is_denied: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))
    clock: float = field(default_factory=time.perf_counter)

    def end(self, exit_code: int) -> None:
        """It came to its end; an exit code other than 0 says that not all is well."""
        self.exit_code, self.outcome = exit_code, "failed" if exit_code else "done"

    def stop(self, error: BaseException) -> None:
        """It did not come to its end."""
        self.outcome = "refused" if isinstance(error, RefusedError) else "failed"
        self.exit_code, self.detail = code_of(error), self.detail or said_by(error)
        self.is_denied = isinstance(error, OSError) or isinstance(error.__cause__, OSError)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return round(time.perf_counter() - self.clock, 4)


@dataclass
class Run:
    """The command that goes on: its own row, the steps that have ended, and whether trouble with the history was printed."""

    own: Part
    lake: Path | None
    steps: list[Part] = field(default_factory=list)
    is_told: bool = False


class NothingTriedError(Exception):
    """Raised where a command only says what it would do: it leaves no row."""


# Columns of a step that are fields of its Part.
_OF_STEPS = ("invocation_id", "environment", "release_id", "started_at", "seconds", "outcome", "exit_code", "detail")

_RUN: ContextVar[Run | None] = ContextVar("run", default=None)
_STEP: ContextVar[Part | None] = ContextVar("step", default=None)


def code_of(error: BaseException) -> int:
    """The exit code that a command ends with by this error."""
    if isinstance(error, SluiceError):
        return error.code
    if is_interrupt(error) or isinstance(error, GeneratorExit):
        return INTERRUPTED
    return UNUSABLE if isinstance(error, Exception) and of_system(error, "") else FAILED


def said_by(error: BaseException) -> str:
    """What an error says, in short: each reason of a guard that refused."""
    if isinstance(error, RefusedError):
        return "; ".join(error.reasons)
    if is_interrupt(error) or isinstance(error, GeneratorExit):
        return "interrupted"
    return error.what if isinstance(error, SluiceError) else f"{type(error).__name__}: {error}".rstrip(": ")


@contextmanager
def run(command: str, lake: Path | None = None) -> Iterator[Part]:
    """Record the block as one run: that of the command, and of the steps in it. In a run that goes on, it is part of that.

    `lake` is where the history is, by default that of the environment variable.
    """
    if (open_run := _RUN.get()) is not None:
        yield open_run.own
        return
    with one_run():
        made = Run(Part(command), lake)
        _RUN.set(made)
        try:
            yield made.own
        except NothingTriedError:
            raise
        except BaseException as error:
            made.own.stop(error)
            raise
        finally:
            _end(made)
            _RUN.set(None)


@contextmanager
def step(name: str, lake: Path | None = None) -> Iterator[Part]:
    """Record the block as a step of the run that goes on, or as a run of its own. Within another step, it is part of that."""
    if (open_step := _STEP.get()) is not None:
        yield open_step
        return
    with run(name, lake):
        made = Part(name)
        _STEP.set(made)
        try:
            yield made
        except NothingTriedError:
            made.name = ""
            raise
        except BaseException as error:
            made.stop(error)
            raise
        finally:
            _STEP.set(None)
            _end_step(made)


def as_step(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Record a function as a step; the `exit_code` of the report that it returns, where it has one, says how it ended."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*arguments: P.args, **options: P.kwargs) -> T:
            with step(name) as made:
                report = function(*arguments, **options)
                made.end(getattr(report, "exit_code", made.exit_code))
                return report

        return call

    return decorate


def learn(**known: Any) -> None:
    """Add to the step that goes on: environment, release_id, invocation_id, actor or detail. None adds nothing."""
    if (made := _STEP.get()) is not None:
        for name, value in known.items():
            if value is not None:
                setattr(made, name, value)


def write(lake: Path, rows: Sequence[Entry], transaction: str | None = None) -> None:
    """Append entries; what goes wrong is printed, and changes nothing else."""
    trouble = trouble_of(lake, rows, transaction)
    if trouble:
        tell(f"the history in {lake} could not be written: {trouble}")


def trouble_of(lake: Path, rows: Sequence[Entry], transaction: str | None = None) -> str:
    """Append entries; what went wrong, if anything: it must not hide what was done. Delta Lake also panics."""
    from sluice.history import ledger

    try:
        ledger.append(lake, rows, transaction=transaction)
    except BaseException as error:
        if is_interrupt(error) or not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
            raise
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return ""


def tell(what: str) -> None:
    """Print a note on stderr, once for all trouble with the history of a run."""
    going_on = _RUN.get()
    if going_on is None or not going_on.is_told:
        log.note(what)
    if going_on is not None:
        going_on.is_told = True


def _end_step(made: Part) -> None:
    going_on = _RUN.get()
    if going_on is None or not made.name:
        return
    going_on.steps.append(made)
    known = {name: getattr(made, name) for name in _OF_STEPS}
    _keep(going_on, made, StepEntry(run_id=run_id(), step=made.name, **known))


def _end(made: Run) -> None:
    """Write the row of a run, which ended as its last step did, unless it was stopped beside its steps."""
    own = made.own
    if not made.steps and not own.exit_code:
        return
    last = own if own.exit_code else made.steps[-1]
    code, is_dirty = git.state()
    row = RunEntry(
        run_id=run_id(),
        command=own.name,
        environment=own.environment or _newest(made.steps, "environment"),
        release_id=_newest(made.steps, "release_id"),
        started_at=own.started_at,
        seconds=own.seconds,
        outcome=last.outcome,
        exit_code=last.exit_code,
        detail=last.detail,
        actor=_newest(made.steps, "actor") or _actor(),
        code_commit=code,
        is_dirty=is_dirty,
        sluice_version=__version__,
    )
    _keep(made, last, row)


def _keep(going_on: Run, made: Part, row: RunEntry | StepEntry) -> None:
    """Write a row. A command that may do nothing here says that, and not that it may not record it either."""
    try:
        lake = going_on.lake or lake_root()
    except SluiceError:  # the command says so
        return
    trouble = trouble_of(lake, [row])
    if trouble and not made.is_denied:
        tell(f"the history in {lake} could not be written: {trouble}")


def _newest(steps: Sequence[Part], name: str) -> Any:
    return next((value for made in reversed(steps) if (value := getattr(made, name)) is not None), None)


def _actor() -> str:
    try:
        return who.actor()
    except SluiceError:  # the command says so
        return "unknown"

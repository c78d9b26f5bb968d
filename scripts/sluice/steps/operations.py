"""After a run: the environments that show what happened are built, whatever became of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sluice.candidate import aside
from sluice.candidate.plan import WITHOUT_UNIT_TESTS
from sluice.core import log
from sluice.core.errors import SluiceError, is_interrupt
from sluice.core.progress import Tell, quiet
from sluice.environments.context import Context, here
from sluice.history import ledger

# Longer than a build of one takes: two runs that end together have one built after the other.
PATIENCE = 120.0


@contextmanager
def shown_afterwards(progress: Callable[[str], AbstractContextManager[Tell]] = quiet) -> Iterator[None]:
    """Build them when the block has ended, also where it raised: but not after Ctrl-C.

    A note on stderr says what goes wrong with it; the block ends as it would without.
    """
    try:
        yield
    except BaseException as error:
        if not is_interrupt(error):
            _show(progress)
        raise
    _show(progress)


def _show(progress: Callable[[str], AbstractContextManager[Tell]]) -> None:
    try:
        context = here()
        names = context.policy.after_runs()
    except Exception:  # noqa: BLE001  # the run says so
        return
    for name in names:
        trouble = _built(name, context, progress)
        if trouble:
            log.note(f"{name} does not show this run: {trouble}; see: sluice build --env {name}")


def _built(name: str, context: Context, progress: Callable[[str], AbstractContextManager[Tell]]) -> str:
    """Build an environment; what went wrong, if anything."""
    try:
        context.policy.allow(name, "build", context.actor)
        ledger.ensure(context.lake)
        with progress(f"build of {name}") as tell:
            done = aside.build(name, context, tell, only=WITHOUT_UNIT_TESTS, patience=PATIENCE)
    except SluiceError as error:
        return error.what.splitlines()[0] if error.what else type(error).__name__
    except Exception as error:  # noqa: BLE001  # a run is not undone by what shows it
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    if not done.is_in_place:
        return "a model could not be built"
    return ""

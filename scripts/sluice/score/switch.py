"""Another release is loaded beside the one that serves, and takes its place between two messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass

from sluice.core.errors import SluiceError
from sluice.features.state import Event
from sluice.score.serving import Serving

EVERY = 1.0
# One that could not be loaded is tried again: a file may have been on its way.
AGAIN = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that came as a message."""

    partition: int
    offset: int
    event: Event


@dataclass(frozen=True)
class Loaded:
    """A release that is ready, apart from the messages that came meanwhile: of those before `until` it has what it needs.

    `in_release` says up to which offset of each partition it was built from.
    """

    serving: Serving
    in_release: dict[int, int]
    until: int


class Switch:
    """Looks at the pointer every second, and loads what it points to.

    `current` gives the id of the release, `load` makes it ready without messages, with the offsets that it was built from;
    `failed` hears of one that cannot be loaded.
    """

    def __init__(
        self,
        serving: str,
        current: Callable[[], str | None],
        load: Callable[[str], tuple[Serving, dict[int, int]]],
        failed: Callable[[str, SluiceError], None],
        every: float = EVERY,
    ) -> None:
        self._serving, self._current, self._load, self._failed, self._every = serving, current, load, failed, every
        self._tried: tuple[str, float] | None = None
        self._said: tuple[tuple[str, str], float] | None = None
        self._ready: Loaded | None = None
        self._ended = threading.Event()
        self._taken: Sequence[Taken] = ()
        # Held to begin to load, and to shorten the list of what was taken: not at the same time.
        self._turn = threading.Lock()
        self._is_loading = False
        self._thread: threading.Thread | None = None

    def start(self, taken: Sequence[Taken]) -> None:
        """Begin to look. `taken` is a list that the loop appends to."""
        self._taken = taken
        # The history knows by the context which run goes on.
        self._thread = threading.Thread(target=copy_context().run, args=(self._look,), name="switch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being loaded."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    def next(self, taken: list[Taken]) -> Serving | None:
        """The release to serve from now on, with every event in `taken`; None until another one is loaded."""
        loaded, self._ready = self._ready, None
        if loaded is None:
            return None
        for one in taken[loaded.until :]:
            loaded.serving.state.add(one.event)
        # What the release was built from is in it; the rest is kept for the next one.
        taken[:] = _after(taken, loaded.in_release)
        self._is_loading = False
        self._serving = loaded.serving.release.release_id
        return loaded.serving

    def forget(self, taken: list[Taken], before: int) -> None:
        """Forget what was taken before a time, unless a release is being loaded, which counts on it."""
        with self._turn:
            if not self._is_loading:
                taken[:] = [one for one in taken if one.event.at >= before]

    def _look(self) -> None:
        wanted: str | None = None
        while not self._ended.wait(self._every):
            try:
                wanted = self._current()
                if wanted and wanted != self._serving and self._ready is None and not self._was_tried(wanted):
                    self._tried = (wanted, time.monotonic())
                    self._ready = self._loaded(wanted)
            except Exception as error:  # noqa: BLE001  (whatever it is, the one that serves goes on)
                known = error if isinstance(error, SluiceError) else SluiceError(f"{type(error).__name__}: {error}")
                self._say(f"release {wanted}" if wanted else "the pointer", known)

    def _say(self, what: str, error: SluiceError) -> None:
        """Tell of a failure, the same one once a minute."""
        if self._said is None or self._said[0] != (what, error.what) or time.monotonic() - self._said[1] >= AGAIN:
            self._said = ((what, error.what), time.monotonic())
            self._failed(what, error)

    def _was_tried(self, wanted: str) -> bool:
        return self._tried is not None and self._tried[0] == wanted and time.monotonic() - self._tried[1] < AGAIN

    def _loaded(self, wanted: str) -> Loaded:
        with self._turn:
            self._is_loading = True
        try:
            serving, in_release = self._load(wanted)
        except BaseException:
            self._is_loading = False
            raise
        until = len(self._taken)
        for taken in _after(self._taken[:until], in_release):
            serving.state.add(taken.event)
        return Loaded(serving, in_release, until)


def _after(taken: Sequence[Taken], in_release: dict[int, int]) -> list[Taken]:
    """What came after the messages that a release was built from."""
    return [one for one in taken if one.offset >= in_release.get(one.partition, 0)]

"""Where the pointer moves, the other release is loaded beside; it serves with every event that came, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.helpers.live_day import Day

from sluice.core.errors import SluiceError
from sluice.score.serving import Release, Serving
from sluice.score.switch import Switch, Taken

OTHER = "20260102T000000Z-bbbbbb"


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def _taken(day: Day, serving: Serving, count: int) -> list[Taken]:
    rows, _ = serving.describe(day.messages[:count])
    return [Taken(0, row.position or 0, row.event) for row in rows]


def test_it_has_the_events_that_came_before_while_and_after_it_was_loaded(day: Day) -> None:
    loading, go_on = threading.Event(), threading.Event()

    def load(release_id: str) -> tuple[Serving, dict[int, int]]:
        loading.set()
        assert go_on.wait(30)
        other = Day(day.shop, Release(release_id, day.release.folder, day.release.file), day.history, day.payments)
        return other.serving(), {0: 20}

    serving = day.serving()
    before, rest = _taken(day, serving, 100)[:50], _taken(day, serving, 100)[50:]
    switch = Switch(day.release.release_id, lambda: OTHER, load, _fail, every=0.01)
    taken = list(before)
    switch.start(taken)
    assert loading.wait(30)
    switch.forget(taken, taken[-1].event.at)
    assert taken == before, "what a release that is being loaded counts on is kept"
    assert switch.next(taken) is None, "it serves before it is loaded"
    taken += rest[:10]
    go_on.set()
    found: list[Serving] = []

    def serves() -> bool:
        served = switch.next(taken)
        found.extend([served] if served else [])
        return bool(found)

    _until(serves)
    switch.stop()
    assert found[0].release.release_id == OTHER
    wanted = day.serving()
    # What the release was built from is in it: it is not taken from the messages.
    for one in [*before, *rest[:10]]:
        if one.offset >= 20:
            wanted.state.add(one.event)
    assert {event.id for event in found[0].state.events()} == {event.id for event in wanted.state.events()}
    assert taken == [one for one in [*before, *rest[:10]] if one.offset >= 20], "the rest is kept for the next release"


def test_what_no_window_reaches_is_forgotten(day: Day) -> None:
    taken = _taken(day, day.serving(), 60)
    kept = [one for one in taken if one.event.at >= taken[30].event.at]
    Switch("x", lambda: None, lambda _: _fail(), _fail).forget(taken, taken[30].event.at)
    assert taken == kept
    assert 20 < len(kept) < 40


def test_one_that_cannot_be_loaded_does_not_serve_and_is_not_tried_every_second(day: Day) -> None:
    tried: list[str] = []
    failed: list[tuple[str, SluiceError]] = []

    def load(release_id: str) -> tuple[Serving, dict[int, int]]:
        tried.append(release_id)
        raise SluiceError("model.onnx is not the file that was trained")

    pointer = [OTHER]
    switch = Switch(day.release.release_id, lambda: pointer[0], load, lambda *said: failed.append(said), every=0.005)
    switch.start([])
    _until(lambda: bool(failed))
    time.sleep(0.1)
    assert tried == [OTHER]
    assert failed[0][0] == f"release {OTHER}"
    pointer[0] = "20260103T000000Z-cccccc"
    _until(lambda: len(failed) == 2)
    switch.stop()
    assert switch.next([]) is None


def test_a_pointer_that_cannot_be_read_stops_nothing(day: Day) -> None:
    failed: list[Any] = []

    def broken() -> str:
        raise OSError("stale file handle")

    switch = Switch(day.release.release_id, broken, lambda _: _fail(), lambda *said: failed.append(said), every=0.005)
    switch.start([])
    _until(lambda: bool(failed))
    time.sleep(0.1)
    switch.stop()
    assert [(what, error.what) for what, error in failed] == [("the pointer", "OSError: stale file handle")]


def _fail(*_: Any) -> Any:
    raise AssertionError

"""A command that writes to the lake waits for a stream's batch, and for no other command."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from sluice.core.errors import SluiceError
from sluice.lake.lock import streaming, writing


def test_a_batch_of_a_stream_is_waited_for(tmp_path: Path) -> None:
    held, never, order = Event(), Event(), list[str]()

    def batch() -> None:
        with streaming(tmp_path, 0):
            held.set()
            never.wait(0.2)
            order.append("batch")

    thread = Thread(target=batch)
    thread.start()
    assert held.wait(10)
    with writing(tmp_path):
        order.append("command")
    thread.join()
    assert order == ["batch", "command"]


def test_another_command_is_not(tmp_path: Path) -> None:
    with writing(tmp_path), pytest.raises(SluiceError, match="is writing to the lake"), writing(tmp_path):
        pass

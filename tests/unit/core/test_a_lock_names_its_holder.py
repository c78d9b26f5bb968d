"""One process at a time holds a lock; who waits learns which process holds it, and what that process is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.core.locks import holding, is_held, locked


def test_the_holder_is_named(tmp_path: Path) -> None:
    with locked(tmp_path / "x.lock", "writing"), pytest.raises(SluiceError) as told, locked(tmp_path / "x.lock", "reading"):
        pass
    assert told.value.what == f"another command (process {os.getpid()}) is writing"
    assert told.value.where == str(tmp_path)


def test_what_an_earlier_holder_said_is_gone(tmp_path: Path) -> None:
    with locked(tmp_path / "x.lock", "a work with a long name"):
        pass
    with locked(tmp_path / "x.lock", "b"):
        assert (tmp_path / "x.lock").read_text() == f"(process {os.getpid()}) is b"


def test_it_is_waited_for(tmp_path: Path) -> None:
    begun, order = threading.Event(), []

    def first() -> None:
        with locked(tmp_path / "x.lock", "writing"):
            begun.set()
            time.sleep(0.2)
            order.append("first")

    holder = threading.Thread(target=first)
    holder.start()
    begun.wait()
    with locked(tmp_path / "x.lock", "writing", patience=10):
        order.append("second")
    holder.join()
    assert order == ["first", "second"]


def test_it_ends_with_the_last_process_that_holds_it(tmp_path: Path) -> None:
    with holding(tmp_path, "building") as lock:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock])
    assert is_held(tmp_path)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert not is_held(tmp_path)


def test_a_holder_without_a_name_is_told_too(tmp_path: Path) -> None:
    with locked(tmp_path / "x.lock", "writing"):
        (tmp_path / "x.lock").write_text("")
        with pytest.raises(SluiceError, match="another command is using it"), locked(tmp_path / "x.lock", "reading"):
            pass

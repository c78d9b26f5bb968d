"""What is made once for all workers of a test run: by the first that needs it, while others wait for it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

# Where: conftest.py sets it, so that what the tests start knows it, too.
FOLDER = "SLUICE_TESTS_SHARED"


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, which `make` fills, once in a test run. It is not to be changed."""
    folder = Path(os.environ[FOLDER]) / name
    with folder.with_name(f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".made"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder

"""A real server that speaks MongoDB's protocol: FerretDB (tests/helpers/ferretdb), built once on a machine and kept.

It has no decimal128, NaN or infinity, and no transactions. Tests of those send documents without a server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.helpers.shared import made_once

SOURCE = Path(__file__).parent / "ferretdb"
BUILD_SECONDS, START_SECONDS = 1200, 30
# Without PostgreSQL's backend; unoptimized, as it is compiled more often than it is busy.
OPTIONS = [
    "-mod=readonly",
    "-trimpath",
    "-p=2",
    "-tags=ferretdb_no_postgresql",
    "-gcflags=all=-N -l -dwarf=false",
    "-ldflags=-s -w",
]


def _go() -> str:
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        pytest.skip("Go is not installed, so no server of MongoDB's protocol can be built (https://go.dev/dl)")
    return found


def program() -> Path:
    """The server's program. Skips, saying so, where it cannot be built."""
    go = _go()
    # Outside of HOME, so that it outlives a run of .ci/run, whose HOME is empty.
    kept = Path(tempfile.gettempdir()) / f"sluice-go-{os.getuid()}"
    return made_once("ferretdb", lambda folder: (folder / "server").symlink_to(_built(go, kept))) / "server"


def _built(go: str, kept: Path) -> Path:
    """The program in the folder `kept`; building it takes about a minute of processor time."""
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")))
    digest.update("\n".join(OPTIONS).encode())
    target = kept / f"ferretdb-{digest.hexdigest()[:16]}"
    if target.exists():
        return target
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = target.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory(dir=kept) as caches:  # 800 MB, which only the build needs
        folders = {"GOCACHE": f"{caches}/build", "GOMODCACHE": f"{caches}/modules", "GOTOOLCHAIN": "local"}
        done = subprocess.run(
            [go, "build", *OPTIONS, "-o", str(fresh), "."],
            cwd=SOURCE, env={**os.environ, **folders, "GOFLAGS": "-modcacherw"}, capture_output=True, text=True,
            timeout=BUILD_SECONDS, check=False,
        )  # fmt: skip
    if done.returncode:
        pytest.skip(f"the server of MongoDB's protocol cannot be built: {done.stderr.strip()[-500:]}")
    fresh.replace(target)
    return target


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A server with its documents in the folder; gives its connection string."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    with subprocess.Popen([program(), address, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(address)
            yield f"mongodb://{address}/"
        finally:
            server.terminate()


def _wait_for(address: str) -> None:
    host, port = address.split(":")
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return

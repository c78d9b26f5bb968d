"""dbt and sluice as processes that start with their modules in memory: children of a server that has imported them.

Importing takes two seconds of processor time for dbt and three for Great Expectations, and the tests start both hundreds of
times. Each command is a process of its own all the same, with its own arguments, environment, folder, output and exit code;
only the imports are shared. dbt leaves out what quick_dbt.py says, and children do not free their memory before they end.
`program` gives the path of a small client, which asks the server for a child and waits for it.

Tests of how a process starts, or of what becomes of one that is killed, start the programs of .venv (`project.BIN`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
PROGRAMS = ("dbt", "sluice")
# What a python runs preloaded, too, by its name or its path: the process in which sluice runs dbt, programs that run dbt
# within their own process, and the sluice of a checkout, whose own code is imported.
MODULES = ("sluice.core.dbt_worker", "lab.faults", "lint.breaking_changes", "bin.sluice")
SERVER = Path(__file__).with_name("preloaded_server.py")

SHEBANG = "#!{python} -IS\n"
# Python itself, but for some modules; it takes itself for the program that was called, and finds what is beside that.
PYTHON = """
import os, sys
words = sys.argv[2:] if sys.argv[1:2] == ["-m"] else sys.argv[1:]
called = words[0].removesuffix(".py").replace("/", ".") if words else ""
module = next((name for name in {modules!r} if called.endswith(name)), None)
if module is None:
    os.execv({python!r}, sys.argv)
"""
CLIENT = """
import marshal, os, signal, socket, sys

def number():
    told = b""
    while len(told) < 8:
        more = server.recv(8 - len(told))
        if not more:
            sys.exit("the server of preloaded programs has ended")
        told += more
    return int.from_bytes(told, "big", signed=True)

def forward(sent, _):
    os.kill(child, sent)

server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = marshal.dumps(({name}, {arguments}, os.getcwd(), dict(os.environ)))
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
server.sendall(request)
child = number()
for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(sent, forward)
code = number()
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


class _Preloaded:
    """A server and the folder with its clients: a .venv of links, in which the clients stand for the programs."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="preloaded"))
        self.bin = self.root / "bin"
        self._link()
        # A child that is killed leaves semaphores, which Python removes, with a warning.
        command = [
            sys.executable,
            "-W",
            "ignore:resource_tracker:UserWarning",
            str(SERVER),
            str(self.root / "socket"),
            str(self.bin / "python"),
            *PROGRAMS,
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n", "the server of preloaded programs did not start"

    def _link(self) -> None:
        self.bin.mkdir()
        for name in ("lib", "lib64", "pyvenv.cfg", "share"):
            if (BIN.parent / name).exists():
                (self.root / name).symlink_to(BIN.parent / name)
        for path in BIN.iterdir():
            if path.name not in (*PROGRAMS, "python"):
                (self.bin / path.name).symlink_to(path)
        names = {"python": sys.executable, "modules": MODULES, "address": str(self.root / "socket")}
        for name in PROGRAMS:
            self._write(name, SHEBANG + CLIENT, name=repr(name), arguments="sys.argv[1:]", **names)
        self._write("python", SHEBANG + PYTHON + CLIENT, name="module", arguments="words[1:]", **names)

    def _write(self, program: str, text: str, **names: object) -> None:
        (self.bin / program).write_text(text.format(**names))
        (self.bin / program).chmod(0o755)

    def stop(self) -> None:
        """End the server and wait for it, so that its processor time counts as that of the tests."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.root)


_running: list[_Preloaded] = []


def programs() -> Path:
    """A folder like .venv/bin, in which dbt and sluice start preloaded; where a system has no `pidfd_open`, .venv/bin."""
    if sys.platform != "linux":
        return BIN
    if not _running:
        _running.append(_Preloaded())
    return _running[0].bin


def program(name: str) -> str:
    """The path of a program of .venv; of dbt and sluice the preloaded one, and a python that has them beside it."""
    return str((programs() if name in (*PROGRAMS, "python") else BIN) / name)


@contextmanager
def found_by_this_process() -> Iterator[None]:
    """Code in this process that starts dbt beside its own python starts it preloaded."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "executable", program("python"))
        yield


def stop() -> None:
    """End the server, if there is one."""
    while _running:
        _running.pop().stop()

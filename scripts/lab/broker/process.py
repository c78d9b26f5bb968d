"""A server in Java as a child of this process: started on free ports of loopback, waited for, stopped by its own pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lab.broker.jars import java
from sluice.core.errors import SluiceError

PATIENCE = 180
# The server ends when the pipe at its keeper's input does: also where whoever started it is killed.
_KEEPER = 'exec 3<&0; "$@" </dev/null & echo $! > "$PIDFILE"; read -r _ <&3; kill $! 2>/dev/null; wait'


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    with_sockets = [socket.socket() for _ in range(count)]
    for one in with_sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in with_sockets]
    for one in with_sockets:
        one.close()
    return ports


class JavaServer:
    """A running server: its pid, its log, and how to stop it."""

    def __init__(self, folder: Path, name: str, arguments: Sequence[str]) -> None:
        self.name, self.log, self._pidfile = name, folder / f"{name}.log", folder / f"{name}.pid"
        self._pidfile.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "keeper", java(), *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "PIDFILE": str(self._pidfile)},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id of the server itself; 0 before there is one."""
        with suppress(OSError, ValueError):
            return int(self._pidfile.read_text())
        return 0

    def wait_for(self, answers: Callable[[], bool]) -> None:
        """Wait until the server answers. Raises SluiceError, with the end of its log, where it ends or takes too long."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and self._runs():
            if answers():
                return
            time.sleep(0.1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        self.stop()
        raise SluiceError(f"the {self.name} did not start:\n{tail}", where=str(self.log))

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        with suppress(BrokenPipeError):
            self._keeper.communicate(timeout=30)

    def kill(self) -> None:
        """End the server as a crash does, and wait for its end."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def _runs(self) -> bool:
        if not self.pid:
            return self._keeper.poll() is None
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return not _is_zombie(self.pid)
        return False


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    return False


def listens(port: int) -> bool:
    """Whether something on loopback accepts connections at the port."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0

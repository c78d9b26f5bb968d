"""One measured process: wall time and peak memory as the operating system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Wall seconds and peak resident memory (MiB) of a process and its children."""

    seconds: float
    peak_mib: float


def measure(command: list[str], env: Mapping[str, str]) -> Cost:
    """Run a command and measure it. A failing command ends the benchmark and prints its output."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(output, file=sys.stderr)
        raise SystemExit(f"benchmark stopped: exit code {process.returncode} of {' '.join(command)}")
    return Cost(round(time.monotonic() - started, 3), round(usage.ru_maxrss / 1024, 1))

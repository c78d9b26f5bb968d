"""One measured process: wall time and peak memory as the operating system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Wall seconds, peak resident memory (MiB) and processor seconds of a process and its children."""

    seconds: float
    peak_mib: float
    processor_seconds: float


def measure(command: list[str], env: Mapping[str, str], folder: Path | None = None) -> Cost:
    """Run a command and measure it, in `folder`. A failing command ends the benchmark and prints its output."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=dict(env), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(output, file=sys.stderr)
        raise SystemExit(f"benchmark stopped: exit code {process.returncode} of {' '.join(command)}")
    processor = usage.ru_utime + usage.ru_stime
    return Cost(round(time.monotonic() - started, 3), round(usage.ru_maxrss / 1024, 1), round(processor, 2))

"""Measured processes, as the operating system counts their time and memory; a step beside its baseline."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Wall seconds, peak resident memory (MiB) and processor seconds of a process and its children."""

    seconds: float
    peak_mib: float
    processor_seconds: float


@dataclass(frozen=True)
class Ratio:
    """Medians of a step and of its baseline, their ratio, and the step's peak memory.

    Processor seconds, and their ratio, say more where the machine does other work as well.
    """

    seconds: float
    yardstick_seconds: float
    ratio: float
    peak_mib: float
    runs: int
    processor_seconds: float
    yardstick_processor_seconds: float
    processor_ratio: float


def compare(step: Sequence[Cost], yardstick: Sequence[Cost]) -> Ratio:
    """Medians of both; a ratio is the median of the ratios of pairs, so that drift of the machine cancels out."""
    pairs = list(zip(step, yardstick, strict=True))
    return Ratio(
        seconds=round(statistics.median(cost.seconds for cost in step), 2),
        yardstick_seconds=round(statistics.median(cost.seconds for cost in yardstick), 2),
        ratio=round(statistics.median(ours.seconds / theirs.seconds for ours, theirs in pairs), 3),
        peak_mib=max(cost.peak_mib for cost in step),
        runs=len(pairs),
        processor_seconds=round(statistics.median(cost.processor_seconds for cost in step), 2),
        yardstick_processor_seconds=round(statistics.median(cost.processor_seconds for cost in yardstick), 2),
        processor_ratio=round(statistics.median(ours.processor_seconds / theirs.processor_seconds for ours, theirs in pairs), 3),
    )


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

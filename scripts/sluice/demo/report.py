"""What was made, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from sluice.demo.shop import DemoReport


def as_text(report: DemoReport) -> str:
    """A few lines: files and size, records by table, faults by kind, seconds."""
    lines = [
        f"demo in {report.out}: {report.files} files, {report.total_bytes / 1e6:,.1f} MB, {report.seconds:.1f} s",
        "",
    ]
    lines += [f"  {name:<22}{n:>14,} records" for name, n in report.records.items()]
    lines += [""] + [f"  {kind:<22}{n:>14,} faults" for kind, n in report.faults.items()]
    if not report.faults:
        lines.append("  no faults")
    return "\n".join(lines)


def as_json(report: DemoReport) -> str:
    """One JSON object with the same keys as DemoReport."""
    return json.dumps({**asdict(report), "out": str(report.out)}, indent=2)

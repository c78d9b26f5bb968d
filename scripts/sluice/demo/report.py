"""What was made, for people."""

from __future__ import annotations

from sluice.core.text import table
from sluice.demo.shop import DemoReport


def as_text(report: DemoReport) -> str:
    """Files and size, records by table, faults by kind, seconds."""
    head = f"demo in {report.out}: {report.files} files, {report.total_bytes / 1e6:,.1f} MB, {report.seconds:.1f} s"
    faults = table(["fault", ">records"], list(report.faults.items())) if report.faults else ["no faults"]
    return "\n".join([head, "", *table(["table", ">records"], list(report.records.items())), "", *faults])

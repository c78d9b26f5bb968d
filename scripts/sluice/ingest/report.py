"""What a run of ingest did, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from sluice.ingest.landing import FeedReport


def as_json(run_id: str, reports: Sequence[FeedReport]) -> str:
    """The run as JSON: its id and one object per feed."""
    return json.dumps({"run_id": run_id, "feeds": [asdict(report) for report in reports]}, indent=2)


def as_text(reports: Sequence[FeedReport]) -> str:
    """The run as a table of feeds, then what people must look at: refusals and new columns."""
    width = max([len(report.feed) for report in reports] + [4])
    lines = [f"{'feed':{width}} {'files':>6} {'read':>11} {'landed':>11} {'quarantined':>11}  why"]
    lines += [_line(report, width) for report in reports]
    lines += [f"refused: {report.feed} {file}: {why}" for report in reports for file, why in report.refused]
    lines += [
        f"new columns in {report.feed}: {', '.join(report.new_columns)} (landed as text; the contract does not name them yet)"
        for report in reports
        if report.new_columns
    ]
    return "\n".join(lines)


def _line(report: FeedReport, width: int) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.reasons.items())
    nothing_new = f"nothing new ({report.files_known:,} files known)" if report.files_known else "nothing there"
    note = reasons or ("" if report.batches or report.refused else nothing_new)
    return (
        f"{report.feed:{width}} {report.files_new:>6,} {report.rows_read:>11,} {report.rows_landed:>11,}"
        f" {report.rows_quarantined:>11,}  {note}"
    ).rstrip()

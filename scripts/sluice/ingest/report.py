"""What a run of ingest did, for people."""

from __future__ import annotations

from collections.abc import Sequence

from sluice.core.text import table
from sluice.ingest.landing import FeedReport


def as_text(reports: Sequence[FeedReport]) -> str:
    """The run as a table of feeds, then what people must look at: refused files, warnings and new columns."""
    rows = [(one.feed, one.files_new, one.rows_read, one.rows_landed, one.rows_quarantined, _note(one)) for one in reports]
    lines = table(["feed", ">files", ">read", ">landed", ">quarantined", "why"], rows)
    lines += [f"refused: {report.feed} {file}: {why}" for report in reports for file, why in report.refused]
    lines += [f"warning: {report.feed}: {warning}" for report in reports for warning in report.warnings]
    lines += [
        f"new columns in {report.feed}: {', '.join(report.new_columns)} (landed as text; the contract does not name them yet)"
        for report in reports
        if report.new_columns
    ]
    return "\n".join(lines)


def _note(report: FeedReport) -> str:
    counts = {**report.reasons, **({"deleted": report.rows_deleted} if report.rows_deleted else {})}
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts.items())
    nothing_new = f"nothing new ({report.files_known:,} files known)" if report.files_known else "no files found"
    return reasons or ("" if report.batches or report.refused else nothing_new)

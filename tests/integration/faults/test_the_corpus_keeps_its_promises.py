"""`sluice faults` on the whole corpus and a few clean days: every fault is caught where its entry says, or earlier."""

from __future__ import annotations

import json
from pathlib import Path

from project import Project


def test_every_fault_is_caught_where_its_entry_says_and_no_clean_day_is_stopped(tmp_path: Path) -> None:
    project = Project(tmp_path)
    text = project.run("sluice", "faults", "--clean-days", "4", "--format", "json", "--out", str(tmp_path / "docs"))
    score = json.loads(text)
    complaints = [(fault["id"], fault["aim"], fault["place"]) for fault in score["verdicts"] if not fault["is_as_promised"]]
    assert complaints == []
    assert len(score["verdicts"]) >= 60
    assert score["clean"]["days"] >= 4
    assert score["clean"]["blocking"] == {}
    # Only entries that admit it, with the reason, may let something through.
    assert all(fault["but"] for fault in score["verdicts"] if fault["place"] == "none" or fault["reached"])
    assert json.loads((tmp_path / "docs" / "faults.json").read_text()) == score
    assert not any(Path("/tmp").glob(f"sluice-faults-*/{tmp_path.name}"))  # noqa: S108  (where mkdtemp makes folders)

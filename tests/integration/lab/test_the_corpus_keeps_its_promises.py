"""A sample of the fault corpus on a few clean days; `make faults` runs all of it (docs/faults.md)."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers.project import REPOSITORY, Project

from lab.faults.registry import load

# One entry in so many, in the order of the corpus, and one of two days: those of more would each be built five times over.
STEP, DAYS = 40, 2
# And these, which come through where a check is taken away (test_a_check_taken_away_is_noticed).
CAUGHT = {"events_missing_day": "chart", "order_items_quantity_zero": "quarantine"}


def test_every_fault_of_a_sample_is_caught_where_its_entry_says_and_no_clean_day_is_stopped(tmp_path: Path) -> None:
    corpus = load(REPOSITORY / "scripts" / "lab" / "faults" / "corpus").faults
    (of_days,) = (fault.id for fault in corpus if fault.days == DAYS)
    chosen = {*[fault.id for fault in corpus if fault.days == 1][::STEP], of_days, *CAUGHT}
    project = Project(tmp_path)
    selection = [word for name in chosen for word in ("--select", name)]
    text = project.run(
        "python", "-m", "lab.faults", *selection, "--clean-days", "0", "--workers", "1",
        "--format", "json", "--out", str(tmp_path / "docs"),
        PYTHONPATH=str(REPOSITORY / "scripts"),
    )  # fmt: skip
    score = json.loads(text)
    complaints = [(fault["id"], fault["aim"], fault["place"]) for fault in score["verdicts"] if not fault["is_as_promised"]]
    assert complaints == []
    assert sorted(fault["id"] for fault in score["verdicts"]) == sorted(chosen)
    caught = {fault["id"]: fault["place"] for fault in score["verdicts"] if fault["id"] in CAUGHT}
    assert caught == CAUGHT
    assert score["clean"]["days"] == DAYS  # the last ones without a fault, one by one
    assert score["clean"]["blocking"] == {}
    # Only entries that admit it, with the reason, may let something through.
    assert all(fault["but"] for fault in score["verdicts"] if fault["place"] == "none" or fault["reached"])
    assert json.loads((tmp_path / "docs" / "faults.json").read_text()) == score


def test_the_corpus_has_at_least_sixty_faults_of_every_kind() -> None:
    faults = load(REPOSITORY / "scripts" / "lab" / "faults" / "corpus").faults
    assert len(faults) >= 60
    assert {fault.kind for fault in faults} == {"shape", "values", "keys", "volume", "time", "meaning", "drift"}

"""The same content lands once, whatever its name; a batch lands completely or not at all, whenever it is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from tests.helpers.project import REPOSITORY

from sluice.core.errors import SluiceError
from sluice.history import ledger
from sluice.lake import raw
from sluice.lake.lock import writing

KILLS = 15
FILES, ROWS = 24, 4000


def test_the_same_content_under_any_name_lands_once(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\n2\n")
    lake.deliver("copy/a.csv", "id\n1\n2\n")
    lake.deliver("a_again.csv.gz", "id\n1\n2\n")
    first = lake.ingest()
    assert (first.rows_landed, first.files_new, first.files_known) == (2, 1, 2)
    lake.deliver("later.csv", "id\n1\n2\n")
    second = lake.ingest()
    assert (second.rows_read, second.files_new, second.files_known, second.batches) == (0, 0, 4, 0)
    assert lake.query("select count(*) from {raw}") == [(2,)]


def test_a_file_that_changed_in_place_is_new(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"})
    path = lake.deliver("a.csv", "id\n1\n")
    lake.ingest()
    path.write_text("id\n2\n")
    os.utime(path, (1, 1))
    lake.ingest()
    assert lake.query("select id from {raw} order by 1") == [(1,), (2,)]


def test_load_times_never_go_back_even_if_the_clock_does(lake_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\n")
    lake.ingest()
    monkeypatch.setattr("sluice.lake.raw.time.time_ns", lambda: 1_000_000_000)
    lake.deliver("b.csv", "id\n2\n")
    lake.ingest()
    assert lake.query("select id from {raw} order by _loaded_at") == [(1,), (2,)]
    assert lake.query("select count(distinct _loaded_at), min(_loaded_at) > timestamp '2026-01-01' from {raw}") == [(2, True)]


def test_of_two_ingests_at_once_one_says_who_is_writing(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"})
    with writing(lake.root / "lake"), pytest.raises(SluiceError, match=f"process {os.getpid()}"), writing(lake.root / "lake"):
        pass


WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.helpers.lake import contract
from sluice.ingest.readers import READERS
from sluice.ingest import run as ingest
from sluice.ingest.readers import file_feed
file_feed.BATCH_FILES = 4
root = Path(sys.argv[2])
promised = {"test.rows": contract({"id": "bigint!", "text": "varchar"})}
ingest.prepare(root / "lake", promised)
print("ready", flush=True)
feed = READERS["csv"]("test", "rows", path=str(root / "in" / "*.csv"))
(report,) = ingest.run([feed], promised, root / "lake", run_id="kill")
assert not report.refused, report
"""


def worker(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(REPOSITORY), str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def counts(lake: Any) -> list[tuple[Any, ...]]:
    """Rows, distinct rows, quarantined rows, distinct ones, and what the batch records say of both."""
    found: list[tuple[Any, ...]] = lake.query(
        "select (select count(*) from {raw}), (select count(distinct id) from {raw}),"
        " (select count(*) from {quarantine}), (select count(distinct original_text) from {quarantine}),"
        " (select coalesce(sum(rows_landed), 0)::bigint from {batches}),"
        " (select coalesce(sum(rows_quarantined), 0)::bigint from {batches})"
    )
    return found


def test_kill_9_at_any_moment_loses_and_doubles_nothing(lake_of: Any) -> None:
    """Many batches, killed at random moments after the worker is ready; each run goes on where the commits stopped.

    A fifth of the kills hit a run that has work left; so a lake is started afresh whenever one is complete.
    """
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    kills = interrupted = rounds = 0
    span = 0.0  # how long a run takes that nobody kills, on this machine, now
    while kills < KILLS:
        rounds += 1
        root = lake_of({"id": "bigint!", "text": "varchar"}).root / f"round{rounds}"
        (root / "in").mkdir(parents=True)
        for file in range(FILES):
            rows = (f"{'bad' if n % 100 == 99 else file * ROWS + n},text {file} {n}" for n in range(ROWS))
            (root / "in" / f"{file:03}.csv").write_text("id,text\n" + "\n".join(rows) + "\n")
        lake = lake_of({"id": "bigint!", "text": "varchar"})
        lake.root = root
        done = False
        while not done:
            process = worker(root)
            started = time.monotonic()
            time.sleep(dice.random() * span)
            if span and process.poll() is None and kills < KILLS:
                process.send_signal(signal.SIGKILL)
                kills += 1
            done = process.wait(timeout=120) == 0
            span = span or time.monotonic() - started
            landed = DeltaTable(str(root / "lake/raw/test/rows")).to_pyarrow_table(columns=["id"]).num_rows
            interrupted += 0 < landed < FILES * ROWS * 99 // 100
        bad = FILES * (ROWS // 100)
        good = FILES * ROWS - bad
        assert counts(lake) == [(good, good, bad, bad, good, bad)], f"seed {seed}, round {rounds}, after {kills} kills"
        assert not list((root / "lake/.incoming/test/rows").glob("*")), "something half-done was left behind"
    assert interrupted >= KILLS // 5, f"only {interrupted} of {kills} kills hit a half-done ingest: the test has grown weak"


class Death(BaseException):
    """What a kill looks like from inside: nothing catches it."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["quarantine", "land", "_adopt", "append"])
def test_a_kill_between_any_two_steps_is_repaired(lake_of: Any, monkeypatch: pytest.MonkeyPatch, step: str, moment: str) -> None:
    """The same at the places that matter, one by one: just before and just after each step of a landing."""
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\nx\n2\n")
    owner = ledger if step == "append" else raw
    real = getattr(owner, step)

    def killed(*arguments: Any, **named: Any) -> None:
        if moment == "after":
            real(*arguments, **named)
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, killed)
        with pytest.raises(Death):
            lake.ingest()
    lake.deliver("b.csv", "id\n3\ny\n")
    lake.ingest()
    assert counts(lake) == [(3, 3, 2, 2, 3, 2)]

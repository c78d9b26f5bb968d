"""Ctrl-C ends a run at once: no next feed is begun, nothing is half done, and the next run lands what is missing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.lake import contract
from tests.helpers.project import REPOSITORY

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.ingest.readers.csv import CsvFeed
from sluice.ingest.run import run
from sluice.lake import raw

ROWS = 300_000
FEEDS = ("first", "second", "third")
WORKER = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with the signal ignored
sys.path.insert(0, sys.argv[1])
from tests.integration.ingest.test_an_interrupt_ends_the_run import contracts, feeds
from sluice.ingest.run import run
root = Path(sys.argv[2])
try:
    for report in run(feeds(root), contracts(), root / "lake", run_id="x", tell=lambda said, _: print(said, flush=True)):
        print("done", report.feed, report.refused, flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def contracts() -> dict[str, Any]:
    promised = contract({"id": "bigint!", "text": "varchar"})
    return {f"test.{name}": type(promised)("test", name, promised.columns, ()) for name in FEEDS}


def feeds(root: Path) -> list[CsvFeed]:
    return [CsvFeed("test", name, str(root / "in" / name / "*.csv")) for name in FEEDS]


def deliver(root: Path, rows: int) -> None:
    for name in FEEDS:
        folder = root / "in" / name
        folder.mkdir(parents=True)
        lines = (f"{'bad' if n % 100 == 99 else n},text {n}\n" for n in range(rows))
        (folder / "a.csv").write_text("id,text\n" + "".join(lines))


def landed(root: Path, name: str) -> tuple[int, ...]:
    """Rows landed, rows quarantined, and what the batch records say of both."""
    lake = root / "lake"
    with connect(extensions=["delta"]) as connection:
        row = connection.execute(f"""
            select (select count(*) from delta_scan('{lake}/raw/test/{name}')),
                (select count(*) from delta_scan('{lake}/quarantine/test/{name}')),
                coalesce(sum(rows_landed), 0)::bigint, coalesce(sum(rows_quarantined), 0)::bigint
            from delta_scan('{lake}/ops/batches') where feed = 'test.{name}'
        """).fetchone()
    assert row is not None
    assert not list((lake / ".incoming").glob("*/*/*")), "something half done was left behind"
    return row


def whole(rows: int) -> tuple[int, ...]:
    return (rows - rows // 100, rows // 100) * 2


NOTHING = (0, 0, 0, 0)


def test_sigint_in_the_middle_of_several_feeds(tmp_path: Path) -> None:
    """Sent at random moments while the second feed is read; most of that time is spent inside a query of DuckDB."""
    dice = random.Random(seed := random.randrange(1 << 30))
    for number in range(4):
        root = tmp_path / str(number)
        deliver(root, ROWS)
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(REPOSITORY), str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        while process.stdout.readline() != "test.second: reading\n":
            assert process.poll() is None
        try:
            process.wait(dice.random() * 0.3)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        assert out.endswith("interrupted\n"), (seed, out, err)
        assert "test.third: reading" not in out or "done test.second ()" in out
        assert landed(root, "first") == whole(ROWS)
        assert landed(root, "second") in (NOTHING, whole(ROWS)), seed
        reports = list(run(feeds(root), contracts(), root / "lake", run_id="again"))
        assert not any(report.refused for report in reports)
        assert [landed(root, name) for name in FEEDS] == [whole(ROWS)] * 3


@pytest.mark.parametrize("as_duckdb_says_it", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["quarantine", "land", "_adopt", "append"])
def test_between_any_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, moment: str, as_duckdb_says_it: bool
) -> None:
    deliver(tmp_path, 200)
    owner: Any = ledger if step == "append" else raw
    real = getattr(owner, step)

    with monkeypatch.context() as patched:

        def interrupted(*arguments: Any, **named: Any) -> None:
            patched.setattr(owner, step, real)  # what is cleaned up after the interrupt is not interrupted again
            if moment == "after":
                real(*arguments, **named)
            if as_duckdb_says_it:
                raise RuntimeError("Query interrupted") from KeyboardInterrupt()
            raise KeyboardInterrupt

        patched.setattr(owner, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(run(feeds(tmp_path), contracts(), tmp_path / "lake", run_id="x"))
    has_landed = (step, moment) in (("land", "after"), ("append", "before"), ("append", "after"))
    assert landed(tmp_path, "first") == (whole(200) if has_landed else NOTHING)
    assert landed(tmp_path, "second") == NOTHING
    list(run(feeds(tmp_path), contracts(), tmp_path / "lake", run_id="again"))
    assert [landed(tmp_path, name) for name in FEEDS] == [whole(200)] * 3


READS = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from tests.integration.ingest.test_an_interrupt_ends_the_run import contracts, feeds
from sluice.ingest.readers.postgres.feed import PostgresFeed
from sluice.ingest.run import run
root = Path(sys.argv[2])
table = PostgresFeed(source="test", table="first", connection=sys.argv[3], relation="public.slow", cursor="id")
told = lambda said, _: print(said, flush=True)
try:
    list(run([table, *feeds(root)[1:]], contracts(), root / "lake", run_id="x", tell=told))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_sigint_while_a_server_is_waited_for(tmp_path: Path, server: Any) -> None:
    """The server answers after a minute; the run ends long before, and nothing is recorded as refused."""
    server.psql("create or replace view slow as select 1::bigint as id, pg_sleep(60)::text as text")
    deliver(tmp_path, 10)
    process = subprocess.Popen(
        [sys.executable, "-c", READS, str(REPOSITORY), str(tmp_path), server.get_uri()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "test.first: reading\n"
    running = "select count(*) from pg_stat_activity where query like '%slow%' and query not like '%pg_stat_activity%'"
    while " 0" in server.psql(running):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    assert out == "interrupted\n", err
    assert [landed(tmp_path, name) for name in FEEDS] == [NOTHING] * 3
    with connect(extensions=["delta"]) as connection:
        assert connection.execute(f"select count(*) from delta_scan('{tmp_path}/lake/ops/refusals')").fetchone() == (0,)

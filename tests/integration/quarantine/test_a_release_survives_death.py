"""A release that is killed at any moment is finished by the next command: one row, one batch record, one decision."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.refused import OneFeedShop, utc_now

from sluice.history import ledger
from sluice.history.kinds import BatchEntry, Entry
from sluice.ingest import landing
from sluice.lake import raw
from sluice.lake.lock import writing
from sluice.quarantine import expire


def books(shop: OneFeedShop, key: str) -> tuple[list[Any], ...]:
    """Corrected rows, their batch records, their decisions."""
    return (
        shop.query("select id, amount::varchar, _file from {released}"),
        shop.query(f"select rows_landed from {{batches}} where files[1].file = 'quarantine/{key}.json'"),
        shop.query("select quarantine_id, decision, why from {decisions}"),
    )


def whole(key: str, why: str = "first") -> tuple[list[Any], ...]:
    return [(2, "5.0000", f"quarantine/{key}.json")], [(1,)], [(key, "corrected", why)]


class Death(BaseException):
    """What a kill looks like from inside: nothing catches it."""


# The calls of ledger.append, in their order: the record of the batch, then the decision.
STEPS = [(raw, "land", 1), (raw, "_adopt", 1), (ledger, "append", 1), (ledger, "append", 2)]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("owner", "step", "call"), STEPS, ids=lambda part: getattr(part, "__name__", str(part)))
def test_a_death_between_any_two_steps_is_mended_by_the_same_command(
    shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch, owner: Any, step: str, call: int, moment: str
) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    release = ["release", key, "--set", "amount=5", "--why"]
    die_at(shop, monkeypatch, owner, step, call, moment, [*release, "first"])
    landed = shop.query("select count(*) from {released}") == [(1,)]
    assert landed == ((step, moment) in (("land", "after"), ("append", "before"), ("append", "after")))
    said = shop.done(*release, "second")
    assert ("already landed" in said) == landed
    assert books(shop, key) == whole(key, "first" if landed else "second")


def die_at(
    shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch, owner: Any, step: str, call: int, moment: str, command: list[str]
) -> None:
    """Run the command, which is killed just before or after the n-th call of a step."""
    real, calls = getattr(owner, step), [0]

    def killed(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == call and moment == "before":
            raise Death
        given = real(*arguments, **named)
        if calls[0] == call:
            raise Death
        return given

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, killed)
        with pytest.raises(Death):
            shop.sluice(*command)


@pytest.mark.parametrize("next_command", ["ingest", "expire", "drop of another"])
def test_whatever_runs_next_writes_the_decision_that_is_owed(
    shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch, next_command: str
) -> None:
    key, other = shop.id_in_the_warehouse("a.jsonl", 2), shop.id_in_the_warehouse("a.jsonl", 3)
    die_at(shop, monkeypatch, ledger, "append", 1, "before", ["release", key, "--set", "amount=5", "--why", "first"])
    assert shop.query("select count(*) from {decisions}") == [(0,)]
    if next_command == "ingest":
        shop.ingest()
    elif next_command == "expire":
        assert expire(shop.lake, utc_now()) == []
    else:
        shop.done("drop", other, "--why", "x")
    rows, batches, decided = books(shop, key)
    assert (rows, batches) == whole(key)[:2]
    assert (key, "corrected", "first") in decided
    assert shop.query("select count(distinct decided_at) = count(*) from {decisions}") == [(True,)]


WORKER = """
import os, signal, sys
from sluice.ingest import landing
from sluice.commands.quarantine import app
if sys.argv[1] == "die":
    landing.append_record = lambda *ignored: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[1:] = sys.argv[2:]
app()
"""


def worker(shop: OneFeedShop, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], cwd=shop.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_kill_9_between_landing_and_decision_then_again(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    release = ["release", key, "--set", "amount=5", "--why", "first"]
    assert worker(shop, "die", *release).wait(timeout=60) == -signal.SIGKILL
    assert books(shop, key) == (whole(key)[0], [], [])
    assert worker(shop, "live", *release).wait(timeout=60) == 0
    assert books(shop, key) == whole(key)


def test_of_many_at_once_one_lands_it_and_the_others_say_so_or_wait(shop: OneFeedShop) -> None:
    """Five processes release the same row at the same time; the lock lets one in, and tells the others who has it."""
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    release = ["release", key, "--set", "amount=5", "--why", "first"]
    crowd = [worker(shop, "live", *release) for _ in range(5)]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in crowd]
    for out, err, code in ended:
        assert (code == 0 and key[:12] in out) or (code != 0 and "is writing" in err), (out, err, code)
    assert sum("corrected" in out for out, _, _ in ended) == 1
    assert books(shop, key) == whole(key)


def test_a_release_while_another_command_writes_is_told_who(shop: OneFeedShop) -> None:
    key = shop.id_in_the_warehouse("a.jsonl", 2)
    with writing(shop.lake):
        result = shop.sluice("release", key, "--set", "amount=5", "--why", "x")
    assert f"another command (process {os.getpid()}) is writing" in str(result.exception)
    assert shop.query("select count(*) from {decisions}") == [(0,)]


def test_decisions_are_in_order_even_if_the_clock_goes_back(shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models read decisions onwards from the last they saw: one that seems older would never be seen."""
    key, other = shop.id_in_the_warehouse("a.jsonl", 2), shop.id_in_the_warehouse("a.jsonl", 3)
    shop.done("drop", key, "--why", "x")
    monkeypatch.setattr("sluice.quarantine.decide.time.time", lambda: 1_000_000_000.0)
    shop.done("release", other, "--set", "amount=5", "--why", "x")
    assert shop.query("select decision from {decisions} order by decided_at") == [("dropped",), ("corrected",)]
    assert shop.query("select count(distinct decided_at) from {decisions}") == [(2,)]


def test_a_plain_ingest_opens_no_table_of_decisions(shop: OneFeedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is owed is looked up among a table's newest commits; without a correction there nothing more is read."""
    shop.deliver("b.jsonl", '{"id": 9, "amount": "1"}')
    asked: list[type[Entry]] = []
    real = ledger.has

    def has(lake: Path, kind: type[Entry], transaction: str) -> bool:
        asked.append(kind)
        return real(lake, kind, transaction)

    monkeypatch.setattr(ledger, "has", has)
    shop.ingest()
    assert set(asked) == {BatchEntry}
    assert landing.missing_records(raw.RawTable(shop.contracts["test.rows"], shop.lake).open(), shop.lake) == []

"""Prune shows before it removes, and what somebody has open stays; drop takes a pull request's environment away."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from lab.tiny_releases import POLICY, ReleaseShop, seen, warehouse
from sluice.core.errors import RefusedError
from sluice.core.locks import holding
from sluice.environments import partial
from sluice.environments.context import Context
from sluice.gate import prune as pruning
from sluice.gate.prune import drop, prune
from sluice.store.readers import holders
from sluice.store.record import FILE

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'r'); print('held', flush=True); input()"
NOTHING = replace(POLICY, retention=replace(POLICY.retention, keep_last=0, keep_days=0, keep_weeks=0, candidate_days=0))


def strict(shop: ReleaseShop) -> Context:
    """A policy that keeps nothing."""
    return replace(shop.context, policy=NOTHING)


@contextmanager
def held(file: Path, how: str = "r") -> Iterator[int]:
    """Another process has the file open."""
    command = [sys.executable, "-c", HOLD, str(file), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate("\n", timeout=60)


def test_without_a_yes_it_only_shows(anywhere: ReleaseShop) -> None:
    made = [anywhere.published() for _ in range(4)]
    shown = prune(strict(anywhere), is_agreed=False)
    assert [one.thing.name for one in shown.going if one.thing.kind == "release"] == made[:2]
    assert not shown.is_done
    assert anywhere.store.releases() == made
    done = prune(strict(anywhere), is_agreed=True)
    assert [one.thing.name for one in done.going if one.thing.kind == "release"] == made[:2]
    assert anywhere.store.releases() == made[2:]
    assert anywhere.trail()[-1][0] == "prune"
    assert made[0] in anywhere.trail()[-1][6]


def test_a_release_that_a_reader_has_open_stays(shop: ReleaseShop) -> None:
    made = [shop.published() for _ in range(4)]
    file = Path(shop.store.url(made[0]))
    with held(file) as process:
        (going,) = prune(strict(shop), is_agreed=True).going
        assert going.thing.name == made[1]
        (stays,) = [one for one in prune(strict(shop), is_agreed=False).decisions if one.thing.name == made[0]]
        assert stays.why == f"process {process} has it open"
        assert seen(file) == (1, 1, 3)
    assert [one.thing.name for one in prune(strict(shop), is_agreed=True).going] == [made[0]]


def test_a_reader_through_the_pointer_of_before_is_seen(shop: ReleaseShop) -> None:
    """It opened prod.duckdb, and prod moved on twice: what it has open is the release of before."""
    first = shop.published()
    with held(shop.root / "warehouse" / "prod.duckdb"):
        shop.published()
        shop.published()
        assert set(shop.store.holders()) == {first}
        assert prune(strict(shop), is_agreed=True).going == []


@pytest.mark.parametrize("blind", ["_open_files", "_locked_by"])
def test_either_way_of_seeing_a_reader_is_enough(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch, blind: str) -> None:
    """/proc shows no process of another user or container; a lock is not seen on every file system."""
    file = Path(shop.store.url(shop.published()))
    assert holders([file]) == {}
    monkeypatch.setattr(f"sluice.store.readers.{blind}", lambda *_: [] if blind == "_open_files" else None)
    with held(file) as process:
        assert holders([file]) == {file: process}
    assert holders([file]) == {}


def test_looking_does_not_disturb_the_reader_in_this_process(shop: ReleaseShop) -> None:
    file = Path(shop.store.url(shop.published()))
    with duckdb.connect(str(file), read_only=True) as connection:
        assert holders([file]) == {file: os.getpid()}
        assert connection.execute("select count(*) from core.orders").fetchall() == [(3,)]


def test_candidates_that_somebody_works_on_stay(shop: ReleaseShop) -> None:
    from sluice.core.locks import holding

    idle, busy = shop.candidate(), shop.candidate()
    with holding(shop.context.candidates / busy, "auditing"):
        assert [one.thing.name for one in prune(strict(shop), is_agreed=True).going] == [idle]
    assert [path.name for path in shop.context.candidates.iterdir()] == [busy]


def test_the_plan_is_made_anew_when_it_is_carried_out(shop: ReleaseShop) -> None:
    made = [shop.published() for _ in range(3)]
    shown = prune(strict(shop), is_agreed=False)
    assert [one.thing.name for one in shown.going] == made[:1]
    from sluice.gate.rollback import rollback

    rollback(shop.context, "prod", "bad", to=made[0])
    done = prune(strict(shop), is_agreed=True)
    assert made[0] not in [one.thing.name for one in done.going]
    assert seen(shop.root / "warehouse" / "prod.duckdb") == (1, 1, 3)


def test_what_cannot_be_removed_is_told_and_the_rest_goes(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [shop.published() for _ in range(4)]
    real = pruning._remove

    def fails(context: Context, thing: pruning.Thing) -> None:
        if thing.name == made[0]:
            raise PermissionError(13, "Permission denied")
        real(context, thing)

    monkeypatch.setattr(pruning, "_remove", fails)
    done = prune(strict(shop), is_agreed=True)
    assert [made[0] in note and "Permission denied" in note for note in done.notes] == [True]
    assert shop.store.releases() == [made[0], *made[2:]]


def test_a_release_with_a_broken_record_stays_and_stops_nobody(shop: ReleaseShop) -> None:
    made = [shop.published() for _ in range(3)]
    record = shop.root / "warehouse" / "releases" / made[0] / "release.json"
    record.chmod(0o644)
    record.write_text("{")
    (broken,) = [one for one in prune(strict(shop), is_agreed=True).decisions if one.thing.name == made[0]]
    assert broken.is_kept
    assert "has to be looked at" in broken.why
    assert shop.published()


def pull_request(shop: ReleaseShop, number: int, days: float = 0) -> Path:
    file = shop.root / "warehouse" / "pr" / f"{number}.duckdb"
    warehouse(file, number)
    (file.with_suffix("") / "target").mkdir(parents=True)
    os.utime(file, (time.time() - days * 86400,) * 2)
    return file


def test_environments_of_pull_requests_expire(shop: ReleaseShop) -> None:
    old, young = pull_request(shop, 1, days=15), pull_request(shop, 2, days=13)
    assert [one.thing.name for one in prune(shop.context, is_agreed=True).going] == ["pr-1"]
    assert (old.exists(), old.with_suffix("").exists(), young.exists()) == (False, False, True)


def test_drop_takes_the_file_and_what_belongs_to_it(shop: ReleaseShop) -> None:
    file = pull_request(shop, 12)
    with held(file, "w") as process, pytest.raises(RefusedError, match=f"process {process} has it open"):
        drop(shop.context, "pr-12")
    assert drop(shop.context, "pr-12")
    assert not file.exists()
    assert not file.with_suffix("").exists()
    assert not drop(shop.context, "pr-12")
    assert [(row[0], row[1], row[4]) for row in shop.trail()] == [
        ("drop", "pr-12", outcome) for outcome in ("refused", "done", "done")
    ]


def test_what_a_broken_off_build_left_goes_too_but_nothing_that_is_being_built(shop: ReleaseShop) -> None:
    """Killed, a build leaves its workshop, or artifacts without a file."""
    file, workshop = pull_request(shop, 12, days=15), partial.workspace(shop.root / "warehouse", "pr-12")
    workshop.mkdir(parents=True)
    with holding(workshop, "building pr-12"):
        assert prune(shop.context, is_agreed=True).going == []
        with pytest.raises(RefusedError, match="another command is building it: pr-12"):
            drop(shop.context, "pr-12")
    file.unlink()
    assert drop(shop.context, "pr-12")
    assert (workshop.exists(), file.with_suffix("").exists()) == (False, False)
    workshop.mkdir()
    os.utime(workshop, (time.time() - 15 * 86400,) * 2)
    assert [one.thing.name for one in prune(shop.context, is_agreed=True).going] == ["pr-12"]
    assert not workshop.exists()


def test_what_points_and_what_nobody_may_drop_stays(shop: ReleaseShop) -> None:
    shop.published()
    warehouse(shop.root / "warehouse" / "dev.duckdb", 1)
    with pytest.raises(RefusedError, match="prod points to releases and cannot be dropped"):
        drop(shop.context, "prod")
    with pytest.raises(RefusedError, match="user:tester may not drop dev"):
        drop(shop.context, "dev")
    assert (shop.root / "warehouse" / "dev.duckdb").exists()
    shop.actor = "job:pr"
    with pytest.raises(RefusedError, match="job:pr may not prune"):
        prune(shop.context, is_agreed=True)


def test_prune_leaves_the_file_that_a_release_has(shop: ReleaseShop) -> None:
    release = shop.published()
    prune(strict(shop), is_agreed=True)
    assert (shop.root / "warehouse" / "releases" / release / FILE).is_file()

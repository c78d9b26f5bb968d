"""A candidate that dbt refuses is kept; one that is killed, or finds no room, leaves nothing for long; the release stays."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.candidates import SalesShop, Story, look, wait_until
from tests.helpers.preloaded import BIN

from sluice.candidate.build import clean_up
from sluice.core.locks import is_held
from sluice.store.record import load


def test_a_refused_candidate_is_kept_with_its_report_and_no_audit_counts_for_it(retold: Callable[[], Story]) -> None:
    story = retold()
    story.shop.deliver(21, 22)
    story.shop.deliver(21, 22)  # two sales that are there twice
    done = story.shop.sluice("build", "--env", "prod", code=1)
    (refused,) = set(story.shop.candidates()) - {story.candidate.name}
    assert "failed: every_sale_is_there_once (all_sales): 2 rows, severity error" in done.stdout
    assert f"refused: candidate {refused}, built from {story.release.name}; it is kept for inspection in" in done.stdout
    folder = story.shop.warehouse / "candidates" / refused
    record = load(folder)
    assert record.dbt is not None
    assert record.dbt.counts["test.fail"] == 1
    assert (record.digest, record.relations) == (None, {})
    assert clean_up(folder.parent) == ()

    assert "1 failed" in story.shop.sluice("audit", refused, code=1).stdout
    assert load(folder).audit is None
    assert look(story.release / "warehouse.duckdb") == story.before


def test_a_killed_build_is_removed_and_named_by_the_next(retold: Callable[[], Story]) -> None:
    story = retold()
    shop = story.shop
    process = _begin(shop)
    (killed,) = set(shop.candidates()) - {story.candidate.name}
    folder = shop.warehouse / "candidates" / killed
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not is_held(folder))
    assert (folder / "warehouse.duckdb").exists()
    assert load(folder).built_at is None
    assert look(story.release / "warehouse.duckdb") == story.before

    done = shop.sluice("build", "--env", "prod")
    assert f"removed {killed}" in done.stderr
    assert killed not in shop.candidates()
    assert story.candidate.name in shop.candidates()


def _begin(shop: SalesShop) -> subprocess.Popen[str]:
    """Start a build; it is at work on its copy of the release when this returns."""
    before = set(shop.candidates())
    command = [str(BIN / "sluice"), "build", "--env", "prod"]
    process = subprocess.Popen(command, cwd=shop.folder, env=shop.environment, text=True, stderr=subprocess.DEVNULL)
    shelf = shop.warehouse / "candidates"
    wait_until(lambda: any((shelf / name / "warehouse.duckdb").exists() for name in set(shop.candidates()) - before))
    return process


def test_dbt_that_cannot_run_leaves_nothing(retold: Callable[[], Story]) -> None:
    story = retold()
    story.shop.write("models/core/broken.sql", "select * from {{ ref('nowhere') }}")
    done = story.shop.sluice("build", "--env", "prod", code=2)
    assert "dbt could not run" in done.stderr
    assert "nowhere" in done.stderr
    assert story.shop.candidates() == [story.candidate.name]


@pytest.mark.parametrize("more", [(), ("--full-refresh",)])
def test_no_room_is_told_and_leaves_nothing(retold: Callable[[], Story], more: tuple[str, ...]) -> None:
    """No file may grow beyond the limit: so neither the release's copy nor a new file has room."""
    story = retold()
    limit = 500_000
    assert len(story.before[0]) > limit
    done = subprocess.run(
        [str(BIN / "sluice"), "build", "--env", "prod", *more],
        cwd=story.shop.folder,
        env=story.shop.environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "File too large" in done.stderr or "disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert story.shop.candidates() == [story.candidate.name]
    assert look(story.release / "warehouse.duckdb") == story.before


def test_a_mistake_is_explained_before_anything_is_made(retold: Callable[[], Story]) -> None:
    story = retold()
    for arguments, words in (
        (["--env", "nightly"], "there is no environment nightly"),
        (["--env", "prod", "--select", "all_sales"], "always built as a whole"),
    ):
        assert words in story.shop.sluice("build", *arguments, code=2).stderr
    (story.release / "warehouse.duckdb").unlink()
    said = story.shop.sluice("build", "--env", "prod", code=2).stderr
    assert "the release that prod points to does not exist" in said
    assert "--full-refresh" in said
    assert story.shop.candidates() == [story.candidate.name]


def test_what_somebody_holds_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "20260101T000000Z-aaaaaa").mkdir()
    held = tmp_path / "20260102T000000Z-bbbbbb"
    held.mkdir()
    # Another process holds it: a child that was given the lock by one that has ended, as dbt is by a killed build.
    holder = subprocess.Popen(["flock", "--exclusive", str(held / ".lock"), "sleep", "60"])
    try:
        wait_until(lambda: is_held(held))
        assert clean_up(tmp_path) == ("20260101T000000Z-aaaaaa",)
        assert held.is_dir()
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

"""Publish, promote and rollback in a folder and on S3: what holds moves the pointer in one step, what does not moves nothing."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lab.tiny_releases import AUDIT, POLICY, ReleaseShop, results, seen
from sluice.core.errors import RefusedError, SluiceError
from sluice.gate import publish as publishing
from sluice.gate.publish import promote
from sluice.gate.rollback import rollback
from sluice.store.record import FILE, load


def where(shop: ReleaseShop, environment: str = "prod") -> str | None:
    return shop.store.pointer(environment).release_id


def test_the_first_release_and_the_next(anywhere: ReleaseShop) -> None:
    first = anywhere.candidate()
    done = anywhere.publish(first)
    assert (done.release_id, done.from_release_id, done.is_moved, done.notes) == (first, None, True, ())
    second = anywhere.candidate()
    assert anywhere.publish(None, why="Monday").from_release_id == first
    assert where(anywhere) == second
    assert anywhere.store.releases() == [first, second]
    assert not list(anywhere.context.candidates.iterdir())
    assert [(move.action, move.release_id, move.why) for move in anywhere.store.pointer("prod").history] == [
        ("publish", first, None),
        ("publish", second, "Monday"),
    ]


def test_readers_of_a_folder_see_one_release_and_their_own_stays(shop: ReleaseShop) -> None:
    shop.published()
    link = shop.root / "warehouse" / "prod.duckdb"
    assert seen(link) == (1, 1, 3)
    with duckdb.connect(str(link), read_only=True) as reader:
        shop.published()
        assert reader.execute("select distinct release_number from core.orders").fetchall() == [(1,)]
    assert seen(link) == (2, 2, 3)
    assert not link.readlink().is_absolute()
    folder = link.resolve().parent
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert modes == dict.fromkeys([FILE, "release.json", "run_results.json", "manifest.json", "audit.json"], 0o444)


def test_a_candidate_of_another_parent_is_refused_and_told_what_to_do(anywhere: ReleaseShop) -> None:
    one, other = anywhere.candidate(), anywhere.candidate()
    anywhere.publish(one)
    with pytest.raises(RefusedError) as refused:
        anywhere.publish(other)
    assert refused.value.reasons == (
        f"prod points to {one} now, but the candidate was built from nothing; build again: sluice build --env prod",
    )
    assert where(anywhere) == one
    assert (anywhere.context.candidates / other / FILE).is_file()
    assert anywhere.store.releases() == [one]


def test_each_thing_that_the_gate_asks_for_closes_it(shop: ReleaseShop) -> None:
    good = shop.published()
    closed: list[tuple[dict[str, Any], str]] = [
        ({"audit": None}, "has not been audited"),
        ({"audit": replace(AUDIT, digest="0" * 64)}, "judged other content"),
        ({"environment": "staging"}, "built for staging"),
        ({"built_at": None}, "has not finished"),
    ]
    for changes, why in closed:
        bad = shop.candidate(**changes)
        with pytest.raises(RefusedError, match=why):
            shop.publish(bad)
    failed = shop.candidate()
    audit = load(shop.context.candidates / failed).audit
    assert audit is not None
    shop.amend(failed, audit=replace(audit, status="fail", failed=2))
    with pytest.raises(RefusedError, match="2 of 3 checks failed"):
        shop.publish(failed)
    assert where(shop) == good


def test_what_dbt_did_not_like_or_was_not_given_closes_it(shop: ReleaseShop) -> None:
    bad = shop.candidate()
    told = shop.context.candidates / bad / "run_results.json"
    for found, why in [
        (results([{"unique_id": "test.shop.keys", "status": "fail"}]), "1 fail\\): test.shop.keys"),
        (results([{"unique_id": "model.shop.x", "status": "skipped"}]), "1 skipped"),
        (results(select=["orders"]), "given --select"),
        (results(invocation="another"), "another run of dbt"),
        (results([]), "built nothing"),
    ]:
        told.write_text(json.dumps(found))
        with pytest.raises(RefusedError, match=why):
            shop.publish(bad)
    told.unlink()
    with pytest.raises(RefusedError, match="the result of its build is unknown"):
        shop.publish(bad)
    assert where(shop) is None


def test_a_file_that_changed_after_its_audit_closes_it(shop: ReleaseShop) -> None:
    bad = shop.candidate()
    with duckdb.connect(str(shop.context.candidates / bad / FILE)) as connection:
        connection.execute("create table core.late as select * from range(100000)")
    with pytest.raises(RefusedError) as refused:
        shop.publish(bad)
    assert any("core.late" in reason and "it was not audited" in reason for reason in refused.value.reasons)
    assert any("it was changed" in reason for reason in refused.value.reasons)


def test_a_view_on_something_outside_closes_it(shop: ReleaseShop, tmp_path: Path) -> None:
    outside = tmp_path / "outside.parquet"
    duckdb.sql("select 1 as a").write_parquet(str(outside))
    bad = shop.candidate()
    with duckdb.connect(str(shop.context.candidates / bad / FILE)) as connection:
        connection.execute(f"create view core.leak as from '{outside}'")
    with pytest.raises(RefusedError, match=r"core\.leak cannot be read from the file alone"):
        shop.publish(bad)


def test_a_candidate_that_somebody_works_on_is_waited_for(shop: ReleaseShop) -> None:
    from sluice.core.locks import holding

    candidate = shop.candidate()
    with holding(shop.context.candidates / candidate, "auditing"), pytest.raises(SluiceError, match="command is working on"):
        shop.publish(candidate)
    assert shop.publish(candidate).is_moved


def test_publishing_again_changes_nothing(anywhere: ReleaseShop) -> None:
    only = anywhere.published()
    again = anywhere.publish(only)
    assert (again.is_moved, again.release_id) == (False, only)
    assert len(anywhere.store.pointer("prod").history) == 1


def test_a_promotion_moves_the_same_file(anywhere: ReleaseShop) -> None:
    release = anywhere.published("staging")
    with pytest.raises(RefusedError, match="takes no release from prod"):
        promote(anywhere.context, "prod", "prod")
    done = promote(anywhere.context, "staging", "prod", "agreed")
    assert (done.release_id, where(anywhere), where(anywhere, "staging")) == (release, release, release)
    assert anywhere.store.releases() == [release]
    assert not promote(anywhere.context, "staging", "prod").is_moved


def test_a_promotion_of_what_was_reviewed_refuses_what_came_since(anywhere: ReleaseShop) -> None:
    reviewed = anywhere.published("staging")
    newer = anywhere.published("staging")
    with pytest.raises(RefusedError, match=f"staging points to {newer} now, and not to {reviewed}"):
        promote(anywhere.context, "staging", "prod", reviewed=reviewed)
    assert anywhere.store.pointer("prod").release_id is None
    assert promote(anywhere.context, "staging", "prod", reviewed=newer).is_moved


def test_a_promotion_looks_at_the_gate_again(shop: ReleaseShop) -> None:
    release = shop.published("staging")
    told = shop.root / "warehouse" / "releases" / release / "run_results.json"
    told.chmod(0o644)
    told.write_text(json.dumps(results([{"unique_id": "test.shop.keys", "status": "fail"}])))
    with pytest.raises(RefusedError, match=r"test\.shop\.keys"):
        promote(shop.context, "staging", "prod")
    assert where(shop) is None


def test_rollbacks_go_back_one_by_one_and_forward_by_name(anywhere: ReleaseShop) -> None:
    first, second, third = anywhere.published(), anywhere.published(), anywhere.published()
    assert rollback(anywhere.context, "prod", "bad").release_id == second
    assert rollback(anywhere.context, "prod", "bad, too").release_id == first
    with pytest.raises(SluiceError, match="has no earlier release"):
        rollback(anywhere.context, "prod", "worse")
    assert rollback(anywhere.context, "prod", "was right", to=third).release_id == third
    assert where(anywhere) == third
    assert rollback(anywhere.context, "prod", "was not").release_id == first


def test_a_rollback_is_no_way_around_the_gate(anywhere: ReleaseShop) -> None:
    anywhere.published()
    elsewhere = anywhere.published("staging")
    with pytest.raises(RefusedError, match="prod never pointed to"):
        rollback(anywhere.context, "prod", "why not", to=elsewhere)


def test_a_candidate_from_before_a_rollback_is_stale(anywhere: ReleaseShop) -> None:
    anywhere.published()
    anywhere.published()
    candidate = anywhere.candidate()
    rollback(anywhere.context, "prod", "bad")
    with pytest.raises(RefusedError, match="build again"):
        anywhere.publish(candidate)


def test_a_lost_pointer_is_set_again_by_a_rollback(shop: ReleaseShop) -> None:
    shop.published()
    second = shop.published()
    link = shop.root / "warehouse" / "prod.duckdb"
    link.unlink()
    with pytest.raises(RefusedError, match="points to no release now"):
        shop.publish(shop.candidate(parent=second))
    assert rollback(shop.context, "prod", "the pointer was lost").release_id == second
    assert seen(link) == (2, 2, 3)


def test_a_pointer_lost_with_its_history_is_set_by_name(anywhere: ReleaseShop) -> None:
    release = anywhere.published()
    for name in ("prod.duckdb", "prod.history.jsonl"):
        (anywhere.root / "warehouse" / name).unlink(missing_ok=True)
    if anywhere.store.address.startswith("s3://"):
        import obstore

        obstore.delete(anywhere.store._store, "prod.json")  # type: ignore[attr-defined]  # as a person's mistake would
    assert rollback(anywhere.context, "prod", "lost", to=release[:15]).release_id == release


def test_a_file_where_the_pointer_should_be_is_named(shop: ReleaseShop) -> None:
    (shop.root / "warehouse").mkdir()
    (shop.root / "warehouse" / "prod.duckdb").write_text("somebody put this here")
    with pytest.raises(SluiceError, match=r"prod\.duckdb is not a pointer to a release"):
        shop.publish(shop.candidate(parent=None))


def test_of_publishes_at_once_one_wins_and_the_others_are_told(anywhere: ReleaseShop) -> None:
    """Real processes, each with a candidate of its own that is right for what prod points to."""
    before = anywhere.published()
    candidates = [anywhere.candidate() for _ in range(3)]
    running = [anywhere.start("publish", candidate) for candidate in candidates]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in running]
    won = [candidate for candidate, (_, _, code) in zip(candidates, ended, strict=True) if code == 0]
    assert len(won) == 1, ended
    for out, err, code in ended:
        assert code == 0 or (code == 1 and "refused" in err and "build" in err and "Traceback" not in err), (out, err)
    assert where(anywhere) == won[0]
    assert [move.release_id for move in anywhere.store.pointer("prod").history] == [before, won[0]]
    outcomes = sorted(outcome for action, _, _, _, outcome, _, _ in anywhere.trail() if action == "publish")
    assert outcomes == ["done", "done", "refused", "refused"]


def test_a_pointer_that_moved_in_the_same_moment_refuses(anywhere: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last look at the pointer and its move are one step: whoever read an older pointer is refused."""
    anywhere.published()
    mine, other = anywhere.candidate(), anywhere.candidate()
    real = publishing.move

    def late(*arguments: object) -> None:
        monkeypatch.undo()
        anywhere.publish(other)
        real(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(publishing, "move", late)
    with pytest.raises(RefusedError, match="at the same moment"):
        anywhere.publish(mine)
    assert where(anywhere) == other


def test_a_clock_that_jumps_back_changes_no_order(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shop.published()
    monkeypatch.setattr("sluice.store.moves.moment", lambda: "1999-01-01T00:00:00.000000Z")
    second = shop.candidate()
    earlier = f"19990101T000000Z-{second[-6:]}"
    (shop.context.candidates / second).rename(shop.context.candidates / earlier)
    shop.amend(earlier, release_id=earlier, started_at="1999-01-01T00:00:00Z", built_at="1999-01-01T00:00:01Z")
    assert shop.publish().release_id == earlier
    assert shop.store.releases()[0] == earlier
    assert [move.release_id for move in shop.store.pointer("prod").history] == [first, earlier]
    assert rollback(shop.context, "prod", "bad").release_id == first


def test_the_move_costs_the_same_at_every_size(shop: ReleaseShop) -> None:
    """50 ms are the aim; a loaded machine gets some more here, and a copy or a digest of the big one would still not fit."""
    times = []
    for rows in (10, 3_000_000):
        shop.published(rows=rows)
        candidate = shop.candidate(rows=rows)
        started = time.perf_counter()
        seconds = shop.publish(candidate).seconds
        back = rollback(shop.context, "prod", "timed").seconds
        times.append((seconds["place"] + seconds["pointer"], back["pointer"], time.perf_counter() - started))
    assert all(place < 0.25 and pointer < 0.25 for place, pointer, _ in times), times


def test_the_policy_says_who(anywhere: ReleaseShop) -> None:
    candidate = anywhere.candidate()
    anywhere.actor = "job:pr"
    with pytest.raises(RefusedError, match="job:pr may not publish prod") as refused:
        anywhere.publish(candidate)
    assert "job:nightly" in refused.value.hint
    assert POLICY.environment("prod").publish == ("user:*", "job:nightly")
    anywhere.actor = "job:nightly"
    assert anywhere.publish(candidate).is_moved

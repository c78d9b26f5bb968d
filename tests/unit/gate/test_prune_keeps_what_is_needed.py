"""The plan of prune: what an environment needs, what the policy keeps and what is open stays; all else goes, with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sluice.environments.policy import Retention
from sluice.gate.prune import Decision, Thing, plan
from sluice.store.moves import Move
from sluice.store.store import Pointer

NOW = datetime(2026, 6, 17, 12, tzinfo=UTC)  # a Wednesday
NOTHING = Retention(keep_last=0, keep_days=0, keep_weeks=0, candidate_days=0)


def days(count: float) -> datetime:
    return NOW - timedelta(days=count)


def release(name: str, age: float, **more: str) -> Thing:
    return Thing("release", name, days(age), **more)  # type: ignore[arg-type]  # held_by is the only other one used here


def pointer(environment: str, *stood: tuple[str, float], rolled_back: bool = False) -> Pointer:
    """An environment that was moved to these releases that many days ago."""
    moves: list[Move] = []
    for number, (name, age) in enumerate(stood):
        action = "rollback" if rolled_back and number == len(stood) - 1 else "publish"
        before = moves[-1].release_id if moves else None
        moves.append(Move(str(number), days(age).isoformat(), action, name, before, "user:x"))
    return Pointer(environment, moves[-1].release_id, "tag", tuple(moves))


def kept(decisions: tuple[Decision, ...]) -> dict[str, str]:
    return {one.thing.name: one.why for one in decisions if one.is_kept}


FOUR = [("A", 100), ("B", 80), ("C", 60), ("D", 40)]
THINGS = [release(name, age) for name, age in FOUR]


def test_what_is_pointed_to_and_the_way_back_stay_whatever_the_policy() -> None:
    assert kept(plan(THINGS, [pointer("prod", *FOUR)], NOTHING, NOW)) == {
        "C": "prod would roll back to it",
        "D": "prod points to it",
    }


def test_after_a_rollback_the_way_back_is_another() -> None:
    pointers = [pointer("prod", *FOUR, ("C", 39), rolled_back=True)]
    assert set(kept(plan(THINGS, pointers, NOTHING, NOW))) == {"B", "C"}


def test_work_files_stay_where_a_build_may_start() -> None:
    """The current release, and the one that a rollback leads to; a release may stay for longer than its work file."""
    works = [Thing("work", name, days(age)) for name, age in FOUR]
    policy = Retention(keep_last=5)
    decisions = plan([*THINGS, *works], [pointer("prod", *FOUR)], policy, NOW)
    assert [one.is_kept for one in decisions] == [True] * 4 + [False, False, True, True]
    assert decisions[4].why == "no build starts from it"
    assert decisions[6].why == "a build may start from it after a rollback of prod"
    assert decisions[7].why == "prod points to it"
    rolled_back = plan(works, [pointer("prod", *FOUR, ("C", 39), rolled_back=True)], policy, NOW)
    assert set(kept(rolled_back)) == {"B", "C"}
    for number, stays in [(0, {"D"}), (1, {"D"}), (3, {"B", "C", "D"})]:
        assert set(kept(plan(works, [pointer("prod", *FOUR)], Retention(keep_work=number), NOW))) == stays
    (new,) = plan([Thing("work", "E", NOW)], [pointer("prod", *FOUR)], policy, NOW)
    assert (new.is_kept, new.why) == (True, "no environment has pointed to its release yet")


def test_each_environment_keeps_its_own() -> None:
    pointers = [pointer("prod", ("A", 100)), pointer("staging", *FOUR)]
    assert set(kept(plan(THINGS, pointers, NOTHING, NOW))) == {"A", "C", "D"}


def test_a_lost_pointer_keeps_where_it_stood() -> None:
    lost = Pointer("prod", None, "tag", pointer("prod", *FOUR).history)
    assert set(kept(plan(THINGS, [lost], NOTHING, NOW))) == {"D"}


def test_the_last_ones_that_are_there_are_counted() -> None:
    policy = Retention(keep_last=3, keep_days=0, keep_weeks=0)
    there = [thing for thing in THINGS if thing.name != "B"]
    assert set(kept(plan(there, [pointer("prod", *FOUR)], policy, NOW))) == {"A", "C", "D"}


def test_days_count_from_when_it_was_left() -> None:
    """Built 80 days ago, but readers were sent away from it only 60 days ago."""
    things = [release("A", 100), release("B", 80), release("C", 60), release("D", 40)]
    for limit, stays in [(61, {"B", "C", "D"}), (60, {"C", "D"}), (81, {"A", "B", "C", "D"})]:
        policy = Retention(keep_last=0, keep_days=limit, keep_weeks=0)
        assert set(kept(plan(things, [pointer("prod", *FOUR)], policy, NOW))) == stays


def test_the_last_of_each_week_is_kept() -> None:
    """Two in this week (from Monday), two in the last one, one in the week before that."""
    stood = [("a", 10), ("b", 9.5), ("c", 8), ("d", 4), ("e", 2), ("f", 1), ("g", 0.1)]
    weeks = {name: (days(age) - timedelta(days=days(age).weekday())).date().isoformat() for name, age in stood}
    assert sorted(set(weeks.values())) == ["2026-06-01", "2026-06-08", "2026-06-15"]
    things = [release(name, age) for name, age in stood]
    policy = Retention(keep_last=0, keep_days=0, keep_weeks=2)
    found = kept(plan(things, [pointer("prod", *stood)], policy, NOW))
    assert found == {
        "d": "the last of prod in the week of 2026-06-08",
        "f": "prod would roll back to it",
        "g": "prod points to it",
    }


def test_what_is_open_stays() -> None:
    found = kept(plan([release("A", 900, held_by="process 7 has it open")], [], NOTHING, NOW))
    assert found == {"A": "process 7 has it open"}
    held = Thing("candidate", "K", days(900), held_by="somebody works on it")
    assert kept(plan([held], [], NOTHING, NOW)) == {"K": "somebody works on it"}


@pytest.mark.parametrize(("age", "stays"), [(6.9, True), (7.1, False), (-3, True)])
def test_candidates_and_releases_of_no_environment_expire(age: float, stays: bool) -> None:
    policy = Retention(keep_last=9, keep_days=99, keep_weeks=9, candidate_days=7)
    things = [Thing("candidate", "K", days(age)), release("N", age)]
    assert set(kept(plan(things, [pointer("prod", *FOUR)], policy, NOW))) == ({"K", "N"} if stays else set())


@pytest.mark.parametrize(("limit", "age", "stays"), [(14, 13, True), (14, 15, False), (None, 999, True)])
def test_environments_expire_by_their_own_days(limit: int | None, age: float, stays: bool) -> None:
    things = [Thing("environment", "pr-1", days(age), expires_after_days=limit)]
    assert bool(kept(plan(things, [], NOTHING, NOW))) == stays


def test_a_cached_copy_stays_as_long_as_it_is_needed() -> None:
    things = [Thing("cache", name, days(0)) for name in ("B", "C", "D")]
    assert set(kept(plan(things, [pointer("prod", *FOUR)], Retention(), NOW))) == {"C", "D"}


def test_a_release_of_the_future_stays() -> None:
    """The clock jumped while it was built; nobody knows how old it is."""
    assert "F" in kept(plan([release("F", -400)], [], Retention(candidate_days=1), NOW))

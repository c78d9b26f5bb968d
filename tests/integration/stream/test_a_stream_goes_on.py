"""A stream lands what comes, batch after batch, shares with others, gets over trouble, and loses or doubles nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from confluent_kafka import TopicPartition
from deltalake import DeltaTable
from tests.helpers.kafka import LakeOfATopic

from sluice.core.duck import connect
from sluice.core.progress import silent
from sluice.ingest.landing import Work
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.kafka.landing import land_messages
from sluice.ingest.readers.kafka.topic import Topic
from sluice.ingest.run import prepare
from sluice.lake import raw
from sluice.lake.lock import writing
from sluice.stream import running
from sluice.stream.run import run
from sluice.stream.running import Running, Streamed

EVENT = {"id": "bigint!"}
QUICK = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 50}
TURNS = 400


def events(first: int, end: int) -> list[str]:
    return [json.dumps({"id": number}) for number in range(first, end)]


def streamed(lake: LakeOfATopic, **others: Any) -> Streamed:
    return Streamed(lake.root / "lake", "test", "1GB", **{"accept_loss": False, **others})


@contextmanager
def running_of(lake: LakeOfATopic, **others: Any) -> Iterator[Running]:
    """The feed as it streams, step by step."""
    prepare(lake.root / "lake", {lake.contract.name: lake.contract})
    one = Running(cast("KafkaFeed", lake.feed), raw.RawTable(lake.contract, lake.root / "lake"), streamed(lake, **others))
    yield one
    one.close()


def until(is_so: Callable[[], bool], *those: Running) -> None:
    """Step each of them until it is so."""
    for _ in range(TURNS):
        if is_so():
            return
        for one in those:
            one.step(0.05)
    raise AssertionError("it did not come to be so")


def partitions(one: Running) -> int:
    return len(one._topic.reads) if one._topic else 0


def landed(lake: LakeOfATopic) -> list[int]:
    return [number for (number,) in lake.query("select id from {raw} order by id")]


def test_it_lands_what_comes_and_says_how_far_it_is(topic_of: Any) -> None:
    lake = topic_of(EVENT, partitions=2, batch_seconds=0.1, client=QUICK)
    lake.send(*events(0, 5), "x")
    lake.send(*events(5, 9), partition=1)
    over = iter([False] * TURNS)

    def is_over() -> bool:
        path = lake.root / "lake/raw/test/rows"
        return next(over) or (DeltaTable(str(path)).transaction_version(raw.STREAM) or 0) > 0

    (report,) = run([lake.feed], {"test.rows": lake.contract}, streamed(lake), is_over)
    assert (report.rows_landed, report.rows_quarantined, report.refused) == (9, 1, ())
    assert landed(lake) == list(range(9))
    table = f"delta_scan('{lake.root / 'lake/ops/streams'}')"
    assert lake.query(f"select feed, rows_landed, rows_quarantined, lag from {table}") == [("test.rows", 9, 1, 0)]
    assert lake.query("select sum(rows_read)::bigint from {batches}") == [(10,)]
    assert lake.ingest().rows_read == 0


def test_two_that_share_a_group_land_each_message_once_also_after_one_has_left(topic_of: Any) -> None:
    lake = topic_of(EVENT, partitions=4, batch_seconds=0.05, client=QUICK)
    for partition in range(4):
        lake.send(*events(100 * partition, 100 * partition + 5), partition=partition)
    with running_of(lake) as first:
        until(lambda: first.report.rows_landed == 20, first)
        with running_of(lake) as second:
            until(lambda: partitions(first) == partitions(second) == 2, first, second)
            for partition in range(4):
                lake.send(*events(100 * partition + 5, 100 * partition + 9), partition=partition)
            until(lambda: first.report.rows_landed + second.report.rows_landed == 36, first, second)
            assert second.report.rows_landed == 8
        for partition in range(4):
            lake.send(*events(100 * partition + 9, 100 * partition + 10), partition=partition)
        until(lambda: len(landed(lake)) == 40, first)
    assert landed(lake) == sorted(100 * partition + number for partition in range(4) for number in range(10))


@contextmanager
def at_hand(lake: LakeOfATopic) -> Iterator[tuple[Work, Topic]]:
    """What has been read of the topic and not landed, by a process that reads all of it."""
    prepare(lake.root / "lake", {lake.contract.name: lake.contract})
    table, feed = raw.RawTable(lake.contract, lake.root / "lake"), cast("KafkaFeed", lake.feed)
    with connect(extensions=["delta"]) as connection, Topic(feed.settings, table, 1000) as topic:
        topic.open_all()
        topic.fill()
        yield Work(table, connection, "test", silent), topic


def test_one_that_was_outrun_lands_nothing_twice_and_goes_on_behind_the_other(topic_of: Any) -> None:
    lake = topic_of(EVENT)
    lake.send(*events(0, 5), "x")
    feed = lake.feed
    with at_hand(lake) as (old, of_old), at_hand(lake) as (new, of_new):
        assert land_messages(new, feed, of_new, feed.decoder()).rows_read == 6
        assert land_messages(old, feed, of_old, feed.decoder()).batches == 0
        lake.send(*events(5, 7))
        of_old.open_all()
        of_old.fill()
        assert land_messages(old, feed, of_old, feed.decoder()).rows_landed == 2
    assert landed(lake) == list(range(7))
    assert lake.query("select count(*) from {quarantine}") == [(1,)]


def test_one_that_is_outrun_between_its_check_and_its_commit_undoes_what_it_wrote(
    topic_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = topic_of(EVENT)
    lake.send(*events(0, 5), "x")
    feed, quarantine = lake.feed, raw.quarantine
    with at_hand(lake) as (old, of_old), at_hand(lake) as (new, of_new):

        def overtaken(table: raw.RawTable, batch_id: str, rows: Any) -> None:
            quarantine(table, batch_id, rows)
            monkeypatch.setattr(raw, "quarantine", quarantine)
            # Another process that the lock does not stop: one that was stopped while it held the lock, or of another machine.
            monkeypatch.setattr("sluice.ingest.readers.kafka.landing._clean_up", lambda _: None)
            assert land_messages(new, feed, of_new, feed.decoder()).rows_read == 6

        monkeypatch.setattr(raw, "quarantine", overtaken)
        assert land_messages(old, feed, of_old, feed.decoder()).batches == 0
    assert landed(lake) == list(range(5))
    assert lake.query("select count(*), count(distinct _batch_id) from {quarantine}") == [(1, 1)]


def test_it_stops_where_messages_are_gone_and_goes_on_if_that_is_accepted(topic_of: Any) -> None:
    lake = topic_of(EVENT, batch_seconds=0.05, client=QUICK)
    lake.send(*events(0, 3))
    lake.ingest()
    lake.send(*events(3, 9))
    place = TopicPartition(lake.topic, 0, 7)
    lake.broker.admin.delete_records([place])[place].result(30)
    with running_of(lake) as one:
        until(lambda: bool(one.stopped), one)
        assert "4 messages of partition 0 were deleted before they were read: offsets 3 to 6" in one.stopped
    with running_of(lake, accept_loss=True) as one:
        until(lambda: one.report.rows_landed == 2, one)
        one.step(0, ends=True)
    assert landed(lake) == [0, 1, 2, 7, 8]
    assert lake.query("select warnings[1] from {batches} where len(warnings) > 0") == [
        ("4 messages of partition 0 were deleted before they were read: offsets 3 to 6",)
    ]


def test_a_topic_that_was_created_again_is_not_taken_for_the_old_one(topic_of: Any) -> None:
    lake = topic_of(EVENT)
    lake.send(*events(0, 3))
    lake.ingest()
    admin = lake.broker.admin
    admin.delete_topics([lake.topic])[lake.topic].result(30)
    for _ in range(50):
        if lake.topic not in admin.list_topics(timeout=30).topics:
            break
    lake.broker.topic(lake.topic)
    lake.send(*events(10, 15))
    ((_, why),) = lake.ingest().refused
    assert "the topic was deleted and created again" in why
    assert landed(lake) == [0, 1, 2]


def test_it_gets_over_a_broker_that_crashes(topic_of: Any) -> None:
    lake = topic_of(EVENT, batch_seconds=0.05, client=QUICK)
    lake.send(*events(0, 3))
    with running_of(lake) as one:
        until(lambda: one.report.rows_landed == 3, one)
        lake.broker.crash()
        one.step(0.2)
        lake.broker.restart()
        lake.send(*events(3, 6))
        until(lambda: one.report.rows_landed == 6, one)
    assert landed(lake) == list(range(6))


def test_small_files_become_one_and_a_pinned_version_is_still_read(topic_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "COMPACTED_EVERY", 3)
    lake = topic_of(EVENT, batch_seconds=0.01, client=QUICK)
    path = lake.root / "lake/raw/test/rows"
    with running_of(lake) as one:
        for number in range(3):
            lake.send(*events(number, number + 1))
            until(lambda number=number: one.report.batches == number + 1, one)  # type: ignore[misc]
    assert len(DeltaTable(str(path)).file_uris()) == 1
    assert landed(lake) == [0, 1, 2]
    pinned = next(version for version in range(20) if len(DeltaTable(str(path), version=version).file_uris()) == 2)
    assert lake.query(f"select count(*) from delta_scan('{path}', version => {pinned})") == [(2,)]
    lake.send(*events(3, 4))
    assert lake.ingest().rows_landed == 1
    assert landed(lake) == [0, 1, 2, 3]


def test_a_batch_is_never_larger_than_the_feed_says(topic_of: Any) -> None:
    lake = topic_of(EVENT, batch_messages=100, batch_seconds=0.01, client=QUICK)
    lake.send(*events(0, 1050))
    with running_of(lake) as one:
        until(lambda: one.report.rows_landed == 1050, one)
    assert lake.query("select count(*) from {batches}") == [(0,)]  # they are written about once a minute, and by the next run
    lake.ingest()
    assert lake.query("select max(rows_read) <= 100, sum(rows_read)::bigint from {batches}") == [(True, 1050)]


def test_what_is_at_hand_when_it_ends_lands_first(topic_of: Any) -> None:
    lake = topic_of(EVENT, batch_seconds=1000, client=QUICK)
    lake.send(*events(0, 5))
    with running_of(lake) as one:
        until(lambda: bool(one._topic and one._topic.values), one)
        assert landed(lake) == []
        one.step(0, ends=True)
    assert landed(lake) == list(range(5))


def test_it_waits_for_another_command_and_sleeps_before_its_next_try(topic_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = topic_of(EVENT, batch_seconds=0.01, client=QUICK)
    monkeypatch.setattr(running, "PATIENCE", 0.01)
    lake.send(*events(0, 3))
    with running_of(lake) as one:
        with writing(lake.root / "lake"):
            for _ in range(20):
                one.step(0.05)
            assert one.report.batches == 0
        until(lambda: one.report.rows_landed == 3, one)
        slept: list[float] = []
        monkeypatch.setattr("sluice.stream.running.time.sleep", slept.append)
        one._let_go("trouble")
        one.step(0.5)
        assert slept == [0.5]
        assert one.report.refused == ((lake.feed.origin, "trouble"),)
    assert landed(lake) == [0, 1, 2]
    assert lake.query("select reason from {refusals}") == [("trouble",)]


class _Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def test_one_that_is_killed_while_it_undoes_what_another_left_is_followed_by_one_that_does(
    topic_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = topic_of(EVENT)
    lake.send(*events(0, 5), "x")

    def killed(*_: Any) -> None:
        raise _Killed

    for name in ("land", "undo_quarantine"):  # between the quarantine and the commit, then in the midst of undoing that
        with monkeypatch.context() as patched, at_hand(lake) as (work, topic):
            patched.setattr(raw, name, killed)
            with pytest.raises(_Killed):
                land_messages(work, lake.feed, topic, lake.feed.decoder())
        assert lake.query("select count(*) from {quarantine}") == [(1,)]
    with at_hand(lake) as (work, topic):
        assert land_messages(work, lake.feed, topic, lake.feed.decoder()).rows_read == 6
    assert landed(lake) == list(range(5))
    assert lake.query("select count(*), count(distinct _position) from {quarantine}") == [(1, 1)]

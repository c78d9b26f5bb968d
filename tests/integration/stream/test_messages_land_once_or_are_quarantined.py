"""Each message of a topic is in the lake once, or in quarantine with its place and its bytes; a second run adds nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition

from sluice.ingest.readers.kafka import topic as kafka_topic

EVENT = {"id": "bigint!", "amount": "decimal(12,2)", "at": "timestamp"}


def event(number: int, **others: Any) -> str:
    return json.dumps({"id": number, "amount": 1.10, "at": "2025-01-31T10:00:00Z", **others})


def test_a_second_run_reads_on_where_the_first_ended(topic_of: Any) -> None:
    lake = topic_of(EVENT, partitions=3)
    for partition in range(3):
        lake.send(*(event(10 * partition + n) for n in range(4)), partition=partition)
    first = lake.ingest(batch_messages=5)
    assert (first.rows_landed, first.rows_quarantined, first.batches, first.refused) == (12, 0, 3, ())
    assert lake.ingest().rows_read == 0
    lake.send(event(100), partition=1)
    assert lake.ingest().rows_landed == 1
    found = lake.query("select id, amount::varchar, _file, _position from {raw} where id in (0, 13, 100) order by id")
    assert found == [(0, "1.10", f"{lake.topic}/0", 0), (13, "1.10", f"{lake.topic}/1", 3), (100, "1.10", f"{lake.topic}/1", 4)]
    ((batches, read),) = lake.query("select count(*), sum(rows_read)::bigint from {batches}")
    assert (batches, read) == (4, 13)


def test_what_breaks_the_contract_is_quarantined_with_its_place_and_bytes(topic_of: Any) -> None:
    lake = topic_of(EVENT, partitions=2)
    bad = [b'{"id": "x"}', b"\xff\xfe{", b"[1]", None, b'{"amount": 1}', b'{"id": 1, "ID": 2}', b'{"id": 1, "id": 2}']
    lake.send(event(1), *bad, event(2), partition=1)
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.refused) == (2, 7, ())
    columns = "_position, reason, column_name, detail, original_text, original_bytes, _file"
    found = lake.query(f"select {columns} from {{quarantine}} order by 1")
    assert [row[0] for row in found] == [1, 2, 3, 4, 5, 6, 7]
    assert {row[6] for row in found} == {f"{lake.topic}/1"}
    assert found[0][1:6] == ("wrong_type", "id", "id: x does not fit bigint", '{"id": "x"}', None)
    assert found[1][1:6] == ("malformed", None, "the value is not UTF-8 text", None, b"\xff\xfe{")
    assert found[2][1:6] == ("malformed", None, "not a JSON object", "[1]", None)
    assert found[3][1:6] == ("malformed", None, "the message has no value", None, None)
    assert found[4][1:3] == ("missing_key", "id")
    assert found[5][1:3] == ("malformed", None)
    assert found[5][3].startswith("ID: clashes with a column of the contract")
    assert found[6][1:4] == ("malformed", None, "id, id: a key occurs twice")


def test_a_key_that_the_contract_does_not_know_lands_as_text(topic_of: Any) -> None:
    lake = topic_of(EVENT)
    lake.send(event(1, channel="app"), event(2, Channel="web"), event(3))
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.new_columns) == (2, 1, ("Channel",))


def test_aborted_transactions_do_not_land_and_their_marks_are_no_end(topic_of: Any) -> None:
    lake = topic_of(EVENT)
    producer = Producer({"bootstrap.servers": lake.broker.bootstrap, "transactional.id": lake.topic})
    producer.init_transactions(30)
    for number, ended in ((1, producer.commit_transaction), (2, producer.abort_transaction), (3, producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(lake.topic, event(number))
        producer.flush(30)
        ended(30)
    assert lake.ingest().rows_landed == 2
    assert lake.query("select id, _position from {raw} order by 1") == [(1, 0), (3, 4)]
    assert lake.ingest().rows_read == 0


def test_a_topic_that_begins_at_its_end_misses_nothing_afterwards(topic_of: Any) -> None:
    lake = topic_of(EVENT, partitions=2, start="latest")
    lake.send(event(1))
    assert lake.ingest().rows_read == 0
    lake.send(event(2))
    lake.send(event(3), partition=1)
    assert lake.ingest().rows_landed == 2


def test_messages_deleted_before_they_were_read_are_an_error(topic_of: Any) -> None:
    lake = topic_of(EVENT)
    lake.send(*map(event, range(3)))
    lake.ingest()
    lake.send(*map(event, range(3, 9)))
    lake.broker.admin.delete_records([TopicPartition(lake.topic, 0, 7)])[TopicPartition(lake.topic, 0)].result(30)
    ((_, why),) = lake.ingest().refused
    assert "4 messages of partition 0 were deleted before they were read: offsets 3 to 6" in why
    assert lake.query("select count(*) from {raw}") == [(3,)]


def test_a_topic_that_is_not_there_is_refused(topic_of: Any) -> None:
    lake = topic_of(EVENT)
    ((_, why),) = lake.ingest(topic="ordres").refused
    assert "Unknown topic" in why


def test_a_broker_that_does_not_answer_is_refused(topic_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = topic_of(EVENT)
    monkeypatch.setattr(kafka_topic, "ANSWER", 0.5)
    ((_, why),) = lake.ingest(brokers="127.0.0.1:1").refused
    assert "127.0.0.1:1" in why

"""The landing of messages: one batch, whose commit holds the rows and how far each partition was read."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa

from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers.json import read_messages
from sluice.ingest.readers.kafka.topic import Topic
from sluice.ingest.readers.kafka.values import Decoder
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.rows import StagedRows, tally
from sluice.lake import raw

# While this file is in `incoming`, a batch is between its quarantine and its commit.
_AT_WORK = "at-work"


def land_messages(work: Work, spelled: Spelled, topic: Topic, decoder: Decoder) -> FeedReport:
    """Land what is at hand of a topic, if it comes right behind what is in the lake; if not, read on from there.

    The caller holds the lake's lock. What an interrupted process left half done is undone first.
    """
    feed = work.contract.name
    if not topic.values:
        return FeedReport(feed)
    _clean_up(work)
    if topic.marks() != {partition: read.mark for partition, read in topic.reads.items()}:
        topic.back_to_the_lake()
        return FeedReport(feed)
    labels = {partition: place for place, partition in enumerate(topic.reads)}
    rows = _staged(work, spelled, topic, decoder, labels)
    if not _is_whole(work.connection, topic):
        topic.back_to_the_lake()
        return FeedReport(feed)
    batch = _batch(work, topic)
    tallies = tally(work.connection, rows)
    (work.table.incoming / _AT_WORK).touch()
    try:
        report = land(work, batch, rows, tallies)
    except raw.OutrunError:
        raw.undo_quarantine(work.table, batch.batch_id)
        raw.undo_half_batch(work.table)
        topic.back_to_the_lake()
        return FeedReport(feed)
    topic.landed()
    odd = tuple(
        f"{topic.settings.topic}/{list(topic.reads)[one.file_index]}: {one.misshapen}" for one in tallies if one.misshapen
    )
    return replace(report, warnings=report.warnings + odd)


def _clean_up(work: Work) -> None:
    work.table.incoming.mkdir(parents=True, exist_ok=True)
    if any(work.table.incoming.iterdir()):
        raw.undo_half_batch(work.table)


def _staged(work: Work, spelled: Spelled, topic: Topic, decoder: Decoder, labels: dict[int, int]) -> StagedRows:
    lines, why = decoder.lines(topic.values)
    places = pa.array([labels[partition] for partition in topic.partitions], pa.int64())
    messages = pa.table(
        {
            "value": pa.array(topic.values, pa.binary()),
            "line": lines,
            "why": why,
            "__file": places,
            "__offset": pa.array(topic.offsets, pa.int64()),
        }
    )
    work.connection.register("messages", messages)
    work.connection.execute("create or replace temp table lines as select line, __file, __offset from messages where why is null")
    landed = set(raw.columns(work.table)) - raw.ORIGIN.keys()
    rows = read_messages(work.connection, work.contract, landed, spelled)
    unread = """
        select __file, __offset as __position, 'malformed' as reason, null::varchar as column_name, why as detail,
            null::varchar as original_text
        from messages where why is not null
    """
    refused = f"""
        select found.*, case when line is null or encode(line) <> value then value end as __bytes
        from ({rows.refused} union all {unread}) as found
        inner join messages on found.__file = messages.__file and found.__position = messages.__offset
    """
    return replace(rows, refused=refused, original_bytes="__bytes")


def _is_whole(connection: duckdb.DuckDBPyConnection, topic: Topic) -> bool:
    """Whether no message is there twice, and none is from before the batch."""
    found = connection.execute(
        "select __file, min(__offset), count(*) = count(distinct __offset) from messages group by __file"
    ).fetchall()
    starts = [read.start for read in topic.reads.values()]
    return all(is_once and first >= starts[place] for place, first, is_once in found)


def _batch(work: Work, topic: Topic) -> Batch:
    settings, delta = topic.settings, work.table.open()
    number = delta.transaction_version(raw.STREAM)
    moved = {partition: read for partition, read in topic.reads.items() if read.next != read.start or read.mark != read.start}
    marks = {settings.mark(partition): read.next for partition, read in moved.items()}
    expected: dict[str, int | None] = {settings.mark(partition): read.mark for partition, read in moved.items()}
    expected[settings.begun] = delta.transaction_version(settings.begun)
    return Batch(
        raw.streamed_batch(work.contract.name, (number or 0) + 1),
        tuple(f"{settings.topic}/{partition}" for partition in topic.reads),
        tuple(f"{read.start}-{read.next}" for read in topic.reads.values()),
        topic.bytes,
        {**marks, settings.begun: topic.identity or expected[settings.begun] or 0, raw.STREAM: (number or 0) + 1},
        warnings=tuple(topic.losses),
        expected={**expected, raw.STREAM: number},
    )

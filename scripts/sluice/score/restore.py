"""The state as it was: the events of the release, those that have landed since, and the messages that follow.

It depends on what lies in the lake and the topic alone, so a process that was killed finds the state that it lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deltalake import DeltaTable

from sluice.core.duck import connect, literal
from sluice.core.errors import SluiceError
from sluice.core.text import plural
from sluice.features import live_sql
from sluice.features.live_sql import MESSAGES, Row
from sluice.ingest.readers.kafka.topic import TopicSettings
from sluice.lake import raw
from sluice.score.serving import Serving


@dataclass(frozen=True)
class Begin:
    """Where each partition is read from, and from which offset on its events are scored; those before are remembered."""

    read: Mapping[int, int]
    score: Mapping[int, int]


def begin(
    ends: Mapping[int, tuple[int, int]],
    scored: Mapping[int, int],
    in_lake: Mapping[int, int],
    in_release: Mapping[int, int],
    topic: str,
) -> Begin:
    """Where to begin. `ends` are the first and the next offset of each partition.

    The others say up to which offset events are scored, landed in the lake, and in the release. A partition that was never
    scored is scored from where the release ends, or from its first message. Raises SluiceError where messages are gone that
    were never scored or that no table has.
    """
    read, score = {}, {}
    for partition, (low, high) in ends.items():
        start = scored.get(partition, in_release.get(partition, low))
        known = min(in_lake.get(partition, low), start)
        if max(known, start) > high:
            what = f"partition {partition} ends at offset {high}, and {max(known, start)} was read: the topic was created again"
            raise SluiceError(what, where=f"topic {topic}", hint="give it another name in the feed")
        if known < low:
            gone = plural(low - known, "message")
            what = f"{gone} of partition {partition} are gone from the topic, and neither scored nor in the lake"
            raise SluiceError(what, where=f"topic {topic}", hint="keep messages longer, or land the topic: sluice stream")
        read[partition], score[partition] = known, start
    return Begin(read, score)


def since_release(serving: Serving, table: raw.RawTable, topic: TopicSettings, scored: Mapping[int, int]) -> list[Row]:
    """The events in the raw table that came after a release was built, in the order in which they landed.

    Messages that have landed and are not scored yet are left out: they come from the topic.
    """
    if not (table.path / "_delta_log").is_dir():
        return []
    version = serving.release.lake.get(table.path.relative_to(table.lake).as_posix())
    built = DeltaTable(str(table.path), version=version).transaction_version("loaded_at") if version is not None else None
    unscored = " or ".join(
        f"(_file = {literal(f'{topic.topic}/{partition}')} and _position >= {offset})" for partition, offset in scored.items()
    )
    places = f"_loaded_at > make_timestamp({built or 0}) and not coalesce({unscored or 'false'}, false)"
    with connect(extensions=["delta"]) as connection:
        connection.execute(f"create temp view {MESSAGES} as select * from delta_scan({literal(str(table.path))}) where {places}")
        live_sql.prepare(connection, serving.manifest, serving.release.file, serving.settings.described, serving.features)
        connection.execute("reset asof_loop_join_threshold")  # the query runs once, and the rows may be many
        return live_sql.rows(connection, serving.features)

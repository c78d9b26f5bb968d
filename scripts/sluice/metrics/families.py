"""What is measured: every metric with its name, unit and meaning, by the part of the state that it is read from."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "sluice_"
# Label sets of one part, at most: a project has fewer, and more would be a burden for Prometheus.
MOST = 2000


@dataclass(frozen=True)
class Metric:
    """A metric: `column` of the part's rows holds its values, null where there is none. A counter's name ends in _total."""

    column: str
    name: str
    help: str

    @property
    def is_counter(self) -> bool:
        """Whether it only rises, as long as the lake is not replaced."""
        return self.name.endswith("_total")


@dataclass(frozen=True)
class Part:
    """What one look gives: rows of `labels` and of one column for each metric. A part that fails leaves the others alone."""

    name: str
    labels: tuple[str, ...]
    metrics: tuple[Metric, ...]


# Each is a query of its name in sql/.
OF_HISTORY = (
    Part("feeds", ("feed",), (
        Metric("rows_landed", "feed_rows_landed_total", "Rows that ingest has landed."),
        Metric("rows_rejected", "feed_rows_rejected_total", "Rows that ingest has rejected: they are in quarantine."),
        Metric("batches", "feed_batches_total", "Batches that ingest has landed."),
        Metric("bytes_read", "feed_read_bytes_total", "Bytes that ingest has read."),
        Metric("files_refused", "feed_files_refused_total", "Files, or tables of a database, refused as a whole."),
        Metric("last_batch_at", "feed_last_batch_timestamp_seconds", "When the newest batch was landed."),
        Metric("last_landed_at", "feed_last_rows_timestamp_seconds", "When the newest batch with a row was landed."),
    )),
    Part("rejected", ("feed",), (
        Metric("open_rows", "feed_quarantine_open_rows", "Rows rejected at ingestion that nobody has corrected or dropped."),
    )),
    Part("streams", ("feed",), (
        Metric("lag", "stream_lag_messages", "Messages that a stream had not landed when it last said so."),
        Metric("seconds_behind", "stream_lag_seconds", "How long ago its newest message was produced; 0 if none waits."),
        Metric("measured_at", "stream_measured_timestamp_seconds", "When a stream last said how far it is."),
    )),
    Part("scoring", ("environment", "model"), (
        Metric("lag", "score_lag_messages", "Messages that were not scored when sluice score last said so."),
        Metric("latency_p50", "score_latency_p50_milliseconds", "Median time from produced to scored in its last minute."),
        Metric("latency_p99", "score_latency_p99_milliseconds", "The same for the slowest of a hundred."),
        Metric("scored_share", "score_scored_ratio", "Share of the events of the last hour that have their score."),
        Metric("drift", "score_drift", "Stability index of the scores of the last hour against those of the training."),
        Metric("alerts_a_day", "score_alerts_per_day", "Alerts of the last 24 hours."),
        Metric("measured_at", "score_measured_timestamp_seconds", "When sluice score last said how far it is."),
    )),
    Part("runs", ("environment", "command"), (
        Metric("started_at", "last_run_start_timestamp_seconds", "When the last run of the command began."),
        Metric("seconds", "last_run_duration_seconds", "How long the last run of the command took."),
        Metric("is_done", "last_run_success", "1 where the last run of the command ended as it should, else 0."),
        Metric("done_at", "last_success_timestamp_seconds", "When the command last ended as it should."),
    )),
    Part("outcomes", ("environment", "command", "outcome"), (
        Metric("runs", "runs_total", "Runs by outcome: done, failed or refused."),
    )),
    Part("steps", ("environment", "step"), (
        Metric("started_at", "last_step_start_timestamp_seconds", "When the step was last begun."),
        Metric("seconds", "last_step_duration_seconds", "How long the step took when it was last taken."),
        Metric("is_done", "last_step_success", "1 where the step ended as it should when it was last taken, else 0."),
    )),
    Part("attempts", ("environment", "action", "outcome"), (
        Metric("attempts", "attempts_total", "Attempts to build, audit or move an environment, by outcome."),
    )),
    Part("checks", ("environment", "kind", "status"), (
        Metric("checks", "checks", "Checks of the newest build and audit, by how they ended."),
    )),
    Part("checked", ("environment", "kind"), (
        Metric("checked_at", "checks_timestamp_seconds", "When checks of this kind last ran."),
    )),
    Part("tables", ("environment", "relation"), (
        Metric("rows_held", "table_rows", "Rows of a table of the current release."),
        Metric("bytes_held", "table_size_bytes", "Bytes of a table of the current release."),
        Metric("newest_at", "table_newest_data_timestamp_seconds", "The newest moment in a table of the current release."),
    )),
    Part("signals", ("environment", "severity"), (
        Metric("signals", "chart_signals", "Signals of control charts in the newest audit."),
        Metric("blocking", "chart_signals_blocking", "Signals of control charts that stopped the newest candidate."),
    )),
    Part("incidents", ("environment", "severity", "state"), (
        Metric("incidents", "incidents", "Incidents that are not over: open, or acknowledged by a person."),
        Metric("oldest_at", "incidents_oldest_timestamp_seconds", "Since when the oldest of these incidents exists."),
    )),
    Part("messages", ("channel",), (
        Metric("sent", "messages_sent_total", "Messages about incidents that a channel has taken."),
        Metric("dropped", "messages_dropped_total", "Messages about incidents that were given up."),
        Metric("waiting", "messages_waiting", "Messages about incidents that wait for the next try."),
    )),
)  # fmt: skip

RELEASES = Part("releases", ("environment",), (
    Metric("built_at", "release_built_timestamp_seconds", "When the current release was built."),
    Metric("moved_at", "release_moved_timestamp_seconds", "When the environment was last moved to a release."),
    Metric("bytes", "release_size_bytes", "Bytes of the file that readers open."),
    Metric("acknowledged", "release_acknowledged_checks", "Failed checks of the current release that somebody has answered for."),
))  # fmt: skip
RELEASE_INFO = Part("release_info", ("environment", "release_id", "commit"), (
    Metric("one", "release_info", "The current release and the commit that it was built from; always 1."),
))  # fmt: skip
FRESHNESS = Part("freshness", ("feed", "severity"), (
    Metric("seconds", "feed_freshness_limit_seconds", "How old the newest rows of a feed may be: `freshness` of its source."),
))  # fmt: skip
REFUSED = Part("quarantine", ("environment", "feed"), (
    Metric("rows", "quarantine_open_rows", "Rows rejected by a business rule of the current release, without a decision."),
))  # fmt: skip
DISK = Part("disk", ("folder",), (
    Metric("used", "disk_used_bytes", "Bytes on disk of the lake's folder, and of the warehouse's."),
    Metric("free", "disk_free_bytes", "Bytes that are free on the file system of the folder."),
    Metric("size", "disk_size_bytes", "Bytes of the file system of the folder."),
))  # fmt: skip
PARTS = (*OF_HISTORY, RELEASES, RELEASE_INFO, FRESHNESS, REFUSED, DISK)

BUILD_INFO = Metric("one", "build_info", "The version of sluice; always 1.")
MEASURED_AT = Metric("at", "metrics_timestamp_seconds", "When these metrics were measured.")
SUCCESS = Metric("ok", "metrics_part_success", "1 where a part of the metrics could be read, else 0.")

"""A topic into a Delta table by Spark Structured Streaming; run by a Python that has pyspark.

Arguments: the broker's address, the topic, the folder of jars, the folder of the table, messages of a batch. Prints as JSON
what the batches took, the first one left out: it bears what Spark needs to start.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession, functions

COLUMNS = (
    "payment_id bigint, paid_at timestamp, card_fingerprint string, customer_id bigint, merchant string, amount decimal(12,2),"
    " currency_code string, country_code string, is_online boolean"
)


def seconds_of(parent: int) -> float:
    """Processor seconds of the processes below `parent`, so far."""
    total, below = 0.0, {parent}
    stats = {int(path.name): path for path in Path("/proc").iterdir() if path.name.isdigit()}
    for pid, path in sorted(stats.items()):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) in below or pid in below:
            below.add(pid)
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def main() -> None:
    """Stream what is there, and end."""
    address, topic, jars, folder, batch = sys.argv[1:]
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", ",".join(str(path) for path in Path(jars).glob("*.jar")))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "2g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.databricks.delta.snapshotPartitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", address)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", batch)
        .load()
    )
    parsed = functions.from_json(functions.col("value").cast("string"), COLUMNS)
    rows = messages.select(parsed.alias("row"), "partition", "offset").select("row.*", "partition", "offset")
    query = (
        rows.writeStream.format("delta")
        .option("checkpointLocation", f"{folder}/checkpoint")
        .trigger(availableNow=True)
        .start(f"{folder}/table")
    )
    began: tuple[float, float, int] | None = None
    while query.isActive:
        done = query.recentProgress
        if began is None and done:
            began = (time.monotonic(), seconds_of(os.getpid()), sum(int(one["numInputRows"]) for one in done))
        time.sleep(0.05)
    count = sum(int(one["numInputRows"]) for one in query.recentProgress)
    now, used = time.monotonic(), seconds_of(os.getpid())
    assert query.exception() is None, query.exception()
    assert began is not None, "the topic has one batch only"
    found = {"seconds": now - began[0], "processor_seconds": used - began[1], "events": count - began[2], "whole_seconds": used}
    print(json.dumps(found))
    spark.stop()


if __name__ == "__main__":
    main()

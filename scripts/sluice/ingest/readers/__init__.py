"""The formats of feeds. A new one is a `Feed` in a file of its own and a line here."""

from __future__ import annotations

from sluice.ingest.readers.csv import CsvFeed
from sluice.ingest.readers.excel import ExcelFeed
from sluice.ingest.readers.json import JsonFeed
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.mongodb.feed import MongodbFeed
from sluice.ingest.readers.parquet.feed import ParquetFeed
from sluice.ingest.readers.postgres.feed import PostgresFeed
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.readers.rest.feed import RestFeed

READERS: dict[str, type[Feed]] = {
    "csv": CsvFeed,
    "json": JsonFeed,
    "parquet": ParquetFeed,
    "excel": ExcelFeed,
    "postgres": PostgresFeed,
    "mongodb": MongodbFeed,
    "rest": RestFeed,
    "kafka": KafkaFeed,
}

"""DataOps for an online shop: ingest, build and publish with dbt, DuckDB and Delta Lake."""

__version__ = "0.1.0"

"""DataOps for an online shop: ingest, build and publish with dbt, DuckDB and Delta Lake."""

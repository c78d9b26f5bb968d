"""Expectations on a warehouse's models: declared in dbt's YAML, judged by Great Expectations, computed by DuckDB."""

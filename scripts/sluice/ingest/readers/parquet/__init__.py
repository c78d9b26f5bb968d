"""Feeds of format parquet: files."""

"""What every room uses: errors, paths, DuckDB, dbt and its artifacts, git, locks, text."""

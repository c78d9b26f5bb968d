"""Ingest: new data of each feed, in batches, from its source into the raw lake or into quarantine."""

"""Ingest: new data of each feed, as whole batches, from its source into the raw lake or into quarantine."""

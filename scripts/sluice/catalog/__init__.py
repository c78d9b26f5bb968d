"""The catalog of a dbt project: every node, column and check with its owner, last result and lineage, and a search index."""

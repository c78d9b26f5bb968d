"""Features of events: how they are declared in dbt's YAML, and their values as each event comes."""

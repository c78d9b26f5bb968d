"""Models of machine learning that are declared in dbt's YAML: trained on a release, kept with it, loaded from it."""

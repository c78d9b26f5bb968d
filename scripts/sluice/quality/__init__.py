"""What dbt's tests and the declared expectations found."""

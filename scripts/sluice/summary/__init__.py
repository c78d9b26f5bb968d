"""What an environment holds: the rows and totals of its marts."""

"""Environments: their names and rights, what a name means, and the trail of who changed one."""

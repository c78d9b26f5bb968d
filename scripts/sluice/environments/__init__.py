"""Environments: their names and rights, what a name means, and the trail of who changed one."""

from __future__ import annotations

# The environment that readers use: what commands mean if none is given.
PROD = "prod"

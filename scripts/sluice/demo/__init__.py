"""The demo shop: four source systems' data, delivered day by day, believable and repeatable by seed."""

from __future__ import annotations

from sluice.demo.options import DEFAULT_FAULTS, DemoOptions, parse_faults
from sluice.demo.shop import DemoReport, generate
from sluice.demo.tables import KINDS, TABLES

__all__ = ["DEFAULT_FAULTS", "KINDS", "TABLES", "DemoOptions", "DemoReport", "generate", "parse_faults"]

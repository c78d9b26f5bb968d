"""docs/dataops.md has a line for each metric, and no other."""

from __future__ import annotations

import re

from tests.helpers.project import REPOSITORY

from sluice.dataops.metrics import NAMES

PAGE = (REPOSITORY / "docs" / "dataops.md").read_text(encoding="utf-8")


def test_each_metric_has_its_line_in_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(NAMES)

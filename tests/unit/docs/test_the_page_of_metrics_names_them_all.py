"""docs/metrics.md has a line for each metric, with its labels and its help text, and the limits of the server."""

from __future__ import annotations

import pytest
from tests.helpers.project import REPOSITORY

from sluice.metrics.families import BUILD_INFO, MEASURED_AT, MOST, PARTS, PREFIX, SUCCESS, Metric
from sluice.metrics.server import REQUESTS, SECONDS_TO_KEEP

PAGE = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
ALONE = [(BUILD_INFO, ("version",)), (MEASURED_AT, ()), (SUCCESS, ("part",))]
METRICS = [*ALONE, *((metric, part.labels) for part in PARTS for metric in part.metrics)]


@pytest.mark.parametrize(("metric", "labels"), METRICS, ids=[metric.name for metric, _ in METRICS])
def test_a_metric_has_its_line(metric: Metric, labels: tuple[str, ...]) -> None:
    assert f"| `{PREFIX}{metric.name}` | {', '.join(labels) or '-'} | {metric.help} |" in PAGE.splitlines()


def test_no_line_is_of_a_metric_that_is_gone() -> None:
    assert PAGE.count(f"| `{PREFIX}") == len(METRICS)


def test_the_limits_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert f"answers {REQUESTS} requests at a time, and measures at most every {SECONDS_TO_KEEP} seconds" in text
    assert f"at most {MOST:,} sets of labels" in text

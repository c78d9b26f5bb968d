"""The metrics of an environment of this project, now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sluice.core import dbt
from sluice.core.errors import SluiceError
from sluice.core.paths import lake_root
from sluice.dataops.measure import Report, measure
from sluice.dataops.metrics import METRICS, Metric
from sluice.dataops.project import facts
from sluice.environments.resolve import locate
from sluice.quarantine import catalog


def report(environment: str, since: timedelta, *, only: Sequence[Metric] = METRICS, limit: int | None = 0) -> Report:
    """Measure the metrics of an environment. Marts, deadlines and checks are those of the release that it points to.

    Raises SluiceError for a damaged table, and for a deadline that is not a time.
    """
    places = catalog.places(lake_root(), lambda: locate(environment))
    return measure(places, facts(_manifest(environment)), environment, since, _now(), only=only, limit=limit)


def _manifest(environment: str) -> Mapping[str, Any]:
    try:
        return dbt.artifact(locate(environment).described_in, "manifest.json")
    except SluiceError:
        return {}


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)

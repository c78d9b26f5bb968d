"""The result of an audit, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sluice.quality.charts.result import NO_CHARTS, ChartFindings
from sluice.quality.expectations.dbt_findings import DbtFindings


@dataclass(frozen=True)
class CheckResult:
    """One check: status pass, warn, fail, error if it could not be evaluated, not_run if it had nothing to look at.

    `failures` counts unexpected rows.
    """

    name: str
    expectation: str
    column: str | None
    severity: str
    status: str
    failures: int | None
    observed: Mapping[str, Any]
    expected: Mapping[str, Any]
    sample: tuple[Any, ...]
    query: str | None
    message: str
    seconds: float


@dataclass(frozen=True)
class ModelResult:
    """The checks of one model, in the order of their declaration."""

    model: str
    relation: str
    checks: tuple[CheckResult, ...]

    def count(self, status: str) -> int:
        """The number of checks with a status."""
        return sum(check.status == status for check in self.checks)


@dataclass(frozen=True)
class AuditReport:
    """The result of an audit. It blocks if a check or a dbt test of severity error failed that nobody has acknowledged.

    A series of `charts` is a check, too.
    """

    run_id: str
    checked_at: datetime
    warehouse: str
    models: tuple[ModelResult, ...]
    dbt: DbtFindings
    seconds: float
    acknowledged: tuple[str, ...] = ()
    charts: ChartFindings = NO_CHARTS

    def count(self, status: str) -> int:
        """The number of checks of all models with a status, series included that are long enough to be judged."""
        return sum(model.count(status) for model in self.models) + (self.charts.count(status) if status != "not_run" else 0)

    @property
    def checks(self) -> int:
        """The number of expectations, and of series that are long enough to be judged."""
        judged = len(self.charts.series) - self.charts.count("not_run")
        return sum(len(model.checks) for model in self.models) + judged

    @property
    def subjects(self) -> frozenset[str]:
        """The relations that have checks."""
        followed = {one.relation for one in self.charts.series if "." in one.relation}  # not the series of runs and feeds
        return frozenset({one.relation for one in self.models} | followed)

    @property
    def failing(self) -> tuple[str, ...]:
        """What was judged and does not hold: data tests and series by name, expectations as `model.check`."""
        checks = (f"{model.model}.{check.name}" for model in self.models for check in model.checks if check.status == "fail")
        return (*checks, *self.charts.failing, *self.dbt.failing)

    @property
    def open(self) -> tuple[str, ...]:
        """Those of them that nobody has acknowledged."""
        return tuple(name for name in self.failing if name not in self.acknowledged)

    @property
    def exit_code(self) -> int:
        """0 nothing blocks, 1 a check or dbt test failed, 2 a check could not be evaluated."""
        if self.count("error"):
            return 2
        failed = self.count("fail") + self.dbt.failed
        return 1 if self.open or failed > len(self.failing) else 0

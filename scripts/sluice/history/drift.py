"""How a release differs from the one that it was built from, by the profiles of both; and the series that charts follow.

Measures, for each column that both have:

- `psi`, the population stability index: the sum over bins of (now - before) * ln(now / before), where now and before are the
  shares of the rows in a bin (Lewis, An Introduction to Credit Scoring, 1994; Siddiqi, Credit Risk Scorecards, 2006, who reads
  less than 0.1 as no change and more than 0.25 as a shift). The bins are the values, with null as one, where all values are
  among the frequent ones; of other numbers, the deciles of the older release. A share of nothing counts as LEAST. Of numbers it
  is computed from eleven quantiles of each side: of a normal distribution that is shifted by half its standard deviation,
  it is 0.30, where all values give 0.24.
- `ks`, the Kolmogorov-Smirnov distance of numbers that are not counted by value: the largest difference between the two shares
  of rows up to a value. From eleven quantiles of each side, which are exact up to their sample, and linear between them: each
  share is within 0.1 of the true one, and closer where the values are dense.
- `new_categories` and `vanished_categories`, where all values are among the frequent ones and there are some.

And for each relation: `columns_added`, `columns_removed` and `columns_retyped`.
Times, and whole numbers that hardly repeat (keys), are not compared: they move on by themselves.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template

from sluice.core.duck import literal
from sluice.history import ledger
from sluice.history.kinds import BatchEntry, ProfileEntry, ScoringEntry, StepEntry, StreamEntry

LEAST = 0.0001
RELEASES = 101  # of which the series of runs have points, and one before them


def drift(lake: Path) -> str:
    """SQL of one row for each measure: environment, release_id, measured_at, relation, column_name, measure, value, detail.

    It needs DuckDB's extension delta.
    """
    return _drift(ledger.query(lake, ProfileEntry))


def _drift(profiles: str) -> str:
    shares = {"share_now": _share("quantiles"), "share_before": _share("quantiles_before")}
    return _filled("drift", profiles=profiles, least=repr(LEAST), **shares)


def runs_series(lake: Path, environment: str) -> str:
    """SQL of the series that have a point for each run: metric, kind, measured_at, value, denominator, relation, measure.

    `metric` is `relation.measure{column=...}`, `run.seconds{step=...}`, `feed.rows{feed=...}`, `feed.rejected_share{feed=...}` or
    `feed.lag{feed=...}` (of a stream, the greatest lag of each hour of 30 days);
    `model.<measure>{model=...}` (of live scores, of each of the last 60 days: alerts, alert_share, scored_share, mean_score,
    drift, and latency_p99, that of the slowest minute);
    `kind` is one of charts.settings.KINDS. Of a relation there are the rows that it has more than in the release before
    (`rows_added`), bytes per row, the age of its newest row, and how many categories are new or vanished and how many columns
    were added, removed or retyped (`columns_changed`); of its columns the share of nulls, the number of categories, and `psi` and
    `ks` as above.
    """
    return _filled(
        "runs_series",
        environment=literal(environment),
        profiles=ledger.query(lake, ProfileEntry),
        steps=ledger.query(lake, StepEntry),
        batches=ledger.query(lake, BatchEntry),
        streams=ledger.query(lake, StreamEntry),
        scoring=ledger.query(lake, ScoringEntry),
        drift=_drift("from profiles"),
        releases=str(RELEASES),
    )


def _share(quantiles: str) -> str:
    """SQL of the share of values up to `edge`: k of the eleven quantiles are not above it."""
    k = f"len(list_filter({quantiles}, lambda one: one <= edge))"
    step = f"{quantiles}[{k} + 1] - {quantiles}[{k}]"
    return f"case {k} when 0 then 0 when 11 then 1 else ({k} - 1 + (edge - {quantiles}[{k}]) / ({step})) / 10 end"


def _filled(name: str, **parts: str) -> str:
    text = files("sluice.history").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(parts)

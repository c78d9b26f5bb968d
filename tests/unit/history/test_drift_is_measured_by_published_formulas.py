"""The drift of a column between two releases: as scipy computes it, and as a published example has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from sluice.charts.settings import KINDS
from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.drift import drift, runs_series
from sluice.history.kinds import BatchEntry, ProfileEntry, StepEntry, ValueCount

DAYS = {"r1": datetime(2026, 1, 1), "r2": datetime(2026, 1, 2)}  # noqa: DTZ001  # as the lake has them
TENTHS = [tenth / 10 for tenth in range(11)]


def entry(release: str, column: str | None, data_type: str | None = None, rows: int = 100, **more: Any) -> ProfileEntry:
    parent = "r1" if release == "r2" else None
    common: dict[str, Any] = {"run_id": release, "environment": "prod", "relation": "core.orders"}
    common |= {"release_id": release, "parent_release_id": parent, "measured_at": DAYS[release], "null_count": 0}
    return ProfileEntry(**{**common, "column_name": column, "data_type": data_type, "row_count": rows, **more})


def counts(**rows: int) -> tuple[ValueCount, ...]:
    return tuple(ValueCount(value=value, rows=count) for value, count in rows.items())


def category(release: str, nulls: int = 0, column: str = "country", **values: int) -> ProfileEntry:
    """A column with these values."""
    rows = sum(values.values()) + nulls
    return entry(release, column, "VARCHAR", rows, null_count=nulls, distinct_count=len(values), frequent=counts(**values))


def number(release: str, sample: Any) -> ProfileEntry:
    """A column of numbers, of which there are too many to be counted one by one."""
    quantiles = tuple(float(value) for value in np.quantile(sample, TENTHS))
    return entry(release, "amount", "DOUBLE", len(sample), distinct_count=len(sample), quantiles=quantiles)


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connect(extensions=["delta"]) as connection:
        return connection.execute(sql).fetchall()


def measures(lake: Path, *entries: ProfileEntry) -> Mapping[str, float]:
    ledger.append(lake, entries)
    found = rows(f"select measure, value from ({drift(lake)})")
    assert len(dict(found)) == len(found)
    return dict(found)


def test_psi_of_categories_is_scipys_symmetric_divergence(tmp_path: Path) -> None:
    found = measures(tmp_path, category("r1", DE=50, FR=30, ES=15, nulls=5), category("r2", DE=20, FR=50, ES=100, nulls=30))
    before, now = np.array([50, 30, 15, 5]) / 100, np.array([20, 50, 100, 30]) / 200
    assert found == {"psi": pytest.approx(stats.entropy(now, before) + stats.entropy(before, now), rel=1e-12)}


def test_a_share_of_nothing_is_a_hundredth_of_a_percent(tmp_path: Path) -> None:
    """By hand: (0.5 - 0.0001) ln(0.5 / 0.0001) for the new value, (0.5 - 1) ln(0.5 / 1) for the old one; null adds nothing."""
    found = measures(tmp_path, category("r1", DE=10), category("r2", DE=10, FR=10))
    assert found["psi"] == pytest.approx(0.4999 * 8.517193 + 0.5 * 0.693147, rel=1e-6)


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.0), (0.0, 2.0)])
def test_numbers_are_compared_in_the_deciles_of_the_older_release(tmp_path: Path, shift: float, scale: float) -> None:
    old = stats.norm.ppf((np.arange(5000) + 0.5) / 5000)
    new = old * scale + shift
    found = measures(tmp_path, number("r1", old), number("r2", new))
    edges = [-np.inf, *np.quantile(old, TENTHS[1:-1]), np.inf]
    now = np.histogram(new, edges)[0] / len(new)
    before = np.full(10, 0.1)
    # From eleven quantiles of each side: as far from what all values give as drift.py says.
    assert found["psi"] == pytest.approx(stats.entropy(now, before) + stats.entropy(before, now), rel=0.27, abs=1e-9)
    assert found["ks"] == pytest.approx(stats.ks_2samp(old, new).statistic, abs=0.03)
    assert (found["psi"] < 1e-9) == (found["ks"] < 1e-9) == (shift == 0 and scale == 1)


def test_distributions_that_are_linear_between_their_quantiles_are_compared_exactly(tmp_path: Path) -> None:
    """Uniform on 0 to 10, then on 5 to 15: half of it lies beyond, so the distance is 0.5."""
    old = np.linspace(0, 10, 10_001)
    found = measures(tmp_path, number("r1", old), number("r2", old + 5))
    assert found["ks"] == pytest.approx(0.5)
    # Bins 1 to 5 are empty now, 6 to 9 hold what they held, the last one six tenths.
    by_hand = 5 * (0.0001 - 0.1) * np.log(0.0001 / 0.1) + (0.6 - 0.1) * np.log(0.6 / 0.1)
    assert found["psi"] == pytest.approx(by_hand)


def test_a_value_that_fills_many_deciles_is_one_bin(tmp_path: Path) -> None:
    """Six tenths are 0, the others from 0 to 4, then to 8: of those above 0, half are within the old range."""
    old, new = np.zeros(10_001), np.zeros(10_001)
    old[6000:], new[6000:] = np.linspace(0, 4, 4001), np.linspace(0, 8, 4001)
    found = measures(tmp_path, number("r1", old), number("r2", new))
    assert found["ks"] == pytest.approx(0.2)
    by_hand = 3 * (0.05 - 0.1) * np.log(0.05 / 0.1) + (0.25 - 0.1) * np.log(0.25 / 0.1)
    assert found["psi"] == pytest.approx(by_hand)


def test_categories_come_and_go_by_name(tmp_path: Path) -> None:
    ledger.append(tmp_path, [category("r1", DE=5, FR=5, GB=1), category("r2", DE=5, ES=5, IT=1)])
    named = f"select column_name, measure, value, detail from ({drift(tmp_path)})"
    assert rows(f"{named} where measure like '%categories' order by all") == [
        ("country", "new_categories", 2, "ES, IT"),
        ("country", "vanished_categories", 2, "FR, GB"),
    ]


def test_where_not_all_values_are_kept_none_is_called_new(tmp_path: Path) -> None:
    before, now = category("r1", DE=5, FR=5), entry("r2", "country", "VARCHAR", 100, frequent=counts(DE=5, ES=5))
    assert measures(tmp_path, before, now) == {}


def test_columns_are_added_removed_and_retyped_by_name(tmp_path: Path) -> None:
    before = [entry("r1", name, "VARCHAR") for name in ("kept", "gone", "amount")]
    now = [entry("r2", "kept", "VARCHAR"), entry("r2", "amount", "DECIMAL(9,2)"), entry("r2", "fresh", "DATE")]
    ledger.append(tmp_path, [*before, *now])
    named = f"select relation, column_name, measure, value, detail from ({drift(tmp_path)})"
    assert rows(f"{named} order by measure") == [
        ("core.orders", None, "columns_added", 1, "fresh"),
        ("core.orders", None, "columns_removed", 1, "gone"),
        ("core.orders", None, "columns_retyped", 1, "amount DECIMAL(9,2)"),
    ]


def test_times_and_keys_move_on_and_are_not_compared(tmp_path: Path) -> None:
    quantiles = tuple(float(number) for number in range(11))
    for release, more in (("r1", 0), ("r2", 1000)):
        moved: Any = tuple(number + more for number in quantiles)
        key = entry(release, "order_id", data_type="BIGINT", distinct_count=100, quantiles=moved)
        ledger.append(tmp_path, [key, entry(release, "ordered_at", "TIMESTAMP", distinct_count=5, quantiles=moved)])
    assert measures(tmp_path, number("r1", [1, 2, 3]), number("r2", [1, 2, 3])) == {"psi": 0, "ks": 0}


def test_series_of_runs_have_a_point_for_each_run(tmp_path: Path) -> None:
    table: dict[str, Any] = {"bytes": 1000, "newest_at": datetime(2025, 12, 31, 18)}  # noqa: DTZ001
    ledger.append(tmp_path, [entry("r1", None, rows=100, **table), category("r1", DE=90, FR=5, nulls=5)])
    ledger.append(tmp_path, [entry("r2", None, rows=150, **table), category("r2", DE=130, FR=10, nulls=10)])
    ended: list[Any] = [("build", 40.0, "i1"), ("build", 0.1, None), ("ingest", 5.0, None, None), ("build", 9.0, "i2", "pr-1")]
    for one in ended:
        ledger.append(tmp_path, [step(*one)])
    ledger.append(tmp_path, [batch("a", 90, 10), batch("b", 50, 0)])
    sql = f"select metric, kind, value, denominator from ({runs_series(tmp_path, 'prod')}) order by metric, measured_at"
    found = [row for row in rows(sql) if "psi" not in row[0]]
    assert found == [
        ("core.orders.age_hours", "value", 6, None),
        ("core.orders.age_hours", "value", 30, None),
        ("core.orders.bytes_per_row", "amount", 10, None),
        ("core.orders.bytes_per_row", "amount", pytest.approx(1000 / 150), None),
        ("core.orders.categories{column=country}", "count", 2, None),
        ("core.orders.categories{column=country}", "count", 2, None),
        ("core.orders.columns_changed", "count", 0, None),
        ("core.orders.new_categories", "count", 0, None),
        ("core.orders.null_share{column=country}", "p", 5, 100),
        ("core.orders.null_share{column=country}", "p", 10, 150),
        ("core.orders.rows_added", "value", 50, None),
        ("core.orders.vanished_categories", "count", 0, None),
        ("feed.rejected_share{feed=shop.orders}", "p", 10, 150),
        ("feed.rows{feed=shop.orders}", "count", 140, None),
        ("run.seconds{step=build}", "amount", 40, None),
        ("run.seconds{step=ingest}", "amount", 5, None),
    ]
    assert {row[1] for row in rows(sql)} <= set(KINDS)
    assert rows(f"select count(*) from ({runs_series(tmp_path, 'staging')}) where metric like 'core.%'") == [(0,)]


def test_what_changes_in_the_form_of_a_table_is_a_series(tmp_path: Path) -> None:
    before = [category("r1", DE=5, FR=5), category("r1", column="device", app=5, web=5), entry("r1", "gone", "DATE")]
    now = [category("r2", DE=5, ES=3, IT=2), category("r2", column="device", app=5, tv=5), entry("r2", "fresh", "DATE")]
    ledger.append(tmp_path, [entry("r1", None), *before, entry("r2", None), *now])
    found = dict(rows(f"select measure, value from ({runs_series(tmp_path, 'prod')})"))
    assert (found["new_categories"], found["vanished_categories"], found["columns_changed"]) == (3, 2, 2)


def test_only_the_newest_releases_have_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.history.drift.RELEASES", 1)
    ledger.append(tmp_path, [category("r1", DE=90, nulls=5), category("r2", DE=130, nulls=10)])
    found = rows(f"select distinct metric, measured_at from ({runs_series(tmp_path, 'prod')}) where metric like '%null%'")
    assert found == [("core.orders.null_share{column=country}", DAYS["r2"])]


def test_without_a_history_there_are_no_series(tmp_path: Path) -> None:
    assert rows(runs_series(tmp_path / "nowhere", "prod")) == []


def step(name: str, seconds: float, invocation: str | None, environment: str | None = "prod") -> StepEntry:
    common: dict[str, Any] = {"run_id": "x", "release_id": None, "started_at": DAYS["r1"], "outcome": "done", "exit_code": 0}
    return StepEntry(**common, step=name, seconds=seconds, invocation_id=invocation, environment=environment, detail=None)


def batch(batch_id: str, landed: int, rejected: int) -> BatchEntry:
    common: dict[str, Any] = {"run_id": "r", "feed": "shop.orders", "loaded_at": DAYS["r1"], "bytes_read": 1, "seconds": 1.0}
    read: dict[str, Any] = {"rows_read": landed + rejected, "rows_landed": landed, "rows_quarantined": rejected}
    return BatchEntry(**common, **read, batch_id=batch_id, reasons=(), files=(), new_columns=())


def test_the_queries_are_read_by_duckdb_alone(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        names = [column[0] for column in connection.execute(runs_series(tmp_path, "prod")).description or ()]
    assert names == ["metric", "kind", "measured_at", "value", "denominator", "relation", "measure"]

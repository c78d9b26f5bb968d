"""However many figures a suite needs, DuckDB reads the table once for them; and memory does not grow with the table."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.audited import Audited

from sluice.quality.expectations.declared import DeclaredCheck
from sluice.quality.expectations.quiet import quiet_gx

WEB = {"row_condition": 'col("channel") == "web"'}
FIGURES: list[tuple[str, dict[str, Any]]] = [
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
    ("expect_column_values_to_be_unique", {"column": "id"}),
    ("expect_column_values_to_not_be_null", {"column": "channel"}),
    ("expect_column_mean_to_be_between", {"column": "amount", "min_value": 0}),
    ("expect_column_mean_to_be_between", {"column": "amount", "min_value": 0, **WEB}),
    ("expect_column_median_to_be_between", {"column": "amount", "min_value": 0}),
    ("expect_column_median_to_be_between", {"column": "amount", "min_value": 0, **WEB}),
    ("expect_column_stdev_to_be_between", {"column": "amount", "min_value": 0}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "channel", "value_set": ["web", "store", "app"]}),
    ("expect_column_distinct_values_to_equal_set", {"column": "channel", "value_set": ["web", "store", "app"]}),
    ("expect_column_values_to_match_regex", {"column": "email", "regex": "."}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["id", "channel"]}),
    (
        "expect_column_quantile_values_to_be_between",
        {"column": "amount", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 100]]}},
    ),
]


def _is_row_count(query: str) -> bool:
    """GX asks for the rows, of the table and of a condition, before anything else: no column but the condition's is read."""
    return bool(re.fullmatch(r"SELECT (count\(\*\)( FILTER \(WHERE [^()]*\))? AS figure_\d+,? ?)+\s*FROM core.sales", query))


def scans(shop: Audited, monkeypatch: pytest.MonkeyPatch, figures: list[tuple[str, dict[str, Any]]]) -> int:
    """How many statements but the row counts read core.sales while the suite is judged; all its checks pass."""
    with quiet_gx():
        from sluice.quality.expectations import evaluate
        from sluice.quality.expectations.scan import DuckDBScanEngine
        from sluice.quality.expectations.vocabulary import _made

        sent: list[str] = []
        original = DuckDBScanEngine.execute_query

        def noted(self: DuckDBScanEngine, query: Any) -> Any:
            sent.append(str(query))
            return original(self, query)

        monkeypatch.setattr(DuckDBScanEngine, "execute_query", noted)
        checks = [_made(DeclaredCheck(f"claim_{number}", name, given, "error")) for number, (name, given) in enumerate(figures)]
        with evaluate.opened(shop.file, "200MB") as connection:
            found = evaluate.judged(connection, "core", "sales", ["id"], checks)
        assert [name for name, result in found.results.items() if not result.success] == []
        assert len(found.results) == len(figures)
    return sum("FROM core.sales" in query and not _is_row_count(query) for query in sent)


def test_all_figures_come_from_one_scan(shop: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scans(shop, monkeypatch, FIGURES) == 1


def test_the_count_of_scans_bites(shop: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure that the scan does not know is fetched by GX's own query, and counted."""
    value_counts = ("expect_column_most_common_value_to_be_in_set", {"column": "channel", "value_set": ["app"]})
    assert scans(shop, monkeypatch, [*FIGURES, value_counts]) > 1


PEAK = """
import sys, resource
from pathlib import Path
from sluice.quality.expectations.audit import audit
report = audit(Path(sys.argv[1]), Path(sys.argv[2]), memory_limit="200MB")
assert report.exit_code == 0, report
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mib(shop: Audited) -> float:
    command = [sys.executable, "-c", PEAK, str(shop.file), str(shop.target)]
    import os

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    return int(done.stdout) / 1024


def test_memory_stays_within_the_limit(tmp_path: Path) -> None:
    """3 million rows, 20 times as many as at first, cost little more memory: DuckDB keeps to 200 MB and spills."""
    assert resource.RLIMIT_AS  # the figures below are Linux's
    from tests.helpers.audited import check

    peaks = []
    for number, rows in enumerate((150_000, 3_000_000)):
        shop = Audited(tmp_path / str(number))
        shop.root.mkdir()
        shop.build(
            f"select 'order-' || range as id, 'web' as channel, (range % 1000)::decimal(18,4) as amount from range({rows})"
        )
        shop.declare(
            check("expect_column_values_to_be_unique", "each_is_there_once", column="id"),
            check("expect_column_mean_to_be_between", "the_mean_is_usual", column="amount", min_value=1),
            check("expect_column_distinct_values_to_equal_set", "channels", column="channel", value_set=["web"]),
            columns=("id", "channel", "amount"),
        )
        assert shop.file.stat().st_size > 0
        peaks.append(peak_mib(shop))
    with duckdb.connect(str(shop.file), read_only=True) as connection:
        size = connection.execute("select sum(octet_length(id::blob)) from core.sales").fetchone()
    assert size is not None
    assert peaks[1] - peaks[0] < 260

"""Centre lines, limits and signals of the classical charts against worked examples.

The data and limits are Montgomery's, Introduction to Statistical Quality Control (6th edition), as in the reference tests of
the R package qicharts2, or from the source named with the example.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import duckdb
import pytest
from tests.helpers.project import REAL_DATA

from sluice.charts import engine
from sluice.charts.settings import Settings

PUBLISHED = REAL_DATA / "spc" / "montgomery.json"
VISCOSITY = [
    310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304,
    305, 282, 305, 296, 314, 295, 287, 301, 298, 311, 310, 292, 305, 299, 304, 310, 304, 305, 333, 328,
]  # fmt: skip
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
BOARDS = [21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15]
CLOTH, AREAS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23], [10, 8, 13, 10, 9.5, 10, 12, 10.5, 12, 12.5]
JETS = [78.4, 80.1, 84.4, 79.1, 80.4, 83.5, 73.8, 83.5, 75.0, 76.8, 70.5, 80.3, 82.4, 79.4, 86.4, 90.5, 77.7, 82.5, 79.9, 83.2]
COMPUTERS = [10, 12, 8, 14, 10, 16, 11, 7, 10, 15, 9, 5, 7, 11, 12, 6, 8, 10, 7, 5]


def _chart(
    kind: str,
    values: Sequence[float],
    denominators: Sequence[float | None] | None = None,
    *,
    left_out: Sequence[int] = (),
    baseline: int | None = None,
    phases: Sequence[int] | None = None,
) -> list[tuple[float, float, float, bool]]:
    """Centre, lower, upper and signal of each point. Points are numbered from 1, as in the book."""
    rows = [
        (kind, at, value, denominators[at - 1] if denominators else None, phases[at - 1] if phases else 0,
         at not in left_out and at <= (baseline or len(values)))
        for at, value in enumerate(values, start=1)
    ]  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(
            "create table series (metric varchar default 'a', kind varchar, measured_at timestamp, value double, "
            "denominator double, phase integer, is_in_baseline boolean)"
        )
        connection.executemany(
            "insert into series by position select 'a', $1, timestamp '2026-01-01' + to_days($2::integer), $3, $4, $5, $6", rows
        )
        found = engine.textbook(connection, Settings()).fetchall()
    return [(row[8], row[9], row[10], row[11]) for row in found]


def _signals(chart: Sequence[tuple[float, float, float, bool]]) -> list[int]:
    return [at for at, point in enumerate(chart, start=1) if point[3]]


@pytest.mark.parametrize(
    ("chart", "centre", "lower", "upper", "signals"),
    [
        (_chart("value", VISCOSITY, baseline=20), 300.5, 279.7833, 321.2167, [39, 40]),  # example 6.5
        (_chart("mr", VISCOSITY, baseline=20), 7.78947, 0, 25.4482, [39]),
        (_chart("p", JUICE, [50] * 30), 0.231333, 0.052428, 0.410239, [15, 23]),  # example 7.1
        (_chart("p", JUICE, [50] * 30, left_out=[15, 23]), 0.215, 0.040703, 0.389297, [15, 21, 23]),
        (_chart("count", BOARDS), 19.84615, 6.4814, 33.2109, [6, 20]),  # example 7.3
        (_chart("count", BOARDS, left_out=[6, 20]), 19.6667, 6.3625, 32.9708, [6, 20]),
        (_chart("u", CLOTH, AREAS), 1.4232558, 0.2915, 2.5550, []),  # example 7.5, where the area is 10
        (_chart("u", COMPUTERS, [5] * 20), 1.93, 0.0661, 3.7939, []),  # the edition of 1991
    ],
)
def test_limits(
    chart: list[tuple[float, float, float, bool]], centre: float, lower: float, upper: float, signals: list[int]
) -> None:
    assert chart[0][:3] == pytest.approx((centre, lower, upper), abs=6e-4)
    assert _signals(chart) == signals


def test_limits_of_another_program() -> None:
    """SAS/QC, example shwir1; it does not round d2 to 1.128, which is the fourth digit."""
    assert _chart("value", JETS)[0][:3] == pytest.approx((80.39, 66.229, 94.551), abs=6e-3)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published charts are not beside the project")
@pytest.mark.parametrize(
    ("example", "kind"),
    [("ex_6.5_3", "value"), ("ex_6.5_4", "mr"), ("ex_7.1_5", "p"), ("tbl_7.4_1", "p"), ("ex_7.3_3", "count"),
     ("ex_7.4_1", "u"), ("ex_7.5_1", "u"), ("ex_7.6_1", "t")],
)  # fmt: skip
def test_whole_published_charts(example: str, kind: str) -> None:
    found = json.loads(PUBLISHED.read_text(encoding="utf-8"))[example]
    left_out = {"ex_7.1_5": [15, 23], "ex_7.3_3": [6, 20]}.get(example, [])
    baseline = {"ex_6.5_3": 20, "ex_6.5_4": 20, "ex_7.3_3": 26}.get(example)
    unit = 50 if example == "ex_7.5_1" else 1  # errors per 50 square metres
    denominators = [number / unit if number else None for number in found["n"]]
    phases = [int(part) for part in found["part"]]
    chart = _chart(kind, found["x"], denominators, left_out=left_out, baseline=baseline, phases=phases)
    for at, name in enumerate(("cl", "lcl", "ucl")):
        expected = [0.0 if value is None else value for value in found[name]]  # no lower limit is a limit of zero here
        assert [point[at] for point in chart] == pytest.approx(expected, rel=1e-4, abs=1e-4), name
    assert _signals(chart) == [at for at, is_signal in enumerate(found["signal"], start=1) if is_signal]


def test_laneys_chart_measures_how_much_more_a_share_varies() -> None:
    """Two weeks of emergency departments would signal on a p chart; sigma_z is the mean moving range of z over 1.128."""
    values, sizes = [266501.0, 264225, 268000, 270900, 262000], [280443.0, 276823, 280100, 283900, 276500]
    plain, prime = _chart("p", values, sizes), _chart("laney_p", values, sizes)
    centre = sum(values) / sum(sizes)
    z = [(value / size - centre) / (centre * (1 - centre) / size) ** 0.5 for value, size in zip(values, sizes, strict=True)]
    sigma_z = sum(abs(b - a) for a, b in pairwise(z)) / 4 / 1.128
    assert (prime[0][2] - centre) == pytest.approx(sigma_z * (plain[0][2] - centre))
    assert _signals(plain)
    assert not _signals(prime)

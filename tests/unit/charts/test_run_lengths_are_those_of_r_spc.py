"""A second opinion: run lengths beside those of R's package spc (Debian: r-cran-spc). Skips where it is not installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest

from sluice.charts import simulate, theory
from sluice.charts.settings import Settings
from sluice.charts.theory import Scheme

NONE = 50.0  # a limit on points that no point reaches


def _spc(calls: Sequence[str]) -> list[float]:
    """What R says to each call."""
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed")
    code = f"if (!suppressWarnings(require(spc, quietly = TRUE))) quit(status = 3); cat({', '.join(calls)})"
    done = subprocess.run([program, "-e", code], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == 3:
        pytest.skip("R's package spc is not installed")
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def test_of_a_weighted_mean_and_of_single_points() -> None:
    schemes = {
        f'xewma.arl({weight}, {limit}, {shift}, sided = "two")': (Scheme(weight, NONE, limit), shift)
        for weight, limit in ((0.1, 2.7601), (0.1, 4.0352), (0.25, 3.0))
        for shift in (0.0, 0.5, 1.0, 2.0)
    }
    schemes |= {f'xshewhartrunsrules.arl({shift}, type = "1")': (Scheme(1.0, 3.0, 3.0), shift) for shift in (0.0, 1.0, 2.0)}
    assert [theory.run_length(*scheme) for scheme in schemes.values()] == pytest.approx(_spc(list(schemes)), rel=0.01)


def test_of_a_mean_that_signals_on_one_side() -> None:
    floor = -Settings().mean_bound
    limits = (Settings.one_sided("up").look_mean, 3.0)
    calls = {
        f'xewma.arl(0.1, {limit}, {shift}, zr = {floor}, sided = "one")': (Scheme(0.1, NONE, limit, floor=floor), shift)
        for limit in limits
        for shift in (0.0, 0.5, 1.0)
    }
    assert [theory.run_length(*scheme) for scheme in calls.values()] == pytest.approx(_spc(list(calls)), rel=0.02)


def test_of_a_cusum_and_of_the_rules_of_western_electric() -> None:
    """Those of the engine, by simulation; it does not know the mean, so that they are a little shorter."""
    sets = {
        'xcusum.arl(0.5, 5, 0, sided = "two")': ["cusum"],
        'xshewhartrunsrules.arl(0, type = "1")': ["western electric 1"],
        'xshewhartrunsrules.arl(0, type = "12")': ["western electric 1", "western electric 2"],
        'xshewhartrunsrules.arl(0, type = "14")': ["western electric 1", "western electric 4"],
    }
    expected = _spc(list(sets))
    seen = simulate.rules(sets, 100, 500, 200, Settings()).values()
    for theirs, ours in zip(expected, seen, strict=True):
        error = 1.96 / ours.found**0.5
        assert ours.lived / ours.found == pytest.approx(theirs, rel=error + 0.08)

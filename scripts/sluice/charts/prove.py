"""The proof: simulated false alarms and detection beside theory, as Markdown. docs/charts-proof.md is written by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sluice.charts import simulate, theory
from sluice.charts.settings import BLOCK_ARL, LOOK_ARL, Settings
from sluice.charts.simulate import Case, Seen, normal
from sluice.core.extras import need
from sluice.core.progress import on_stderr

BASELINES = (20, 30, 50, 100, 200, 400)
SHIFTS = (0.5, 1.0, 1.5, 2.0, 3.0)
HORIZON, SOON = 200, 14

# Average run lengths from the literature, for independent normal points.
PUBLISHED = {
    "Western Electric 1": (["western electric 1"], 370.40, "Champ and Woodall 1987"),
    "1 and 2": (["western electric 1", "western electric 2"], 225.44, "Champ and Woodall 1987"),
    "1 and 3": (["western electric 1", "western electric 3"], 166.05, "Champ and Woodall 1987"),
    "1 and 4": (["western electric 1", "western electric 4"], 152.73, "Champ and Woodall 1987"),
    "1, 2, 3 and 4": ([f"western electric {rule}" for rule in (1, 2, 3, 4)], 91.75, "Champ and Woodall 1987"),
    "CUSUM, k 0.5, h 4": (["cusum"], 168.0, "Lucas and Crosier 1982"),
}


def report(series: int) -> str:
    """All tables, from `series` series a simulation (five times as many for false alarms).

    Raises SluiceError without numpy, which only the simulation needs.
    """
    need("numpy", "expectations", "a simulation")
    settings = Settings()
    with on_stderr("prove") as tell:
        seen: dict[int, list[dict[str, Seen]]] = {}
        cases = [Case("", HORIZON, normal, times=5), *(Case("", SOON, normal, change=_add(shift)) for shift in SHIFTS)]
        for at, baseline in enumerate(BASELINES):
            tell(f"baseline {baseline}", at / 12)
            seen[baseline] = simulate.run(cases, baseline, series, settings)
        parts = [_false_alarms(settings, series, seen), _shifts(settings, seen)]
        for at, (name, part) in enumerate(
            {
                "one side": _one_side, "rules": _rules, "other changes": _others, "kinds of data": _kinds, "long series": _long,
            }.items()
        ):  # fmt: skip
            tell(name, (7 + at) / 12)
            parts.append(part(settings, series))
    return "\n\n".join([_head(settings, series), *("\n".join(part) for part in parts)]) + "\n"


def _head(settings: Settings, series: int) -> str:
    look, block = theory.run_length(theory.look(settings)), theory.run_length(theory.block(settings))
    return f"""# Control charts: what was proved

Written by `sluice chart --prove --series {series} --out docs/charts-proof.md`; do not edit. Every simulated point was judged
by the SQL that judges real ones, with the settings of `sluice chart`. Values are independent and normal unless a table
says otherwise; the seed is fixed. *Theory* is computed for charts that know the mean and the deviation: a Markov chain
over the weighted mean ({theory.CELLS} cells), which is tested against published tables.

A point signals at the level *look* beyond {settings.look} standard deviations, or if the weighted mean (weight
{settings.weight}) is beyond {settings.look_mean:.2f} of its own: ARL0 {look:.0f}. At the level *block*: {settings.block} and
{settings.block_mean:.2f}, ARL0 {block:,.0f}. ARL0 is the number of points between false alarms; the aims are {LOOK_ARL} and
at least {BLOCK_ARL:,}."""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(name.removeprefix('>') for name in head)} |"
    yield f"| {' | '.join('---:' if name.startswith('>') else '---' for name in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _percent(seen: Seen) -> str:
    return f"{100 * seen.share:.1f} ± {100 * seen.share_error:.1f} %"


def _arl(seen: Seen) -> tuple[float, float, float]:
    """Points for each false alarm, with the 95 % interval of their number (normal approximation to Poisson)."""
    low, high = (max(0.5, seen.found + sign * 1.96 * max(1, seen.found) ** 0.5) for sign in (-1, 1))
    return seen.lived / max(1, seen.found), seen.lived / high, seen.lived / low


def _false_alarms(settings: Settings, series: int, by_baseline: dict[int, list[dict[str, Seen]]]) -> Iterator[str]:
    yield "## False alarms by length of the baseline\n"
    yield f"Nothing changes. Points until the first signal within {HORIZON} points after the baseline, and theory with the"
    yield f"same end. {5 * series:,} series for each row.\n"
    rows = []
    for baseline in BASELINES:
        seen = by_baseline[baseline][0]
        for level, scheme in (("look", theory.look(settings)), ("block", theory.block(settings))):
            probability, lived = theory.signalled(scheme, HORIZON)
            mean, low, high = _arl(seen[level])
            inside = low <= lived / probability <= high
            rows.append([
                str(baseline), level, f"{seen[level].lived:,}", f"{mean:,.0f}", f"{low:,.0f} to {high:,.0f}",
                f"{lived / probability:,.0f}", "yes" if inside else "no",
            ])  # fmt: skip
    head = (">baseline", "level", ">points", ">points a false alarm", ">95 % interval", ">theory", "theory is inside")
    yield from _table(head, rows)


def _rules(settings: Settings, series: int) -> Iterator[str]:
    from dataclasses import replace

    yield "## Named rules\n"
    yield "Baseline 100, nothing changes; points until a rule of the set is first broken, within 1,000. Published run lengths"
    yield "are for a known mean and deviation.\n"
    sets = {name: members for name, (members, _, _) in PUBLISHED.items()}
    seen = simulate.rules(sets, 100, 1000, series, replace(settings, cusum=4.0))
    rows = []
    for name, (_, published, source) in PUBLISHED.items():
        mean, low, high = _arl(seen[name])
        inside = "yes" if low <= published <= high else "no"
        rows.append([name, f"{mean:.1f}", f"{low:.1f} to {high:.1f}", f"{published:.1f}", inside, source])
    yield from _table(("rules", ">run length", ">95 % interval", ">published", "published is inside", "source"), rows)


def _add(size: float) -> Any:
    return lambda values: values + size


def _shifts(settings: Settings, by_baseline: dict[int, list[dict[str, Seen]]]) -> Iterator[str]:
    yield "## A lasting shift\n"
    yield f"Share of series in which a shift that begins right after the baseline is found within {SOON} points, at the level"
    yield "look. *Known* is the same chart with known mean and deviation: no chart of this design can find more.\n"
    rows = [[str(baseline), *(_percent(seen["look"]) for seen in by_baseline[baseline][1:])] for baseline in BASELINES]
    known = [f"{100 * theory.signalled(theory.look(settings), SOON, shift)[0]:.1f} %" for shift in SHIFTS]
    rows.append(["known", *known])
    yield from _table((">baseline", *(f">{shift:g} sigma" for shift in SHIFTS)), rows)


def _one_side(_: Settings, series: int) -> Iterator[str]:
    settings = Settings.one_sided("up")
    yield "## One side only\n"
    yield "With `--direction up` only what is high signals, with limits that are lower: points at"
    yield f"{settings.look} and {settings.block}, the mean at {settings.look_mean:.2f} and {settings.block_mean:.2f}."
    yield f"As above, {series:,} series for each baseline.\n"
    rows = []
    for baseline in BASELINES:
        cases = [Case("", HORIZON, normal), *(Case("", SOON, normal, change=_add(shift)) for shift in (1.0, 2.0, -1.0))]
        nothing, *shifted = simulate.run(cases, baseline, series, settings)
        mean, low, high = _arl(nothing["look"])
        rows.append([str(baseline), f"{mean:,.0f}", f"{low:,.0f} to {high:,.0f}", *(_percent(seen["look"]) for seen in shifted)])
    look = theory.look(settings)
    probability, lived = theory.signalled(look, HORIZON)
    known = [f"{100 * theory.signalled(look, SOON, shift)[0]:.1f} %" for shift in (1.0, 2.0, -1.0)]
    rows.append(["known", f"{lived / probability:,.0f}", "", *known])
    head = (">baseline", ">points a false alarm", ">95 % interval", ">1 sigma up", ">2 sigma up", ">1 sigma down")
    yield from _table(head, rows)


def _drift(slope: float) -> Any:
    import numpy as np

    return lambda values: values + slope * np.arange(1, values.shape[1] + 1)


def _missing(random: Any, series: int, points: int) -> tuple[Any, None]:
    import numpy as np

    values = random.standard_normal((series, points))
    values[random.random((series, points)) < 0.1] = np.nan
    return values, None


def _weekday(size: float) -> Any:
    import numpy as np

    def values(random: Any, series: int, points: int) -> tuple[Any, None]:
        return random.standard_normal((series, points)) - size * (np.arange(points) % 7 > 4), None

    return values


def _hours(random: Any, series: int, points: int) -> tuple[Any, None]:
    """Hours of a day that go up and down by three deviations."""
    import numpy as np

    return random.standard_normal((series, points)) + 3 * np.sin(np.arange(points) * 2 * np.pi / 24), None


def _autoregressive(phi: float) -> Any:
    def values(random: Any, series: int, points: int) -> tuple[Any, None]:
        found = random.standard_normal((series, points))
        for at in range(1, points):
            found[:, at] = phi * found[:, at - 1] + (1 - phi * phi) ** 0.5 * found[:, at]
        return found, None

    return values


def _row(case: Case, seen: dict[str, Seen]) -> list[str]:
    delay = "" if seen["look"].delay is None else f"{seen['look'].delay:g}"
    return [case.name, str(case.points), _percent(seen["look"]), delay, _percent(seen["block"])]


def _others(settings: Settings, series: int) -> Iterator[str]:
    yield "## Other changes, and days that are missing or follow a pattern\n"
    yield "Baseline 100 days, judged from 80 points on. *Found* is a signal within the given number of points; *delay* the"
    yield "median number of points until then. Autocorrelated series have a standard deviation of 1; a missing day has no row.\n"
    weekday = _weekday(3)
    cases = [
        *(Case(f"spike of {size} sigma", 1, normal, change=_add(size)) for size in (3, 4, 5, 6)),
        *(Case(f"drift of {slope} sigma a point", 30, normal, change=_drift(slope)) for slope in (0.05, 0.1)),
        Case("deviation doubled", SOON, normal, change=lambda values: 2 * values),
        Case("nothing, a tenth of the days missing", 100, _missing),
        Case("shift of 1 sigma, a tenth of the days missing", SOON, _missing, change=_add(1)),
        Case("nothing, weekend 3 sigma lower", 100, weekday, season=7),
        Case("shift of 1 sigma, weekend 3 sigma lower", SOON, weekday, change=_add(1), season=7),
        Case("spike of 5 sigma, weekend 3 sigma lower", 1, weekday, change=_add(5), season=7),
        Case("nothing, hours of the day 3 sigma up and down", 100, _hours, season=24),
        Case("spike of 5 sigma, hours of the day 3 sigma up and down", 1, _hours, change=_add(5), season=24),
        *(
            Case(f"{what}, autocorrelation {phi}", points, _autoregressive(phi), change=change)
            for phi in (0.2, 0.5)
            for what, points, change in (
                ("nothing", 100, None), ("shift of 1 sigma", SOON, _add(1)), ("shift of 2 sigma", SOON, _add(2)),
            )
        ),
    ]  # fmt: skip
    rows = [_row(case, seen) for case, seen in zip(cases, simulate.run(cases, 100, series, settings, least=80), strict=True)]
    probabilities = [100 * theory.signalled(scheme(settings), 100)[0] for scheme in (theory.look, theory.block)]
    rows.append(["*theory: nothing*", "100", f"{probabilities[0]:.1f} %", "", f"{probabilities[1]:.1f} %"])
    yield from _table(("what changes", ">points", ">found, look", ">delay", ">found, block"), rows)


def _poisson(mean: float, dispersion: float = 1.0) -> Any:
    """Counts with `dispersion` times the variance of Poisson: negative binomial."""

    def values(random: Any, series: int, points: int) -> tuple[Any, None]:
        rate = mean if dispersion == 1 else random.gamma(mean / (dispersion - 1), dispersion - 1, (series, points))
        return random.poisson(rate, (series, points)).astype(float), None

    return values


def _share(probability: float, smallest: int, largest: int) -> Any:
    def values(random: Any, series: int, points: int) -> tuple[Any, Any]:
        sizes = random.integers(smallest, largest + 1, (series, points))
        return random.binomial(sizes, probability).astype(float), sizes.astype(float)

    return values


def _lognormal(random: Any, series: int, points: int) -> tuple[Any, None]:
    return 1000 * random.lognormal(0, 0.5, (series, points)), None


def _exponential(random: Any, series: int, points: int) -> tuple[Any, None]:
    return random.exponential(30, (series, points)), None


def _geometric(random: Any, series: int, points: int) -> tuple[Any, None]:
    return random.geometric(0.01, (series, points)) - 1.0, None


def _kinds(settings: Settings, series: int) -> Iterator[str]:
    yield "## Kinds of data\n"
    yield "Nothing changes; baseline 50, share of series with a false alarm within 100 points. Theory is that of normal values.\n"
    cases = [
        *(Case(f"count, Poisson, mean {mean}", 100, _poisson(mean), "count") for mean in (1, 4, 20, 100)),
        *(Case(f"count, mean 100, {times} times the variance", 100, _poisson(100, times), "count") for times in (1.5, 3, 20)),
        Case("share of 2 % of 500 to 2,000", 100, _share(0.02, 500, 2000), "p"),
        Case("share of 0.1 % of 500 to 2,000", 100, _share(0.001, 500, 2000), "p"),
        Case("amount, lognormal", 100, _lognormal, "amount"),
        Case("the same as kind value", 100, _lognormal, "value"),
        Case("time between events, exponential", 100, _exponential, "t"),
        Case("number between events, geometric", 100, _geometric, "g"),
    ]
    rows = [
        [case.name, case.kind, _percent(seen["look"]), _percent(seen["block"])]
        for case, seen in zip(cases, simulate.run(cases, 50, series, settings), strict=True)
    ]
    probabilities = [100 * theory.signalled(scheme(settings), 100)[0] for scheme in (theory.look, theory.block)]
    rows.append(["*theory*", "", f"{probabilities[0]:.1f} %", f"{probabilities[1]:.1f} %"])
    yield from _table(("data", "kind", ">false alarm, look", ">false alarm, block"), rows)


def _daily(random: Any, series: int, points: int) -> tuple[Any, None]:
    """Days of 288 points that go up and down, with noise that follows itself."""
    import numpy as np

    noise, _ = _autoregressive(0.5)(random, series, points)
    return noise + 3 * np.sin(np.arange(points) * 2 * np.pi / 288), None


def _heavy(random: Any, series: int, points: int) -> tuple[Any, None]:
    return random.standard_t(3, (series, points)), None


LONG_POINTS = 6000


def _long(settings: Settings, series: int) -> Iterator[str]:
    count = max(5, series // 20)
    yield "## Long series\n"
    yield f"Nothing changes; {count} series of {LONG_POINTS:,} points, five minutes each. Spans of signals for 1,000 points."
    yield f"Theory is that of independent normal values: one in {LOOK_ARL} points, and one in {BLOCK_ARL:,}.\n"
    data = {
        "independent": normal,
        **{f"autocorrelation {phi}": _autoregressive(phi) for phi in (0.5, 0.9, 0.99)},
        "a daily cycle of 3 sigma, autocorrelation 0.5": _daily,
        "heavy tails: Student's t with 3 degrees of freedom": _heavy,
    }
    rows = []
    for name, values in data.items():
        judged, spans = simulate.long(values, count, LONG_POINTS, settings)
        rows.append([name, f"{judged:,}", *(f"{1000 * found / judged:.2f}" for found in spans)])
    rows.append(["*theory*", "", f"{1000 / LOOK_ARL:.2f}", f"{1000 / BLOCK_ARL:.2f}"])
    yield from _table(("data", ">points", ">look", ">block"), rows)

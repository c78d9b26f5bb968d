"""A point alarms in the release that brings it, or changes it; not again in those that follow."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from tests.helpers.followed import Followed

from sluice.quality.charts import page, report, words

# Counts around 100 that vary as counts do.
USUAL = [104, 92, 99, 111, 95, 103, 88, 107, 100, 96, 113, 90, 101, 98, 106, 94, 109, 97, 102, 91, 105, 99, 110, 93, 100]
BLOCKS = {"severity": "error"}


@pytest.fixture
def shop(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_usual_days_pass_and_a_bad_one_fails_with_a_sentence(shop: Followed) -> None:
    shop.sell(USUAL)
    assert shop.series(BLOCKS)["rows"].status == "pass"
    shop.sell([*USUAL, 12])
    rows = shop.series(BLOCKS)["rows"]
    assert (rows.status, rows.owner) == ("fail", "money@shop.example")
    assert words.sentence(rows).startswith("core.sales.rows was 12 on 2026-01-26; usual is 100 (")
    # It only warns where it is not said that it is an error.
    assert shop.series(True)["rows"].status == "warn"


def test_a_point_that_the_release_before_has_does_not_alarm_again(shop: Followed) -> None:
    shop.sell([*USUAL, 12])
    assert shop.series(BLOCKS, keep="first")["rows"].status == "fail"
    shop.sell([*USUAL, 12, 100])
    rows = shop.series(BLOCKS, known="first")["rows"]
    assert (rows.status, rows.new, rows.signalled) == ("pass", 1, 0)


def test_a_day_without_rows_is_new_as_any_other(shop: Followed) -> None:
    follow = {**BLOCKS, "by": "shop"}
    shop.sell(USUAL, other=USUAL)
    shop.judge(follow, keep="first")
    shop.sell([*USUAL, 101], other=[*USUAL, 0])
    other = shop.series(follow, known="first")["rows{shop=other}"]
    assert (other.status, other.new) == ("fail", 1)


def test_a_point_of_the_past_that_changes_alarms(shop: Followed) -> None:
    shop.sell([*USUAL, *USUAL])
    shop.judge(BLOCKS, keep="first")
    twice = [*USUAL, *USUAL]
    twice[30] *= 2
    shop.sell([*twice, 99])
    rows = shop.series(BLOCKS, known="first")["rows"]
    assert (rows.status, rows.new, rows.signalled) == ("fail", 2, 1)
    assert "was 206 on 2026-01-31, 103 before this release; usual is" in words.sentence(rows)


def test_of_a_series_that_is_not_known_the_last_days_are_new(shop: Followed) -> None:
    bad_fourth = [*USUAL, 12, 100, 101, 99]
    shop.sell(bad_fourth)
    assert shop.series(BLOCKS)["rows"].status == "pass"
    assert shop.series({**BLOCKS, "new_days": 4})["rows"].status == "fail"
    # Neither is one of which most points have changed: it is another series.
    shop.judge(BLOCKS, keep="first")
    shop.sell([3 * count for count in bad_fourth])
    rows = shop.series(BLOCKS, known="first")["rows"]
    assert (rows.status, rows.new) == ("pass", 3)


def test_only_the_direction_that_hurts_alarms(shop: Followed) -> None:
    shop.sell([*USUAL, 300])
    assert shop.series({**BLOCKS, "direction": "up"})["rows"].status == "fail"
    rows = shop.series({**BLOCKS, "direction": "down"})["rows"]
    assert rows.status == "pass"
    # It is still shown.
    assert rows.worst is not None
    assert "  look  core.sales.rows was 300" in "\n".join(report.as_lines(shop.judge({**BLOCKS, "direction": "down"}), ()))


def test_a_shop_that_stops_alarms_and_a_day_without_any_row_alarms_once(shop: Followed) -> None:
    stopped = [*USUAL, 0, 0]
    shop.sell([*USUAL, 101, 95], other=stopped)
    found = shop.series({**BLOCKS, "by": "shop"})
    assert {name for name, one in found.items() if one.status == "fail"} == {"rows", "rows{shop=other}"}
    shop.sell([*USUAL, 0, 100], other=[*USUAL, 0, 104])
    found = shop.series({**BLOCKS, "by": "shop"})
    assert {name for name, one in found.items() if one.status == "fail"} == {"rows"}


def test_from_a_phase_on_a_series_is_judged_by_its_own_points(shop: Followed) -> None:
    shop.sell([*USUAL, *(2 * count for count in USUAL)])
    assert shop.series(BLOCKS, keep="first", phases=[])["rows"].points == 50
    since = datetime(2026, 1, 26)  # noqa: DTZ001  (days are without a zone)
    new = {**BLOCKS, "new_days": 25}
    assert shop.series(new)["rows"].status == "fail"
    assert shop.series(new, phases=[("core.sales.rows", since)])["rows"].status == "pass"
    declared = {**new, "phases": [{"since": "2026-01-26", "reason": "a second shop"}]}
    assert shop.series(declared)["rows"].status == "pass"
    assert shop.series(new, phases=[("core.sales.rows{shop=web}", since)])["rows"].status == "fail"


def test_a_series_that_is_too_short_is_not_judged_and_says_so(shop: Followed) -> None:
    shop.sell(USUAL[:10])
    rows = shop.series(BLOCKS)["rows"]
    assert rows.status == "not_run"
    assert words.sentence(rows) == "it has 10 points, and none with 14 before it"


def test_shares_are_shown_in_percent_and_signals_are_kept(shop: Followed) -> None:
    shop.build("""
        select date '2026-01-01' + day::integer as sold_on,
            if(n < if(day = 29, 60, 4 + day % 3), null, 'DE') as country
        from range(30) as days (day), range(200) as rows (n)
    """)
    follow = {**BLOCKS, "measures": {"no_country": {"condition": "country is null"}}}
    found = shop.judge(follow)
    assert words.sentence(found.series[0]).startswith("core.sales.no_country was 30 % on 2026-01-30; usual is 2.")
    (row,) = report.signals(found, "audit-1", datetime(2026, 3, 2), "prod", None)  # noqa: DTZ001
    assert (row.metric, row.point_at.day, row.level, row.is_new, row.blocks) == ("core.sales.no_country", 30, 2, True, True)
    (check,) = report.checks(found, "audit-1", datetime(2026, 3, 2), "prod")  # noqa: DTZ001
    assert (check.kind, check.status, check.failures) == ("control_chart", "fail", 1)
    assert list(found.pictures) == ["core.sales.no_country"]


def test_series_of_runs_warn_about_their_newest_point(shop: Followed) -> None:
    shop.sell(USUAL)
    metrics = {
        "run.seconds{step=build}": (20, "amount", None, "null"),
        "core.sales.age_hours": (20, "value", "core.sales", "null"),
    }
    metrics["core.sales.null_share{column=country}"] = (14, "p", "core.sales", "1000")
    metrics["core.sales.null_share{column=kept}"] = (20, "p", "core.sales", "1000")
    runs = " union all ".join(
        f"""select '{name}' as metric, '{kind}' as kind, timestamp '2026-01-01 02:00' + interval (n) day as measured_at,
            case when '{name}' like '%kept%' then 30 when n = {points - 1} then 300 else 30 + n % 4 end::double as value,
            {denominator}::double as denominator,
            {f"'{relation}'" if relation else "null"} as relation, '{name.split("{")[0].split(".")[-1]}' as measure
        from range({points}) as days (n)"""
        for name, (points, kind, relation, denominator) in metrics.items()
    )
    found = {one.metric: one for one in shop.judge(BLOCKS, runs=runs).series}
    # The series of 14 runs is too short, and the one that never varied says nothing: both are left out.
    assert sorted(found) == ["core.sales.age_hours", "core.sales.rows", "run.seconds{step=build}"]
    age, seconds = found["core.sales.age_hours"], found["run.seconds{step=build}"]
    assert (age.status, age.direction, age.owner, age.new) == ("warn", "up", "money@shop.example", 1)
    assert (seconds.status, seconds.relation, seconds.dimension) == ("warn", "run", "step=build")
    assert words.sentence(seconds).startswith("run.seconds{step=build} was 300 on 2026-01-20 02:00; usual is 31.")


def test_a_value_of_a_dimension_is_text_in_markdown_and_on_the_page(shop: Followed) -> None:
    shop.sell([*USUAL, 101], **{"<b>|@all": [*USUAL, 0]})
    found = shop.judge({**BLOCKS, "by": "shop"})
    said = "\n".join(report.as_markdown(found, ()))
    assert "<b>" not in said.replace("core.sales.rows{shop=<b>|@all}: 26 points", "")  # the head of the chart, in a block of code
    assert "&#60;b>&#124;&#64;all" in said
    picture = page.picture(found, "core.sales.rows{shop=<b>|@all}")
    assert "<b>" not in picture
    # Counts are shown as whole numbers.
    assert "was 101 on 2026-01-26; usual is 200 (153 to 254)" in words.sentence(found.series[0])

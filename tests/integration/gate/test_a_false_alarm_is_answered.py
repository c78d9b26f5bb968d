"""A failed check can be acknowledged by who may publish: for one candidate, or until a day. Nothing worse than a finding can."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.helpers.candidates import SalesShop, make_shop
from tests.helpers.pages import assert_whole

from sluice.core.duck import connect
from sluice.core.errors import RefusedError, SluiceError
from sluice.steps.release import acknowledge
from sluice.store.record import load

# A test that looks at the last model, so that nothing is skipped behind it, and an expectation: both fail with three shops.
ALARMS = """
models:
  - name: rpt_shops
    columns: [{name: shop_id, data_tests: [accepted_values: {name: there_are_two_shops, arguments: {values: [0, 1]}}]}]
    config:
      meta:
        expectations:
          - {name: there_are_many_shops, expectation: ExpectTableRowCountToBeBetween, arguments: {min_value: 1000}}
"""
# A test with models behind it.
SKIPPING = """
models:
  - name: all_sales
    columns: [{name: sale_id, data_tests: [accepted_values: {name: one_sale, arguments: {values: [1]}}]}]
"""
TEST, EXPECTATION = "there_are_two_shops", "rpt_shops.there_are_many_shops"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """A shop without a release, whose candidate failed a data test and an expectation."""
    shop = make_shop(tmp_path_factory.mktemp("alarmed"))
    shop.write("models/_models.yml", ALARMS)
    shop.commit()
    said = shop.sluice("build", "--env", "prod", code=1)
    (candidate,) = shop.candidates()
    assert f'sluice ack {TEST} --release {candidate} --why "..."' in said.stdout
    said = shop.sluice("audit", candidate, code=1)
    assert f'sluice ack {EXPECTATION} --release {candidate} --why "..."' in said.stdout
    return shop


@pytest.fixture
def shop(refused: SalesShop, tmp_path: Path) -> SalesShop:
    """The same, in a place of the test's own."""
    return refused.copied_to(tmp_path / "alarmed")


@pytest.fixture
def ack(shop: SalesShop) -> Callable[..., str]:
    """Acknowledge a check of the newest candidate; gives everything that was said."""

    def run(check: str, *more: str, code: int = 0, **environment: str) -> str:
        why = [] if "--why" in more else ["--why", "a third shop opened"]
        done = shop.sluice("ack", check, "--release", shop.candidates()[-1], *why, *more, code=code, **environment)
        return done.stdout + done.stderr

    return run


def trail(shop: SalesShop) -> list[tuple[str, ...]]:
    with connect(extensions=["delta"]) as lake:
        return lake.execute(f"""
            select outcome, actor, why, detail from delta_scan('{shop.lake}/ops/releases')
            where action = 'acknowledge' order by tried_at
        """).fetchall()


def test_it_passes_with_its_reason_shown_wherever_the_release_is(shop: SalesShop, ack: Callable[..., str]) -> None:
    (candidate,) = shop.candidates()
    refusal = shop.sluice("publish", code=1).stderr
    assert f"test.sluice.{TEST}" in refusal
    assert f"sluice ack {EXPECTATION} --release {candidate}" in refusal

    assert f"still failing: {EXPECTATION}" in ack(TEST)
    assert f"{EXPECTATION}, " not in shop.sluice("publish", code=1).stderr.replace(f"{TEST}, ", "")
    # An expectation may be named without its model where one has it.
    assert f"next: sluice publish {candidate} --env prod" in ack("there_are_many_shops")
    shop.sluice("publish")

    for command in (["summary", "prod"], ["diff", "prod", "prod"]):
        said = " ".join(shop.sluice(*command).stdout.split())
        assert f"acknowledged: {TEST}, by user:test on" in said
        assert f"acknowledged: {EXPECTATION}, by user:test on" in said
        assert "a third shop opened" in said
    shown = json.loads(shop.sluice("diff", "prod", "prod", "--format", "json").stdout)["b"]["acknowledged"]
    assert [(one["check"], one["why"], one["until"]) for one in shown] == [
        (TEST, "a third shop opened", None),
        (EXPECTATION, "a third shop opened", None),
    ]
    assert trail(shop) == [("done", "user:test", "a third shop opened", check) for check in (TEST, EXPECTATION)]

    said = shop.sluice("ack", TEST, "--release", pointed(shop), "--why", "again", code=2).stderr
    assert "is not a candidate" in said
    # The next release is judged again, also where nothing else changed.
    shop.deliver(11, 12)
    shop.build(code=1)
    assert load(shop.warehouse / "candidates" / shop.candidates()[-1]).acknowledged == ()


def test_until_a_day_it_is_taken_over(shop: SalesShop, ack: Callable[..., str]) -> None:
    for check in (TEST, EXPECTATION):
        ack(check, "--until", TOMORROW)
    shop.sluice("publish")
    shop.deliver(11, 12)
    # One command goes through; the audit still shows what failed.
    shop.sluice("run")
    said = shop.sluice("audit", "prod").stdout
    assert f"acknowledged  test {TEST}" in said
    assert "acknowledged  there_are_many_shops" in said
    assert "2 acknowledged" in said
    page = (shop.warehouse / "releases" / pointed(shop) / "audit" / "index.html").read_text()
    assert_whole(page)
    assert pointed(shop) in page
    assert page.count("a third shop opened") == 2
    assert page.index("There are two shops") < page.index("Every check, by model")

    # When the day is over, it fails again.
    record = next(path for path in (shop.warehouse / "releases").glob("*/release.json") if path.parent.name == pointed(shop))
    record.parent.chmod(0o755)
    record.chmod(0o644)
    record.write_text(record.read_text().replace(TOMORROW, "2026-01-01"))
    shop.deliver(13, 14)
    assert TEST in shop.sluice("run", code=1).stdout


def pointed(shop: SalesShop) -> str:
    return (shop.warehouse / "prod.duckdb").readlink().parent.name


@pytest.fixture
def here(refused: SalesShop, monkeypatch: pytest.MonkeyPatch) -> SalesShop:
    """The refused shop, for calls within this process that change nothing of its candidate."""
    for variable, value in refused.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(refused.folder)
    return refused


def test_who_may_not_publish_may_not_answer(here: SalesShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_ACTOR", "job:pr")
    with pytest.raises(RefusedError) as error:
        acknowledge(TEST, here.candidates()[0], why="it is red")
    assert "who may: user:*" in error.value.hint
    assert trail(here)[-1][:2] == ("refused", "job:pr")
    assert load(here.warehouse / "candidates" / here.candidates()[0]).acknowledged == ()


@pytest.mark.parametrize(
    ("check", "more", "said"),
    [
        ("there_are_two_shop", {}, f"did you mean {TEST}"),
        ("every_sale_is_there_once", {}, "no check every_sale_is_there_once failed"),
        (TEST, {"until": "2026-02-30"}, "2026-02-30 is not a day"),
        (TEST, {"until": "2026-01-01"}, "2026-01-01 is over"),
        (TEST, {"why": " "}, "needs a reason"),
    ],
)
def test_a_mistake_is_explained(here: SalesShop, check: str, more: dict[str, str], said: str) -> None:
    with pytest.raises(SluiceError) as error:
        acknowledge(check, here.candidates()[0], why=more.get("why", "it is red"), until=more.get("until"))
    assert said in f"{error.value.what} {error.value.hint}"
    assert load(here.warehouse / "candidates" / here.candidates()[0]).acknowledged == ()


def test_what_dbt_could_not_build_behind_it_cannot_be_answered_away(shop: SalesShop, ack: Callable[..., str]) -> None:
    shop.write("models/_models.yml", SKIPPING)
    assert "sluice ack" not in shop.sluice("build", "--env", "prod", code=1).stdout
    assert "is not whole" in ack("one_sale", code=1)
    # Neither an error of dbt.
    shop.write("models/_models.yml", "models: []")
    shop.write("models/core/rpt_shops.sql", "select no_such_column from {{ ref('by_shop') }}")
    shop.sluice("build", "--env", "prod", code=1)
    assert "is not whole" in ack("rpt_shops", code=1)

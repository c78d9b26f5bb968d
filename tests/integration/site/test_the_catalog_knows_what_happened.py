"""The catalog has the newest of everything that the history and the release know of its environment, and nothing of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.helpers.sites import opened_in, refused_night
from tests.helpers.watched import FIRST, SECOND, batch, step, write

from sluice.catalog.evidence import Evidence
from sluice.history.kinds import CheckEntry, ProfileEntry, ValueCount
from sluice.site.catalog.gather import evidence
from sluice.site.catalog.page import page
from sluice.site.context import Site


def checked(run_id: str, at: datetime, status: str, model: str = "orders") -> CheckEntry:
    """A result of one check."""
    return CheckEntry(
        run_id=run_id, checked_at=at, warehouse="w", kind="data_test", model=model, column_name="amount", check_name="is_sold",
        severity="error", status=status, failures=None, observed=None, expected=None, seconds=0.1,
    )  # fmt: skip


def profiled(release: str, at: datetime, rows: int, environment: str = "prod", **more: Any) -> ProfileEntry:
    """A profile of core.orders, or of its column."""
    told = {"column_name": None, "data_type": None, **more}
    return ProfileEntry(
        run_id="r", environment=environment, release_id=release, measured_at=at, relation="core.orders", row_count=rows, **told
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    shop = refused_night(tmp_path_factory.mktemp("shop"))
    with opened_in(shop) as before:
        assert before.shown
        assert before.shown.release_id
        release = before.shown.release_id
    web = (ValueCount(value="web", rows=600),)
    write(shop.context.lake, [
        step("r1", "build", FIRST, 1.0, invocation="first"), step("r2", "build", SECOND, 1.0, invocation="second"),
        checked("first", FIRST, "pass"), checked("second", SECOND, "fail", "customers, orders"),
        checked("elsewhere", SECOND + timedelta(hours=1), "pass"),
        profiled(release, FIRST, 820), profiled(release, FIRST, 820, column_name="channel", null_count=82, frequent=web),
        profiled("refused", SECOND, 9), profiled(release, SECOND, 7, environment="dev"),
        batch("shop.orders", FIRST, 5, 0), batch("shop.orders", SECOND, 0, 5),
    ])  # fmt: skip
    with opened_in(shop) as opened:
        yield opened


@pytest.fixture(scope="module")
def known(site: Site) -> Evidence:
    return evidence(site)


def test_columns_are_those_of_the_release(known: Evidence) -> None:
    assert [name for name, _ in known.columns["core.orders"]][:3] == ["order_id", "sold_on", "amount"]


def test_a_check_ended_as_its_last_result_in_the_environment(known: Evidence) -> None:
    assert known.checks[("data_test", "is_sold", "customers")]["status"] == "fail"
    assert known.checks[("data_test", "is_sold", "orders")]["status"] == "fail"


def test_the_profile_is_that_of_the_release_that_is_shown(known: Evidence) -> None:
    assert known.profiles[("core.orders", "")]["row_count"] == 820
    assert known.profiles[("core.customers", "")] == {"row_count": 5}  # nobody has profiled it
    assert known.profiles[("core.orders", "channel")]["frequent"] == [{"value": "web", "rows": 600}]


def test_builds_are_the_newest_and_deliveries_those_that_landed(known: Evidence) -> None:
    assert known.builds["model.shop.orders"]["seconds"] == 9.0
    assert known.deliveries == {"shop.orders": (FIRST, 5)}


def test_incidents_that_are_open_and_due_times_belong_to_their_nodes(known: Evidence) -> None:
    assert [(node, one.severity) for node, some in known.incidents.items() for one in some] == [("model.shop.orders", "error")]
    assert known.due == {"core.orders": "06:00 UTC"}


def test_the_page_lists_every_node_with_its_owner(site: Site) -> None:
    text = "".join(page(site).body)
    assert text.count('<th scope="row">') == 4
    assert "Money" in text
    assert "model.orders" in text

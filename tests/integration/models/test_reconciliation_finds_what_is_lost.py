"""Models that lose rows, take the wrong version or change a cent are found by the reconciliation, by feed; sound ones add up.

Everything is broken at once in one copy of the project: a build takes longer than the looking.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.built_shops import clean_shop, faulty_shop
from tests.helpers.project import Project, copy_project

# file, its text, what replaces it
BROKEN = [
    # the mart loses rows
    ("models/marts/core/fct_payments.sql", "where refusal_reason is null and",
     "where refusal_reason is null and payment_id not like '%1' and"),
    # an intermediate model loses rows
    ("models/intermediate/sales/int_order_items__screened.sql", "where version_rank = 1 or",
     "where (version_rank = 1 and order_item_id not like '%7') or"),
    ("models/intermediate/web/int_events__judged.sql", "event_id not in (select repeated",
     "event_id not like '%a' and event_id not in (select repeated"),
    # the oldest version counts
    ("models/intermediate/sales/int_customers__latest.sql", "order by updated_at desc, version_hash asc",
     "order by updated_at asc, version_hash asc"),
    ("models/intermediate/sales/int_products__latest.sql", "order by updated_at desc, version_hash asc",
     "order by updated_at asc, version_hash asc"),
    # a cent more
    ("models/marts/core/fct_refunds.sql", "amount as refund_amount", "cast(amount + 0.01 as decimal(18, 4)) as refund_amount"),
]  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The models broken, on a lake with every kind of fault."""
    folder = copy_project(tmp_path_factory.mktemp("copy"))
    for name, before, after in BROKEN:
        text = (folder / name).read_text()
        assert text.count(before) == 1, f"{name} no longer holds {before!r} once"
        (folder / name).write_text(text.replace(before, after))
    project = Project(folder, folder)
    (project.state / "lake").symlink_to(faulty_shop().lake)
    project.dbt("build", "--exclude-resource-type", "unit_test", "test")
    return project


def lost(project: Project) -> dict[str, bool]:
    """Feeds, and whether rows of them are unaccounted for."""
    return dict(project.query("select feed, sum(unaccounted_rows) > 0 from operations.rpt_reconciliation_rows group by feed"))


def test_sound_models_add_up(tmp_path: Path) -> None:
    project = faulty_shop().copied_to(tmp_path)
    project.dbt("test", "--select", "rpt_reconciliation_rows", "rpt_reconciliation_amounts")
    assert set(lost(project).values()) == {False}
    # ... and there was something to add up: each fate that the demo has
    ((duplicates_or_older, quarantined),) = project.query("""
        select sum(duplicate_rows + older_version_rows), sum(quarantined_rows) from operations.rpt_reconciliation_rows
    """)
    assert duplicates_or_older > 0
    assert quarantined == project.query("select count(*) from operations.rpt_quarantine")[0][0] > 0


def test_lost_rows_are_found_by_feed(broken: Project) -> None:
    found = lost(broken)
    assert {feed for feed, is_lost in found.items() if is_lost} >= {
        "payments.transactions", "shop.order_items", "web.events", "shop.customers",
    }  # fmt: skip
    assert not any(found[feed] for feed in ("shop.orders", "shop.refunds", "fx.rates"))


def test_a_cent_is_found_where_every_row_is_there(broken: Project) -> None:
    ((rows, amount),) = broken.query("""
        select (select sum(in_marts_rows) from operations.rpt_reconciliation_rows where feed = 'shop.refunds'),
               (select sum(unaccounted_amount) from operations.rpt_reconciliation_amounts where feed = 'shop.refunds')
    """)
    assert rows > 0
    assert amount * 100 == -rows


@pytest.mark.parametrize(
    ("model", "claim"),
    [
        ("rpt_reconciliation_rows", "every_row_delivered_is_accounted_for"),
        ("rpt_reconciliation_amounts", "every_cent_delivered_is_accounted_for"),
    ],
)
def test_the_claim_fails(broken: Project, model: str, claim: str) -> None:
    with pytest.raises(AssertionError, match=claim):
        broken.dbt("test", "--select", model)


def test_no_good_row_is_refused() -> None:
    """A demo without faults has nothing for the quarantine, late and changed rows and all."""
    project = clean_shop()
    assert project.query("select entity, rule, count(*) from operations.rpt_quarantine group by all") == []
    assert project.query("select count(*) > 0 from core.fct_refunds") == [(True,)]

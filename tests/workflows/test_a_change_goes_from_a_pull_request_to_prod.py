"""Every workflow, run by act in a temporary repository: merge, approval, pull requests good and bad, night, rollback.

The tests are one story, in order: each fixture is an event, and the next event uses its lake and releases, as on a
team's own runner. `make workflows` runs it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.loopback_github import GitHub, serving
from tests.helpers.project import Project
from tests.helpers.workflow_runner import Ran, Repository, Runner, long_run, make_repository

from sluice.core.duck import connect

pytestmark = long_run

LAST_DAY = "2025-01-04"
MART = "models/marts/core/fct_orders.sql"
# Vouchers are written in capitals; every order that has one changes, and nothing else.
GOOD = {MART: ("        orders.voucher_code,", "        lower(orders.voucher_code) as voucher_code,")}
BAD = {MART: ("sum(line_amount) as order_amount,", "2 * sum(line_amount) as order_amount,")}


@dataclass
class ShopWithRunner:
    """A repository with a runner of its own machine."""

    runner: Runner
    warehouse: Path
    deliveries: Path

    @property
    def repository(self) -> Repository:
        return self.runner.repository

    @property
    def hub(self) -> GitHub:
        return self.runner.hub

    def points_to(self, environment: str) -> str | None:
        """The release of an environment, read from the link that readers open."""
        link = self.warehouse / f"{environment}.duckdb"
        return link.resolve().parent.name if link.is_symlink() else None

    def record(self, release: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.warehouse / "releases" / release / "release.json").read_text())
        return found

    def query(self, environment: str, sql: str) -> tuple[Any, ...]:
        """One row, read as a reader would."""
        with duckdb.connect(str(self.warehouse / f"{environment}.duckdb"), read_only=True) as connection:
            row = connection.execute(sql).fetchone()
        assert row is not None
        return row


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopWithRunner]:
    folder = tmp_path_factory.mktemp("shop")
    places = {
        "SLUICE_RUNNER": "ubuntu-latest",
        "SLUICE_PR_RUNNER": "ubuntu-latest",
        "SLUICE_LAKE": str(folder / "lake"),
        "SLUICE_WAREHOUSE": str(folder / "warehouse"),
    }
    deliver(made_demo(folder / "coming"), folder / "deliveries", lambda name: not name.startswith(LAST_DAY))
    machine = {
        "DEMO": str(folder / "deliveries"),
        "SLUICE_MEMORY": "1GB",
        "PYTEST_ADDOPTS": "-n 0 tests/workflows/test_one_comment_is_edited_in_place.py",
    }
    with serving() as hub:
        runner = Runner(make_repository(folder / "repository"), hub, folder / "state", {**places, "ORDERS": "300"}, machine)
        yield ShopWithRunner(runner, folder / "warehouse", folder / "deliveries")


def made_demo(folder: Path, seed: int = 1) -> Path:
    """A demo shop of four days."""
    Project(folder.parent).run("sluice", "demo", "--orders", "300", "--days", "4", "--seed", str(seed), "--out", str(folder))
    return folder


def deliver(demo: Path, deliveries: Path, is_due: Callable[[str], bool]) -> None:
    """Copy the folders of a demo, and of its files those whose names are due."""

    def others(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if (Path(folder) / name).is_file() and not is_due(name)}

    shutil.copytree(demo, deliveries, ignore=others, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def merged(shop: ShopWithRunner) -> Ran:
    """The first merge to main; its lint and tests are those that run with the pull request, below."""
    shop.repository.branch("readme", {"README.md": ("# Sluice", "# The sluice of our shop")})
    shop.repository.merge("readme")
    return shop.runner.run("main", "push", job="staging")


def test_a_merge_lands_in_staging(shop: ShopWithRunner, merged: Ran) -> None:
    assert merged.code == 0, merged.log[-6000:]
    release = shop.points_to("staging")
    assert release is not None
    record = shop.record(release)
    assert record["code"] == {"commit": shop.repository.git("rev-parse", "main"), "is_dirty": False}
    assert record["audit"]["status"] == "pass"
    assert shop.query("staging", "select count(*) > 0 from core.fct_orders") == (True,)


def test_a_merge_leaves_prod_alone(shop: ShopWithRunner, merged: Ran) -> None:
    assert merged.code == 0
    assert shop.points_to("prod") is None


@pytest.fixture(scope="module")
def promoted(shop: ShopWithRunner, merged: Ran) -> Ran:
    assert merged.code == 0, merged.log[-6000:]
    return shop.runner.run("promote", "workflow_dispatch", {"inputs": {"why": "the first; it's $(ours)"}})


def test_an_approval_promotes_the_same_file(shop: ShopWithRunner, promoted: Ran) -> None:
    assert promoted.code == 0, promoted.log[-6000:]
    assert shop.points_to("prod") == shop.points_to("staging") is not None


def test_text_that_a_person_typed_is_never_run(promoted: Ran) -> None:
    assert "the first; it's $(ours)" in promoted.said("promote")


@pytest.fixture(scope="module")
def good(shop: ShopWithRunner, promoted: Ran) -> Ran:
    assert promoted.code == 0, promoted.log[-6000:]
    shop.repository.branch("vouchers", GOOD)
    return shop.runner.run("pr", "pull_request", shop.repository.pull_request(12, "vouchers"))


def test_a_good_pull_request_passes(good: Ran) -> None:
    assert good.code == 0, good.log[-6000:]
    assert good.jobs == {"check": True, "data": True, "comment": True}


def test_its_comment_says_what_becomes_of_the_data(shop: ShopWithRunner, good: Ran) -> None:
    assert good.code == 0
    (comment,) = shop.hub.comments[12]
    orders, changed = shop.query(
        "prod", "select count(*), count(*) filter (voucher_code <> lower(voucher_code)) from core.fct_orders"
    )
    assert changed > 0
    row = next(line for line in comment["body"].splitlines() if line.startswith("| `core.fct_orders`"))
    # relation, status, rows before, rows after, added, removed, changed, columns
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert [int(cell.partition(" ")[0].replace(",", "") or 0) for cell in cells[2:7]] == [orders, orders, 0, 0, changed]
    assert f"({100 * changed / orders:.1f} %)" in cells[6]
    assert "voucher_code" in cells[7]


def test_the_whole_diff_is_kept_with_the_run(shop: ShopWithRunner, good: Ran) -> None:
    assert good.code == 0
    assert "voucher_code" in (shop.runner.state / "artifacts/diff/diff.html").read_text()


def test_a_pull_request_moves_no_pointer(shop: ShopWithRunner, good: Ran, merged: Ran) -> None:
    assert good.code == merged.code == 0
    assert shop.points_to("prod") == shop.points_to("staging")
    assert (shop.warehouse / "pr/12.duckdb").is_file()


@pytest.fixture(scope="module")
def bad(shop: ShopWithRunner, good: Ran) -> Ran:
    """The next push to the same pull request breaks a mart."""
    assert good.code == 0, good.log[-6000:]
    shop.repository.branch("vouchers", BAD)
    return shop.runner.run("pr", "pull_request", shop.repository.pull_request(12, "vouchers"), job="comment")


def test_a_pull_request_that_breaks_a_mart_is_stopped(bad: Ran) -> None:
    assert bad.code != 0
    assert bad.jobs == {"data": False, "comment": True}


def test_its_comment_is_the_same_one_and_names_what_broke(shop: ShopWithRunner, bad: Ran) -> None:
    assert bad.code != 0
    (comment,) = shop.hub.comments[12]
    assert "**Build failed.**" in comment["body"]
    assert "fct_orders" in comment["body"]
    assert "`core.fct_orders` | changed" not in comment["body"]


def test_a_closed_pull_request_leaves_no_warehouse(shop: ShopWithRunner, bad: Ran) -> None:
    assert bad.code != 0
    event = shop.repository.pull_request(12, "vouchers")
    closed = shop.runner.run("close-pr", "pull_request", {**event, "action": "closed"})
    assert closed.code == 0, closed.log[-4000:]
    assert list((shop.warehouse / "pr").glob("12*")) == []


@pytest.fixture(scope="module")
def unapproved(shop: ShopWithRunner, promoted: Ran) -> str:
    """A change that main has and nobody has approved; gives the commit that prod's release was built from."""
    assert promoted.code == 0
    approved = shop.repository.git("rev-parse", "main")
    shop.repository.branch("vouchers", GOOD)
    shop.repository.merge("vouchers")
    return approved


@pytest.fixture(scope="module")
def night(shop: ShopWithRunner, unapproved: str) -> Ran:
    assert unapproved
    deliver(shop.deliveries.parent / "coming", shop.deliveries, lambda name: name.startswith(LAST_DAY))
    return shop.runner.run("nightly", "schedule")


def test_a_night_brings_fresh_data_and_no_unapproved_code_to_prod(shop: ShopWithRunner, night: Ran, unapproved: str) -> None:
    assert night.code == 0, night.log[-6000:]
    prod, staging = (shop.record(shop.points_to(name) or "") for name in ("prod", "staging"))
    assert prod["code"] == {"commit": unapproved, "is_dirty": False}
    assert staging["code"] == {"commit": shop.repository.git("rev-parse", "main"), "is_dirty": False}
    for environment in ("prod", "staging"):
        assert shop.query(environment, "select max(ordered_on)::varchar from core.fct_orders") == (LAST_DAY,)
    lower = "select bool_and(voucher_code = lower(voucher_code)) from core.fct_orders"
    assert (shop.query("prod", lower), shop.query("staging", lower)) == ((False,), (True,))


def test_a_rollback_restores_what_was_there_before(shop: ShopWithRunner, night: Ran) -> None:
    assert night.code == 0, night.log[-6000:]
    parent = shop.record(shop.points_to("prod") or "")["parent"]
    back = shop.runner.run("rollback", "workflow_dispatch", {"inputs": {"why": "too many orders", "to": ""}})
    assert back.code == 0, back.log[-4000:]
    assert shop.points_to("prod") == parent is not None
    assert "too many orders" in back.said("rollback")


def test_a_refused_night_opens_an_issue_and_prod_stays(shop: ShopWithRunner, night: Ran) -> None:
    assert night.code == 0, night.log[-6000:]
    before = shop.points_to("prod")
    strangers = made_demo(shop.deliveries.parent / "strangers", seed=2) / "shop/customers/2025-01-01.csv"
    shutil.copy2(strangers, shop.deliveries / "shop/customers/2025-01-05.csv")
    refused = shop.runner.run("nightly", "schedule", job="issue")
    assert refused.jobs == {"prod": False, "issue": True}, refused.log[-6000:]
    (issue,) = shop.hub.issues
    assert issue["body"].count("**Build failed.**") == 1
    assert "failed: every_customer_signs_up_once" in issue["body"]
    assert shop.points_to("prod") == before is not None


def test_every_move_is_in_the_trail_with_the_workflow_that_made_it(shop: ShopWithRunner, night: Ran, unapproved: str) -> None:
    assert night.code == 0
    with connect(extensions=["delta"]) as connection:
        moves = connection.execute(f"""
            select action, environment, actor, why from delta_scan('{shop.runner.variables["SLUICE_LAKE"]}/ops/releases')
            where action in ('publish', 'promote', 'rollback', 'drop') and outcome = 'done' order by tried_at
        """).fetchall()
    assert moves == [
        ("publish", "staging", "job:main", f"merge of {unapproved}"),
        ("promote", "prod", "job:promote", "the first; it's $(ours)"),
        ("drop", "pr-12", "job:close-pr", None),
        ("publish", "prod", "job:nightly", "nightly"),
        ("publish", "staging", "job:nightly", "nightly"),
        ("rollback", "prod", "job:rollback", "too many orders"),
    ]

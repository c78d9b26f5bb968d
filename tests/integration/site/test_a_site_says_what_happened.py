"""`sluice report` writes what readers have, why the last night was refused, and figures that are those of the release."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.sites import NOW, OWNER, SENTENCE, manifest, opened_in, refused_night, site_of, standing_in
from tests.helpers.watched import SECOND, project_in, run, step, write
from typer.testing import CliRunner

from lab.tiny_releases import ReleaseShop
from sluice.cli import app
from sluice.core.errors import SluiceError
from sluice.site.shop.declared import declared
from sluice.site.shop.page import page as the_shop
from sluice.site.today.page import page as today


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ReleaseShop:
    return refused_night(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def out(shop: ReleaseShop) -> Path:
    folder = shop.root / "site"
    found = site_of(shop, folder)
    assert [page.trouble for page in found.pages] == [""] * 8
    return folder


def text_of(out: Path, name: str) -> str:
    """A page without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", (out / name).read_text(encoding="utf-8"))))


def asked(shop: ReleaseShop, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shop.root / "warehouse" / "prod.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_refused_night_is_explained_though_prod_stood_still(out: Path) -> None:
    said = text_of(out, "index.html")
    assert re.search(r"The run of 2 Mar 2026, 02:00 UTC was refused at the step audit : prod still has the release of", said)
    why = said[said.index("Why the last run was refused") : said.index("Incidents")]
    assert SENTENCE in why
    assert OWNER in why
    assert "ask the shop" in why
    assert "x.csv shop.refunds it is empty" in why
    assert "<script>" not in (out / "index.html").read_text().replace('<script src="assets/', "")
    assert "core.orders 06:00 UTC" in said


def test_figures_of_the_shop_are_those_of_the_release(shop: ReleaseShop, out: Path) -> None:
    page = (out / "shop.html").read_text()
    for day, channel, amount in asked(shop, "select sold_on, channel, sum(amount) from core.orders group by all"):
        assert f'<th scope="row">{day}</th><td>{channel}</td><td class="n">{round(float(amount)):,}' in page or amount < 1000
    (rows,) = asked(shop, "select count(*) from core.orders where channel = 'web'")
    assert f"{rows[0]:,} orders" in page
    largest = asked(shop, "select order_id, amount from core.orders order by amount desc, order_id limit 5")
    own = (out / "shop-best-orders.html").read_text()
    assert all(f'<th scope="row">{key:,}</th>' in own for key, _ in largest)
    assert (page.count("<figure"), own.count("<figure")) == (4, 1)
    week = asked(shop, "select sum(amount) from core.orders where sold_on > (select max(sold_on) - 7 from core.orders)")
    assert f"{round(float(week[0][0])):,} EUR" in page


def test_health_shows_the_refused_candidate_and_its_points(shop: ReleaseShop, out: Path) -> None:
    (candidate,) = [folder for folder in (shop.root / "warehouse" / "candidates").iterdir() if not folder.name.startswith(".")]
    page = (out / "health.html").read_text()
    assert f"<code>{candidate.name}</code>, a candidate that readers do not have" in page
    states = re.findall(r'<li id="s(\d+)" data-state="(\w+)" data-relation="core.orders">', page)
    assert states == [("0", "fail"), ("1", "pass")]
    found = json.loads((out / "data" / "health-0.js").read_text().removeprefix('sluice.data("health-0",').removesuffix(")\n"))
    points = f"read_parquet('{candidate / 'audit' / 'charts.parquet'}')"
    with duckdb.connect() as connection:
        known = connection.execute(f"""
            select metric, list(round(if(kind = 'p', value / denominator, value), 4) order by measured_at), list(level order by
            measured_at) from {points} group by metric
        """).fetchall()
    assert {one["metric"]: ([round(value, 4) for value in one["values"]], one["levels"]) for one in found.values()} == {
        metric: (values, levels) for metric, values, levels in known
    }
    worst = next(one for one in found.values() if one["metric"] == "core.orders.returned")
    assert worst["levels"][-1] == 2
    assert worst["block_upper"][-1] < worst["values"][-1]
    # the rows behind the point, without who bought
    assert "Rows of the strongest point" in page
    assert "Without email: personal data." in page
    assert "ann@shop.example" not in page


def test_the_pipeline_has_the_longest_chain_and_what_became_slower(out: Path) -> None:
    said = text_of(out, "pipeline.html")
    assert "Critical path 12 s 3 models of 3" in said
    assert "core.orders 9.00 3.00 3.0 times the usual" in said
    assert "core.customers 12.00 1.00 12.00 3" in said


def test_releases_say_who_why_and_what_came_with_them(out: Path) -> None:
    said = text_of(out, "releases.html")
    assert "the first night" in said
    assert "Count what came back (#7) Bea" in said
    assert "Candidates that readers do not have" in said


def test_a_second_release_is_compared_with_the_first(tmp_path: Path) -> None:
    shop = project_in(tmp_path)
    shop.published(rows=3)
    shop.published(rows=5)
    said = text_of_site(shop, tmp_path, "releases.html")
    # two tables of 3 and 5 rows; the view counts them
    assert "core.orders 3 5 +2" in said
    assert "core.order_count 1 1 other values" in said
    assert "A rollback leads to" in said


def text_of_site(shop: ReleaseShop, folder: Path, name: str) -> str:
    site_of(shop, folder / "out")
    return text_of(folder / "out", name)


def test_commands_with_one_run_id_are_one_run_and_those_of_other_environments_are_not_in_it(tmp_path: Path) -> None:
    shop = project_in(tmp_path)
    shop.published()
    later = [SECOND + timedelta(minutes=minutes) for minutes in (0, 10, 40, 50, 60)]
    write(shop.context.lake, [
        run("r", later[0], "done", command="ingest", environment=None), run("r", later[1], "done", command="build"),
        run("r", later[2], "failed", command="audit", environment=None),
        run("r", later[3], "done", command="build", environment="ops"),
        step("r", "build", later[1], 60.0), step("r", "audit", later[2], 30.0, "failed"),
        run("by hand", later[4], "done", command="audit"),
    ])  # fmt: skip
    with opened_in(shop) as site:
        found = site.rows("from nights")
    assert [(one["run_id"], one["outcome"], one["stopped_step"]) for one in found] == [("r", "failed", "audit")]
    # from the first command to the end of the audit, which took 90 seconds
    assert (found[0]["started_at"], found[0]["seconds"]) == (later[0], 40 * 60 + 90)


def test_a_project_without_data_has_pages_that_say_so(tmp_path: Path) -> None:
    shop = project_in(tmp_path)
    found = site_of(shop, tmp_path / "out")
    assert [page.trouble for page in found.pages] == [""] * 7
    for name, said in {
        "index.html": "No run of dev was recorded",
        "health.html": "No series was judged",
        "pipeline.html": "No run and no build of dev was recorded",
        "shop.html": "No model says what is to be shown",
        "releases.html": "No environment points to a release",
    }.items():
        assert said in text_of(tmp_path / "out", name)


def test_a_folder_with_other_files_is_left_alone(shop: ReleaseShop, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with standing_in(shop):
        done = CliRunner().invoke(app, ["report", "--out", str(tmp_path)])
    assert isinstance(done.exception, SluiceError)
    assert "not empty, and not a site" in done.exception.what
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_page_that_cannot_be_made_says_why_and_the_others_are_there(shop: ReleaseShop, tmp_path: Path) -> None:
    def broken(_: Any) -> Any:
        raise SluiceError("the release cannot answer", where="models/x.yml", hint="fix it")

    found = site_of(shop, tmp_path / "out", [today, broken])
    assert [page.trouble for page in found.pages] == ["", "the release cannot answer"]
    assert "Why the last run was refused" in text_of(tmp_path / "out", "index.html")


FAULTS = {
    "a key nobody knows": ({"title": "t", "kind": "bar", "x": "a", "y": "b", "colour": "red"}, "colour"),
    "no aggregate": ({"title": "t", "kind": "line", "x": "a"}, "needs x (a column) and y (an SQL aggregate"),
    "a kind nobody knows": ({"title": "t", "kind": "pie", "x": "a", "y": "b"}, "pie"),
    "columns of a bar": ({"title": "t", "kind": "bar", "columns": ["a"]}, "columns are those of a table"),
    "a cohort without cohorts": ({"title": "t", "kind": "cohort", "x": "a", "y": "b"}, "a cohort needs series"),
    "who somebody is": ({"title": "t", "kind": "bar", "x": "email", "y": "count(*)"}, "email holds personal data"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_shown_is_read_strictly(fault: str) -> None:
    given, said = FAULTS[fault]
    with pytest.raises(SluiceError) as error:
        declared(manifest(show=given))
    assert said in error.value.what
    assert "models/orders.sql orders, show" in error.value.what


def test_sql_that_the_release_cannot_answer_is_named_with_its_place(shop: ReleaseShop) -> None:
    wrong = manifest(show={"title": "Wrong", "kind": "bar", "x": "no_column", "y": "count(*)"})
    with opened_in(shop) as site:
        assert site.shown is not None
        of_another = replace(site, shown=replace(site.shown, manifest=wrong))
        with pytest.raises(SluiceError) as error:
            the_shop(of_another)
    assert "Wrong cannot be shown" in error.value.what
    assert error.value.where == "models/orders.sql orders, show"


def test_now_is_the_moment_of_the_site(shop: ReleaseShop) -> None:
    with opened_in(shop) as site:
        assert site.made_at == NOW
        assert site.name == "other_shop"

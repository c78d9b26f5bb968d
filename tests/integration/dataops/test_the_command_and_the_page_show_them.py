"""`sluice dataops` and the site show each figure, and the rows behind it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from tests.helpers.ninety_days import END, FACTS, Shop
from tests.helpers.ninety_days_story import story
from tests.helpers.schemas import document
from tests.helpers.sites import standing_in
from tests.helpers.watched import project_in, write
from typer.testing import CliRunner

from lab.tiny_releases import MANIFEST, ReleaseShop
from sluice.cli import app
from sluice.core.errors import SluiceError
from sluice.dataops import here, words
from sluice.dataops.measure import measure
from sluice.dataops.metrics import METRICS, NAMES
from sluice.quarantine.catalog import Places
from sluice.site.dataops.page import body


@pytest.fixture(scope="module")
def happened() -> Shop:
    return story()


@pytest.fixture(scope="module")
def shop(happened: Shop, tmp_path_factory: pytest.TempPathFactory) -> ReleaseShop:
    """A project with the history of ninety days."""
    made = project_in(tmp_path_factory.mktemp("shop"))
    write(made.context.lake, happened.entries)
    return made


def sluice(shop: ReleaseShop, *arguments: str, now: datetime | None = END) -> str:
    with standing_in(shop), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        if now:
            patch.setattr(here, "_now", lambda: now)
        done = CliRunner().invoke(app, ["dataops", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_each_metric_is_there_and_fits_a_terminal(shop: ReleaseShop) -> None:
    said = sluice(shop, "--rows")
    assert re.findall(r"^\S.* \((\w+)\)$", said, re.MULTILINE) == list(NAMES)
    assert max(map(len, said.splitlines())) <= 80
    assert re.search(r"^  failed +22.2 % +27 of 29 rows$", said, re.MULTILINE)
    assert re.search(r"^50 of \d+ rows; --limit shows more$", said, re.MULTILINE)


def test_its_json_has_every_row_and_the_form_of_its_schema(shop: ReleaseShop) -> None:
    found = document(["dataops"], sluice(shop, "--metric", "recovery", "--rows", "--format", "json"))
    (recovery,) = found["metrics"]
    assert recovery["metric"]["name"] == "recovery"
    assert len(recovery["rows"]) == recovery["row_count"] == 11
    without = document(["dataops"], sluice(shop, "--format", "json"))
    assert [one["rows"] for one in without["metrics"]] == [[]] * len(NAMES)


def test_marts_are_those_of_the_release(tmp_path: Path) -> None:
    shop = project_in(tmp_path)
    shop.published()
    said = sluice(shop, "--since", "999999d", "--metric", "coverage", "--rows", now=None)
    label = "{schema}.{alias}".format(**MANIFEST["nodes"]["model.shop.orders"])
    assert f"not covered  orders  {label}: a contract" in said


def test_a_name_that_is_no_metric_is_an_error(shop: ReleaseShop) -> None:
    with pytest.raises(SluiceError, match="downtme is not a metric"):
        sluice(shop, "--metric", "downtme")


def test_a_history_that_is_empty_says_so(tmp_path: Path) -> None:
    assert sluice(project_in(tmp_path)) == "the history has nothing of prod yet\n"
    (tmp_path / "b").mkdir()
    assert json.loads(sluice(project_in(tmp_path / "b"), "--format", "json"))["window"] is None


def test_the_page_has_each_figure_and_its_rows(happened: Shop, tmp_path: Path) -> None:
    write(tmp_path, happened.entries)
    report = measure(Places(tmp_path), FACTS, "prod", timedelta(days=90), END, limit=100)
    page = "".join(body(report))
    assert [f'href="#dataops-{one.name}"' in page for one in METRICS] == [True] * len(METRICS)
    for one in report.metrics:
        part = page[page.index(f'<section id="dataops-{one.metric.name}"') :]
        part = unescape(part[: part.index("</section>")])
        assert one.metric.says in part
        for figure in one.figures:
            assert f'<th scope="row">{figure.figure}</th><td class="n">{words.value(figure)}</td>' in part
        assert part.count("<code>") == 2 * len(one.rows)
        assert part.count("<figure") == (one.metric.trend is not None)
        assert f"sluice dataops --env prod --metric {one.metric.name} --rows" in part or not one.rows

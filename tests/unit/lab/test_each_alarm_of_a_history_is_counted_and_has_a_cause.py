"""The instrument of docs/charts-in-use.md, on a shop of one table."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from tests.helpers.followed import Followed, manifest
from typer import Typer
from typer.testing import CliRunner

from lab.alarms import __main__ as program
from lab.alarms.found import history
from lab.alarms.page import cause, causes, section, unexplained
from lab.places import REPOSITORY

FALLS = [100, 102, 98, 101, 99, 103, 97, 100, 102, 98, 101, 99, 103, 97, 100, 102, 20, 22, 99, 101]
STEADY = [50 + number % 3 for number in range(20)]
WHY = "closed:\n  - {since: 2026-01-15, until: 2026-01-20, series: rows, why: The shop was closed.}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a warehouse in which one shop sold next to nothing on two days, and another as ever."""
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "target").mkdir()
    follow = {"at": "sold_on", "by": "shop", "direction": "down", "severity": "error"}
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest(follow)))
    Followed(tmp_path).sell(FALLS, app=STEADY)
    (tmp_path / "shop.duckdb").rename(tmp_path / "warehouse" / "dev.duckdb")
    return tmp_path


def test_days_in_a_row_are_one_alarm_and_every_point_is_counted(shop: Path) -> None:
    found = history("closed", shop)
    (alarm,) = found.alarms
    assert alarm.metric == "core.sales.rows{shop=web}"
    assert (alarm.first, alarm.last, alarm.days, alarm.worst) == (date(2026, 1, 17), date(2026, 1, 18), 2, date(2026, 1, 17))
    assert alarm.value == 20
    (judged,) = found.judged
    # two series of twenty days, of which the first fourteen are too few to judge by
    assert (judged.severity, judged.series, judged.points, judged.alarming) == ("error", 2, 12, 2)


def test_an_alarm_needs_a_cause_of_its_days_and_series(shop: Path, tmp_path: Path) -> None:
    found = history("closed", shop)
    file = tmp_path / "causes.yml"
    file.write_text(WHY)
    known = causes(file)
    assert cause(found.alarms[0], known["closed"]) == "The shop was closed."
    assert unexplained(found, known) == []
    assert "| would stop | The shop was closed. |" in section(found, known)
    for other in (WHY.replace("01-15", "01-18"), WHY.replace("rows", "share"), WHY.replace("closed:", "open:")):
        file.write_text(other)
        assert unexplained(found, causes(file)) == list(found.alarms)
    assert "**not explained**" in section(found, {})


def test_a_page_is_written_below_its_mark_and_the_exit_code_tells(shop: Path, tmp_path: Path) -> None:
    file, page = tmp_path / "causes.yml", tmp_path / "page.md"
    file.write_text(WHY)
    page.write_text(f"# Head\n\n{program._MARK}old\n")
    app = Typer()
    app.command()(program.alarms)
    done = CliRunner().invoke(app, [f"closed={shop}", "--causes", str(file), "--page", str(page)])
    assert done.exit_code == 1  # it would have stopped a release
    text = page.read_text()
    assert text.startswith(f"# Head\n\n{program._MARK}\n## closed\n")
    assert "old" not in text


def test_every_cause_that_is_written_down_can_be_read() -> None:
    assert causes(REPOSITORY / "scripts" / "lab" / "alarms" / "causes.yml")


def test_one_shop_of_several_is_judged_alone(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "target").mkdir()
    follow = {"at": "sold_on", "by": "source_system", "direction": "down", "severity": "error"}
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest(follow)))
    shop = Followed(tmp_path)
    shop.sell(FALLS, app=STEADY)
    shop.build("select * rename (shop as source_system) from core.sales")
    shop.file.rename(tmp_path / "warehouse" / "dev.duckdb")
    assert [len(history("both", tmp_path, source).alarms) for source in (None, "web", "app")] == [1, 1, 0]
    assert [one.series for one in history("both", tmp_path, "app").judged] == [1]

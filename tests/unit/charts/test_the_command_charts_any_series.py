"""`sluice chart` as it is called: sources, formats, errors."""

from __future__ import annotations

import json
import random
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest
from tests.helpers.project import REPOSITORY
from tests.helpers.schemas import document
from typer.testing import CliRunner

from sluice.cli import app
from sluice.core.errors import SluiceError

Write = Callable[..., str]


def _run(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["chart", *arguments], env={"COLUMNS": "80"})
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture
def spiked(series_file: Write) -> str:
    dice = random.Random(2)
    return series_file([*(round(dice.gauss(100, 5), 2) for _ in range(30)), 170.0])


def test_text_fits_80_columns_and_names_the_signal_and_the_limits(spiked: str) -> None:
    lines = _run("--from", spiked).splitlines()
    assert max(map(len, lines)) <= 80
    assert "31 points, 17 judged, 1 signal" in lines[0]
    assert any(line.startswith("2026-01-31") and "● block" in line and "170" in line for line in lines)
    assert any(line.rstrip().endswith("centre") for line in lines)
    assert sum("●" in line for line in lines) == 2  # in the picture and in the list


def test_svg_says_in_words_what_it_shows_and_runs_no_script(spiked: str) -> None:
    text = _run("--from", spiked, "--format", "svg")
    names = {element.tag.rpartition("}")[2]: element for element in ElementTree.fromstring(text).iter()}  # noqa: S314  (our own)
    assert "31 points from 2026-01-01 to 2026-01-31, 1 of them signal." in str(names["desc"].text)
    assert names["title"] is not None
    assert "script" not in names
    assert "prefers-color-scheme:dark" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_folder_has_one_setting_and_every_signal_with_its_time_and_strength(series_file: Write, tmp_path: Path) -> None:
    dice = random.Random(2)
    calm = [round(dice.gauss(100, 5), 2) for _ in range(31)]
    series_file([*calm[:30], 170.0], "folder/spiked.csv")
    series_file(calm, "folder/calm.csv")
    arguments = ["chart", "--from", str(tmp_path / "folder"), "--format", "json"]
    found = document(arguments, _run(*arguments[1:]))
    assert [(one["metric"], len(one["signals"])) for one in found["series"]] == [("calm.csv", 0), ("spiked.csv", 1)]
    (signal,) = found["series"][1]["signals"]
    assert (signal["at"], signal["level"], signal["direction"]) == ("2026-01-31", "block", "up")
    assert signal["strength"] > 6
    assert "values" not in found["series"][0]
    every = document(arguments, _run(*arguments[1:], "--points"))
    assert len(every["series"][0]["values"]) == 31


def test_a_query_reads_a_file_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table days as select date '2026-01-01' + i::integer as day, i % 2 as shop, 5.0 as value "
                           "from range(40) t(i)")  # fmt: skip
    before = file.read_bytes()
    text = _run("--from", "select day, shop::varchar as metric, value from days", "--database", str(file), "--format", "json")
    assert [one["metric"] for one in json.loads(text)["series"]] == ["0", "1"]
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["--from", "nowhere.csv"], "no such file or folder", "name a CSV"),
        (["--from", "select 1 as value from nowhere"], "cannot be read", "--database"),
        (["--from", "select 'a' as name"], "no column of numbers", "--value"),
        (["--from", "select 1 as value", "--value", "valeu"], "no column 'valeu'", "did you mean value"),
        (["--from", "select 1 as value", "--kind", "pp"], "'pp' is not a kind", "did you mean p"),
        (["--from", "select 1 as value", "--kind", "p"], "needs a denominator", "--denominator"),
        (["--from", "select 3 as value, 2 as n", "--kind", "p"], "3 of 2 is not valid", "another kind"),
        (["--from", "select -1 as value", "--kind", "count"], "-1 is not valid in a count chart", "another kind"),
        (["--from", "select date '2026-01-01' as day, unnest([1, 2]) as value"], "more than one value", "--by"),
        (["--from", "select null::double as value"], "no value to chart", "no row"),
        (["--from", "select 1 as value", "--phase", "2026-03-01"], "has no reason", "2026-03-01=reason"),
        (["--from", "select 1 as value", "--phase", "soon=why"], "'soon' is not a date", "2026-03-01=reason"),
        ([], "nothing to chart", "name a file"),
    ],
)
def test_errors_say_what_and_what_to_do(arguments: list[str], what: str, hint: str) -> None:
    with pytest.raises(SluiceError) as raised:
        _run(*arguments)
    assert what in raised.value.what
    assert hint in raised.value.hint
    assert raised.value.where


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (REPOSITORY / "docs" / "charts.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "warehouse"):
        (tmp_path / folder).mkdir()
    days = """
        select date '2026-02-15' + cast(i as int) as day, 100 + i % 7 as value, i % 7 as nulls, 500 as row_count
        from range(20) numbers (i)
    """
    with duckdb.connect("warehouse/prod.duckdb") as connection:
        connection.execute(f"create schema core; create table core.fct_orders as select day as ordered_on from ({days})")
        connection.execute(f"copy ({days}) to 'orders.csv'; copy (select day, nulls, row_count from ({days})) to 'nulls.csv'")
        connection.execute(f"copy (select 'orders' as metric, day, value from ({days})) to 'metrics.parquet'")
        connection.execute("copy (from 'orders.csv') to 'folder/one.csv'; copy (from 'orders.csv') to 'folder/two.csv'")

    assert len(commands) >= 6
    for program, *arguments in commands:
        done = CliRunner().invoke(app, arguments)
        assert (program, done.exit_code) == ("sluice", 0), f"{arguments}\n{done.output}"
    assert [path.name for path in (tmp_path / "charts").iterdir()] == ["orders.svg"]
    assert "two" in (tmp_path / "signals.json").read_text(encoding="utf-8")


def test_series_whose_names_are_alike_as_files_have_files_of_their_own(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-{day:02},{day % 5},{name}\n" for day in range(1, 21) for name in ("a/b", "a b", "A_b"))
    (tmp_path / "three.csv").write_text(f"day,value,metric\n{rows}", encoding="utf-8")
    _run("--from", str(tmp_path / "three.csv"), "--by", "metric", "--format", "svg", "--out", str(tmp_path / "charts"))
    assert len(list((tmp_path / "charts").glob("*.svg"))) == 3


def test_a_direction_has_limits_on_one_side_only(spiked: str) -> None:
    (up,) = json.loads(_run("--from", spiked, "--direction", "up", "--format", "json", "--points"))["series"]
    assert [(one["at"], one["lower"] is None, one["upper"] < 170) for one in up["signals"]] == [("2026-01-31", True, True)]
    assert {(one["look_lower"], one["block_lower"]) for one in up["values"]} == {(None, None)}
    assert "at most" in _run("--from", spiked, "--direction", "up")
    assert "no signal" in _run("--from", spiked, "--direction", "down")
    assert "at most" in _run("--from", spiked, "--direction", "up", "--format", "svg")


def test_a_classical_chart_has_both_sides(spiked: str) -> None:
    with pytest.raises(SluiceError, match="limits on both sides"):
        _run("--from", spiked, "--direction", "up", "--textbook", "20")

"""docs/your-own-project.md is walked on a project that knows nothing of Sluice: from init to a rollback."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import duckdb
import pytest
from tests.helpers.candidates import rows
from tests.helpers.foreign import Bakery, make_bakery
from tests.helpers.project import REPOSITORY

PAGE = (REPOSITORY / "docs" / "your-own-project.md").read_text()


def told(section: str) -> list[list[str]]:
    """The commands of a section of the page, as words."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    return [shlex.split(line) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


def walk(bakery: Bakery, section: str) -> list[str]:
    """Run the commands of a section; what each of them said."""
    done = [bakery.run(*command) for command in told(section)]
    assert done
    return [one.stdout + one.stderr for one in done]


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Bakery:
    return make_bakery(tmp_path_factory.mktemp("bakery") / "project")


def prod(bakery: Bakery, sql: str) -> list[tuple[object, ...]]:
    return rows(bakery.folder / "warehouse" / "prod.duckdb", sql)


def test_init_shows_and_then_writes_and_leaves_the_checkout_clean(bakery: Bakery) -> None:
    shown, written, *_ = walk(bakery, "Set up")
    assert "nothing was written" in shown
    assert "data/bakery.duckdb" in shown
    assert "written" in written
    assert "nothing to write" in bakery.run("sluice", "init", "--yes").stdout
    assert bakery.run("git", "status", "--porcelain").stdout == ""


def test_the_first_run_releases_everything_that_can_be_read_alone(bakery: Bakery) -> None:
    walk(bakery, "Release")
    found = prod(bakery, "select product, label, cents from by_product order by all")
    assert found == [("bread", "Bread", 400), ("cake", "Cake", 300)]
    assert prod(bakery, "select sale_id, built_for from dear order by all") == [(1, "prod"), (2, "prod")]
    assert prod(bakery, "select count(*) from history.labels") == [(2,)]
    record = json.loads((bakery.folder / "warehouse" / "prod.duckdb").resolve().with_name("release.json").read_text())
    assert not record["code"]["is_dirty"]
    assert record["target"] == "prod"
    assert "main.stg_sales" in record["left_out"]
    assert bakery.run("git", "status", "--porcelain").stdout == ""


def test_a_change_is_built_beside_the_release_and_compared(bakery: Bakery) -> None:
    model = bakery.folder / "models" / "sales.sql"
    model.write_text(model.read_text().replace("tools.cents('price')", "tools.cents('price * 2')"))
    built, audited, compared, _ = walk(bakery, "Look at a change")
    assert "main.dear" in built
    assert "main.products" not in built
    assert "dbt's tests are the audit" in audited
    assert "nothing blocks" in audited
    assert "main.sales" in compared
    assert "built_for dev" not in compared  # it was built with the target of the release
    assert prod(bakery, "select sum(cents) from sales") == [(700,)]


def test_a_release_is_taken_back(bakery: Bakery) -> None:
    for name in ("models/dear.py", "snapshots/labels.sql"):  # with one of these, each run has news
        (bakery.folder / name).unlink()
    bakery.commit()
    released, *_ = walk(bakery, "Roll back")
    assert "prod now points to" in released
    assert prod(bakery, "select sum(cents) from sales") == [(700,)]


def test_a_run_without_news_builds_nothing_and_new_sales_are_news(bakery: Bakery) -> None:
    old, new = sorted(path.name for path in (bakery.folder / "warehouse" / "releases").iterdir())
    bakery.run("sluice", "rollback", "prod", "--to", new, "--why", "It was right")
    assert "nothing new" in bakery.run("sluice", "run").stdout
    bakery.sell((4, "cake", 3))
    done = bakery.run("sluice", "run")
    assert "new since the current release: the source raw.sales changed" in done.stderr
    assert prod(bakery, "select sum(cents) from sales") == [(2000,)]
    said = bakery.run("sluice", "rebuild", old, "--compare", code=2).stderr
    assert "the source raw.sales changed" in said
    assert "have no versions" in said


def test_dev_is_the_file_of_the_profile(bakery: Bakery) -> None:
    bakery.run("sluice", "build", "--select", "+sales")
    assert rows(bakery.dev, "select count(*) from sales") == [(4,)]
    listed = json.loads(bakery.run("sluice", "envs", "--format", "json").stdout)["environments"]
    assert [one["file"] for one in listed if one["name"] == "dev"] == ["data/bakery.duckdb"]
    assert "main.sales" in bakery.run("sluice", "diff", "prod", "dev").stdout


def test_a_file_that_somebody_writes_to_is_named(bakery: Bakery) -> None:
    bakery.sell((5, "bread", 1))
    with duckdb.connect(str(bakery.dev)):
        said = bakery.run("sluice", "run", code=2).stderr
    assert "another process is writing" in said
    assert "data/bakery.duckdb" in said


def test_a_source_that_is_in_no_file_is_named(bakery: Bakery, tmp_path: Path) -> None:
    settings = bakery.folder / "environments.yml"
    before = settings.read_text()
    settings.write_text(before.replace("  prod:\n", f"  prod:\n    sources: {tmp_path}/none.duckdb\n"))
    said = bakery.run("sluice", "build", "--env", "prod", code=2).stderr
    settings.write_text(before)
    assert "sources are not in the DuckDB file: raw.sales" in said
    assert "`sources: <file>`" in said

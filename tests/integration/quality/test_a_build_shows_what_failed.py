"""`sluice build` in a project of its own: each failure once, with rows that show it; what was built; checks kept."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.preloaded import program
from tests.helpers.project import Project

from sluice.core.duck import connect
from sluice.environments import origin
from sluice.quality import dbt_results

FILES = {
    "dbt_project.yml": "name: tiny\nversion: '1.0'\nprofile: tiny\ndata_tests: {+store_failures: true, +schema: checks}\n",
    "profiles.yml": (
        "tiny: {target: dev, outputs: {dev: {type: duckdb, path: \"{{ env_var('SLUICE_WAREHOUSE') }}/dev.duckdb\"}}}\n"
    ),
    "models/sales.sql": "select i as sale_id, i % 3 as shop_id, null as seller from range(10) as t(i)\n",
    "models/prices.sql": "select 1 as shop_id, 2 as price\n",
    "models/doubled.sql": "select shop_id, price * 2 as price from {{ ref('prices') }}\n",
}
GOOD = """
models:
  - name: sales
    columns:
      - name: sale_id
        data_tests: [unique: {name: every_sale_is_there_once}]
      - name: shop_id
        data_tests: [accepted_values: {name: every_shop_is_known, arguments: {values: [0, 1, 2], quote: false}}]
unit_tests:
  - name: prices_are_doubled
    model: doubled
    given: [{input: ref('prices'), rows: [{shop_id: 1, price: 2}]}]
    expect: {rows: [{shop_id: 1, price: 4}]}
"""
SELLER = "      - {name: seller, data_tests: [not_null: {name: every_seller_has_a_name, config: {severity: warn}}]}\n"
BAD = GOOD.replace("[0, 1, 2]", "[0]").replace("price: 4", "price: 5").replace("unit_tests:", f"{SELLER}unit_tests:")


def make(folder: Path, properties: str, **more: str) -> Project:
    """The small project, with properties and further models."""
    models = {f"models/{name}.sql": text for name, text in more.items()}
    for name, text in {**FILES, **models, "models/_models.yml": properties}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Project(folder / "state", folder)


def build(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`sluice build` in the project's folder."""
    command = [program("sluice"), "build", *arguments]
    environment = {**project.environment(), "DBT_TARGET_PATH": str(project.folder / "target")}
    return subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)


def kept_checks(project: Project) -> list[tuple[Any, ...]]:
    """What lake/ops/checks holds."""
    with connect(extensions=["delta"]) as connection:
        return connection.execute(f"""
            select kind, model, column_name, check_name, severity, status, failures, warehouse, expected
            from delta_scan('{project.lake}/ops/checks') order by check_name
        """).fetchall()


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Project:
    more = {"wrong": "select no_such_column from {{ ref('prices') }}\n", "after": "select * from {{ ref('wrong') }}\n"}
    return make(tmp_path_factory.mktemp("broken"), BAD, **more)


@pytest.fixture(scope="module")
def told(broken: Project) -> subprocess.CompletedProcess[str]:
    return build(broken)


def test_a_failure_ends_in_exit_code_1_and_each_is_told_once(told: subprocess.CompletedProcess[str]) -> None:
    assert (told.returncode, "rror" in told.stderr) == (1, False)
    said = re.findall(r"^(?:failed|warning|error): .*$", told.stdout, re.MULTILINE)
    assert said == [
        "failed: every_shop_is_known (sales): 2 rows, severity error",
        "failed: unit test prices_are_doubled (doubled)",
        "error: model wrong",
        "warning: every_seller_has_a_name (sales): 10 rows, severity warn",
    ]
    assert told.stdout.count("Referenced column") == 1
    assert "skipped, because something that they read or test failed" in told.stdout
    built = told.stdout.splitlines()[-3]
    assert re.fullmatch(
        r"built 2 models \(2 view\), 1 data test passed, 1 warned, 3 FAILED, 2 skipped, in \S+ s of dbt", built
    ), built


def test_a_model_and_a_unit_test_are_told_in_dbts_words(told: subprocess.CompletedProcess[str]) -> None:
    assert 'Referenced column "no_such_column" not found' in told.stdout
    assert "5→4" in told.stdout or "5.0→4.0" in told.stdout
    assert "in models/wrong.sql" in told.stdout


def test_failing_rows_are_shown_five_at_most_and_the_query_gives_all(told: subprocess.CompletedProcess[str]) -> None:
    warned = told.stdout.partition("warning: every_seller_has_a_name")[2].partition("\n\n")[0].splitlines()
    assert warned[1].split() == ["sale_id", "seller", "shop_id"]  # the key, what is tested, the rest
    assert [line.split() for line in warned[2:7]] == [[str(i), "null", str(i % 3)] for i in range(5)]
    opened = re.search(r"all of them: \S*duckdb -readonly (\S+) -c '(.*)'$", warned[7])
    assert opened
    with duckdb.connect(opened[1], read_only=True) as connection:
        assert len(connection.execute(opened[2]).fetchall()) == 10


def test_every_check_is_kept_once(broken: Project, told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 1
    file = "dev.duckdb"
    values = json.dumps({"values": [0], "quote": False})
    found = kept_checks(broken)
    assert found == [
        ("data_test", "sales", "sale_id", "every_sale_is_there_once", "error", "pass", 0, file, None),
        ("data_test", "sales", "seller", "every_seller_has_a_name", "warn", "warn", 10, file, None),
        ("data_test", "sales", "shop_id", "every_shop_is_known", "error", "fail", 2, file, values),
        ("unit_test", "doubled", None, "prices_are_doubled", "error", "fail", 1, file, None),
    ]
    run = dbt_results.read(broken.folder / "target")
    dbt_results.append(run, broken.lake)
    assert kept_checks(broken) == found
    dbt_results.append(replace(run, id="another"), broken.lake)
    assert len(kept_checks(broken)) == 2 * len(found)


def test_json_says_the_same(broken: Project, told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 1
    done = build(broken, "--format", "json")
    said = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(problem["name"], problem["status"], problem["failures"]) for problem in said["problems"]] == [
        ("every_shop_is_known", "fail", 2),
        ("prices_are_doubled", "fail", 1),
        ("wrong", "error", None),
        ("every_seller_has_a_name", "warn", 10),
    ]
    assert said["problems"][0]["sample"]["rows"] == [[1, 3], [2, 3]]


def test_it_says_what_was_built_and_what_can_not_run_is_an_error(tmp_path: Path) -> None:
    project = make(tmp_path, GOOD)
    file = project.warehouse
    done = build(project, "--select", "sales doubled", "--select", "prices", "--exclude", "tag:none")
    assert done.returncode == 0, done.stderr
    built, where, following = done.stdout.splitlines()
    assert re.fullmatch(r"built 3 models \(3 view\), 2 data tests passed, 1 unit test passed, in \S+ s of dbt", built), built
    assert (where, following.partition(":")[0]) == (f"file: {file}", "next")
    known = origin.read(file.parent, "dev", file)
    assert known is not None
    assert known.selected == ("--select", "sales", "doubled", "prices", "--exclude", "tag:none")
    assert (known.commit, known.is_good, known.has_changed) == (None, True, False)
    before = kept_checks(project)
    assert {row[5] for row in before} == {"pass"}

    (project.folder / "models/torn.sql").write_text("select {{ ref('prices')\n")
    done = build(project)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: dbt could not run" in done.stderr
    assert "models/torn.sql" in done.stderr
    assert "what to do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert kept_checks(project) == before

"""What happened is built into an environment of its own after each run, whatever became of it; a project without one has none."""

from __future__ import annotations

import subprocess
from typing import Any

import duckdb
import pytest
from tests.helpers.candidates import FILES, SalesShop, look, make_shop, rows, wait_until
from tests.helpers.preloaded import BIN
from tests.helpers.project import QUIET

OPS = '  ops: {kind: file, target: ops, build: ["user:*"], select: ["+tag:history"], after: runs}\n'
# Enabled for the target of the environment alone: no release has them.
ONLY_OPS = "enabled=(target.name == 'ops'), tags=['history'], schema='history'"
MODELS = {
    "models/history/_history.yml": """
sources:
  - name: history
    config:
      enabled: "{{ target.name == 'ops' }}"
      meta: {external_location: "delta_scan('{{ env_var('SLUICE_LAKE', 'lake') }}/ops/{name}')"}
    tables: [{name: releases}, {name: checks}, {name: runs}]
models:
  - name: tries
    columns: [{name: outcome, data_tests: [not_null: {name: every_try_has_an_outcome}]}]
""",
    "models/history/stg_tries.sql": f"{{{{ config({ONLY_OPS}) }}}} select * from {{{{ source('history', 'releases') }}}}",
    "models/history/tries.sql": f"""
{{{{ config({ONLY_OPS}, materialized='table') }}}}
select action, environment, outcome, detail, tried_at from {{{{ ref('stg_tries') }}}}
""",
    "models/history/commands.sql": f"""
{{{{ config({ONLY_OPS}, materialized='table') }}}}
select command, outcome, started_at from {{{{ source('history', 'runs') }}}}
""",
    "models/history/failures.sql": f"""
{{{{ config({ONLY_OPS}, materialized='table') }}}}
select check_name, failures, checked_at from {{{{ source('history', 'checks') }}}} where status = 'fail'
""",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """The small project, with an environment of what happened."""
    shop = make_shop(tmp_path_factory.mktemp("ops"))
    for name, text in {"environments.yml": FILES["environments.yml"] + OPS, **MODELS}.items():
        shop.write(name, text)
    shop.commit()
    return shop


def seen(shop: SalesShop, sql: str) -> list[tuple[Any, ...]]:
    return rows(shop.warehouse / "ops.duckdb", sql)


def test_a_night_is_looked_up_though_prod_stood_still(shop: SalesShop) -> None:
    shop.sluice("run")
    assert seen(shop, "select action, outcome from history.tries order by tried_at") == [
        ("build", "done"),
        ("audit", "done"),
        ("publish", "done"),
    ]
    released = (shop.warehouse / "prod.duckdb").readlink()
    # of the staging view, which reads the lake, nothing is left: the file stands alone
    tables = "select table_name from information_schema.tables where table_schema = 'history' order by all"
    assert seen(shop, tables) == [("commands",), ("failures",), ("tries",)]
    assert rows(shop.warehouse / "prod.duckdb", tables) == []

    shop.deliver(11, 11)
    shop.deliver(11, 11)
    with duckdb.connect(str(shop.warehouse / "ops.duckdb"), read_only=True) as reader:
        assert "note: ops" not in shop.sluice("run", code=1).stderr
        assert (shop.warehouse / "prod.duckdb").readlink() == released
        assert reader.execute("select count(*) from history.tries").fetchall() == [(3,)]
    assert seen(shop, "select action, outcome, detail from history.tries order by tried_at desc limit 1") == [
        ("build", "failed", "a model or test failed")
    ]
    # the run itself, whose row is written when it ends
    assert seen(shop, "select command, outcome from history.commands order by started_at") == [("run", "done"), ("run", "failed")]
    assert seen(shop, "select check_name, failures from history.failures") == [("every_sale_is_there_once", 1)]


def test_a_model_that_cannot_be_built_leaves_what_was_there(shop: SalesShop) -> None:
    good = MODELS["models/history/failures.sql"]
    before = look(shop.warehouse / "ops.duckdb")
    shop.write("models/history/failures.sql", good.replace("check_name", "no_such_column"))
    said = shop.sluice("build", "--env", "ops", code=1)
    assert "no_such_column" in said.stdout
    assert "note: ops is as it was" in said.stderr
    assert look(shop.warehouse / "ops.duckdb") == before
    shop.write("models/history/failures.sql", good)


def test_a_test_that_fails_is_told_and_what_was_built_is_shown(shop: SalesShop) -> None:
    good = MODELS["models/history/tries.sql"]
    shop.write("models/history/tries.sql", good.replace("outcome, detail", "null::varchar as outcome, detail"))
    said = shop.sluice("build", "--env", "ops", code=1)
    assert "every_try_has_an_outcome" in said.stdout
    assert seen(shop, "select distinct outcome from history.tries") == [(None,)]
    shop.write("models/history/tries.sql", good)


def test_a_build_that_is_killed_leaves_what_was_there_and_the_next_one_waits_for_its_dbt(shop: SalesShop) -> None:
    before, fresh = look(shop.warehouse / "ops.duckdb"), shop.warehouse / ".workshop" / "ops" / "built" / "ops.duckdb"
    fresh.unlink(missing_ok=True)
    killed = subprocess.Popen(
        [BIN / "sluice", "build", "--env", "ops"], cwd=shop.folder, env={**shop.environment, **QUIET}, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(fresh.exists, 600)
    finally:
        killed.kill()
        killed.wait()
    assert look(shop.warehouse / "ops.duckdb") == before
    # dbt of the killed build goes on alone, and holds the lock
    shop.sluice("build", "--env", "ops")
    assert seen(shop, "select count(*) from history.tries where outcome is null") == [(0,)]


def test_what_selects_nothing_is_named(shop: SalesShop) -> None:
    shop.write("environments.yml", FILES["environments.yml"] + OPS.replace("tag:history", "tag:hystory"))
    said = shop.sluice("build", "--env", "ops", code=2).stderr
    assert "`select: +tag:hystory` of ops selects nothing" in said
    shop.write("environments.yml", FILES["environments.yml"] + OPS)

"""`sluice impact` on a small project of its own: what is modified, why, who is downstream; and nothing is built or touched."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.preloaded import program
from tests.helpers.repositories import committed, git, write
from tests.helpers.schemas import document

FILES = {
    "dbt_project.yml": """
        name: corner_shop
        profile: corner_shop
        model-paths: [models]
        seed-paths: [seeds]
        macro-paths: [macros]
        vars: {least: 1, unused: 1}
        models: {corner_shop: {+materialized: table}}
    """,
    "profiles.yml": """
        corner_shop:
          target: dev
          outputs:
            dev: {type: duckdb, path: "{{ env_var('SLUICE_WAREHOUSE', 'warehouse') }}/dev.duckdb"}
    """,
    "seeds/raw.csv": "id,amount,channel\n1,10,web\n2,20,store\n",
    "seeds/names.csv": "channel,label\nweb,Web\n",
    "macros/money.sql": "{% macro money(column) %}round({{ column }}, 2){% endmacro %}",
    "models/orders.sql": """
        select id, {{ money('amount') }} as amount, channel from {{ ref('raw') }}
        where id >= {{ var('least') }}
    """,
    "models/revenue.sql": "select channel, sum(amount) as total, count(*) as orders from {{ ref('orders') }} group by channel",
    "models/channels.sql": "select distinct channel from {{ ref('orders') }}",
    "models/labels.sql": "select channel, label from {{ ref('names') }}",
    "models/shop.yml": """
        version: 2
        groups: [{name: sales, owner: {name: Sales, email: sales@shop.example}}]
        models:
          - {name: orders, config: {group: sales}, description: One row per order.}
        exposures:
          - {name: till, type: dashboard, owner: {name: Till}, depends_on: [ref('revenue')]}
          - {name: sign, type: dashboard, owner: {name: Sign}, depends_on: [ref('labels')]}
    """,
}


def impact(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a project."""
    environment = {**os.environ, "SLUICE_LAKE": str(folder / "lake")}
    command = [program("sluice"), "impact", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with one commit."""
    folder = tmp_path_factory.mktemp("shop")
    write(folder, FILES)
    return committed(folder)


@pytest.fixture(scope="module")
def told(shop: Path) -> dict[str, Any]:
    """What it says of three edits: a macro, a variable that shows in SQL only, a seed; and a description."""
    write(
        shop,
        {
            "macros/money.sql": "{% macro money(column) %}round({{ column }}, 1){% endmacro %}",
            "seeds/names.csv": "channel,label\nweb,The web\n",
            "models/shop.yml": FILES["models/shop.yml"].replace("One row per order.", "One row per accepted order."),
        },
    )
    done = impact(shop, "--base", "main", "--format", "json")
    git(shop, "checkout", ".")
    assert done.returncode == 0, done.stderr
    return document(["impact"], done.stdout)


def test_nodes_and_their_reasons(told: dict[str, Any]) -> None:
    reasons = {node["name"]: {reason["kind"] for reason in node["reasons"]} for node in told["modified"]}

    assert reasons == {"orders": {"macro", "description"}, "names": {"seed"}}
    assert told["remarks"] == []


def test_only_what_is_made_of_it_is_downstream(told: dict[str, Any]) -> None:
    reached = {one["name"]: (one["rows"], one["columns"]) for one in told["downstream"]["models"]}

    # amount changes, and with it what is made of it; channels and the count are made of something else.
    assert reached == {"main.revenue": (False, ["total"]), "main.labels": (True, [])}
    assert {one["name"] for one in told["downstream"]["exposures"]} == {"till", "sign"}
    assert told["downstream"]["owners"] == ["Sales <sales@shop.example>", "Sign", "Till"]


def test_a_variable_that_dbt_does_not_see_is_seen(shop: Path) -> None:
    """dbt's state:modified compares code, and the code is what it was."""
    write(shop, {"dbt_project.yml": FILES["dbt_project.yml"].replace("least: 1", "least: 2")})
    done = impact(shop, "--base", "main", "--format", "markdown")
    git(shop, "checkout", ".")

    assert done.returncode == 0, done.stderr
    assert "| model `orders` | variables (least) | rows |" in done.stdout
    assert "Downstream: 2 models" in done.stdout


def test_nothing_is_built_and_nothing_is_left(shop: Path, told: dict[str, Any]) -> None:
    assert told
    left = {path.name for path in shop.iterdir()} - {name.split("/")[0] for name in FILES} - {".git"}
    assert left <= {".user.yml"}  # dbt's own


def test_mistakes_are_explained(shop: Path) -> None:
    done = impact(shop, "--base", "no-such-commit")
    assert done.returncode == 2
    assert "there is no commit no-such-commit" in done.stderr
    write(shop, {"models/broken.sql": "select * from {{ ref('nothing') }}"})
    done = impact(shop, "--base", "main")
    (shop / "models" / "broken.sql").unlink()
    assert done.returncode == 2
    assert "dbt can't parse the project" in done.stderr
    assert "nothing" in done.stderr
    assert "Traceback" not in done.stderr

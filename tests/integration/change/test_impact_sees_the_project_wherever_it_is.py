"""`sluice impact` in a folder of a larger repository, with packages, files that an archive lacks, and a warehouse in use.

What it says of a change is right, it says nothing where nothing changed, and it opens and writes nothing of the project.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.repositories import committed, git, write

from sluice.change.impact import Impact, impact
from sluice.core.dbt_profile import Choice

PYTHON = """def model(dbt, session):
    orders = dbt.ref('orders')
    if orders.columns:
        orders = orders.limit(5)
        orders = orders.order("id")
    return orders
"""
FILES = {
    ".gitattributes": "shop/seeds export-ignore",
    ".gitignore": "dbt_packages/\n*.duckdb\nprofiles.yml",
    "other/report.md": "Not of the shop.",
    "common/money/dbt_project.yml": "name: money\nvars: {money: {factor: 100}}",
    "common/money/macros/cents.sql": "{% macro cents(column) %}{{ column }} * 100{% endmacro %}",
    "common/money/models/rates.sql": "select {{ var('factor') }} as factor",
    "shop/dbt_project.yml": "name: shop\nprofile: shop\nmodels: {shop: {+materialized: table}}",
    "shop/profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: dev.duckdb}}}",
    "shop/packages.yml": "packages: [{local: ../common/money}]",
    "shop/package-lock.yml": "packages: [{local: ../common/money}]",
    "shop/macros/newer.sql": """
        {% macro newer() %}id > (select max(id) from {{ this }}){% endmacro %}
        {% macro all_of(conditions) %}{% for one in conditions %}{{ one() }}{% endfor %}{% endmacro %}
    """,
    "shop/seeds/raw.csv": "id,amount\n1,10\n2,20",
    "shop/models/orders.sql": """
        select id, {{ money.cents('amount') }} as cents from {{ ref('raw') }} where id > {{ var('least') }}
    """,
    "shop/models/newest.sql": """
        {{ config(materialized='incremental') }}
        select id from {{ ref('orders') }} {% if is_incremental() %} where {{ all_of([newer]) }} {% endif %}
    """,
    "shop/models/by_id.sql": """
        {%- set ids = run_query('select distinct id from ' ~ ref('orders')).columns[0].values() if execute else [] -%}
        select {% for id in ids %} max(id = {{ id }}) as id_{{ id }}, {% endfor %} count(*) as orders from {{ ref('orders') }}
    """,
    "shop/models/first.py": PYTHON,
    "shop/snapshots/seen.yml": """
        snapshots:
          - {name: seen, relation: ref('orders'), config: {unique_key: id, strategy: check, check_cols: all}}
    """,
}
NOT_COMPILED = "compared by their code, because dbt can't compile them on an empty warehouse: by_id"
CHOICE = Choice(vars={"least": 0})


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, with one commit, as `dbt deps` leaves it. The profile is not in git, and dev is not a DuckDB file."""
    folder = tmp_path_factory.mktemp("top")
    write(folder, FILES)
    committed(folder)
    (folder / "shop/dbt_packages").mkdir()
    (folder / "shop/dbt_packages/money").symlink_to(folder / "common/money")
    (folder / "shop/dev.duckdb").write_text("whoever opens this fails")
    return folder


@pytest.fixture
def shop(top: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, in which we are."""
    monkeypatch.chdir(top / "shop")
    return top / "shop"


def reasons(found: Impact) -> dict[str, str]:
    return {node.name: ", ".join(reason.kind for reason in node.reasons) for node in found.modified}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}


def test_what_changed_is_told_and_nothing_else_and_nothing_is_left(top: Path, shop: Path) -> None:
    """The base needs `dbt deps`, because package-lock.yml is another one now."""
    git(top, "checkout", "-b", "feature")
    write(
        top,
        {
            "other/report.md": "Changed.",
            "shop/package-lock.yml": "packages: [{local: ../common/money}]\nsha1_hash: another",
            "common/money/dbt_project.yml": "name: money\nvars: {money: {factor: 1000}}",
            "common/money/macros/cents.sql": FILES["common/money/macros/cents.sql"].replace("100", "10 * 10"),
            "shop/macros/newer.sql": FILES["shop/macros/newer.sql"].replace("max(id)", "max(id) - 5"),
            "shop/models/first.py": PYTHON.replace('        orders = orders.order("id")', '    orders = orders.order("id")'),
        },
    )
    git(top, "commit", "-a", "-m", "a change")
    git(top, "checkout", "main")
    git(top, "commit", "--allow-empty", "-m", "of somebody else")
    git(top, "checkout", "feature")
    before = files(top)
    found = impact("main", CHOICE)

    assert reasons(found) == {"orders": "macro", "newest": "macro", "first": "body", "rates": "variables"}
    assert {one.name for one in found.downstream.models} == {"main.by_id", "main.seen"}
    assert found.remarks[0].startswith("main has had 1 commit since ")
    assert found.remarks[1:] == (NOT_COMPILED,)
    assert files(top) == before
    assert shop.is_dir()

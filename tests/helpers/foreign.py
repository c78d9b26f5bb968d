"""A dbt project as others have it: its own names, a source in the DuckDB file, a package, no lake and no expectations."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tests.helpers.preloaded import program
from tests.helpers.project import QUIET

FILES = {
    "dbt_project.yml": """
name: bakery
profile: ovens
seeds: {bakery: {+schema: lists}}
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
ovens:
  target: dev
  outputs:
    dev: &own {type: duckdb, path: data/bakery.duckdb, threads: 2}
    prod: {<<: *own, threads: 1}
""",
    "packages.yml": "packages: [{local: tools}]\n",
    "tools/dbt_project.yml": "name: tools\n",
    "tools/macros/cents.sql": "{% macro cents(amount) %}round({{ amount }} * 100)::bigint{% endmacro %}\n",
    "models/sources.yml": """
sources:
  - {name: till, schema: raw, tables: [{name: sales}, {name: not_read}]}
models:
  - {name: sales, columns: [{name: sale_id, data_tests: [unique, not_null]}]}
""",
    "models/stg_sales.sql": "{{ config(materialized='view') }} select * from {{ source('till', 'sales') }}\n",
    "models/sales.sql": """
{{ config(materialized='table') }}
select sale_id, product, {{ tools.cents('price') }} as cents, '{{ target.name }}' as built_for from {{ ref('stg_sales') }}
""",
    "models/by_product.sql": """
{{ config(materialized='view') }}
select product, any_value(label) as label, sum(cents) as cents
from {{ ref('sales') }} join {{ ref('products') }} using (product) group by all
""",
    "models/dear.py": """
def model(dbt, session):
    dbt.config(materialized="table")
    return dbt.ref("sales").filter("cents > 200")
""",
    "seeds/products.csv": "product,label\nbread,Bread\ncake,Cake\n",
    "snapshots/labels.sql": """
{% snapshot labels %}
{{ config(unique_key='product', strategy='check', check_cols='all', target_schema='history') }}
select * from {{ ref('products') }}
{% endsnapshot %}
""",
    ".gitignore": "target/\ndbt_packages/\nlogs/\n",
}


@dataclass
class Bakery:
    """The project in `folder`, whose current folder the commands have."""

    folder: Path

    @property
    def dev(self) -> Path:
        """The file that dbt builds, with the source."""
        return self.folder / "data" / "bakery.duckdb"

    def run(self, *command: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        """Run dbt, sluice or git; another exit code than expected fails the test."""
        words = [program(command[0]) if command[0] != "git" else "git", *command[1:]]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "DBT_"))}
        environment = {**kept, **QUIET, "SLUICE_ACTOR": "user:test", **more}
        done = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "-A")
        self.run("git", *_AUTHOR, "commit", "-qm", "A change")

    def sell(self, *sales: tuple[int, str, float]) -> None:
        """Put rows into the source, as a loader would."""
        self.dev.parent.mkdir(exist_ok=True)
        with duckdb.connect(str(self.dev)) as connection:
            connection.execute("create schema if not exists raw")
            connection.execute("create table if not exists raw.sales (sale_id integer, product varchar, price decimal(9, 2))")
            connection.executemany("insert into raw.sales values (?, ?, ?)", sales)


_AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@shop.example", "-c", "commit.gpgsign=false")


def make_bakery(folder: Path) -> Bakery:
    """The project, in git, with three sales; dbt has built nothing yet."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip("\n"))
    bakery = Bakery(folder)
    # As `dbt deps` does with a local package.
    (folder / "dbt_packages").mkdir()
    shutil.copytree(folder / "tools", folder / "dbt_packages" / "tools")
    bakery.run("git", "init", "-q")
    bakery.run("git", "config", "user.name", "t")
    bakery.run("git", "config", "user.email", "t@shop.example")
    bakery.commit()
    bakery.sell((1, "bread", 2.5), (2, "cake", 3), (3, "bread", 1.5))
    return bakery

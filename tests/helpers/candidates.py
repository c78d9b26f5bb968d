"""A small project in git, its lake of one Delta table, and the commands on them: what tests of releases need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from tests.helpers.preloaded import program
from tests.helpers.project import QUIET, REPOSITORY
from tests.helpers.schemas import document, is_json

from sluice.store.record import Record, load

FILES = {
    # Named as the real one, so that its macros are the real one's.
    "environments.yml": """
environments:
  dev: {kind: file, build: ["user:*"]}
  staging: {kind: pointer, build: ["user:*"], publish: ["user:*"], rollback: ["user:*"]}
  prod: {kind: pointer, build: ["user:*"], publish: ["user:*"], rollback: ["user:*"]}
""",
    "dbt_project.yml": """
name: sluice
profile: sluice
data_tests: {+store_failures: true, +schema: checks}
models: {sluice: {+persist_docs: {relation: true, columns: true}}}
""",
    "models/staging/_sources.yml": """
sources:
  - name: shop
    schema: shop
    config: {meta: {external_location: "delta_scan('{{ env_var('SLUICE_LAKE', 'lake') }}/raw/shop/{name}')"}}
    tables: [{name: sales}]
""",
    "models/staging/stg_sales.sql": "{{ config(schema='staging') }} select * from {{ source('shop', 'sales') }}",
    "models/core/all_sales.sql": """
{{ config(schema='core', materialized='incremental') }}
select * from {{ ref('stg_sales') }}
{% if is_incremental() %} where sale_id > (select max(sale_id) from {{ this }}) {% endif %}
""",
    # Public, and reads what is not: in a release it is a table.
    "models/core/by_shop.sql": """
{{ config(schema='core', materialized='view', access='public') }}
select shop_id, count(*) as sales, sum(amount) as amount from {{ ref('all_sales') }} group by shop_id
""",
    "models/core/rpt_shops.sql": """
{{ config(schema='core', materialized='table', access='public') }} select * from {{ ref('by_shop') }}
""",
    # Reads staging, so it goes with it.
    "models/core/outside.sql": """
{{ config(schema='core', materialized='view', access='public') }} select count(*) as sales from {{ ref('stg_sales') }}
""",
    "models/_models.yml": """
models:
  - name: all_sales
    columns: [{name: sale_id, data_tests: [unique: {name: every_sale_is_there_once}]}]
  - name: by_shop
    description: One row per shop.
    columns: [{name: amount, description: What it sold.}]
  - name: rpt_shops
    config:
      meta:
        expectations:
          - {name: there_are_shops, expectation: ExpectTableRowCountToBeBetween, arguments: {min_value: 1}}
unit_tests:
  - name: sales_are_added_up
    model: by_shop
    given: [{input: ref('all_sales'), rows: [{shop_id: 1, amount: 2}, {shop_id: 1, amount: 3}]}]
    expect: {rows: [{shop_id: 1, sales: 2, amount: 5}]}
  - name: a_source_can_be_given
    model: stg_sales
    given: [{input: "source('shop', 'sales')", format: sql, rows: select 1 as sale_id}]
    expect: {rows: [{sale_id: 1}]}
""",
    ".gitignore": "/lake/\n/warehouse/\nlogs/\ntarget/\n",
}


def sales(first: int, last: int) -> pa.Table:
    """Sales of three shops; the amount is the number of the sale."""
    numbers = range(first, last + 1)
    return pa.table({"sale_id": list(numbers), "shop_id": [n % 3 for n in numbers], "amount": [float(n) for n in numbers]})


@dataclass
class SalesShop:
    """The project in `folder`, with its lake and warehouse below `state`."""

    folder: Path
    state: Path

    @property
    def lake(self) -> Path:
        """Folder of the lake."""
        return self.state / "lake"

    @property
    def warehouse(self) -> Path:
        """Folder of the warehouse files."""
        return self.state / "warehouse"

    @property
    def environment(self) -> dict[str, str]:
        """What commands find in their environment."""
        places = {"SLUICE_LAKE": str(self.lake), "SLUICE_WAREHOUSE": str(self.warehouse), "SLUICE_ACTOR": "user:test"}
        places["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"  # else dbt leaves a file in the project, which makes it dirty
        return {**os.environ, **places, "DBT_TARGET_PATH": str(self.state / "target"), "DBT_LOG_PATH": str(self.state / "logs")}

    def deliver(self, first: int, last: int) -> int:
        """Append sales to the lake; give the table's version."""
        path = str(self.lake / "raw" / "shop" / "sales")
        write_deltalake(path, sales(first, last), mode="append")
        return DeltaTable(path).version()

    def write(self, name: str, text: str) -> None:
        """A file of the project."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def commit(self) -> str:
        """Commit everything; give the commit."""
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@shop.example", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "add", "-A"], cwd=self.folder, check=True)
        subprocess.run([*git, "commit", "-qm", "A change"], cwd=self.folder, check=True)
        return self.commit_now()

    def commit_now(self) -> str:
        """The commit that is checked out."""
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def sluice(self, *arguments: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command; another exit code than expected fails the test, with what it said."""
        command = [program("sluice"), *arguments]
        environment = {**self.environment, **QUIET, **more}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        if is_json(arguments):
            document(arguments, done.stdout)
        return done

    def build(self, *arguments: str, code: int = 0) -> tuple[Path, Record]:
        """Build a candidate for prod; give its folder and record."""
        said = json.loads(self.sluice("build", "--env", "prod", "--format", "json", *arguments, code=code).stdout)
        return Path(said["folder"]), load(Path(said["folder"]))

    def publish(self, candidate: Path) -> Path:
        """Make a candidate the release of prod, by hand; give its folder."""
        release = self.warehouse / "releases" / candidate.name
        release.parent.mkdir(exist_ok=True)
        candidate.replace(release)
        pointer = self.warehouse / "prod.duckdb"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("releases") / release.name / "warehouse.duckdb")
        return release

    def candidates(self) -> list[str]:
        """Ids of the candidates that are there."""
        return sorted(folder.name for folder in (self.warehouse / "candidates").glob("[0-9]*"))

    def copied_to(self, root: Path) -> SalesShop:
        """The same project on a copy of everything."""
        shutil.copytree(self.folder.parent, root, symlinks=True)
        return SalesShop(root / self.folder.name, root / self.state.name)


def make_shop(root: Path) -> SalesShop:
    """The project, committed, with ten sales in the lake."""
    shop = SalesShop(root / "project", root / "state")
    for name, text in FILES.items():
        shop.write(name, text)
    for name in ("macros/naming/source.sql", "profiles.yml"):
        shop.write(name, (REPOSITORY / name).read_text())
    shop.write("macros/generate_schema_name.sql", _SCHEMA)
    subprocess.run(["git", "init", "-q"], cwd=shop.folder, check=True)
    shop.commit()
    shop.deliver(1, 10)
    return shop


_SCHEMA = """
{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
"""


def rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """Query a warehouse file, read only."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@dataclass(frozen=True)
class Story:
    """A release built from nothing, and a candidate that was built after ten more sales: what became of both."""

    shop: SalesShop
    release: Path
    first: Record
    before: tuple[bytes, int]
    candidate: Path
    second: Record


def look(file: Path) -> tuple[bytes, int]:
    """A file's bytes and when it was written."""
    return file.read_bytes(), file.stat().st_mtime_ns


_ALONE = """
import json, sys, duckdb
connection = duckdb.connect(config={"autoload_known_extensions": False, "autoinstall_known_extensions": False,
                                    "extension_directory": "/nowhere"})
connection.execute(f"attach '{sys.argv[1]}' as {sys.argv[2]} (read_only); set enable_external_access = false")
names = connection.execute(f\"\"\"select table_schema, table_name from information_schema.tables
                              where table_catalog = '{sys.argv[2]}'\"\"\").fetchall()
quoted = lambda name: '"' + name.replace('"', '""') + '"'
count = lambda s, n: connection.execute(
    f"select count(*) from (select * from {sys.argv[2]}.{quoted(s)}.{quoted(n)})").fetchone()[0]
counts = {f"{s}.{n}": count(s, n) for s, n in names}
print(json.dumps(counts))
"""


def answers_alone(python: str, file: Path, alias: str = "any_name") -> dict[str, int]:
    """Rows of every relation, read by a process that has nothing but the file: no lake, extension or network; any name."""
    environment = {"PATH": os.environ["PATH"], "SLUICE_LAKE": "/nowhere", "HOME": "/nowhere"}
    command = [python, "-c", _ALONE, str(file), alias]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def wait_until(happened: Any, seconds: float = 60) -> None:
    """Wait for something to become true; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)

"""The wheel, installed into an empty environment with nothing but what it asks for, releases a project that has its own dbt."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY, tracked
from tests.helpers.repositories import committed

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("SLUICE_OFFLINE")), reason="SLUICE_OFFLINE is set: packages cannot be installed without the index"
)

# What the extras install; dbt, which the project has; and what only a checker of types has.
OTHERS = {
    "_typeshed", "bson", "confluent_kafka", "dbt", "dlt", "duckdb_engine", "fastavro", "great_expectations", "numpy", "obstore",
    "onnxmltools", "onnxruntime", "pymongo", "requests", "sqlalchemy", "xgboost",
}  # fmt: skip
MISSING = """
import sys
from importlib.util import find_spec
print(*(name for name in sys.argv[1:] if find_spec(name) is None))
"""
FILES = {
    "dbt_project.yml": "{name: corner, profile: corner, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": "corner: {target: dev, outputs: {dev: {type: duckdb, path: corner.duckdb}}}",
    "models/orders.sql": "{{ config(materialized='table') }}\nselect unnest([1, 2]) as order_id, 9.5 as amount\n",
    "models/revenue.sql": "{{ config(materialized='view') }}\nselect sum(amount) as revenue from {{ ref('orders') }}\n",
    "models/models.yml": "models: [{name: orders, columns: [{name: order_id, data_tests: [unique, not_null]}]}]\n",
}


def ran(*command: str | Path, folder: Path | None = None) -> str:
    """What a command prints; none of this project's variables are set, nor an environment active."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "PYTHON", "DBT_"))}
    outside.pop("VIRTUAL_ENV", None)
    environment = {**outside, "UV_SYSTEM_CERTS": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    ran(BIN / "uv", "build", "--quiet", "--wheel", "--out-dir", folder, REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path) -> Path:
    """An environment with the wheel and what it asks for, in the versions of the lock."""
    folder = wheel.parent / "environment"
    ran(BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder)
    lock = REPOSITORY / "requirements" / "core.txt"
    ran(BIN / "uv", "pip", "install", "--quiet", "--python", folder, "--constraint", lock, wheel)
    return folder


@pytest.fixture
def corner(tmp_path: Path) -> Path:
    """A project of somebody else in a git checkout, with an environment of its own in which dbt is."""
    folder = tmp_path / "corner"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".gitignore").write_text(".venv\n")
    return folder


def packages_of(file: Path) -> set[str]:
    """The packages that a module imports, also those that it imports when it needs them."""
    tree = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {name.name for node in tree if isinstance(node, ast.Import) for name in node.names}
    return {name.partition(".")[0] for name in names | {node.module or "" for node in tree if isinstance(node, ast.ImportFrom)}}


def test_the_wheel_has_every_file_of_the_package_and_asks_for_no_dbt(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        (metadata,) = (packed.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    assert {name.removeprefix("scripts/") for name in tracked() if name.startswith("scripts/sluice/")} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    asked = [line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    assert [line for line in asked if line.startswith("dbt") and "extra ==" not in line] == []


def test_it_imports_nothing_that_is_not_installed_with_it_but_for_extras(environment: Path) -> None:
    imported = set().union(*(packages_of(file) for file in (REPOSITORY / "scripts" / "sluice").rglob("*.py")))
    missing = ran(environment / "bin/python", "-P", "-c", MISSING, *sorted(imported)).split()
    assert set(missing) == OTHERS


def test_another_project_is_released_and_rolled_back(environment: Path, corner: Path) -> None:
    def sluice(*arguments: str) -> str:
        return ran(environment / "bin/sluice", *arguments, folder=corner)

    assert f"in {corner}/.venv/bin/python" in sluice("--version")
    sluice("init", "--yes")
    committed(corner)
    for command in (("build", "--env", "prod"), ("audit", "candidate"), ("publish",)):
        sluice(*command)
    (corner / "models/orders.sql").write_text(FILES["models/orders.sql"].replace("9.5", "20.5"))
    sluice("run", "--env", "prod")
    prod = corner / "warehouse/prod.duckdb"
    ask = ("-c", f"import duckdb; print(duckdb.connect('{prod}', read_only=True).sql('from revenue').fetchone()[0])")
    assert float(ran(environment / "bin/python", *ask)) == 41
    sluice("rollback", "prod", "--why", "too dear")
    assert float(ran(environment / "bin/python", *ask)) == 19
    # its models declare nothing: pages without data say so
    assert "site/index.html: 7 pages" in sluice("report")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (corner / "site").glob("*.html")}
    assert "too dear" in pages["index"]
    assert "41" not in pages["shop"]
    assert "No model says what is to be shown" in pages["shop"]
    assert "orders" in pages["pipeline"]

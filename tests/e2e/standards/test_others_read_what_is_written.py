"""OpenLineage's client reads the events of a night, and datacontract-cli runs the contracts of its release. `make standards`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY, Project

pytestmark = pytest.mark.skipif("SLUICE_STANDARDS" not in os.environ, reason="installs datacontract-cli: make standards")
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the programs that judge."""
    folder = tmp_path_factory.mktemp("apart") / "venv"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    subprocess.run([BIN / "uv", "venv", "--quiet", "--python", version, folder], check=True)
    requirements = REPOSITORY / "requirements" / "standards.txt"
    environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
    subprocess.run([BIN / "uv", "pip", "sync", "--quiet", requirements], check=True, env=environment)
    return folder / "bin"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop without faults, built, audited and published, with its events in a file and its contracts exported."""
    shop = Project(tmp_path_factory.mktemp("night"))
    shop.run("sluice", "demo", "--orders", "800", "--days", "25", "--faults", "none", "--out", str(shop.state / "demo"))
    (shop.state / "openlineage.yml").write_text("transport: {type: file, log_file_path: ../events.ndjson, append: true}\n")
    shop.run("sluice", "run", "feeds/demo.yml", OPENLINEAGE_CONFIG="../openlineage.yml")
    shop.run("sluice", "contract", "export", "--out", str(shop.state / "contracts"))
    return shop


def run(*command: Any, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run without what would show this project's Python to another environment."""
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=own, **more)


def judged(apart: Path, what: str, *arguments: Path, **more: Any) -> dict[str, Any]:
    """The checks of contracts that did not pass, by contract, and how many ended how."""
    done = run(apart / "python", HERE / "run_contracts.py", what, *arguments, **more)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_openlineages_own_client_reads_every_event(apart: Path, night: Project) -> None:
    events = night.state / "events.ndjson"
    spec = [os.environ["OPENLINEAGE_SPEC"]] if "OPENLINEAGE_SPEC" in os.environ else []
    done = run(apart / "python", HERE / "openlineage_events.py", events, *spec)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    names = {json.loads(line)["job"]["name"] for line in events.read_text().splitlines()}
    assert {"prod.run", "ingest", "prod.build", "prod.audit", "prod.publish"} <= names


@pytest.mark.parametrize(
    ("key", "value"), [("eventType", "DONE"), ("run", {"runId": "night-1", "facets": {"parent": {"job": {}}}}), ("surprise", 1)]
)
def test_it_does_not_read_an_event_that_is_wrong(apart: Path, night: Project, tmp_path: Path, key: str, value: Any) -> None:
    event = json.loads((night.state / "events.ndjson").read_text().splitlines()[0])
    if key == "run":
        value["facets"]["parent"] |= {"_producer": "x:y", "_schemaURL": "https://x/ParentRunFacet.json#/$defs/ParentRunFacet"}
    (tmp_path / "event").write_text(json.dumps({**event, key: value}) + "\n")
    assert run(apart / "python", HERE / "openlineage_events.py", tmp_path / "event").returncode == 1


def test_every_contract_is_valid(apart: Path, night: Project) -> None:
    found = judged(apart, "lint", night.state / "contracts")
    assert len(found["found"]) > 10
    assert {name: bad for name, bad in found["found"].items() if bad} == {}


def test_the_release_keeps_its_contracts(apart: Path, night: Project) -> None:
    found = judged(apart, "marts", night.state / "contracts" / "marts", night.state / "warehouse" / "prod.duckdb")
    print(found["counts"])
    assert found["counts"]["passed"] > 500
    bad = [one for those in found["found"].values() for one in those]
    assert [one for one in bad if one[0] != "warning"] == []


def test_the_raw_tables_keep_the_contracts_of_their_sources(apart: Path, night: Project) -> None:
    extensions = Path(os.environ["SLUICE_EXTENSIONS"]).absolute()
    found = judged(apart, "sources", night.state / "contracts" / "sources", extensions, cwd=night.folder)
    print(found["counts"])
    assert found["counts"]["passed"] > 100
    bad = {name: bad for name, bad in found["found"].items() if bad}
    assert bad.keys() == {"online_retail.odcs.yaml"}  # nothing has ever come to it
    assert [one[1] for one in bad["online_retail.odcs.yaml"]] == ["Freshness of invoice_lines._loaded_at < 72h"]


def test_a_release_that_is_broken_fails_by_name(apart: Path, night: Project, tmp_path: Path) -> None:
    broken = tmp_path / "broken.duckdb"
    shutil.copy(night.state / "warehouse" / "prod.duckdb", broken)
    broken.chmod(0o644)
    with duckdb.connect(str(broken)) as connection:
        connection.execute("create table core.kept as select * from core.fct_orders; drop table core.fct_orders cascade")
        connection.execute("create table core.fct_orders as select * exclude (voucher_code) from core.kept")
        connection.execute("insert into core.fct_orders select * from core.fct_orders limit 1")  # a key twice
        connection.execute(
            "update core.fct_orders set currency_code = null where order_id = (select min(order_id) from core.kept)"
        )
    name = "core.fct_orders.odcs.yaml"
    found = judged(apart, "marts", night.state / "contracts" / "marts", broken)["found"][name]
    failed = [one[1] for one in found if one[0] in ("failed", "error")]
    for word in ("voucher_code", "order_id", "currency_code"):
        assert any(word in one for one in failed), f"{word}: {failed}"
    path = night.state / "contracts" / "marts" / name
    server = path.read_text().replace("warehouse/prod.duckdb", str(broken))
    (tmp_path / name).write_text(server)
    assert run(apart / "datacontract", "test", tmp_path / name).returncode == 1
    assert run(apart / "datacontract", "test", path, cwd=night.folder).returncode == 0

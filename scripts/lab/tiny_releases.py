"""Small handmade candidates, a place to publish them to, and a process that can be killed before any step."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from lab.places import REPOSITORY
from sluice.environments import policy
from sluice.environments.context import Context
from sluice.gate.publish import MoveResult, publish
from sluice.store import digest
from sluice.store.folder import Folder
from sluice.store.record import FILE, WORK, Audit, Code, Dbt, File, Record, dump, load
from sluice.store.store import Store

POLICY = policy.load(REPOSITORY / "environments.yml")
NODES = ({"unique_id": "model.shop.orders", "status": "success"}, {"unique_id": "test.shop.unique", "status": "pass"})
MANIFEST = {
    "nodes": {
        "model.shop.orders": {
            "unique_id": "model.shop.orders", "resource_type": "model", "name": "orders", "schema": "core", "alias": "orders",
            "access": "public", "columns": {}, "constraints": [{"type": "primary_key", "columns": ["order_id"]}],
            "config": {"materialized": "table"}, "depends_on": {"nodes": []},
        }
    }
}  # fmt: skip
AUDIT = Audit("a", "pass", 3, 0, 0, 0.1, "")


def results(nodes: Sequence[dict[str, str]] = NODES, invocation: str = "run", **arguments: Any) -> dict[str, Any]:
    """A run_results.json."""
    return {"metadata": {"invocation_id": invocation}, "args": {"which": "build", **arguments}, "results": list(nodes)}


def warehouse(path: Path, number: int, rows: int = 3) -> None:
    """Two tables that have to be of the same release, and a view on one of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema core;
            create table core.orders as
                select range as order_id, {number} as release_number, hash(range) as noise from range({rows});
            create table core.customers as select range as customer_id, {number} as release_number from range({rows});
            create view core.order_count as select count(*) as orders from core.orders;
        """)


@dataclass
class ReleaseShop:
    """State of releases below `root`."""

    root: Path
    store: Store
    actor: str = "user:tester"
    made: int = 0
    fill: Callable[[Path, int, int], None] = warehouse

    @property
    def context(self) -> Context:
        """What commands work with."""
        return Context(self.store, POLICY, self.actor, self.root / "lake", self.root / "warehouse")

    def candidate(self, environment: str = "prod", *, parent: str | None = "current", rows: int = 3, **changes: Any) -> str:
        """Make a candidate that passes the gate, apart from `changes` to its record; return its id."""
        self.made += 1
        release_id = f"20260101T{self.made:06}Z-{secrets.token_hex(3)}"
        folder = self.context.candidates / release_id
        self.fill(folder / FILE, self.made, rows)
        parent = self.store.pointer(environment).release_id if parent == "current" else parent
        record = replace(self._record(release_id, folder, environment, parent), **changes)
        dump(record, folder)
        (folder / "run_results.json").write_text(json.dumps(results()))
        (folder / "manifest.json").write_text(json.dumps(MANIFEST))
        (folder / "audit").mkdir()
        (folder / "audit" / "audit.json").write_text("{}")
        return release_id

    def _record(self, release_id: str, folder: Path, environment: str, parent: str | None) -> Record:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{folder / FILE}' as seen (read_only)")
            relations = digest.of_all(connection, "seen")
        whole = digest.combined(relations)
        return Record(
            release_id=release_id,
            project="shop",
            code=Code("0" * 40, is_dirty=False),
            lake={"raw/shop/orders": self.made},
            parent=parent,
            environment=environment,
            full_refresh=parent is None,
            built_by="user:builder",
            started_at=self._moment(0),
            duckdb=duckdb.__version__,
            digest_version=digest.VERSION,
            built_at=self._moment(30),
            dbt=Dbt("run", {"model.success": 1, "test.pass": 1}),
            relations=relations,
            digest=whole,
            file=File((folder / FILE).stat().st_size, None),
            audit=replace(AUDIT, digest=whole),
        )

    def with_work(self, environment: str = "prod", **more: Any) -> str:
        """A candidate with a work file, which has a table that readers do not have, and with the sha256 of both files."""
        release_id = self.candidate(environment, **more)
        folder = self.context.candidates / release_id
        with duckdb.connect(str(folder / WORK)) as connection:
            connection.execute(f"create table hidden as select {self.made} as release_number")
        file, work = (File((folder / name).stat().st_size, digest.of_file(folder / name)) for name in (FILE, WORK))
        self.amend(release_id, file=file, work=work)
        return release_id

    def _moment(self, seconds: int) -> str:
        """A minute for each candidate."""
        return f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=self.made, seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"

    def amend(self, name: str, **changes: Any) -> None:
        """Change a candidate's record."""
        folder = self.context.candidates / name
        dump(replace(load(folder), **changes), folder)

    def published(self, environment: str = "prod", **more: Any) -> str:
        """Make a candidate and publish it; return its id."""
        release_id = self.candidate(environment, **more)
        assert self.publish(release_id, environment).is_moved
        return release_id

    def publish(self, name: str | None = None, environment: str = "prod", why: str | None = None) -> MoveResult:
        """Publish."""
        return publish(self.context, name, environment, why)

    def trail(self) -> list[tuple[Any, ...]]:
        """Action, environment, release, actor, outcome, why and detail of every attempt, in order of time."""
        table = DeltaTable(str(self.root / "lake" / "ops" / "releases")).to_pyarrow_table()
        rows = sorted(table.to_pylist(), key=lambda row: row["tried_at"])
        names = ("action", "environment", "release_id", "actor", "outcome", "why", "detail")
        return [tuple(row[name] for name in names) for row in rows]

    def environment(self) -> dict[str, str]:
        """Environment of a command on this state."""
        own = {
            "SLUICE_LAKE": str(self.root / "lake"),
            "SLUICE_WAREHOUSE": str(self.root / "warehouse"),
            "SLUICE_ACTOR": self.actor,
        }
        address = self.store.address if self.store.address.startswith("s3://") else ""
        return {**os.environ, **own, "SLUICE_RELEASES": address, "PYTHONPATH": str(REPOSITORY / "scripts")}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line."""
        command = [str(Path(sys.executable).with_name("sluice")), *arguments]
        return subprocess.Popen(
            command, cwd=REPOSITORY, env=self.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def sluice(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def shop_in(root: Path) -> ReleaseShop:
    """A shop whose releases are in a folder."""
    return ReleaseShop(root, Folder(root / "warehouse"))


def seen(file: Path | str) -> tuple[int, int, int]:
    """What a reader sees: the number of the release in both tables, and the rows of a view."""
    with duckdb.connect(str(file), read_only=True) as connection:
        (row,) = connection.execute("""
            select
                (select any_value(release_number) from core.orders),
                (select any_value(release_number) from core.customers),
                (select orders from core.order_count)
        """).fetchall()
    return row


# Runs commands in children that are killed by SIGKILL before the n-th file operation. It imports everything in advance and
# starts no thread, so that a fork is safe and takes milliseconds.
KILLER = """
import os, signal, sys, traceback
import duckdb, deltalake, pyarrow, pydantic
from pathlib import Path
from sluice.environments import trail
from sluice.store import moves, standalone
from sluice.gate.publish import promote, publish
from sluice.gate.rollback import rollback
from sluice.history import ledger
from lab.tiny_releases import shop_in


STEPS = {"open", "os.rename", "os.remove", "os.symlink", "os.chmod", "os.mkdir", "os.rmdir", "os.truncate", "fcntl.flock",
         "shutil.rmtree", "shutil.copytree", "ops"}
root, left, steps = "", -1, 0
def hook(event, arguments):
    global left, steps
    if left >= 0 and event in STEPS and (event in ("fcntl.flock", "ops") or root in str(arguments)):
        steps += 1
        if steps > left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
real = ledger.append
def append(*arguments, **named):
    sys.audit("ops", "before the trail")
    real(*arguments, **named)
    sys.audit("ops", "after the trail")
ledger.append = append

def act(shop, words):
    verb = words[0]
    if verb == "publish":
        publish(shop.context, words[1], "prod")
    elif verb == "promote":
        promote(shop.context, "staging", "prod")
    else:
        rollback(shop.context, "prod", "bad")

for line in sys.stdin:
    root, number, *words = line.split()
    child = os.fork()
    if child == 0:
        code = 9
        try:
            shop = shop_in(Path(root))
            left = int(number)
            act(shop, words)
            left, code = -1, 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Killer:
    """Runs commands that are killed before their n-th step."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", KILLER],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts"), "SLUICE_ACTOR": "user:tester"},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, root: Path, steps: int, *words: str) -> int:
        """The exit code: 0 if it finished, -9 if it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{root} {steps} {' '.join(words)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        """End the process."""
        self.process.communicate(timeout=60)

"""A place for trials: a lake and a warehouse that are restored for each trial, and dbt ready to run on them.

Each step of a trial runs in a forked child of a process that has imported dbt and parsed the project. So nothing of one
step (open files, caches, dbt's state) is left for the next, and dbt starts immediately.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sluice.core.duck import connect, link_extensions
from sluice.core.errors import SluiceError

if TYPE_CHECKING:
    from sluice.ingest.landing import FeedReport

T = TypeVar("T")


@dataclass(frozen=True)
class Slot:
    """Folders of one place below `root`, for the project in `project` and its `feeds`."""

    root: Path
    project: Path
    feeds: Path
    manifest: Any = None

    @property
    def lake(self) -> Path:
        """The lake that trials write to."""
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        """The folder of the warehouse file."""
        return self.root / "warehouse"

    @property
    def points(self) -> Path:
        """The points of the charts of what was built last; they are restored with the warehouse."""
        return self.warehouse / "points.parquet"

    @property
    def deliveries(self) -> Path:
        """What is delivered now."""
        return self.root / "deliveries"

    @property
    def target(self) -> Path:
        """dbt's artifacts of the last build."""
        return self.root / "target"

    def enter(self) -> None:
        """Point this process, and so its children, to the slot."""
        os.chdir(self.project)
        os.environ.update(
            SLUICE_LAKE=str(self.lake),
            SLUICE_WAREHOUSE=str(self.warehouse),
            DBT_TARGET_PATH=str(self.target),
            DBT_LOG_PATH=str(self.root / "logs"),
            DBT_SEND_ANONYMOUS_USAGE_STATS="false",
        )

    def put_back(self, state: Path | None) -> None:
        """Restore lake and warehouse from a saved state; make them empty without one."""
        for name in ("lake", "warehouse", "deliveries"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        for name in ("lake", "warehouse"):
            if state is None:
                (self.root / name).mkdir(parents=True)
            else:
                shutil.copytree(state / name, self.root / name)
        self.deliveries.mkdir(parents=True)

    def save(self, state: Path) -> None:
        """Keep lake and warehouse as they are now under another path."""
        for name in ("lake", "warehouse"):
            shutil.copytree(self.root / name, state / name)

    def ingest(self) -> list[FeedReport]:
        """Land what is in `deliveries`; gives one report per feed."""
        return in_child(_ingest, self)

    def build(self, *, tests: bool = True) -> None:
        """dbt build without unit tests (their fixtures do not depend on data). Raises SluiceError if dbt could not run.

        A failed test or model is not an error: it is in run_results.json.
        """
        kinds = ["unit_test"] if tests else ["unit_test", "test"]
        arguments = [
            "--quiet",
            "--log-level",
            "none",
            "--log-level-file",
            "error",
            "build",
            *(word for kind in kinds for word in ("--exclude-resource-type", kind)),
        ]
        trouble = in_child(_dbt, self, arguments)
        in_child(_settle, self)
        if trouble:
            raise SluiceError(f"dbt could not run: {trouble}", where=str(self.root), hint="check that `sluice build` works")


def parsed(slot: Slot) -> Slot:
    """The slot with dbt imported into this process and the project parsed. Raises SluiceError if it does not parse."""
    from dbt.cli.main import dbtRunner

    import sluice.ingest.run  # noqa: F401  (here, so that forks of this process need not)
    from lab.faults.audit import import_great_expectations

    slot.enter()
    import_great_expectations()
    slot.warehouse.mkdir(parents=True, exist_ok=True)
    in_child(link_extensions)
    result = dbtRunner().invoke(["--quiet", "--log-level", "none", "parse"])
    if not result.success:
        raise SluiceError(f"the project does not parse: {result.exception}", where=str(slot.project), hint="run: dbt parse")
    _keep()
    return Slot(slot.root, slot.project, slot.feeds, result.result)


def _keep() -> None:
    """Objects that are there now stay to the end: no fork of this process looks for garbage among them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)  # dbt makes millions of objects, too, that live as long as its process


def in_child(function: Callable[..., T], *arguments: Any) -> T:
    """What the function gives when it runs in a fork of this process. Raises SluiceError with what it raised there."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_report, args=(sender, function, arguments))
    child.start()
    sender.close()
    try:
        good, value = receiver.recv()
    except EOFError:
        good, value = False, "the process ended without an answer"
    child.join()
    if not good:
        raise SluiceError(f"{function.__name__.strip('_')} failed: {value}")
    return value  # type: ignore[no-any-return]  # it comes through a pipe


def _report(sender: Connection, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    try:
        sender.send((True, function(*arguments)))
    except SluiceError as error:
        sender.send((False, f"{error.what} ({error.where})"))
    except Exception:  # noqa: BLE001  (the parent reports every error)
        sender.send((False, traceback.format_exc()))


def _ingest(slot: Slot) -> list[FeedReport]:
    from sluice.core.run_id import run_id
    from sluice.ingest.feeds import load_feeds
    from sluice.ingest.run import run
    from sluice.lake.contracts import load_contracts
    from sluice.lake.lock import writing

    os.environ["DEMO"] = str(slot.deliveries)
    contracts = load_contracts(slot.project)
    feeds = load_feeds([slot.project / slot.feeds])
    with writing(slot.lake):
        return list(run(feeds, contracts, slot.lake, run_id=run_id(), memory_limit="1GB"))


def _settle(slot: Slot) -> None:
    """Checkpoint the write-ahead logs that dbt's process left, so that each file is complete."""
    for file in slot.warehouse.glob("*.duckdb"):
        with connect(str(file)) as connection:
            connection.execute("checkpoint")


def _dbt(slot: Slot, arguments: Sequence[str]) -> str | None:
    from dbt.cli.main import dbtRunner

    result = dbtRunner(manifest=slot.manifest).invoke([*arguments, "--target-path", str(slot.target)])
    return str(result.exception) if result.exception else None

"""An audit reads: the file stays as it is to the byte, other readers stay, and what it cannot read it says."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from tests.helpers.audited import Audited, check

from sluice.core.errors import SluiceError

GOOD = check("expect_column_values_to_be_between", column="amount", min_value=0)
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'r'); print('held', flush=True); input()"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Holder:
    """Another process that holds the file open."""

    def __init__(self, file: Path, how: str) -> None:
        command = [sys.executable, "-c", HOLD, str(file), how]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def let_go(self) -> None:
        self.process.communicate("\n", timeout=30)


def test_the_file_stays_as_it_is(shop: Audited) -> None:
    shop.declare(GOOD)
    before = digest(shop.file)
    assert shop.audit().exit_code == 0
    assert digest(shop.file) == before
    assert sorted(path.name for path in shop.root.iterdir()) == ["dbt_project.yml", "shop.duckdb", "target"]


def test_other_readers_do_not_matter(shop: Audited) -> None:
    shop.declare(GOOD)
    holder = Holder(shop.file, "r")
    try:
        assert shop.audit().exit_code == 0
    finally:
        holder.let_go()


def test_a_writer_is_waited_for_by_the_user(shop: Audited) -> None:
    shop.declare(GOOD)
    holder = Holder(shop.file, "w")
    try:
        with pytest.raises(SluiceError, match="another process is writing to the warehouse"):
            shop.audit()
    finally:
        holder.let_go()
    assert shop.audit().exit_code == 0


def test_what_is_no_duckdb_file_is_named(shop: Audited) -> None:
    shop.declare(GOOD)
    shop.file.write_text("not a database, but long enough to be looked at " * 100)
    with pytest.raises(SluiceError, match="cannot be read as a warehouse"):
        shop.audit()


def test_a_relation_or_column_that_the_file_lacks_is_named(shop: Audited) -> None:
    shop.declare(GOOD)
    shop.build("select 1 as id")
    with pytest.raises(SluiceError, match=r"core\.sales has no column amount, which a_claim needs"):
        shop.audit()
    with duckdb.connect(str(shop.file)) as connection:
        connection.execute("drop table core.sales")
    with pytest.raises(SluiceError, match=r"core\.sales is not in the file"):
        shop.audit()


def test_a_manifest_is_needed_and_a_model_with_expectations(shop: Audited) -> None:
    with pytest.raises(SluiceError, match=r"manifest\.json is not there"):
        shop.audit()
    shop.declare(GOOD)
    with pytest.raises(SluiceError, match="no model with expectations to audit"):
        shop.audit(select=["finance"])
    (shop.target / "manifest.json").write_text("{")
    with pytest.raises(SluiceError, match=r"manifest\.json is not JSON"):
        shop.audit()


def test_a_wrong_declaration_stops_before_the_file_is_opened(shop: Audited) -> None:
    shop.declare(check("expect_column_values_to_be_betwen", column="amount"))
    shop.file.unlink()
    with pytest.raises(SluiceError, match="nothing was checked"):
        shop.audit()

"""docs/recover.md, walked: a bad or damaged release, a lost pointer, warehouse or machine; by the page's own commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.helpers import candidates
from tests.helpers.candidates import make_shop, rows
from tests.helpers.preloaded import programs
from tests.helpers.project import REPOSITORY

from lab.tiny_releases import ReleaseShop, seen, shop_in
from sluice.store.record import load


def blocks(heading: str) -> list[str]:
    """The commands below a heading of the page, block by block."""
    text = (REPOSITORY / "docs" / "recover.md").read_text(encoding="utf-8")
    (below,) = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(f"{heading}\n")]
    return re.findall(r"```bash\n(.*?)```", below, re.DOTALL)


def walk(block: str, folder: Path, environment: dict[str, str], **names: str) -> str:
    """Type a block, with ids in place of <names>; a command that fails ends it."""
    for name, value in names.items():
        block = block.replace(f"<{name}>", value)
    assert "<" not in block
    path = os.pathsep.join([str(programs()), environment["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", block], cwd=folder, env={**environment, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseShop:
    """A shop with two releases; they differ by their numbers."""
    made = shop_in(tmp_path)
    made.published()
    made.published()
    return made


def test_a_bad_release(shop: ReleaseShop) -> None:
    prod, bad = shop.root / "warehouse" / "prod.duckdb", shop.store.pointer("prod").release_id
    assert bad is not None
    built_on_it = shop.candidate()
    back, look, forth = blocks("A bad release is public")
    assert seen(prod)[0] == 2
    said = walk(back, REPOSITORY, shop.environment())
    assert seen(prod)[0] == 1
    assert "revenue of May" in said
    assert bad in (said := walk(look, REPOSITORY, shop.environment(), bad=bad))
    assert "core.orders" in said
    refused = shop.sluice("publish", built_on_it)
    assert refused.returncode == 1
    assert "build again" in refused.stderr
    walk(forth, REPOSITORY, shop.environment(), bad=bad)
    assert seen(prod)[0] == 2


def test_a_lost_pointer_and_then_its_history(shop: ReleaseShop) -> None:
    warehouse, current = shop.root / "warehouse", shop.store.pointer("prod").release_id
    assert current is not None
    by_history, by_name = blocks("The pointer is lost")
    (warehouse / "prod.duckdb").unlink()
    assert "lost" in walk(by_history.splitlines()[0], REPOSITORY, shop.environment())
    walk(by_history, REPOSITORY, shop.environment())
    assert seen(warehouse / "prod.duckdb")[0] == 2
    (warehouse / "prod.duckdb").unlink()
    (warehouse / "prod.history.jsonl").unlink()
    walk(by_name, REPOSITORY, shop.environment(), id=current)
    assert seen(warehouse / "prod.duckdb")[0] == 2


def test_a_damaged_release_and_history(shop: ReleaseShop) -> None:
    warehouse, current = shop.root / "warehouse", shop.store.pointer("prod").release_id
    assert current is not None
    file, history = shop.store.fetch(current) / "warehouse.duckdb", warehouse / "prod.history.jsonl"
    file.chmod(0o644)
    os.truncate(file, 300_000)
    history.write_text("garbage\n" + history.read_text().partition("\n")[2])
    (shop.root / "lake" / "ops" / "releases" / "_delta_log" / "00000000000000000000.json").write_text("x{")
    look, back = blocks("A release or its history is damaged")
    said = walk(look, REPOSITORY, shop.environment())
    assert said.count("the file has 300,000 bytes") == 2
    assert "line 1 of" in said
    walk(back, REPOSITORY, shop.environment())
    assert seen(warehouse / "prod.duckdb")[0] == 1


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> candidates.SalesShop:
    """A project in git whose release is in a place of its own; built and audited for real, once."""
    shop = make_shop(tmp_path_factory.mktemp("released"))
    shop.sluice("run", SLUICE_RELEASES=str(shop.state / "elsewhere"))
    return shop


def test_a_lost_machine(released: candidates.SalesShop, tmp_path: Path) -> None:
    shop = released.copied_to(tmp_path / "old")
    elsewhere, backup = tmp_path / "elsewhere", tmp_path / "backup"
    shutil.move(shop.state / "elsewhere", elsewhere)
    (copy, restore) = blocks("The machine is lost")
    environment = {**shop.environment, "SLUICE_RELEASES": str(elsewhere), "BACKUP": str(backup)}
    walk(copy, shop.folder, environment)
    walk(copy, shop.folder, environment)
    repository = shutil.move(shop.folder, tmp_path / "repository")
    shutil.rmtree(tmp_path / "old")
    current = load((elsewhere / "prod.duckdb").resolve().parent)
    fresh = candidates.SalesShop(tmp_path / "new" / "sluice", tmp_path / "new" / "state")
    fresh.state.mkdir(parents=True)
    own = {**fresh.environment, "SLUICE_RELEASES": str(elsewhere), "BACKUP": str(backup), "REPOSITORY": str(repository)}
    said = walk(restore, tmp_path / "new", own)
    assert current.release_id in said
    (built,) = fresh.candidates()
    record = load(fresh.warehouse / "candidates" / built)
    assert record.parent == current.release_id
    assert record.code == current.code
    assert {name: one.digest for name, one in record.relations.items()} == {
        name: one.digest for name, one in current.relations.items()
    }


def test_a_lost_warehouse(released: candidates.SalesShop, tmp_path: Path) -> None:
    shop = released.copied_to(tmp_path / "shop")
    before = load((shop.state / "elsewhere" / "prod.duckdb").resolve().parent)
    shutil.rmtree(shop.state / "elsewhere")
    shutil.rmtree(shop.warehouse)
    (rebuilt,) = blocks("The warehouse is lost")
    walk(rebuilt, shop.folder, shop.environment)
    after = load((shop.warehouse / "prod.duckdb").resolve().parent)
    assert after.parent is None
    assert {name: one.digest for name, one in after.relations.items()} == {
        name: one.digest for name, one in before.relations.items()
    }
    assert rows(shop.warehouse / "prod.duckdb", "select sum(amount) from core.rpt_shops") == [(sum(range(1, 11)),)]

"""docs/add-a-source.md and its second example, followed to the letter: the shops are published, with the known figures."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.helpers.project import REPOSITORY, Project, copy_project

PAGES = {
    "oracle_customer_orders": REPOSITORY / "docs" / "add-a-source.md",
    "sakila": REPOSITORY / "docs" / "add-a-source-sakila.md",
}
BLOCK = re.compile(r"(?:`(?P<file>[\w/.]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)
INVOICES = "feeds/online_retail.yml"


def blocks(shop: str) -> list[re.Match[str]]:
    """What the page of a shop asks for, in its order."""
    return list(BLOCK.finditer(PAGES[shop].read_text()))


def apply_diff(folder: Path, diff: str) -> None:
    """Put the lines with a plus behind the line before them, in vars.yml."""
    path = folder / "vars.yml"
    before, *added = (line[1:] for line in diff.splitlines())
    text = path.read_text()
    assert text.count(before + "\n") == 1
    path.write_text(text.replace(before + "\n", "\n".join([before, *added, ""])))


def write(folder: Path, shop: str) -> None:
    """Write the files that the page shows, and change the variables as it says."""
    for block in blocks(shop):
        if block["file"]:
            (folder / block["file"]).parent.mkdir(parents=True, exist_ok=True)
            (folder / block["file"]).write_text(block["text"])
        elif block["kind"] == "diff":
            apply_diff(folder, block["text"])


@dataclass(frozen=True)
class Published:
    """A project whose prod is published, and what the release says of itself."""

    project: Project

    @property
    def file(self) -> Path:
        """The file that BI opens."""
        return self.project.state / "warehouse" / "prod.duckdb"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query prod, alone: its views read nothing else."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def record(self) -> dict[str, Any]:
        """The record of the release that prod points to."""
        found: dict[str, Any] = json.loads((self.file.resolve().parent / "release.json").read_text())
        return found


def data_of(real_data: Path, shop: str) -> Path:
    folder = real_data / shop
    if not folder.is_dir():
        pytest.skip(f"the data set {shop} is not in {real_data} (SLUICE_SHARED_DATA)")
    return folder


def run_as_written(project: Project, shop: str, data: Path) -> list[tuple[Any, ...]]:
    """Run the page's commands, and give what its query answers in prod."""
    answer: list[tuple[Any, ...]] = []
    for block in blocks(shop):
        if block["kind"] == "sh":
            for line in block["text"].splitlines():
                project.run(*line.split(), DATA=str(data))
        elif block["kind"] == "sql" and not block["file"]:
            answer = Published(project).query(block["text"])
    return answer


def only(folder: Path, shops: list[Any], currency: str) -> None:
    """The variables of a deployment that has just these sources, as the page says."""
    path = folder / "vars.yml"
    text = path.read_text()
    start, end = text.index("  sources:\n"), text.index("  # Entities that a source has no table of")
    listed = "".join(f"    {line}\n" for line in yaml.safe_dump(shops).splitlines())
    text = text[:start] + "  sources:\n" + listed + text[end:]
    assert text.count("reporting_currency: EUR\n") == text.count("paid_sources: [shop]\n") == 1
    text = text.replace("reporting_currency: EUR\n", f"reporting_currency: {currency}\n")
    path.write_text(text.replace("paid_sources: [shop]\n", "paid_sources: []\n"))


def figures_of_oracle(data: Path) -> tuple[Any, ...]:
    """Orders, lines and amount of the complete orders, from the files alone."""
    with duckdb.connect() as connection:
        ((*found,),) = connection.execute(f"""
            select count(distinct order_id), count(*), sum(quantity * unit_price::decimal(18, 2))
            from read_csv('{data}/order_items.csv.gz') as items join read_csv('{data}/orders.csv.gz') as orders using (order_id)
            where order_status = 'COMPLETE'
        """).fetchall()
    assert found[0] == 1892  # the data set's README
    return tuple(found)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Oracle's shop beside the demo's sources, as the page adds it."""
    data = data_of(REAL_DATA, "oracle_customer_orders")
    root = tmp_path_factory.mktemp("oracle")
    project = Project(root / "state", copy_project(root / "copy"))
    write(project.folder, "oracle_customer_orders")
    answer = run_as_written(project, "oracle_customer_orders", data)
    assert answer == [("oracle_customer_orders", *figures_of_oracle(data))]
    return Published(project)

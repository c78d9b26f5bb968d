"""docs/add-a-source.md, followed to the letter in a copy of the project, brings a new shop into the marts."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from tests.helpers.project import REPOSITORY, Project, copy_project

PAGE = REPOSITORY / "docs" / "add-a-source.md"
BLOCK = re.compile(r"(?:`(?P<file>[\w/.]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture
def data(real_data: Path) -> Path:
    folder = real_data / "oracle_customer_orders"
    if not folder.is_dir():
        pytest.skip(f"the data set oracle_customer_orders is not in {real_data} (SLUICE_SHARED_DATA)")
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "copy")


def apply_diff(folder: Path, diff: str) -> None:
    """Put the lines with a plus behind the line before them, in vars.yml."""
    path = folder / "vars.yml"
    before, added = (line[1:] for line in diff.splitlines())
    text = path.read_text()
    assert text.count(before + "\n") == 1
    path.write_text(text.replace(before + "\n", f"{before}\n{added}\n"))


def follow(project: Project, data: Path) -> list[tuple[object, ...]]:
    """Do what the page says, block by block, and give what its last query answers."""
    answer: list[tuple[object, ...]] = []
    for block in BLOCK.finditer(PAGE.read_text()):
        file, kind, text = block["file"], block["kind"], block["text"]
        if file:
            (project.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (project.folder / file).write_text(text)
        elif kind == "diff":
            apply_diff(project.folder, text)
        elif kind == "sh":
            for line in text.splitlines():
                project.run(*line.split(), DATA=str(data))
        elif kind == "sql":
            answer = project.query(text)
    return answer


def test_the_page_brings_the_shop_into_the_marts(copy: Path, data: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "state", copy)
    answer = follow(project, data)
    with duckdb.connect() as connection:
        expected = connection.execute(f"""
            select 'oracle_customer_orders', count(distinct order_id), count(*), sum(quantity * unit_price::decimal(18, 2))
            from read_csv('{data}/order_items.csv.gz') as items join read_csv('{data}/orders.csv.gz') as orders using (order_id)
            where order_status = 'COMPLETE'
        """).fetchall()
    assert answer == expected
    assert expected[0][1] == 1892  # the data set's README


def test_no_mart_and_no_intermediate_model_had_to_change() -> None:
    changed = [block["file"] for block in BLOCK.finditer(PAGE.read_text()) if block["file"]]
    assert changed
    assert all(file.startswith(("feeds/", "models/staging/oracle_customer_orders/")) for file in changed)

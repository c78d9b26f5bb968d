"""What dbt reads from lake/ops is declared as it is written: the same columns, types and order."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lab.places import REPOSITORY
from sluice.history import ledger
from sluice.history.kinds import KINDS

FILES = [REPOSITORY / "models/staging" / name for name in ("ops/_ops__sources.yml", "history/_history__sources.yml")]
TABLES = [
    table
    for file in FILES
    for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    for table in source["tables"]
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["name"])
def test_a_source_has_the_columns_of_its_kind(table: dict[str, Any]) -> None:
    (kind,) = (kind for kind in KINDS if table["name"] == kind.TABLE)
    assert [(column["name"], column["data_type"]) for column in table["columns"]] == list(ledger.columns(kind).items())


def test_each_kind_has_a_table_of_its_own() -> None:
    assert len({kind.TABLE for kind in KINDS}) == len(KINDS)

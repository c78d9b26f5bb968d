"""What dbt reads from lake/ops is declared as it is written: the same columns, types and order."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lab.places import REPOSITORY
from sluice.history import ledger
from sluice.history.kinds import KINDS

SOURCES = yaml.safe_load((REPOSITORY / "models/staging/ops/_ops__sources.yml").read_text(encoding="utf-8"))["sources"]
TABLES = SOURCES[0]["tables"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["name"])
def test_a_source_has_the_columns_of_its_kind(table: dict[str, Any]) -> None:
    (kind,) = (kind for kind in KINDS if table["name"] == kind.TABLE)
    assert [(column["name"], column["data_type"]) for column in table["columns"]] == list(ledger.columns(kind).items())


def test_each_kind_has_a_table_of_its_own() -> None:
    assert len({kind.TABLE for kind in KINDS}) == len(KINDS)

"""Files whose names differ in numbers and dates are one raw table, and its glob finds them and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.ingest.files import find
from sluice.source.groups import groups


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("names", "tables"),
    [
        (["orders-2024-01.csv", "orders-2024-02.csv"], {"orders": 2}),
        (["orders20240101.csv.gz", "orders20240102.csv.gz"], {"orders": 2}),
        (["orders_1.jsonl", "orders_2.jsonl", "Order Items (3).jsonl"], {"orders": 2, "order_items": 1}),
        (
            ["orders-2024.csv", "orders-2025.csv", "orders-items-2024.csv", "orders-items-2025.csv"],
            {"orders": 2, "orders_items": 2},
        ),
        (["by_day/2024-01-01.csv", "by_day/2024-01-02.csv"], {"by_day": 2}),
        (["a/orders.csv", "b/orders.csv"], {"orders": 1, "orders_2": 1}),
        (["address.csv", "address2.csv"], {"address": 1, "address2": 1}),
        (["[old] orders 1.csv", "[old] orders 2.csv"], {"old_orders": 2}),
        (["[a]/orders 1.csv", "[a]/orders 2.csv"], {"orders": 2}),
        (["2K_rows.csv", "20K_rows.csv"], {"n2k_rows": 1, "n20k_rows": 1}),
    ],
)
def test_tables_and_their_globs(tmp_path: Path, names: list[str], tables: dict[str, int]) -> None:
    found, notes = groups([touched(tmp_path, *names)])
    assert ({group.table: len(group.paths) for group in found}, notes) == (tables, [])
    for group in found:
        assert tuple(find(group.pattern)) == group.paths


def test_what_is_given_by_name_is_taken_and_nothing_beside_it(tmp_path: Path) -> None:
    touched(tmp_path, "orders-2024-01.csv", "orders-2024-02.csv")
    (found,), _ = groups([tmp_path / "orders-2024-01.csv"])
    assert [path.name for path in find(found.pattern)] == ["orders-2024-01.csv"]


def test_other_files_are_passed_over_and_named(tmp_path: Path) -> None:
    _, notes = groups([touched(tmp_path, "a.csv", "README.md", "b.pdf")])
    assert notes == ["passed over, as no feed reads them: README.md, b.pdf"]


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="no file of a format"):
        groups([touched(tmp_path, "b.pdf")])
    with pytest.raises(SluiceError, match="not found"):
        groups([tmp_path / "gone.csv"])

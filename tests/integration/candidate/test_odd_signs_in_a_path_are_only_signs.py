"""A project, its lake and its warehouse below a folder with an apostrophe, quotes, blanks and more: a release as anywhere."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.candidates import make_shop, rows


def test_a_release_is_built_audited_and_published(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / """o'brien's "q" ünï; (1) & $x""")
    folder, record = shop.build()
    assert record.lake["raw/shop/sales"] == 0
    shop.sluice("audit", record.release_id)
    shop.sluice("publish")
    prod = shop.warehouse / "prod.duckdb"
    assert prod.resolve().parent.name == folder.name
    assert rows(prod, "select sum(sales), sum(amount) from core.rpt_shops") == [(10, 55.0)]

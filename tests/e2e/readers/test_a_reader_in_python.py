"""What docs/connect.md says of Python and SQLAlchemy holds, and so do its rules: read only, one release a connection."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import duckdb
import pytest

from lab.tiny_releases import ReleaseShop

Through = Callable[[Callable[[], int]], list[int]]
Block = Callable[..., str]
OPENED = "import duckdb, sys; c = duckdb.connect('warehouse/prod.duckdb', read_only=True); print(1, flush=True); sys.stdin.read()"


def printed(code: str) -> int:
    """The number that a block prints."""
    with redirect_stdout(io.StringIO()) as out:
        exec(code, {})  # noqa: S102  # it is what the page tells people to run
    return int(out.getvalue())


@pytest.mark.parametrize("heading", ["Python", "SQLAlchemy"])
def test_the_recipe_shows_each_release(heading: str, through_publishes: Through, block: Block) -> None:
    code = block(heading, "python")
    assert through_publishes(lambda: printed(code)) == [1, 4, 3]


def test_with_sqlalchemys_own_pool_it_would_not(shop: ReleaseShop, block: Block) -> None:
    shop.published()
    kept = block("SQLAlchemy", "python").replace(", poolclass=sqlalchemy.NullPool", "")
    names: dict[str, object] = {}
    again = kept[kept.index("with shop") :]
    with redirect_stdout(io.StringIO()) as out:
        exec(kept, names)  # noqa: S102
        shop.published()
        exec(again, names)  # noqa: S102
    assert out.getvalue().split() == ["1", "1"]


def test_a_connection_keeps_its_release(shop: ReleaseShop) -> None:
    shop.published()
    with duckdb.connect("warehouse/prod.duckdb", read_only=True) as old:
        shop.published()
        with duckdb.connect("warehouse/prod.duckdb", read_only=True) as new:
            for _ in range(2):
                assert [c.execute("select count(*) from core.fct_orders").fetchall() for c in (old, new)] == [[(1,)], [(2,)]]


def test_an_attached_release_is_renewed_by_attaching_again(shop: ReleaseShop) -> None:
    shop.published()
    with duckdb.connect() as session:
        for number in (1, 2):
            session.execute("attach 'warehouse/prod.duckdb' as prod (read_only)")
            assert session.execute("select count(*) from prod.core.fct_orders").fetchall() == [(number,)]
            session.execute("detach prod")
            shop.published()


def test_who_opens_it_to_write_is_shut_out_by_readers(shop: ReleaseShop) -> None:
    shop.published()
    with subprocess.Popen([sys.executable, "-c", OPENED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "1\n"
        with pytest.raises(duckdb.IOException, match="lock"):
            duckdb.connect("warehouse/prod.duckdb")
        reader.communicate()


def test_the_link_names_the_release(shop: ReleaseShop) -> None:
    release = shop.published()
    assert Path("warehouse/prod.duckdb").readlink() == Path("releases") / release / "warehouse.duckdb"

"""A command that needs a package of an extra, which is not installed, names the extra."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from sluice.charts.prove import report
from sluice.core import duck
from sluice.core.errors import SluiceError
from sluice.quality.expectations.quiet import quiet_gx
from sluice.store.s3 import Bucket


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a package seem not to be installed."""
    found = importlib.util.find_spec

    def hide(package: str) -> None:
        def find(name: str, parent: str | None = None) -> object:
            return None if name == package else found(name, parent)

        monkeypatch.setattr(importlib.util, "find_spec", find)
        monkeypatch.setattr("sluice.core.extras.find_spec", find)

    return hide


def enter_gx() -> None:
    with quiet_gx():
        raise AssertionError("it is not installed")


@pytest.mark.parametrize(
    ("package", "wanted", "use"),
    [
        ("great_expectations", "sluice-dataops[expectations]", enter_gx),
        ("numpy", "sluice-dataops[expectations]", lambda: report(100)),
        ("obstore", "sluice-dataops[s3]", lambda: Bucket("s3://bucket/prefix", Path("cache"))),
        ("duckdb_extension_excel", "sluice-dataops[feeds]", lambda: duck._link("excel")),
        ("duckdb_extension_httpfs", "sluice-dataops[s3]", lambda: duck._link("httpfs")),
    ],
)
def test_the_extra_is_named(without: Callable[[str], None], package: str, wanted: str, use: Callable[[], object]) -> None:
    without(package)
    with pytest.raises(SluiceError) as caught:
        use()
    assert caught.value.what.endswith(f"needs the package {package}, which is not installed")
    assert f"install '{wanted}' from the wheel" in caught.value.hint


def test_only_the_extensions_that_are_installed_are_linked(without: Callable[[str], None], tmp_path: Path) -> None:
    without("duckdb_extension_postgres")
    linked = {link.name for link in duck.link_extensions(tmp_path)}
    assert linked == {"delta.duckdb_extension", "excel.duckdb_extension", "httpfs.duckdb_extension"}
    assert {link.name for link in tmp_path.rglob("*.duckdb_extension")} == linked

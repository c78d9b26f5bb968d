"""The demo shop of one size that the benchmark works on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import yaml

from lab.bench.process import Cost, measure
from lab.places import BIN, REPOSITORY
from sluice.lake.contracts import load_contracts

# Orders of a shop at which only what needs its size is measured.
LARGE = 10_000_000


@dataclass(frozen=True)
class BenchShop:
    """Deliveries in `folder`; `lake` is filled by `fill_lake`; `state` is scratch."""

    folder: Path
    lake: Path
    state: Path
    orders: int

    def mib(self) -> int:
        """Size of the deliveries."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()) >> 20

    def fill_lake(self, env: Mapping[str, str]) -> Cost:
        """Ingest what is delivered into a fresh lake. One that was filled before and holds nothing else is used again."""
        if self._filled.exists():
            return Cost(**json.loads(self._filled.read_text(encoding="utf-8")))
        shutil.rmtree(self.lake, ignore_errors=True)
        cost = measure([str(BIN / "sluice"), "ingest", str(REPOSITORY / "feeds" / "demo.yml")], env)
        self._filled.write_text(json.dumps(asdict(cost)), encoding="utf-8")
        return cost

    def add_to_lake(self, env: Mapping[str, str]) -> Cost:
        """Ingest what is new."""
        self._filled.unlink(missing_ok=True)
        return measure([str(BIN / "sluice"), "ingest", str(REPOSITORY / "feeds" / "demo.yml")], env)

    @property
    def _filled(self) -> Path:
        return self.lake.with_suffix(".json")

    def feeds(self, kind: str) -> Path:
        """A feeds file of the CSV feeds as they are, or of the same files as Parquet (made once)."""
        path = self.folder.parent / f"{self.folder.name}_{kind}.yml"
        document = yaml.safe_load((REPOSITORY / "feeds" / "demo.yml").read_text())
        feeds = [feed for feed in document["feeds"] if feed["format"] == "csv"]
        for feed in feeds:
            feed["path"] = str(self.folder / feed["source"] / feed["table"] / "*.csv")
            if kind == "parquet":
                feed["format"], feed["path"] = "parquet", str(self._as_parquet(feed))
        path.write_text(yaml.safe_dump({"feeds": feeds}))
        return path

    def _as_parquet(self, feed: Mapping[str, str]) -> Path:
        contract = load_contracts(REPOSITORY)[f"{feed['source']}.{feed['table']}"]
        folder = self.folder.parent / f"{self.folder.name}_parquet" / feed["source"] / feed["table"]
        if not folder.exists():
            folder.mkdir(parents=True)
            types = {column.name: column.type for column in contract.columns}
            for path in sorted(Path(feed["path"]).parent.glob("*.csv")):
                duckdb.sql(f"copy (from read_csv('{path}', types = {types})) to '{folder / path.stem}.parquet'")
        return folder / "*.parquet"

    @contextmanager
    def without_last_day(self) -> Iterator[None]:
        """Hide the deliveries of the last day of orders."""
        last = max(path.name.split(".")[0] for path in (self.folder / "shop" / "orders").iterdir())
        hidden = self.folder.parent / f"{self.folder.name}_last_day"
        moved = []
        for path in self.folder.glob(f"*/*/{last}*"):
            target = hidden / path.relative_to(self.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            moved.append((target, path))
        try:
            yield
        finally:
            for target, path in moved:
                target.rename(path)


def make_shop(orders: int, days: int, root: Path) -> tuple[BenchShop, Cost | None]:
    """The shop of that size, and the cost of generating it; None if it already existed."""
    folder = root / f"{orders}x{days}"
    shop = BenchShop(folder, root / f"{orders}x{days}_lake", root / f"{orders}x{days}_state", orders)
    if folder.exists():
        return shop, None
    root.mkdir(parents=True, exist_ok=True)
    command = [
        str(BIN / "sluice"),
        "demo",
        "--orders",
        str(orders),
        "--days",
        str(days),
        "--faults",
        "none",
        "--out",
        str(folder),
    ]
    return shop, measure(command, {"PATH": "/usr/bin:/bin"})

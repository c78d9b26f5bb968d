"""A demo shop with three nights: two are published, and in the third the exchange rates of the day are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.places import BIN, REPOSITORY

NIGHTS = ("2025-02-27", "2025-02-28")  # those that come after the first one, and the second one is refused
ORDERS, DAYS = 4000, 60


@dataclass(frozen=True)
class Shop:
    """Its state is below `root`; the project is this checkout."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of commands on it."""
        own = {
            "SLUICE_LAKE": str(self.root / "lake"),
            "SLUICE_WAREHOUSE": str(self.root / "warehouse"),
            "DBT_TARGET_PATH": str(self.root / "target"),
            "DBT_LOG_PATH": str(self.root / "logs"),
            "DEMO": str(self.root / "demo"),
            "PYTHONPATH": str(REPOSITORY / "scripts"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "SLUICE_ACTOR": "job:nightly",
        }
        return {**os.environ, **own}

    def sluice(self, *words: str, codes: Sequence[int] = (0,)) -> str:
        """What a command prints."""
        done = subprocess.run(
            [str(BIN / "sluice"), *words], cwd=REPOSITORY, env=self.environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode not in codes:
            raise SystemExit(f"sluice {' '.join(words)} ended with {done.returncode}")
        return done.stdout


def made(root: Path) -> tuple[Shop, str]:
    """The shop after its nights, and what the refused one printed; a folder that holds it already is taken as it is."""
    shop, said = Shop(root), root / "refused.txt"
    if said.is_file():
        return shop, said.read_text(encoding="utf-8")
    root.mkdir(parents=True, exist_ok=True)
    demo, later = root / "demo", root / "later"
    shop.sluice("demo", "--orders", str(ORDERS), "--days", str(DAYS), "--faults", "none", "--out", str(demo))
    for day in (*NIGHTS, "2025-03-01"):
        _move(demo, later / day, day)
    shop.sluice("setup")
    shop.sluice("run", "feeds/demo.yml")
    _back(later / NIGHTS[0], demo)
    shop.sluice("run", "feeds/demo.yml")
    _back(later / NIGHTS[1], demo)
    (demo / "fx" / "rates" / f"{NIGHTS[1]}.csv").unlink()
    text = shop.sluice("run", "feeds/demo.yml", codes=(1,))
    said.write_text(text, encoding="utf-8")
    return shop, text


def _move(demo: Path, aside: Path, day: str) -> None:
    for file in sorted(demo.rglob(f"{day}*")):
        place = aside / file.relative_to(demo)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)


def _back(aside: Path, demo: Path) -> None:
    shutil.copytree(aside, demo, dirs_exist_ok=True)

"""The followed series: how the newest audit found each of them, and its points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import Any

from sluice.core.duck import literal
from sluice.quality.charts.result import POINTS
from sluice.site.context import Site

MOST = 90  # points of a small chart
_ORDER = {"fail": 0, "warn": 1, "look": 2, "pass": 3, "not_run": 4}
_WORDS = {
    "fail": "blocks", "warn": "warns", "look": "look at it", "pass": "as usual", "not_run": "too short to be judged",
}  # fmt: skip
_KINDS = {"fail": "bad", "warn": "warn", "look": "warn", "pass": "good", "not_run": "quiet"}


@dataclass(frozen=True)
class Series:
    """A series: `found` is what the audit says of it, `drawn` its small chart and figures. `number` names it on the page."""

    number: int
    metric: str
    kind: str
    state: str
    found: Mapping[str, Any]
    drawn: Mapping[str, Any]

    @property
    def word(self) -> str:
        """How it stands."""
        return _WORDS[self.state]

    @property
    def css(self) -> str:
        """The class of that word."""
        return _KINDS[self.state]

    @property
    def relation(self) -> str:
        """What it is measured of."""
        return str(self.found.get("relation") or self.metric.rpartition(".")[0])

    @property
    def measure(self) -> str:
        """What is measured."""
        return self.metric.removeprefix(f"{self.relation}.").partition("{")[0]

    @property
    def of(self) -> str:
        """The values that tell it from others; nothing where it is of all rows."""
        return self.metric.removeprefix(f"{self.relation}.").partition("{")[2].removesuffix("}")


def read(site: Site) -> list[Series]:
    """All series of the newest audit, the most troubled first; as the table `followed_points` in the connection."""
    judged = site.judged
    if judged is None or not (judged.folder / "audit" / POINTS).is_file():
        return []
    site.db.execute(f"""
        create or replace temp table followed_points as
        select *, if(kind in ('p', 'u'), value / denominator, value) as plotted
        from read_parquet({literal(str(judged.folder / "audit" / POINTS))})
        order by metric, measured_at
    """)
    text = files("sluice.site.health").joinpath("points.sql").read_text(encoding="utf-8")
    drawn = {one["metric"]: one for one in site.rows(Template(text).substitute(most=MOST))}
    kinds = {one["metric"]: one["kind"] for one in site.rows("select distinct metric, kind from followed_points")}
    found = _found(judged.report.read_text(encoding="utf-8")) if judged.report.is_file() else {}
    ordered = sorted(drawn, key=lambda metric: _rank(found.get(metric, {}), drawn[metric], metric))
    return [
        Series(number, metric, kinds[metric], _state(found.get(metric, {})), found.get(metric, {}), drawn[metric])
        for number, metric in enumerate(ordered)
    ]


def _found(text: str) -> dict[str, Mapping[str, Any]]:
    return {one["metric"]: one for one in (json.loads(text).get("charts") or {}).get("series") or []}


def _state(found: Mapping[str, Any]) -> str:
    status = str(found.get("status") or "pass")
    return "look" if status == "pass" and found.get("worst") else status if status in _ORDER else "pass"


def _rank(found: Mapping[str, Any], drawn: Mapping[str, Any], metric: str) -> tuple[Any, ...]:
    """How it stands; then the newest signal, the strongest, the most."""
    state = _state(found)
    signalled = drawn["signalled_at"]
    ago = (drawn["last_at"] - signalled).total_seconds() if isinstance(signalled, datetime) else float("inf")
    strength = float((found.get("worst") or {}).get("strength") or 0)
    return (_ORDER[state], -strength, ago, -drawn["signals"], metric)

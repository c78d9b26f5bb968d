"""What models take: the newest build as it went, the longest chain, the slowest, and the seconds behind each mart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

from sluice.core import public
from sluice.page.document import code, table
from sluice.site import drawn, parts
from sluice.site.context import Site
from sluice.site.parts import Tile
from sluice.site.pipeline.paths import Chain, longest, made_from

SLOWEST = 25
BARS = 40  # of the newest build, the models that took longest

_NEWEST = """
    select unique_id, name, kind, started_at, seconds, status
    from nodes
    where environment = ? and started_at is not null and kind in ('model', 'seed', 'snapshot')
        and invocation_id = (select arg_max(invocation_id, started_at) from nodes where environment = ? and kind = 'model')
    order by started_at
"""


@dataclass(frozen=True)
class Models:
    """What each model takes, who is made from whom, and the longest chain that ends in each."""

    known: Mapping[str, dict[str, Any]]
    parents: Mapping[str, Sequence[str]]
    chains: Mapping[str, Chain]
    newest: Sequence[dict[str, Any]]

    @property
    def critical(self) -> Chain | None:
        """The longest chain of all."""
        return max(self.chains.values(), key=lambda one: one.seconds, default=None)


def read(site: Site) -> Models:
    """From the builds of the environment."""
    text = files("sluice.site.pipeline").joinpath("nodes.sql").read_text(encoding="utf-8")
    known = {one["unique_id"]: one for one in site.rows(text, {"environment": site.environment})}
    parents = {
        name: [one for one in (node.get("depends_on") or {}).get("nodes") or [] if one in known]
        for name, node in site.manifest["nodes"].items()
        if name in known
    }
    chains = longest({name: float(one["seconds"]) for name, one in known.items()}, parents)
    return Models(known, parents, chains, site.rows(_NEWEST, [site.environment, site.environment]))


def tiles(models: Models) -> list[Tile]:
    """The longest chain, and the slowest model."""
    critical = models.critical
    if critical is None:
        return []
    slowest = max(models.known.values(), key=lambda one: float(one["seconds"]))
    whole = sum(float(one["seconds"]) for one in models.known.values())
    return [
        Tile(
            "Critical path", parts.seconds(critical.seconds), f"{len(critical.nodes)} models of {len(models.known)}", "", "#path"
        ),
        Tile("Slowest model", escape(slowest["name"]), parts.seconds(slowest["seconds"]), "", "#slowest"),
        Tile("All models", parts.seconds(whole), "one after the other"),
    ]


def sections(site: Site, models: Models) -> list[str]:
    """All of it; nothing where nothing was built."""
    return [_build(models), _path(models), _slowest(models), _marts(site, models)]


def _path(models: Models) -> str:
    critical = models.critical
    if critical is None:
        return ""
    most = max(float(models.known[name]["seconds"]) for name in critical.nodes)
    rows = [
        [
            code(models.known[name]["relation"] or models.known[name]["name"]),
            f"{float(models.known[name]['seconds']):.2f}",
            drawn.bar(float(models.known[name]["seconds"]), most),
        ]
        for name in critical.nodes
    ]
    said = "The chain of models that takes longest: with any number of threads, the last of them is not there sooner."
    head = ["model, in the order of the build", "seconds", ""]
    return parts.section("Critical path", parts.said(said), table(head, rows, numbers=(1,), name="Critical path"), anchor="path")


def _slowest(models: Models) -> str:
    found = sorted(models.known.values(), key=lambda one: -float(one["seconds"]))[:SLOWEST]
    rows = [
        [
            code(one["relation"] or one["name"]), f"{float(one['seconds']):.2f}",
            f"{float(one['usual_seconds']):.2f}" if one["usual_seconds"] is not None else "",
            _change(one), drawn.spark(one["trend"], _trend(one), width=120, height=24), str(one["builds"]),
            parts.when(one["made_at"]),
        ]
        for one in found
    ]  # fmt: skip
    head = ["model", "seconds", "usually", "", "over its builds", "builds", "made last"]
    return parts.section("Slowest models", table(head, rows, numbers=(1, 2, 5), name="Slowest models"), anchor="slowest")


def _change(one: Mapping[str, Any]) -> str:
    usual = one["usual_seconds"]
    if not usual or float(one["seconds"]) < 1 or float(one["seconds"]) <= 1.5 * float(usual):
        return ""
    return f'<span class="warn">{float(one["seconds"]) / float(usual):.1f} times the usual</span>'


def _trend(one: Mapping[str, Any]) -> str:
    trend = one["trend"]
    return f"{one['name']}: {len(trend)} builds, from {min(trend):.2f} to {max(trend):.2f} seconds"


def _marts(site: Site, models: Models) -> str:
    """Of each public model, what it takes itself, with everything that it is made from, and the chain that it waits for."""
    known = public.nodes(site.manifest)
    found = [name for name in models.known if name in known and name in models.parents]
    totals = {
        name: sum(float(models.known[one]["seconds"]) for one in made_from(name, models.parents) if one in models.known)
        for name in found
    }
    most = max(totals.values(), default=0.0)
    rows = [
        [
            code(models.known[name]["relation"] or models.known[name]["name"]), f"{totals[name]:.2f}",
            drawn.bar(totals[name], most),
            f"{float(models.known[name]['seconds']):.2f}", f"{models.chains[name].seconds:.2f}",
            str(len(made_from(name, models.parents))),
        ]
        for name in sorted(found, key=lambda name: -totals[name])
    ]  # fmt: skip
    said = "What a mart costs, with everything that it is made from. Marts share models, so the sums overlap."
    head = ["mart", "seconds with all before it", "", "its own", "longest chain", "models"]
    return parts.section("Seconds per mart", parts.said(said), table(head, rows, numbers=(1, 3, 4, 5), name="Seconds per mart"))


def _build(models: Models) -> str:
    """The newest build, a bar for each model from its start to its end."""
    found = [one for one in models.newest if one["seconds"] is not None]
    if not found:
        return ""
    begun = min(one["started_at"] for one in found)
    critical = set(models.critical.nodes) if models.critical else set()
    shown = sorted(sorted(found, key=lambda one: -float(one["seconds"]))[:BARS], key=lambda one: one["started_at"])
    ended = max(_start(one, begun) + float(one["seconds"]) for one in found) or 1.0
    bars = "".join(_bar(number, one, begun, ended, one["unique_id"] in critical) for number, one in enumerate(shown))
    height = 16 * len(shown) + 22
    told = f"{len(found)} models in {parts.seconds(ended)}; the {len(shown)} that took longest are drawn from start to end."
    scale = "".join(
        f'<text x="{250 + 560 * part:.0f}" y="{height - 4}" text-anchor="middle">{escape(parts.seconds(ended * part))}</text>'
        for part in (0.0, 0.5, 1.0)
    )
    picture = (
        f'<svg class="wide" role="img" aria-label="{escape(told, quote=True)}" viewBox="0 0 840 {height}">{bars}{scale}</svg>'
    )
    rows = [
        [code(one["name"]), f"{_start(one, begun):.2f}", f"{float(one['seconds']):.2f}", escape(one["status"])] for one in found
    ]
    head = ["model", "began after (s)", "took (s)", "ended"]
    about = f"{told} Models of the critical path are darker."
    listed = parts.figure(f"The build of {begun:%Y-%m-%d %H:%M} UTC", picture, head, rows, about=about, numbers=(1, 2))
    return parts.section("The newest build", listed, anchor="build")


def _start(one: Mapping[str, Any], begun: datetime) -> float:
    passed = one["started_at"] - begun
    return float(passed.total_seconds())


def _bar(number: int, one: Mapping[str, Any], begun: datetime, ended: float, is_critical: bool) -> str:
    y = 16 * number
    x = 250 + 560 * _start(one, begun) / ended
    wide = max(1.5, 560 * float(one["seconds"]) / ended)
    kind = "after" if is_critical else "before"
    name = str(one["name"])
    short = name if len(name) <= 36 else name[:35] + "…"
    return (
        f'<text class="name" x="244" y="{y + 12}" text-anchor="end">{escape(short)}</text>'
        f'<rect class="{kind}" x="{x:.1f}" y="{y + 3}" width="{wide:.1f}" height="10"/>'
    )

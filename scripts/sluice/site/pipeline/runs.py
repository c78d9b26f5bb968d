"""The runs of the environment over time: a bar for each, divided by steps."""

from __future__ import annotations

from html import escape
from statistics import median
from typing import Any

from sluice.page.document import table
from sluice.site import parts
from sluice.site.context import Site
from sluice.site.parts import Tile

MOST = 60
STEPS = ("ingest", "build", "audit", "publish")
_RUNS = f"""
    select
        nights.*,
        {", ".join(f"coalesce(sum(steps.seconds) filter (step = '{name}'), 0) as {name}" for name in STEPS)},
        coalesce(sum(steps.seconds), 0) as in_steps
    from nights
    left join steps on nights.run_id = steps.run_id and coalesce(steps.environment, $1) = $1
    group by all
    order by nights.started_at desc
    limit {MOST}
"""


def read(site: Site) -> list[dict[str, Any]]:
    """The newest runs, the oldest of them first."""
    return site.rows(_RUNS, [site.environment])[::-1]


def tiles(runs: list[dict[str, Any]]) -> list[Tile]:
    """What the newest run took, beside what runs usually take."""
    if not runs:
        return []
    last, others = runs[-1], [run["seconds"] for run in runs[:-1] if run["outcome"] == "done"]
    usual = median(others) if others else None
    slow = usual is not None and last["seconds"] > 1.5 * usual
    note = f"usually {parts.seconds(usual)}" if usual is not None else "the first run"
    longest = max(STEPS, key=lambda step: float(last[step]))
    share = f"{100 * last[longest] / last['seconds']:.0f} % of the run" if last["seconds"] else ""
    return [
        Tile("Last run took", parts.seconds(last["seconds"]), note, "warn" if slow else "good"),
        Tile("Longest step", escape(longest), f"{parts.seconds(last[longest])}, {share}"),
    ]


def section(runs: list[dict[str, Any]]) -> str:
    """The chart and its table."""
    if not runs:
        return ""
    head = ["run", "outcome", "took", *STEPS, "why"]
    rows = [
        [
            parts.when(run["started_at"]), parts.verdict(run["outcome"]), parts.seconds(run["seconds"]),
            *(parts.seconds(run[step]) for step in STEPS), escape(run["detail"] or ""),
        ]
        for run in reversed(runs)
    ]  # fmt: skip
    drawn = _bars(runs)
    listed = parts.figure("Seconds of each run, by step", drawn, head, rows, about=_key(), numbers=(2, 3, 4, 5, 6))
    return parts.section("Runs", listed, anchor="runs")


def _key() -> str:
    return f"the last {MOST} runs at most; a cross marks one that did not publish"


def _bars(runs: list[dict[str, Any]]) -> str:
    """Bars side by side; each step has a class of its own."""
    width, height = 820, 190
    most = max(max(float(run["seconds"]), float(run["in_steps"])) for run in runs) or 1.0
    wide = min(60.0, (width - 80) / len(runs))
    drawn = []
    for number, run in enumerate(runs):
        x, y = 76 + number * wide, 160.0
        for step in STEPS:
            tall = 145 * float(run[step]) / most
            y -= tall
            drawn.append(f'<rect class="{step}" x="{x:.1f}" y="{y:.1f}" width="{wide * 0.8:.1f}" height="{tall:.1f}"/>')
        if run["outcome"] != "done":
            drawn.append(f'<text class="name" x="{x + wide * 0.4:.1f}" y="{y - 4:.1f}" text-anchor="middle">✕</text>')
    scale = "".join(
        f'<path class="axis" d="M72 {160 - 145 * part:.1f}H{width}"/>'
        f'<text x="68" y="{164 - 145 * part:.1f}" text-anchor="end">{escape(parts.seconds(most * part))}</text>'
        for part in (0.0, 0.5, 1.0)
    )
    first, last = (f"{run['started_at']:%Y-%m-%d}" for run in (runs[0], runs[-1]))
    end = 76 + len(runs) * wide
    days = f'<text x="76" y="180">{first}</text>' + (
        f'<text x="{end:.0f}" y="180" text-anchor="end">{last}</text>' if len(runs) > 3 else ""
    )
    keys = "".join(
        f'<span><svg width="12" height="12" aria-hidden="true"><rect class="{step}" width="12" height="12"/></svg>{step}</span>'
        for step in STEPS
    )
    told = f"{len(runs)} runs from {first} to {last}; the newest took {parts.seconds(runs[-1]['seconds'])}."
    return (
        f'<div class="key">{keys}</div>'
        f'<svg class="wide" role="img" aria-label="{escape(told, quote=True)}" viewBox="0 0 {width} {height}">'
        f"{scale}{''.join(drawn)}{days}</svg>"
    )


def feeds(site: Site) -> str:
    """What ingest took for each feed in the newest run that had some."""
    rows = site.rows("""
        select feed, sum(seconds) as seconds, sum(rows_read)::bigint as rows, sum(bytes_read)::bigint as bytes
        from batches
        where run_id = (select arg_max(run_id, loaded_at) from batches)
        group by feed
        order by seconds desc
    """)
    found = [[escape(one["feed"]), parts.seconds(one["seconds"]), f"{one['rows']:,}", f"{one['bytes']:,}"] for one in rows]
    return parts.section("Feeds", table(["feed", "took", "rows read", "bytes"], found, numbers=(1, 2, 3), name="Feeds"))

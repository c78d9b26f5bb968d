"""What is downstream of a change, in lines of text and of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.core.markdown import code, plain
from sluice.core.text import plural
from sluice.lineage.downstream import Downstream, Reached

_ROWS = 60


def downstream_text(downstream: Downstream) -> Iterator[str]:
    """Models, exposures and owners, one a line."""
    for title, found in (("downstream models", downstream.models), ("exposures", downstream.exposures)):
        if found:
            yield ""
            yield f"{title}:"
            for one in found:
                owner = f" [{one.owner}]" if one.owner else ""
                yield f"  {one.name}{owner}: {reached(one)}"
    if downstream.untraced:
        yield ""
        yield "not followed column by column (everything of them counts as reached):"
        yield from (f"  {name}: {why}" for name, why in downstream.untraced)
    if downstream.owners:
        yield ""
        yield f"owners: {', '.join(downstream.owners)}"


def downstream_markdown(downstream: Downstream) -> Iterator[str]:
    """Exposures and owners in the open, models folded away."""
    if downstream.exposures:
        yield from ["", "**Read by**", ""]
        for one in downstream.exposures[:_ROWS]:
            yield f"- {plain(one.name)}{f' ({plain(one.owner)})' if one.owner else ''}: {plain(reached(one))}"
    if downstream.owners:
        yield from ["", f"**Owners:** {plain(', '.join(downstream.owners))}"]
    if downstream.models:
        count = plural(len(downstream.models), "model")
        yield from ["", f"<details><summary>Downstream: {count}</summary>", ""]
        for one in downstream.models[:_ROWS]:
            yield f"- {code(one.name)}: {plain(reached(one))}"
        if len(downstream.models) > _ROWS:
            yield f"- … and {len(downstream.models) - _ROWS} more"
        for name, why in downstream.untraced[:_ROWS]:
            yield f"- not followed column by column: {code(name)}: {plain(why)}"
        yield from ["", "</details>"]


def reached(found: Reached) -> str:
    """What of something downstream changes, and through what."""
    what = "its rows" if found.rows else ", ".join(found.columns)
    if found.kind == "exposure":
        return f"reads {'; '.join(found.why)}"
    doubt = "" if found.is_traced else " (by model: its columns could not be followed)"
    return f"{what}, through {', '.join(found.why[:4])}{' …' if len(found.why) > 4 else ''}{doubt}"

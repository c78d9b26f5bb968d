"""An incident in words: what it is called, and what to do next."""

from __future__ import annotations

import shlex

from sluice.alerts.cause import Cause
from sluice.alerts.finding import ERROR, Finding
from sluice.alerts.kin import Kin
from sluice.core.text import plural


def title_of(cause: Cause, kin: Kin) -> str:
    """The first finding in a sentence, and how many follow; where the root itself shows nothing, what it is the root of."""
    first = cause.findings[0]
    rest = len(cause.findings) - 1
    more = f" (and {plural(rest, 'finding')} more)" if rest else ""
    if first.node != cause.root and len({one.node for one in cause.findings}) > 1:
        return f"something upstream, at {kin.label(cause.root)} or before: {first.sentence}{more}"
    return first.sentence + more


def next_step(cause: Cause, kin: Kin, again: str, release_id: str | None) -> str:
    """What to do, with the exact command; `again` runs the whole run again."""
    first = cause.findings[0]
    name = kin.label(first.node)
    match first.kind:
        case "refused":
            return f"have {name} delivered again as its contract says, then: {again}"
        case "late":
            return f"ask for the delivery of {name}, then: {again}"
        case "model" | "unit_test":
            return f"fix {name}, then: {again}"
        case "step":
            return first.next_step or again
    return _answer(first, name, release_id)


def _answer(finding: Finding, name: str, release_id: str | None) -> str:
    if release_id is None:
        return f"look at the rows: sluice audit; the model is {name}"
    if finding.severity != ERROR:
        return f"look at it: sluice audit {release_id}"
    check = finding.check if finding.kind == "data_test" else f"{name.rpartition('.')[2]}.{finding.check}"
    ack = f'sluice ack {shlex.quote(check)} --release {release_id} --why "..."'
    return f"look at it: sluice audit {release_id}; if it is a false alarm: {ack}"

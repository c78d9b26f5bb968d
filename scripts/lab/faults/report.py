"""The score for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from lab.faults.run import Score
from lab.faults.verdict import CleanDays, FaultVerdict


def as_json(score: Score) -> str:
    """For machines."""
    return json.dumps({**asdict(score), "totals": totals(score)}, indent=2) + "\n"


def totals(score: Score) -> dict[str, int]:
    """The figures that sum it up. `uncaught`: neither caught nor harmless; `in_marts`: published with bad data."""
    verdicts = score.verdicts
    return {
        "faults": len(verdicts),
        "caught": sum(verdict.place not in ("none", "harmless") for verdict in verdicts),
        "harmless": sum(verdict.place == "harmless" for verdict in verdicts),
        "uncaught": sum(verdict.place == "none" for verdict in verdicts),
        "in_marts": sum(bool(verdict.reached) for verdict in verdicts),
        "not_as_promised": sum(not verdict.is_as_promised for verdict in verdicts),
        "alerts": sum(verdict.alerts for verdict in verdicts),
        "alerting": sum(verdict.alerts > 0 for verdict in verdicts),
        "clean_days": score.clean.days,
        "blocking_false_alarms": sum(score.clean.blocking.values()),
        "warning_false_alarms": sum(score.clean.warning.values()),
    }


def as_text(score: Score) -> str:
    """A table of 120 columns or so, what is not as promised, false alarms, and the sum."""
    lines = [f"{'fault':34} {'caught':11} {'bad':>5} {'lost':>5} {'held':>5} {'gate':5} {'in marts':8} by"]
    lines += [_line(verdict) for verdict in score.verdicts]
    lines += [_complaint(verdict) for verdict in score.verdicts if not verdict.is_as_promised]
    return "\n".join([*lines, "", *_alarms(score.clean), _sum(score)])


def _line(verdict: FaultVerdict) -> str:
    mark = " " if verdict.is_as_promised else "!"
    by = ", ".join(verdict.by)
    return (
        f"{mark}{verdict.id:33} {verdict.place:11} {verdict.bad_rows:>5} {verdict.lost_rows:>5} {verdict.held_rows:>5}"
        f" {'stop' if verdict.is_blocked else 'go':5} {'YES' if verdict.reached else 'no':8} {by[:60]}"
    ).rstrip()


def _complaint(verdict: FaultVerdict) -> str:
    reached = f", bad rows in {', '.join(verdict.reached)}" if verdict.reached else ""
    return f"not as promised: {verdict.id}: expected {verdict.aim}, found {verdict.place}{reached}"


def _alarms(clean: CleanDays) -> list[str]:
    kinds = (("stopped", clean.blocking), ("warned", clean.warning), ("held rows", clean.holding))
    found = [f"false alarm: {name} {word} {days} of {clean.days} days" for word, names in kinds for name, days in names.items()]
    return [f"{clean.days} clean days: {'no alarm' if not found else ''}".rstrip(": "), *found]


def _sum(score: Score) -> str:
    found = totals(score)
    return (
        f"{found['faults']} faults: {found['caught']} caught, {found['harmless']} harmless and accepted, {found['uncaught']} not"
        f" caught, {found['in_marts']} with bad data in a mart; corpus {score.version}, {score.seconds:.0f} s"
    )


_LEGEND = (
    "Caught: the first stage that detected the fault (ingest: rejected at ingestion; quarantine: a business rule held the"
    " row; test: a dbt test; expectation: one of the audit; chart: a control chart of the audit; harmless: accepted, and the"
    " marts are the same as without it). After: bad or lost rows that had been accepted when it was detected. Bad: rows"
    " delivered bad; lost: rows not delivered; held: bad rows kept out. Gate: stop; or go, because the bad rows are held or"
    " because the check only warns. In marts: whether a mart that would be published differs from one built without the bad"
    " rows."
)


def _how(score: Score) -> str:
    size = score.size
    return (
        f"Each fault of the corpus (`scripts/lab/faults/corpus`, version {score.version}) is injected into the last day of a"
        f" clean demo ({size.orders:,} orders, {size.days} days, seed {size.seed}), a drift into the last days; then ingest, dbt"
        " build and audit run as they do in the nightly run."
    )


def _in_bold(score: Score) -> str:
    found = totals(score)
    return (
        f"**{found['faults']} faults: {found['caught']} caught, {found['harmless']} harmless and accepted as they should be,"
        f" {found['uncaught']} not caught; {found['in_marts']} with bad data in a mart that would be published.**"
        f" {found['alerts']} alerts for the {found['alerting']} faults that anybody is alerted to: what follows from another"
        f" finding by lineage is in its alert. {found['clean_days']} clean days: {found['blocking_false_alarms']} blocking and"
        f" {found['warning_false_alarms']} warning false alarms."
    )


def as_markdown(score: Score, command: str) -> str:
    """A page for docs/: how it was made, the sum, one table per kind, what is open, false alarms."""
    lines = [
        "# What the checks catch",
        "",
        f"Written by `{command}`; do not edit.",
        "",
        _how(score),
        "",
        _in_bold(score),
        "",
        _LEGEND,
    ]
    for kind in dict.fromkeys(verdict.kind for verdict in score.verdicts):
        lines += ["", f"## {kind.capitalize()}", "", *_table([v for v in score.verdicts if v.kind == kind])]
    return "\n".join([*lines, *_open(score.verdicts), *_alarms_section(score.clean)]) + "\n"


def _table(verdicts: Sequence[FaultVerdict]) -> list[str]:
    head = "| fault | what | caught | after | bad | lost | held | gate | in marts | by |"
    return [head, "| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- | --- |", *map(_row, verdicts)]


def _row(verdict: FaultVerdict) -> str:
    after = "" if verdict.after_rows is None else f"{verdict.after_rows:,}"
    after += f" (day {verdict.after_days})" if verdict.after_days > 1 and after else ""
    by = "<br>".join(_cell(name) for name in verdict.by[:3]) + (
        f"<br>and {len(verdict.by) - 3} more" if len(verdict.by) > 3 else ""
    )
    cells = (
        f"`{verdict.id}`", _cell(verdict.says), verdict.place, after, str(verdict.bad_rows), str(verdict.lost_rows),
        str(verdict.held_rows), "stop" if verdict.is_blocked else "go", "**yes**" if verdict.reached else "no", by,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    short = text if len(text) <= 110 else text[:107] + "..."
    return short.replace("|", "\\|").replace("\n", " ")


def _open(verdicts: Sequence[FaultVerdict]) -> list[str]:
    found = [verdict for verdict in verdicts if verdict.place == "none" or verdict.reached or not verdict.is_as_promised]
    if not found:
        return ["", "## Open", "", "Nothing."]
    lines = [f"- `{verdict.id}`: {_why_open(verdict)}" for verdict in found]
    return ["", "## Open", "", *lines]


def _why_open(verdict: FaultVerdict) -> str:
    what = "not caught" if verdict.place == "none" else f"detected ({verdict.place}), but not stopped"
    where = f"; it is in {', '.join(verdict.reached)}" if verdict.reached else ""
    return f"{what}{where}. {verdict.but}".strip()


def _alarms_section(clean: CleanDays) -> list[str]:
    kinds = (("blocks", clean.blocking), ("warns", clean.warning), ("holds rows", clean.holding))
    lines = [f"- {name}: {word} on {days} days" for word, names in kinds for name, days in names.items()]
    return ["", "## False alarms", "", f"Of {clean.days} clean days, one after another:", "", *(lines or ["- none"])]

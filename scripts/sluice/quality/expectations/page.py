"""An audit as one page: every check as a claim with what was seen, dbt's tests beside them, and whose they are.

What does not hold comes first; then every model with all of its checks, folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.dbt import Ending
from sluice.core.errors import SluiceError
from sluice.core.manifest import is_relation, owners_of_groups, relation_of
from sluice.core.text import moment, plural
from sluice.core.text import value as shortened
from sluice.page import charts
from sluice.page.document import code, document, facts, folded, marked, table
from sluice.quality import dbt_results
from sluice.quality.charts import page as chart_page
from sluice.quality.charts.result import POINTS
from sluice.quality.dbt_results import KINDS, Ended
from sluice.quality.expectations import words
from sluice.quality.expectations.result import AuditReport, CheckResult
from sluice.store.record import Acknowledgement, Record

PAGE = "index.html"
_NO_MODEL = "no model"
# How a check ended -> the word for it and its kind; in the order in which people want them.
_ENDINGS = {
    "fail": ("failed", "bad"),
    "error": ("not judged", "bad"),
    "acknowledged": ("acknowledged", "warn"),
    "not_run": ("not run", "warn"),
    "warn": ("warned", "warn"),
    "pass": ("passed", "good"),
}
_ORDER = list(_ENDINGS)


@dataclass(frozen=True)
class Entry:
    """One check or test on the page. Cells are HTML; `more` is what is shown below it where it does not hold."""

    ending: str
    relation: str
    claim: str
    kind: str
    expected: str
    seen: str
    more: str = ""
    acknowledged: Acknowledgement | None = None


def write(folder: Path, report: AuditReport, artifacts: Path, name: str, record: Record | None = None) -> Path:
    """Write the page of an audit of what `name` means into a folder. dbt's results are those in `artifacts`.

    Raises SluiceError where the folder cannot be written, or holds something that is not such a page.
    """
    place = folder / PAGE
    try:
        if folder.exists() and not folder.is_dir():
            raise SluiceError("it is not a folder", where=str(folder), hint="name a new or an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
        others = [one.name for one in folder.iterdir() if one.name not in (PAGE, "audit.json", POINTS)]
        if others:
            what = f"the folder contains something other than the page of an audit: {min(others)}"
            raise SluiceError(what, where=str(folder), hint="name a new or an empty folder")
        manifest = dbt.artifact(artifacts, "manifest.json")
        place.write_text(page(report, manifest, _run(artifacts, manifest), name, record), encoding="utf-8")
    except OSError as error:
        raise SluiceError(f"the page of the audit cannot be written: {error.strerror}", where=str(folder)) from error
    return place


def _run(artifacts: Path, manifest: Mapping[str, Any]) -> Sequence[Ended]:
    """How each node of the last dbt run ended; nothing if that is not known, which the report says."""
    try:
        return dbt_results.ended(dbt.artifact(artifacts, "run_results.json"), manifest)
    except SluiceError:
        return ()


def page(report: AuditReport, manifest: Mapping[str, Any], run: Sequence[Ended], name: str, record: Record | None = None) -> str:
    """The page."""
    answered = {one.check: one for one in record.acknowledged} if record else {}
    entries = [*_of_checks(report, answered), *_of_charts(report, answered), *_of_dbt(report, run, answered)]
    owners = _owners(manifest)
    bad = sorted((one for one in entries if one.ending != "pass"), key=lambda one: (_ORDER.index(one.ending), one.relation))
    return document(
        f"Audit of {name}",
        [
            f"<h1>Audit of {escape(name)}</h1>",
            f'<p class="lead"><strong>{escape(_verdict(report, entries))}</strong></p>',
            _subject(report, record),
            _counts(entries),
            *(f'<p><span class="warn">note</span> {escape(remark)}</p>' for remark in report.dbt.remarks),
            f'<h2 id="look">What needs a look ({len(bad)})</h2>' if bad else "",
            *(_shown(one, owners) for one in bad),
            *chart_page.looks(report.charts),
            *_acknowledged(answered, bad),
            *_models(entries, owners),
        ],
    )


def _verdict(report: AuditReport, entries: Sequence[Entry]) -> str:
    if report.count("error"):
        return f"{plural(report.count('error'), 'check')} could not be judged."
    failed = sum(one.ending in ("fail", "error") for one in entries)
    return f"Blocked: {failed:,} failed." if report.exit_code else "Nothing blocks."


def _subject(report: AuditReport, record: Record | None) -> str:
    code_of = record.code if record else None
    commit = (
        f"{code((code_of.commit or 'unknown')[:12])}{' and uncommitted changes' if code_of.is_dirty else ''}" if code_of else ""
    )
    built = moment(datetime.fromisoformat(record.built_at)) if record and record.built_at else ""
    by_dbt = f"{report.dbt.command}, {_moment(report.dbt.finished_at)}" if report.dbt.command else ""
    return facts(
        [
            ("Release", code(record.release_id) if record else ""),
            ("Environment", escape(record.environment) if record else ""),
            ("Built", escape(f"{built} by {record.built_by}") if record and built else ""),
            ("Code", commit),
            ("Audited", escape(moment(report.checked_at.replace(tzinfo=UTC)))),
            ("dbt's tests", escape(by_dbt)),
            ("File", code(report.warehouse)),
        ]
    )


def _moment(text: str | None) -> str:
    return moment(datetime.fromisoformat(text)) if text else ""


def _counts(entries: Sequence[Entry]) -> str:
    """How many checks ended how, of each kind."""
    rows = []
    for kind in dict.fromkeys(one.kind for one in entries):
        counts = {ending: sum(one.ending == ending for one in entries if one.kind == kind) for ending in _ENDINGS}
        good, bad = counts["pass"], counts["fail"] + counts["error"]
        bar = charts.parts([(good, "after"), (sum(counts.values()) - good - bad, "before"), (bad, "isbad")])
        rows.append([escape(kind), bar, *(f"{counts[ending]:,}" if counts[ending] else "" for ending in reversed(_ORDER))])
    heads = ["kind of check", "", *(_ENDINGS[ending][0] for ending in reversed(_ORDER))]
    return table(heads, rows, numbers=range(2, len(heads)), name="How many checks ended how")


def _of_checks(report: AuditReport, answered: Mapping[str, Acknowledgement]) -> Iterator[Entry]:
    for model in report.models:
        for check in model.checks:
            name = f"{model.model}.{check.name}"
            known = answered.get(name)
            is_answered = check.status == "fail" and (known is not None or name in report.acknowledged)
            yield Entry(
                ending="acknowledged" if is_answered else check.status,
                relation=model.relation,
                claim=words.claim(check.name),
                kind="expectation",
                expected=escape(words.expected(check)),
                seen=_seen(check),
                more=_examples(check) if check.status in ("fail", "warn") else "",
                acknowledged=known,
            )


def _of_charts(report: AuditReport, answered: Mapping[str, Acknowledgement]) -> Iterator[Entry]:
    for one in report.charts.series:
        if one.status == "not_run":
            continue  # it is too short for any claim
        is_answered = one.status == "fail" and (one.metric in answered or one.metric in report.acknowledged)
        yield Entry(
            ending="acknowledged" if is_answered else one.status,
            relation=one.relation,
            claim=chart_page.claim(one),
            kind="control chart",
            expected=escape(chart_page.expected(one)),
            seen=escape(chart_page.seen(one)),
            more=chart_page.picture(report.charts, one.metric) if one.status in ("fail", "warn") else "",
            acknowledged=answered.get(one.metric),
        )


def _seen(check: CheckResult) -> str:
    if check.message:
        return escape(shortened(check.message, 400))
    drawn = words.limits(check)
    return f"{charts.limits(*drawn) if drawn else ''}{escape(words.seen(check))}"


def _examples(check: CheckResult) -> str:
    """Rows that show it, and the query that gives all of them."""
    rows = [row if isinstance(row, Mapping) else {check.column or "value": row} for row in check.sample]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    cells = [[code(shortened(_text(row.get(name)), 80)) for name in names] for row in rows]
    query = folded("the query", f'<pre tabindex="0">{escape(check.query)}</pre>') if check.query else ""
    return table(names, cells, name=f"Rows that show it: {check.name}") + query


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _of_dbt(report: AuditReport, run: Sequence[Ended], answered: Mapping[str, Acknowledgement]) -> Iterator[Entry]:
    for node in run:
        is_test = node.kind in KINDS.values()
        ending = _ending(node)
        if not is_test and ending == "pass":
            continue
        known = answered.get(node.name)
        is_answered = ending == "fail" and is_test and (known is not None or node.name in report.acknowledged)
        yield Entry(
            ending="acknowledged" if is_answered else ending,
            relation=_place(node),
            claim=words.claim_of_test(node) if is_test else f"{node.name} is built",
            kind={"data_test": "data test", "unit_test": "unit test"}.get(node.kind, node.kind),
            expected="no row" if node.kind == "data_test" else "",
            seen=_seen_by_dbt(node),
            more=f'<p class="quiet">{code(node.name)} in {code(node.file)}</p>' if ending != "pass" and node.file else "",
            acknowledged=known,
        )


def _place(node: Ended) -> str:
    """The model that a test is of; several for one that compares models."""
    return ", ".join(node.tested) or _NO_MODEL


def _ending(node: Ended) -> str:
    word = {Ending.good: "pass", Ending.warned: "warn", Ending.skipped: "not_run", Ending.failed: "fail"}[dbt.ending(node.status)]
    return "error" if node.status in ("error", "runtime error") and node.kind in KINDS.values() else word


def _seen_by_dbt(node: Ended) -> str:
    if node.failures and node.status in ("fail", "warn"):
        return plural(node.failures, "row")
    if dbt.ending(node.status) is Ending.skipped:
        return "something that it tests was not built"
    if dbt.ending(node.status) is Ending.failed:
        return escape(shortened(" ".join(node.personal.message(node.message).split()), 400))
    return "no row" if node.kind == "data_test" else ""


def _owners(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    groups = owners_of_groups(manifest)
    return {relation_of(node): groups.get(node.get("group") or "") for node in manifest["nodes"].values() if is_relation(node)}


def _shown(one: Entry, owners: Mapping[str, str | None]) -> str:
    word, kind = _ENDINGS[one.ending]
    said = facts(
        [
            ("Model", f'<a href="#{escape(one.relation, quote=True)}">{code(one.relation)}</a>'),
            ("Owner", escape(owners.get(one.relation) or "")),
            ("Expected", one.expected),
            ("Not run because" if one.ending == "not_run" else "Seen", one.seen),
            ("Acknowledged", escape(_told(one.acknowledged)) if one.ending == "acknowledged" and one.acknowledged else ""),
        ]
    )
    return f"<section><h3>{marked(f'{word}:', kind)} {escape(one.claim)}</h3>{said}{one.more}</section>"


def _told(known: Acknowledgement) -> str:
    until = f", until {_day(known.until)}" if known.until else ""
    return f"by {known.by} on {_day(known.at)}{until}: {known.why}"


def _day(text: str) -> str:
    return f"{(day := datetime.fromisoformat(text)).day} {day:%b %Y}"


def _acknowledged(answered: Mapping[str, Acknowledgement], bad: Sequence[Entry]) -> Iterator[str]:
    """Checks that somebody has acknowledged, and that hold now."""
    used = {one.acknowledged.check for one in bad if one.acknowledged}
    rest = [one for one in answered.values() if one.check not in used]
    if rest:
        yield "<h2>Acknowledged, and does not fail now</h2>"
        yield table(["check", "who, and why"], [[code(one.check), escape(_told(one))] for one in rest], name="Acknowledged")


def _models(entries: Sequence[Entry], owners: Mapping[str, str | None]) -> Iterator[str]:
    """Every model with all of its checks: those with what does not hold first."""
    models: dict[str, list[Entry]] = {}
    for one in sorted(entries, key=lambda one: _ORDER.index(one.ending)):
        models.setdefault(one.relation, []).append(one)
    ordered = sorted(models, key=lambda name: (_ORDER.index(models[name][0].ending), name))
    yield f'<h2 id="models">Every check, by model ({len(ordered)})</h2>' if ordered else ""
    for relation in ordered:
        yield _model(relation, models[relation], owners.get(relation))


def _model(relation: str, entries: Sequence[Entry], owner: str | None) -> str:
    rows = [[escape(one.claim), marked(*_ENDINGS[one.ending]), escape(one.kind), one.expected, one.seen] for one in entries]
    counts = {ending: sum(one.ending == ending for one in entries) for ending in _ENDINGS}
    told = ", ".join(
        marked(f"{number:,} {_ENDINGS[ending][0]}", _ENDINGS[ending][1]) for ending, number in counts.items() if number
    )
    of = f' <span class="quiet">{escape(owner)}</span>' if owner else ""
    listed = table(["claim", "", "kind", "expected", "seen"], rows, name=f"Checks of {relation}")
    return folded(f"{escape(relation)} {told}{of}", listed, anchor=relation, kind="part")

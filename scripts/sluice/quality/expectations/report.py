"""An audit's report: text for people, Markdown for pull requests, fields for JSON; and its rows for lake/ops/checks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sluice.core.document import plain
from sluice.core.text import plural, table
from sluice.history.kinds import CheckEntry
from sluice.quality.charts import report as charts
from sluice.quality.charts.result import NO_CHARTS
from sluice.quality.expectations.dbt_findings import DbtFinding
from sluice.quality.expectations.result import AuditReport, CheckResult, ModelResult

_SHOWN = ("fail", "error", "not_run", "warn")


def rows(report: AuditReport, warehouse: str | None = None) -> list[CheckEntry]:
    """The report as rows of lake/ops/checks; of `warehouse`, or else of the file by its name."""
    warehouse = warehouse or Path(report.warehouse).name
    expectations = [
        CheckEntry(
            run_id=report.run_id,
            checked_at=report.checked_at,
            warehouse=warehouse,
            kind="expectation",
            model=model.model,
            column_name=check.column,
            check_name=check.name,
            severity=check.severity,
            status=check.status,
            failures=check.failures,
            observed=_json({**check.observed, **({"error": check.message} if check.message else {})}),
            expected=_json({"expectation": check.expectation, **check.expected}),
            seconds=check.seconds,
        )
        for model in report.models
        for check in model.checks
    ]
    return expectations + charts.checks(report.charts, report.run_id, report.checked_at, warehouse)


def as_fields(report: AuditReport) -> dict[str, Any]:
    """Everything, for programs."""
    told = asdict(replace(report, charts=NO_CHARTS))
    return {**told, "charts": charts.as_fields(report.charts), "exit_code": report.exit_code}


def as_text(report: AuditReport) -> str:
    """For people, on a terminal."""
    heads = ["model", ">checks", ">passed", ">warned", ">failed", ">not run"]
    checks = table(heads, _counts(report)) if report.models else ["no expectation is declared: dbt's tests are the audit"]
    lines = [f"audit of {report.warehouse}", "", *checks]
    for model, check in _shown(report):
        lines += ["", *_check_lines(_word(report, model, check), model, check)]
    lines += ["", *charts.as_lines(report.charts, report.acknowledged), *_dbt_lines(report), "", _verdict(report)]
    return "\n".join(lines)


def as_markdown(report: AuditReport) -> str:
    """For a pull request: the verdict first, what failed as a table, samples folded away."""
    lines = [
        f"### {_verdict(report)}",
        "",
        "| model | checks | passed | warned | failed | not run |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [f"| {' | '.join(map(str, row))} |" for row in _counts(report)]
    for model, check in _shown(report):
        head, *body = _check_lines(_word(report, model, check), model, check)
        lines += ["", f"<details><summary>{_escaped(head)}</summary>", "", "```", *body, "```", "</details>"]
    lines += charts.as_markdown(report.charts, report.acknowledged)
    lines += ["", *(f"- {_escaped(line.strip())}" for line in _dbt_lines(report))]
    return "\n".join(lines)


def _counts(report: AuditReport) -> list[tuple[str, int, int, int, int, int]]:
    """Of each model how many checks it has, and how many passed, warned, failed, and had nothing to look at."""
    return [
        (
            one.relation,
            len(one.checks),
            one.count("pass"),
            one.count("warn"),
            one.count("fail") + one.count("error"),
            one.count("not_run"),
        )
        for one in report.models
    ]


def _shown(report: AuditReport) -> Iterator[tuple[ModelResult, CheckResult]]:
    """What did not pass, the most severe first."""
    for status in _SHOWN:
        for model in report.models:
            yield from ((model, check) for check in model.checks if check.status == status)


_WORDS = {"fail": "FAILED", "error": "NOT JUDGED", "not_run": "NOT RUN", "warn": "warning"}


def _word(report: AuditReport, model: ModelResult, check: CheckResult) -> str:
    is_acknowledged = check.status == "fail" and f"{model.model}.{check.name}" in report.acknowledged
    return "acknowledged" if is_acknowledged else _WORDS[check.status]


def _check_lines(word: str, model: ModelResult, check: CheckResult) -> list[str]:
    column = f".{check.column}" if check.column else ""
    lines = [f"{word}  {check.name}  ({model.relation}{column})"]
    lines += [f"  expected  {check.expectation}{_arguments(check.expected)}"]
    if check.message:
        return [*lines, f"  {'because' if check.status == 'not_run' else 'error  '}   {check.message}"]
    lines += [f"  observed  {_observed(check.observed)}"]
    lines += [f"  such as   {_short(row)}" for row in check.sample]
    query = check.query.replace("\n", "\n            ") if check.query else ""
    return [*lines, f"  query     {query}"] if query else lines


def _arguments(expected: Mapping[str, Any]) -> str:
    return f" ({', '.join(f'{name}: {_short(value)}' for name, value in expected.items())})" if expected else ""


def _observed(observed: Mapping[str, Any]) -> str:
    if "unexpected_count" in observed:
        share = f" ({observed['unexpected_percent']:.2f} %)" if observed.get("unexpected_percent") is not None else ""
        of = f" of {observed['element_count']:,}" if observed.get("element_count") is not None else ""
        unit = "rows" if of else "values"
        return f"{observed['unexpected_count']:,}{of} {unit} are not as expected{share}"
    if "observed_value" in observed:
        return _short(observed["observed_value"], 200)
    return _short(dict(observed), 200) if observed else "nothing: there are no rows"


def _short(value: Any, width: int = 120) -> str:
    text = ", ".join(f"{name} {part}" for name, part in value.items()) if isinstance(value, dict) else str(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _dbt_lines(report: AuditReport) -> list[str]:
    dbt = report.dbt
    lines = [f"warning: {remark}" for remark in dbt.remarks]
    if dbt.command:
        counts = f"{dbt.passed} tests passed, {dbt.warned} warned, {dbt.failed} failed"
        lines = [f"dbt {dbt.command} of {dbt.finished_at}: {counts}", *lines]
    return lines + [_finding(finding, report.acknowledged) for finding in _by_severity(dbt.findings)]


def _by_severity(findings: Sequence[DbtFinding]) -> list[DbtFinding]:
    told = [finding for finding in findings if finding.status != "skipped"]
    return sorted(told, key=lambda finding: finding.status == "warn")


def _finding(finding: DbtFinding, acknowledged: Sequence[str]) -> str:
    is_acknowledged = finding.status == "fail" and finding.name in acknowledged
    word = "warning" if finding.status == "warn" else "acknowledged" if is_acknowledged else "FAILED"
    rows = f": {finding.failures:,} rows" if finding.failures else ""
    why = f": {_short(finding.message)}" if finding.message and not finding.failures else ""
    return f"  {word}  {finding.kind} {finding.name}{rows}{why}"


def _verdict(report: AuditReport) -> str:
    counts = f"{report.checks} checks on {len(report.subjects)} models in {report.seconds:.1f} s"
    warned, not_run = report.count("warn"), report.count("not_run")
    more = (f", {plural(warned, 'warning')}" if warned else "") + (f", {not_run} not run" if not_run else "")
    answered = len(report.failing) - len(report.open)
    more += f", {answered} acknowledged" if answered else ""
    if report.count("error"):
        return f"{report.count('error')} checks could not be judged ({counts}{more})"
    if report.exit_code:
        return f"blocked: {plural(report.count('fail'), 'check')} and {report.dbt.failed} of dbt's failed ({counts}{more})"
    return f"nothing blocks ({counts}{more})"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _json(value: Mapping[str, Any]) -> str | None:
    return json.dumps(plain(value), allow_nan=False) if value else None

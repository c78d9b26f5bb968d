"""Write docs/schemas: a JSON schema for the document that each command prints with --format json, made from its dataclasses.

    PYTHONPATH=scripts .venv/bin/python scripts/lint/json_schemas.py

Run it after a change to a report. With --check nothing is written, and the exit code is 1 where a schema is out of date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, create_model

from sluice.alerts.after import Told
from sluice.alerts.incident import Incident
from sluice.alerts.send import Sent
from sluice.alerts.silence import Silence
from sluice.candidate.build import Candidate
from sluice.candidate.rebuild import Comparison
from sluice.candidate.unchanged import Unchanged
from sluice.candidate.verify import Verified
from sluice.change.impact import Impact
from sluice.change.modified import Modified
from sluice.charts.result import Point, Signal
from sluice.core.document import SCHEMA_VERSION
from sluice.core.log import LogLine
from sluice.dataops.measure import Report
from sluice.demo.shop import DemoReport
from sluice.diff.result import Diff
from sluice.environments.listing import EnvironmentRow, ReleaseRow
from sluice.environments.partial import Partial
from sluice.gate.acknowledge import Acknowledged
from sluice.gate.prune import Pruned
from sluice.gate.publish import MoveResult
from sluice.lineage.answer import Answer
from sluice.lineage.proof.result import Proof
from sluice.metrics.sample import Measured
from sluice.odcs.export import Exported
from sluice.quality.charts.result import SeriesResult
from sluice.quality.dbt_results import Ended
from sluice.quality.expectations.result import AuditReport
from sluice.quality.failures import NOT_REPORTED, FailingRows
from sluice.quarantine.catalog import Group, Refused
from sluice.site.write import Written
from sluice.source.check import Checked
from sluice.source.report import Shown
from sluice.steps.ingest import IngestReport
from sluice.steps.init import InitReport
from sluice.steps.model import Made, Served
from sluice.steps.model import Shown as ShownModel
from sluice.steps.score import ScoreReport
from sluice.steps.setup import Ready
from sluice.summary.report import Summary

FOLDER = Path("docs/schemas")
WIDTH = 120
WORDS = ("title", "description", "default")
Fields = dict[str, Any]


def of(kind: type, *without: str) -> Fields:
    """The fields of a dataclass and their types."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.name not in without}


def record(name: str, /, **kinds: Any) -> Any:
    """An object with exactly these keys; a key whose type is in a tuple may be absent."""
    keys: dict[str, Any] = {key: kind if isinstance(kind, tuple) else (kind, ...) for key, kind in kinds.items()}
    return create_model(name, __config__=ConfigDict(extra="forbid"), **keys)


def optional(kind: Any) -> tuple[Any, Any]:
    """The type of a key that may be absent."""
    return (kind, Field(None, json_schema_extra={"optional": True}))


def many(kind: Any) -> Any:
    """A list of what `record` made."""
    return list.__class_getitem__(kind)


PROBLEM = record("Problem", **of(Ended, *NOT_REPORTED), sample=FailingRows | None)
FAILURES: Fields = {"run_id": str, "seconds": float, "passed": int, "skipped": int, "problems": many(PROBLEM)}
DBT: Any = record("Failures", **FAILURES)
CANDIDATE: Fields = {**of(Candidate), "dbt": DBT | None}
PULL_REQUEST: Fields = {"file": Path, "artifacts": Path, "is_good": bool, **of(Partial), "dbt": DBT | None}
BUILDS = (FAILURES, CANDIDATE, PULL_REQUEST)
CHARTS = record("Charts", series=list[SeriesResult], notes=list[str], seconds=float)
AUDIT: Fields = {**of(AuditReport), "charts": CHARTS, "exit_code": Literal[0, 1, 2]}
MOVE: Fields = {**of(MoveResult), "outcome": Literal["done"]}
DECIDED = record("Decided", quarantine_id=str, feed=str, rule=str, outcome=str, why=str)
AMOUNT = record("Amount", currency_code=str | None, amount=str)
GROUP = record("RefusedGroup", **of(Group, "amounts"), amounts=many(AMOUNT))
ERROR = record("Error", what=str, where=str, hint=str, code=Literal[1, 2, 130])
REFUSED: Fields = {"outcome": optional(Literal["refused"]), "reasons": optional(list[str]), "error": ERROR}
STEPS = record(
    "Steps",
    ingest=optional(record("IngestStep", **of(IngestReport))),
    build=optional(record("CandidateStep", **CANDIDATE)),
    unchanged=optional(record("UnchangedStep", **of(Unchanged))),
    audit=optional(record("AuditStep", **AUDIT)),
    publish=optional(record("PublishStep", **of(MoveResult))),
    incidents=optional(record("Incidents", **of(Told))),
)
MODIFIED = record("ModifiedNode", **of(Modified), touches_data=bool)
RUN: Fields = {
    "outcome": Literal["done", "failed", "refused"],
    "steps": STEPS,
    "reasons": optional(list[str]),
    "error": optional(ERROR),
}
CHART = record(
    "Chart",
    metric=str,
    kind=str,
    points=int,
    judged=int,
    has_season=bool,
    correlation=float,
    is_dispersed=bool,
    signals=list[Signal],
    values=optional(list[Point]),
)
# A line on stderr with SLUICE_LOG=json.
LOG: Fields = {name: optional(kind) if type(None) in get_args(kind) else kind for name, kind in of(LogLine).items()}
DECISIONS: Fields = {"counts": dict[str, int], "rows": many(DECIDED)}
SHOWN: Fields = {**of(Refused), "row": dict[str, Any] | None, "history": list[dict[str, Any]], "commands": list[str]}

# The documents of each command; several where it can print one or another.
DOCUMENTS: Mapping[str, Sequence[Fields]] = {
    "init": [of(InitReport)],
    "setup": [of(Ready)],
    "ingest": [of(IngestReport)],
    "stream": [of(IngestReport)],
    "score": [of(ScoreReport)],
    "build": BUILDS,
    "run": [RUN],
    "summary": [of(Summary)],
    "ack": [of(Acknowledged)],
    "publish": [MOVE],
    "promote": [MOVE],
    "rollback": [MOVE],
    "envs": [{"environments": list[EnvironmentRow]}],
    "releases": [{"releases": list[ReleaseRow]}],
    "impact": [{**of(Impact), "modified": many(MODIFIED)}],
    "lineage": [of(Answer), {**of(Proof), "recall": float | None, "precision": float | None}],
    "diff": [of(Diff)],
    "drop": [{"environment": str, "was_there": bool}],
    "audit": [AUDIT],
    "verify": [of(Verified)],
    "chart": [{"source": str, "phases": list[str], "series": many(CHART)}],
    "contract-export": [of(Exported)],
    "dataops": [of(Report)],
    "metrics": [of(Measured)],
    "model-train": [of(Made)],
    "model-promote": [of(Made)],
    "model-drop": [of(Made)],
    "model-list": [{"models": list[Served]}],
    "model-show": [of(ShownModel)],
    "report": [of(Written)],
    "incidents-list": [{"incidents": list[Incident]}],
    "incidents-show": [of(Incident)],
    "incidents-ack": [of(Incident)],
    "incidents-close": [of(Incident)],
    "incidents-update": [of(Told)],
    "incidents-send": [of(Sent)],
    "silence-add": [of(Silence)],
    "silence-list": [{"silences": list[Silence]}],
    "silence-end": [of(Silence)],
    "prune": [{**of(Pruned), "bytes": int}],
    "rebuild": [of(Comparison), CANDIDATE],
    "demo": [of(DemoReport)],
    "source-add": [of(Shown)],
    "source-check": [{**of(Checked), "exit_code": Literal[0, 1]}],
    "quarantine-list": [{"notes": list[str], "groups": many(GROUP), "rows": list[Refused]}],
    "quarantine-show": [SHOWN],
    "quarantine-release": [DECISIONS],
    "quarantine-drop": [DECISIONS],
    "quarantine-expire": [DECISIONS, {"expired": list[str]}],
    "error": [REFUSED],
}


def schema(name: str, documents: Sequence[Fields]) -> dict[str, Any]:
    """The schema of a command's document."""
    title = "an error, with --format json" if name == "error" else f"sluice {name.replace('-', ' ')} --format json"
    return _titled(title, name, [{"schema_version": Literal[SCHEMA_VERSION], **document} for document in documents])


def _titled(title: str, name: str, documents: Sequence[Fields]) -> dict[str, Any]:
    models = [record(f"{name}-{number}" if number else name, **document) for number, document in enumerate(documents)]
    made = TypeAdapter(reduce(or_, models)).json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return {**head, **{key: part for key, part in _strict(made).items() if key != "title"}}


def _strict(part: Any) -> Any:
    """The same without titles and docstrings, where every object that names its keys allows no others."""
    if isinstance(part, list):
        return [_strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {key: _strict(value) for key, value in part.items() if not (key in WORDS and not isinstance(value, dict))}
    if "properties" in made:
        # A field with a default is optional to pydantic; here every field of a dataclass is written.
        required = [key for key, kind in made["properties"].items() if not kind.pop("optional", False)]
        made |= {"additionalProperties": False, "required": required}
    return made


def texts() -> Iterator[tuple[Path, str]]:
    """Each schema's file and text."""
    for name, documents in DOCUMENTS.items():
        yield FOLDER / f"{name}.json", laid_out(schema(name, documents)) + "\n"
    yield FOLDER / "log.schema.json", laid_out(_titled("a line on stderr, with SLUICE_LOG=json", "log", [LOG])) + "\n"


def laid_out(value: Any, indent: str = "", before: int = 0) -> str:
    """JSON whose objects are on one line where they fit."""
    line = json.dumps(value)
    if not isinstance(value, dict) or len(indent) + before + len(line) <= WIDTH:
        return line
    deeper = f"{indent}  "
    parts = [f"{deeper}{json.dumps(key)}: {laid_out(part, deeper, len(key) + 5)}" for key, part in value.items()]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def main() -> int:
    """Write them, or say which are out of date."""
    stale = [path for path, text in texts() if not path.is_file() or path.read_text() != text]
    if "--check" in sys.argv:
        print("\n".join(f"{path} is out of date; run: python scripts/lint/json_schemas.py" for path in stale))
        return int(bool(stale))
    for path, text in texts():
        path.write_text(text)
    print("\n".join(f"wrote {path}" for path in stale) or "nothing has changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

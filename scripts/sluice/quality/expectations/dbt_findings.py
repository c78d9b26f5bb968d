"""What dbt found last, read from its run_results.json and manifest.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.dbt import Ending
from sluice.core.errors import SluiceError
from sluice.quality.dbt_results import KINDS
from sluice.quality.personal import of_nodes


@dataclass(frozen=True)
class DbtFinding:
    """A node that did not pass, with its status; `failures` are rows, where dbt counted them."""

    kind: str
    name: str
    status: str
    failures: int | None
    message: str


@dataclass(frozen=True)
class DbtFindings:
    """The outcome of the last dbt command. `remarks` say why it may not apply to the warehouse that is audited."""

    command: str | None
    finished_at: str | None
    passed: int = 0
    warned: int = 0
    findings: tuple[DbtFinding, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> int:
        """Tests and models that failed: each of them blocks."""
        return sum(dbt.ending(finding.status) is Ending.failed for finding in self.findings)

    @property
    def failing(self) -> tuple[str, ...]:
        """Names of the data tests that ran and found rows."""
        return tuple(finding.name for finding in self.findings if finding.kind == "test" and finding.status == "fail")


def dbt_findings(target: Path, manifest: Mapping[str, Any], rest: str = "") -> DbtFindings:
    """Read run_results.json. Where it is missing or unreadable, that is a remark, not an error: the audit does not need it.

    `rest` names the release from which everything is read that this build left out: its tests ran there.
    """
    if not (target / "run_results.json").exists():
        nothing = "there is no run_results.json of dbt: the results of its tests are unknown"
        return DbtFindings(None, None, remarks=() if rest else (nothing,))
    try:
        document = dbt.artifact(target, "run_results.json")
    except SluiceError as error:
        return DbtFindings(None, None, remarks=(f"{error.what}; the results of dbt's tests are unknown",))
    results = document["results"]
    tests = [result for result in results if _kind(result) in KINDS]
    return DbtFindings(
        command=document["args"].get("which", "dbt"),
        finished_at=document["metadata"].get("generated_at"),
        passed=sum(_ending(result) is Ending.good for result in tests),
        warned=sum(_ending(result) is Ending.warned for result in tests),
        findings=tuple(_finding(result, manifest["nodes"]) for result in results if _ending(result) is not Ending.good),
        remarks=tuple(_remarks(document, manifest, results, tests, is_part=bool(rest))),
    )


def _kind(result: Mapping[str, Any]) -> str:
    return str(result["unique_id"]).split(".", maxsplit=1)[0]


def _ending(result: Mapping[str, Any]) -> Ending:
    return dbt.ending(result["status"])


def _finding(result: Mapping[str, Any], nodes: Mapping[str, Any]) -> DbtFinding:
    parts = str(result["unique_id"]).split(".")
    message = " ".join(str(result.get("message") or "").split())
    if result["status"] not in ("pass", "fail", "warn", "skipped"):
        node = nodes.get(result["unique_id"], {})
        message = of_nodes([node, *(nodes.get(name, {}) for name in node.get("depends_on", {}).get("nodes", []))]).message(
            message
        )
    return DbtFinding(_kind(result), parts[2], result["status"], result.get("failures"), message)


def _remarks(
    document: Mapping[str, Any], manifest: Mapping[str, Any], results: Sequence[Any], tests: Sequence[Any], *, is_part: bool
) -> list[str]:
    remarks = []
    command = document["args"].get("which", "dbt")
    if command not in ("build", "test"):
        remarks.append(f"the last dbt command was {command}, which runs no tests")
    if str(document["metadata"].get("generated_at", "")) < str(manifest["metadata"].get("generated_at", "")):
        remarks.append("run_results.json is older than manifest.json: the project was parsed again after its tests ran")
    skipped = sum(_ending(result) is Ending.skipped for result in tests)
    if skipped:
        remarks.append(f"dbt skipped {skipped} of its tests")
    absent = _tests_of(manifest) - {result["unique_id"] for result in results}
    if absent and not is_part and command in ("build", "test"):
        remarks.append(f"{len(absent)} of the project's {len(_tests_of(manifest))} tests were not part of the last dbt {command}")
    return remarks


def _tests_of(manifest: Mapping[str, Any]) -> set[str]:
    data_tests = {name for name, node in manifest["nodes"].items() if node["resource_type"] == "test"}
    return data_tests | set(manifest.get("unit_tests") or {})

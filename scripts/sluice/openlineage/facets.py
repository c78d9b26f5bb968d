"""Facets of OpenLineage, each with the version of its schema. They are plain dictionaries, as they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sluice import __version__
from sluice.core.redact import redacted

PRODUCER = f"urn:x-sluice:{__version__}"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
# The schema of each facet, and its version. Those of jobs and datasets that have one name are told apart by what has them.
SCHEMAS: Mapping[str, str] = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DatasetTypeDatasetFacet": "1-0-1",
    "DatasetVersionDatasetFacet": "1-0-1",
    "DocumentationDatasetFacet": "1-1-0",
    "DocumentationJobFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "OwnershipDatasetFacet": "1-0-1",
    "OwnershipJobFacet": "1-0-1",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
    "SourceCodeJobFacet": "1-0-1",
    "SourceCodeLocationJobFacet": "1-1-0",
    "TagsDatasetFacet": "1-0-0",
}
Facet = dict[str, Any]


def facet(kind: str, **content: Any) -> Facet:
    """A facet of that schema."""
    url = f"https://openlineage.io/spec/facets/{SCHEMAS[kind]}/{kind}.json#/$defs/{kind}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


def schema(columns: Sequence[tuple[str, str | None, str | None]]) -> Facet:
    """The columns of a dataset, in their order: name, type and description, as far as they are known."""
    fields = [
        _known(name=name, type=kind, description=described, ordinal_position=number)
        for number, (name, kind, described) in enumerate(columns, 1)
    ]
    return facet("SchemaDatasetFacet", fields=fields)


def described(text: str | None, *, of_job: bool = False) -> dict[str, Facet]:
    """The facet of a description, by its key; nothing where there is none."""
    kind = "DocumentationJobFacet" if of_job else "DocumentationDatasetFacet"
    return {"documentation": facet(kind, description=text)} if text else {}


def owned(owner: str | None, *, of_job: bool = False) -> dict[str, Facet]:
    """The facet of an owner, by its key; nothing where there is none."""
    kind = "OwnershipJobFacet" if of_job else "OwnershipDatasetFacet"
    return {"ownership": facet(kind, owners=[{"name": owner, "type": "OWNER"}])} if owner else {}


def personal(columns: Iterable[str]) -> dict[str, Facet]:
    """Tags of the columns that hold personal data."""
    tags = [{"key": "pii", "value": "true", "source": "DBT", "field": name} for name in columns]
    return {"tags": facet("TagsDatasetFacet", tags=tags)} if tags else {}


def job_type(integration: str, kind: str) -> Facet:
    """What sort of job it is."""
    return facet("JobTypeJobFacet", processingType="BATCH", integration=integration, jobType=kind)


def error(message: str, language: str) -> Facet:
    """Why a run failed, without what no log may hold."""
    return facet("ErrorMessageRunFacet", message=redacted(message), programmingLanguage=language)


def statistics(rows: int | None = None, size: int | None = None, files: int | None = None) -> dict[str, Facet]:
    """How much was written, as far as it is known."""
    known = _known(rowCount=rows, size=size, fileCount=files)
    return {"outputStatistics": facet("OutputStatisticsOutputDatasetFacet", **known)} if known else {}


def assertion(
    kind: str,
    name: str,
    *,
    success: bool,
    column: str | None = None,
    severity: str | None = None,
    expected: str | None = None,
    actual: str | None = None,
) -> dict[str, Any]:
    """A check of a dataset, for the facet of those."""
    texts = {"expected": expected, "actual": actual}
    hidden = {key: redacted(text) for key, text in texts.items() if text is not None}
    return _known(assertion=kind, name=name, success=success, column=column, severity=severity, **hidden)


def _known(**content: Any) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}

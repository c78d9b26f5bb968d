"""What a valid event of OpenLineage 1.x has, as far as it can be said in a few lines; `make standards` asks the spec itself."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

# Keys that the schema of a facet requires, and what they hold.
REQUIRED: dict[str, dict[str, type]] = {
    "ColumnLineageDatasetFacet": {"fields": dict},
    "DataQualityAssertionsDatasetFacet": {"assertions": list},
    "DatasetTypeDatasetFacet": {"datasetType": str},
    "DatasetVersionDatasetFacet": {"datasetVersion": str},
    "DocumentationDatasetFacet": {"description": str},
    "DocumentationJobFacet": {"description": str},
    "ErrorMessageRunFacet": {"message": str, "programmingLanguage": str},
    "JobTypeJobFacet": {"processingType": str, "integration": str},
    "OutputStatisticsOutputDatasetFacet": {},
    "OwnershipDatasetFacet": {"owners": list},
    "OwnershipJobFacet": {"owners": list},
    "ParentRunFacet": {"run": dict, "job": dict},
    "ProcessingEngineRunFacet": {"version": str},
    "SchemaDatasetFacet": {"fields": list},
    "SourceCodeJobFacet": {"language": str, "sourceCode": str},
    "SourceCodeLocationJobFacet": {"type": str, "url": str},
    "TagsDatasetFacet": {"tags": list},
}
# What each place for facets may hold, by the end of the facet's name.
PLACES = {
    "run": r"RunFacet",
    "job": r"JobFacet",
    "dataset": r"(?<!Output)(?<!Assertions)DatasetFacet",
    "input": r"DataQualityAssertionsDatasetFacet",
    "output": r"OutputDatasetFacet",
}


def must_be_valid(event: dict[str, Any]) -> None:
    """Fail with what is wrong with an event."""
    assert event["eventType"] in ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert re.fullmatch(r"\w+:.+", event["producer"])
    assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    UUID(event["run"]["runId"])
    assert event["job"]["namespace"]
    assert event["job"]["name"]
    _facets(event["run"]["facets"], "run")
    _facets(event["job"]["facets"], "job")
    for key, place in (("inputs", "input"), ("outputs", "output")):
        for dataset in event[key]:
            assert dataset["namespace"]
            assert dataset["name"]
            _facets(dataset["facets"], "dataset")
            _facets(dataset[f"{place}Facets"], place)


def _facets(found: dict[str, Any], place: str) -> None:
    for name, facet in found.items():
        url = re.fullmatch(r"https://openlineage\.io/spec/facets/\d+-\d+-\d+/(\w+)\.json#/\$defs/(\w+)", facet["_schemaURL"])
        assert url, facet["_schemaURL"]
        assert url[1] == url[2]
        assert re.search(f"{PLACES[place]}$", url[1]), f"{url[1]} is not a facet of a {place}"
        assert facet["_producer"].startswith("urn:x-sluice:")
        for key, kind in REQUIRED[url[1]].items():
            assert isinstance(facet[key], kind), f"{name}: {key}"


def columns_of(event: dict[str, Any], number: int = 0) -> dict[str, set[tuple[str, str, str, str]]]:
    """The column lineage of an output: of each column, and under `(rows)`, from what (dataset, column) in which way."""
    facet = event["outputs"][number]["facets"]["columnLineage"]
    parts = {name: one["inputFields"] for name, one in facet["fields"].items()} | {"(rows)": facet.get("dataset", [])}
    return {
        name: {
            (one["name"], one["field"], way["type"], way.get("subtype", "")) for one in fields for way in one["transformations"]
        }
        for name, fields in parts.items()
    }

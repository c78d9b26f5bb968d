"""Names of datasets, jobs and runs: the same on every machine and in every checkout of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

# Ids of runs are made from it and from what they are the id of: who derives one again gets the same.
_RUNS = uuid5(NAMESPACE_URL, "sluice/openlineage")


@dataclass(frozen=True, order=True)
class Dataset:
    """What OpenLineage calls a dataset by."""

    namespace: str
    name: str

    @property
    def fields(self) -> dict[str, str]:
        """As events have it."""
        return {"namespace": self.namespace, "name": self.name}


@dataclass(frozen=True)
class Names:
    """Names below a namespace, by default the project's name. None has a path, a host or a database's alias in it."""

    namespace: str

    def table(self, place: str, relation: str) -> Dataset:
        """A relation (`schema.table`) of an environment, or of its candidate."""
        return Dataset(f"duckdb://{self.namespace}", f"{place}.{relation}")

    def lake(self, part: str, feed: str) -> Dataset:
        """A table of the lake: `part` is raw, quarantine or ops."""
        return Dataset(f"delta://{self.namespace}", f"{part}.{feed}")

    def delivered(self, feed: str) -> Dataset:
        """What a feed delivers: the files, or the table of a database, behind `source.table`."""
        return Dataset(f"feed://{self.namespace}", feed)

    def source(self, node: Mapping[str, Any]) -> Dataset:
        """A source of dbt: a table of the lake where it is read from there, else what its own name says."""
        meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
        own = f"{node['source_name']}.{node['name']}"
        location = str(meta.get("external_location") or "").format_map(_Known(name=node["name"]))
        for part, feed in (("raw", own), ("ops", str(node["name"]))):
            if location.startswith("delta_scan(") and f"/{part}/{feed.replace('.', '/')}'" in location:
                return self.lake(part, feed)
        return Dataset(f"duckdb://{self.namespace}", f"source.{own}")

    def run(self, *parts: str) -> str:
        """The id of a run that these words say which it is."""
        return str(uuid5(_RUNS, "\n".join((self.namespace, *parts))))


class _Known(dict[str, str]):
    """What dbt-duckdb puts into a location; other words stay as they are."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def candidate(environment: str) -> str:
    """The place of what is built for an environment and not published yet."""
    return f"{environment}-candidate"


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
